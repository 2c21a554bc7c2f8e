// Several subjects can speak about one commit: the strictest verdict stands, and one of them writes it.

import { type Subject, subjectKey } from "../model/event.ts";
import type { Facts, GateState, Sibling } from "../model/fact.ts";
import { compareStrictness, type Verdict, verdictOf } from "../model/gate.ts";
import { limit } from "../model/limit.ts";
import type { Reason, ReasonCode } from "../model/reason.ts";
import { gateName, gateNameOf } from "../render/checks.ts";

export interface CombinedVerdict {
  /** The verdict as it should stand on the commit. */
  readonly shown: Verdict;
  /** Whether this subject is the one that writes the gate. */
  readonly owner: boolean;
  /** The siblings that have to look again: this verdict is new to them, or the gate is not the owner's. */
  readonly wake: readonly string[];
}

export function combineSiblings(facts: Facts, sha: string, own: Verdict): CombinedVerdict {
  const siblings = facts.siblings.filter((one) => !isSpokenFor(one, facts));
  const shared = siblings.filter((sibling) => sharesGate(facts.subject, sibling));
  // What landed on another branch has a gate of its own, and is no matter of the pull requests with its commit.
  const heard = facts.subject.kind === "commit" ? shared : siblings;
  const reasons = heard.map(reasonOf).filter((reason) => reason.state !== "success");
  const shown =
    reasons.length === 0
      ? own
      : verdictOf([...own.reasons, ...reasons.map(({ code, sentence }) => ({ code, sentence }))]);
  const mine = subjectKey(facts.subject);
  const owner = shared.every((sibling) => {
    if (sibling.verdict === null) return true;
    const order = compareStrictness(own.state, sibling.verdict);
    return order > 0 || (order === 0 && mine < sibling.key);
  });
  const news =
    facts.lastVerdict === null ||
    facts.lastVerdict.sha !== sha ||
    facts.lastVerdict.verdict !== own.state;
  const misplaced = !owner && facts.gateOwner === mine;
  // Nobody speaks for it any more, and it may not know.
  const left = siblings.some(({ silentFor }) => silentFor !== undefined);
  const wake = news || misplaced || left ? toWake(facts.siblings) : [];
  return { shown, owner, wake };
}

/** Only for as long as a pull request of the repository itself is judged for the same base. */
function isSpokenFor({ silentFor }: Sibling, facts: Facts): boolean {
  if (silentFor === undefined) return false;
  const isOwn =
    "pull" in facts &&
    facts.pull.kind === "known" &&
    !facts.pull.value.fork &&
    facts.pull.value.base.ref === silentFor;
  return isOwn || facts.siblings.some(({ ownBranch, base }) => ownBranch && base === silentFor);
}

/** Whether both write the check of the same name. */
export function sharesGate(
  subject: Subject,
  { key, base }: Pick<Sibling, "key" | "base">,
): boolean {
  const isElsewhere = key.startsWith("commit:") && base !== subject.repository.defaultBranch;
  return isElsewhere === (gateNameOf(subject) !== gateName);
}

/**
 * Where many speak of one commit, each of them waking all others would be as many looks as there are
 * pairs. The one that writes the gate has to know; so many that could be the one by now; the rest
 * looks again by the clock.
 */
export function toWake(siblings: readonly Sibling[]): readonly string[] {
  const most = limit.look.siblings_woken;
  if (siblings.length <= most) return siblings.map(({ key }) => key);
  return siblings
    .toSorted(writersFirst)
    .slice(0, most)
    .map(({ key }) => key);
}

/** One that has not decided yet looks without being told. */
function writersFirst(one: Sibling, other: Sibling): number {
  if (one.verdict === null || other.verdict === null)
    return Number(one.verdict === null) - Number(other.verdict === null);
  return compareStrictness(other.verdict, one.verdict) || (one.key < other.key ? -1 : 1);
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
