// The difference between what is wanted and what the ledger says is there: the effects to carry out.

import { canonical } from "./model/canonical.ts";
import type { Decision } from "./model/decision.ts";
import type { AnswerPresent, CheckPresent, CheckWanted, Effect } from "./model/effect.ts";
import { limit } from "./model/limit.ts";
import type { Reason } from "./model/reason.ts";
import { againMark } from "./render/answer.ts";
import { gateName, isGateName } from "./render/checks.ts";
import { endPage } from "./render/gate.ts";

export interface Present {
  /** Key of the subject that decided; a check carries the key of the one that wrote it. */
  readonly subject: string;
  /** Checks of ours on the decided commit. */
  readonly checks: readonly CheckPresent[];
  /** Checks of this subject on other commits that still claim to be in progress. */
  readonly leftover: readonly CheckPresent[];
  readonly answers: readonly AnswerPresent[];
  /** Names of checks on the commit that another open subject of the same commit writes. */
  readonly elsewhere: readonly string[];
  /** By commit: another subject that speaks about it, and that the gate is left to. */
  readonly successors?: Readonly<Record<string, string>>;
}

/** A gate that is left in progress for another subject to bring up to date. */
export interface Handover {
  readonly sha: string;
  readonly name: string;
  readonly to: string;
}

export interface Convergence {
  /** In the order in which they are to be carried out: verdicts first. */
  readonly effects: readonly Effect[];
  /** When an update that was held back for its pace may go; null where none was. */
  readonly dueAt: number | null;
  readonly handovers: readonly Handover[];
}

export function converge(decision: Decision, present: Present, now: number): Convergence {
  const { progress_ms, gate_progress_ms } = limit.page;
  const effects: Effect[] = [];
  const due: number[] = [];

  for (const stop of decision.stops)
    effects.push({ kind: "stop", key: `stop|${stop.execution}`, ...stop });

  const endings = endingsOf(decision, present);
  const wanted = [
    ...decision.checks,
    ...decision.corrections.filter((check) => find(present.checks, check) !== undefined),
    ...endings.checks,
  ];
  for (const check of [...wanted].sort(gatesFirst)) {
    const left = find(present.leftover, check);
    const elsewhere = left === undefined && present.elsewhere.includes(check.name);
    if (!isGateName(check.name) && elsewhere) continue;
    const there = left ?? find(present.checks, check);
    const effect = checkEffect(check, there);
    if (effect === null) continue;
    const paced =
      there !== undefined &&
      there.content.state.status === "in_progress" &&
      check.state.status === "in_progress" &&
      // Who has to act is told at once.
      (there.content.awaits ?? null) === check.awaits &&
      effect.kind === "update_check"
        ? there.sentAt + (isGateName(check.name) ? gate_progress_ms : progress_ms)
        : 0;
    if (paced > now) due.push(paced);
    else effects.push(effect);
  }

  for (const run of decision.runs) effects.push({ kind: "start", key: run.key, run });
  for (const retry of decision.retries) effects.push({ kind: "retry", ...retry });
  for (const approval of decision.approvals)
    effects.push({ kind: "approve", key: approval.key, approval });
  for (const rollback of decision.rollbacks)
    effects.push({ kind: "rollback", key: rollback.key, rollback });
  for (const answer of decision.answers) {
    const there = present.answers.find(({ key }) => key === answer.key);
    const key = `answer|${answer.key}`;
    if (there === undefined || there.id === null)
      effects.push({
        kind: "create_answer",
        key,
        request: answer.key,
        body: answer.body,
        unconfirmed: there !== undefined,
      });
    else {
      // The mark stays, so that what is deleted once more is let be.
      const body = there.body.endsWith(againMark) ? answer.body + againMark : answer.body;
      if (there.body !== body)
        effects.push({ kind: "update_answer", key, request: answer.key, id: there.id, body });
    }
  }
  return {
    effects: effects.sort(startsAfterGates),
    dueAt: due.length === 0 ? null : Math.min(...due),
    handovers: endings.handovers,
  };
}

function checkEffect(check: CheckWanted, there: CheckPresent | undefined): Effect | null {
  const key = `check|${check.sha}|${check.name}`;
  if (there === undefined) return { kind: "create_check", key, check, unconfirmed: false };
  if (there.id === null) return { kind: "create_check", key, check, unconfirmed: true };
  if (canonical(there.content) === canonical(check)) return null;
  // A check run that was completed is never opened again: a new one of the same name replaces it.
  const reopens =
    there.content.state.status === "completed" && check.state.status === "in_progress";
  // GitHub keeps annotations once sent: other ones need a new check run too.
  const sent = there.content.annotations;
  const same = canonical(sent) === canonical(check.annotations);
  if (reopens || (sent.length > 0 && !same))
    return { kind: "create_check", key, check, unconfirmed: false };
  return {
    kind: "update_check",
    key,
    id: there.id,
    check,
    annotations: same ? [] : check.annotations,
  };
}

/**
 * What was left in progress and is wanted no more comes to an end that says so, or is left to a successor.
 * What is in doubt may be in progress whatever was meant, and whatever came to an end is said again;
 * except that no gate opens for what nothing is decided of any more.
 */
function endingsOf(
  decision: Decision,
  present: Present,
): { readonly checks: readonly CheckWanted[]; readonly handovers: readonly Handover[] } {
  const { end, closesGate, obsolete, sha } = decision;
  const moved = sha === null ? end : headMoved(sha);
  const checks: CheckWanted[] = [];
  const handovers: Handover[] = [];
  const finish = ({ sha: on, name, content }: CheckPresent, reason: Reason) => {
    const { state } = content;
    const opens = isGreen(content);
    // A gate that is open is not left to anybody: who else speaks of the commit writes it by itself.
    const to = name === gateName && !(closesGate && opens) ? present.successors?.[on] : undefined;
    if (to !== undefined) handovers.push({ sha: on, name, to });
    else if (state.status === "completed" && !opens) checks.push(content);
    else checks.push(ended(content, reason));
  };
  const isOpen = ({ id, content }: CheckPresent) =>
    id === null || content.state.status === "in_progress";
  if (moved !== null) for (const check of present.leftover.filter(isOpen)) finish(check, moved);
  const isToEnd = (check: CheckPresent) =>
    isOpen(check) ||
    ((closesGate === true || obsolete.includes(check.name)) && isGreen(check.content));
  for (const check of present.checks.filter(isToEnd)) {
    if (check.content.externalId !== present.subject) continue;
    if (end !== null) finish(check, end);
    else if (obsolete.includes(check.name)) checks.push(cancelled(check.content));
  }
  return { checks, handovers };
}

function isGreen({ name, state }: CheckWanted): boolean {
  return name === gateName && state.status === "completed" && state.conclusion === "success";
}

function headMoved(sha: string): Reason {
  return { code: "head_moved", sentence: `The head moved on to ${sha.slice(0, 7)}.` };
}

function ended(content: CheckWanted, reason: Reason): CheckWanted {
  const conclusion = isGateName(content.name) ? "failure" : "cancelled";
  return {
    ...content,
    state: { status: "completed", conclusion },
    ...endPage(reason, content.externalId.startsWith("pull:") ? "pull" : "commit"),
    annotations: [],
    actions: [],
    awaits: null,
  };
}

function cancelled(content: CheckWanted): CheckWanted {
  const isGate = isGateName(content.name);
  const sentence = isGate
    ? "Another branch is the default one now, so the gate of this commit has another name."
    : "The plan does not ask for it any more.";
  return {
    ...content,
    state: { status: "completed", conclusion: isGate ? "failure" : "cancelled" },
    title: sentence,
    summary: sentence,
    text: "",
    annotations: [],
    actions: [],
    awaits: null,
  };
}

function find(present: readonly CheckPresent[], check: CheckWanted): CheckPresent | undefined {
  return present.find(({ sha, name }) => sha === check.sha && name === check.name);
}

function gatesFirst(a: CheckWanted, b: CheckWanted): number {
  return Number(isGateName(b.name)) - Number(isGateName(a.name));
}

/** Stops free what new runs need; the gate is up before anything starts; pages come last. */
function startsAfterGates(a: Effect, b: Effect): number {
  return rank(a) - rank(b);
}

function rank(effect: Effect): number {
  switch (effect.kind) {
    case "stop":
      return 0;
    case "create_check":
    case "update_check":
      return isGateName(effect.check.name) ? 1 : 3;
    case "start":
    case "retry":
    case "approve":
    case "rollback":
      return 2;
    case "create_answer":
    case "update_answer":
      return 4;
  }
}
