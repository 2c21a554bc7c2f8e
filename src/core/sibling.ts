// Several subjects can speak about one commit: the strictest verdict stands, and one of them writes it.

import { subjectKey } from "./event.ts";
import type { Facts, GateState, Sibling } from "./fact.ts";
import { compareStrictness, type Verdict, verdictOf } from "./gate.ts";
import type { Reason, ReasonCode } from "./reason.ts";

export interface Standing {
  /** The verdict as it should stand on the commit. */
  readonly shown: Verdict;
  /** Whether this subject is the one that writes the gate. */
  readonly owner: boolean;
  /** The siblings that have to look again: this verdict is new to them, or the gate is not the owner's. */
  readonly wake: readonly string[];
}

export function standing(facts: Facts, sha: string, own: Verdict): Standing {
  const reasons = facts.siblings.map(reasonOf).filter((reason) => reason.state !== "success");
  const shown =
    reasons.length === 0
      ? own
      : verdictOf([...own.reasons, ...reasons.map(({ code, sentence }) => ({ code, sentence }))]);
  const mine = subjectKey(facts.subject);
  const owner = facts.siblings.every((sibling) => {
    if (sibling.verdict === null) return true;
    const order = compareStrictness(own.state, sibling.verdict);
    return order > 0 || (order === 0 && mine < sibling.key);
  });
  const news = facts.said === null || facts.said.sha !== sha || facts.said.verdict !== own.state;
  const misplaced = !owner && facts.gateBy === mine;
  const wake = news || misplaced ? facts.siblings.map((sibling) => sibling.key) : [];
  return { shown, owner, wake };
}

function reasonOf(sibling: Sibling): Reason & { readonly state: GateState } {
  const state = sibling.verdict ?? "in_progress";
  const codes: Readonly<Record<GateState, ReasonCode>> = {
    success: "passed",
    in_progress: "other_pending",
    action_required: "other_verdict",
    failure: "other_failed",
  };
  const place = sibling.key.replace(/^(pull|commit):/, "");
  return {
    code: codes[state],
    state,
    sentence: `The same commit is judged for ${sibling.base} too (${place}): ${words[state]}.`,
  };
}

const words: Readonly<Record<GateState, string>> = {
  success: "it has passed there",
  in_progress: "it has not been decided there yet",
  action_required: "somebody has to act there",
  failure: "it has failed there",
};
