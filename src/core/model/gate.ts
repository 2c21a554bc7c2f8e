// The gate: reasons folded into one verdict, the strictest first. Nothing else may turn a check green.

import type { GateState } from "./fact.ts";
import { isRemark, type Reason, stateOf } from "./reason.ts";

export interface Verdict {
  readonly state: GateState;
  /** Never empty; the first one is why. */
  readonly reasons: readonly Reason[];
}

const strictness: Readonly<Record<GateState, number>> = {
  success: 0,
  in_progress: 1,
  action_required: 2,
  failure: 3,
};

/** Positive where `a` is stricter than `b`. */
export function compareStrictness(a: GateState, b: GateState): number {
  return strictness[a] - strictness[b];
}

/** No reason at all is no reason to pass, and a remark is none: absence fails. */
export function verdictOf(reasons: readonly Reason[]): Verdict {
  const [first, ...rest] = [...reasons].sort((a, b) =>
    compareStrictness(stateOf(b.code), stateOf(a.code)),
  );
  if (first === undefined || reasons.every(({ code }) => isRemark(code)))
    return {
      state: "failure",
      reasons: [
        { code: "stage_missing", sentence: "No stage of the plan has passed." },
        ...reasons,
      ],
    };
  return { state: stateOf(first.code), reasons: [first, ...rest] };
}
