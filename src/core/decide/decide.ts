// From one snapshot to what should be: dispatches on the subject.

import { isAskedBy } from "../command/asked.ts";
import type { Decision } from "../model/decision.ts";
import type { Facts } from "../model/fact.ts";
import { againAt } from "./due.ts";
import { unfinished } from "./intervene.ts";
import { decideRelease } from "./release.ts";
import { decideVerify } from "./verify.ts";

/** The same facts give the same decision. */
export function decide(facts: Facts): Decision {
  const decision = "pull" in facts ? decideVerify(facts) : decideRelease(facts);
  const rest = unfinished(facts).filter(
    ({ key }) =>
      !decision.rollbacks.some((rollback) => rollback.key === key) &&
      !decision.results.some((settled) => isAskedBy(key, settled.key)),
  );
  if (rest.length === 0) return decision;
  // What was started at an engine is brought to an end, whatever became of the plan that it was started by.
  const dueAt = Math.min(decision.dueAt ?? Number.POSITIVE_INFINITY, againAt(facts));
  return { ...decision, open: true, dueAt, rollbacks: [...decision.rollbacks, ...rest] };
}
