// When a subject has to be looked at again though nobody calls.

import type { Facts } from "../model/fact.ts";
import { limit } from "../model/limit.ts";
import type { Part } from "../model/plan.ts";
import type { Reason, ReasonCode } from "../model/reason.ts";
import { goneAt, isLive, mayArrive, startedAt } from "./attempt.ts";
import type { PartView } from "./part.ts";

const readAgain: readonly ReasonCode[] = [
  "plan_unknown",
  "landing_unknown",
  "files_unreadable",
  "stage_unknown",
  "outside_unknown",
];

/** Whether something could not be read, so that the next look may tell more. */
export function isUnread({ code }: Reason): boolean {
  return readAgain.includes(code);
}

const waitInLine: readonly ReasonCode[] = ["release_waits", "carrying", "other_pending"];
/** Words of a sibling, which can leave the commit without a word. */
const ofSibling: readonly ReasonCode[] = ["other_failed", "other_verdict"];

/** Somebody spoke of what others did, and the engine could not be asked about it. */
export function isLost({ driftReports }: Facts): boolean {
  return driftReports.some(({ fresh, reading }) => fresh && reading.kind === "unknown");
}

/** When to try again what could not be finished: soon, and ever later. */
export function againAt({ now, failures }: Pick<Facts, "now" | "failures">): number {
  return now + Math.min(limit.look.again_ms * 2 ** failures, limit.look.again_ms_max);
}

/**
 * When what runs is asked about though nobody told of it. One answer of the engine tells of all that runs in
 * one pipeline of it, so all of it is looked at at one moment of the minute, and each pipeline at another.
 */
export function askAgainAt(spec: Part, now: number): number {
  const { running_ms } = limit.look;
  if (spec.engine !== "codepipeline") return now + running_ms;
  const moment = momentOf(`${spec.role ?? ""} ${spec.region} ${spec.pipeline}`);
  const since = (now - moment) % running_ms;
  return now + running_ms - (since < 0 ? since + running_ms : since);
}

/** Of the minute, in milliseconds: a sum over the characters that spreads names evenly (FNV-1a). */
function momentOf(name: string): number {
  let sum = 0x811c9dc5;
  for (const char of name) sum = Math.imul(sum ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return (sum >>> 0) % limit.look.running_ms;
}

/** Milliseconds since 1970, or null where only an event can change anything. */
export function dueOf(question: {
  readonly facts: Facts;
  readonly views: readonly PartView[];
  /** Of the verdict as it is shown: a sibling's counts too. */
  readonly reasons: readonly Reason[];
  /** A request waits for an answer of GitHub or of an engine. */
  readonly waits: boolean;
}): number | null {
  const { facts, views, reasons, waits } = question;
  const { now } = facts;
  const times: number[] = [];
  const any = (codes: readonly ReasonCode[]) => reasons.some(({ code }) => codes.includes(code));
  if (waits || any(readAgain)) times.push(againAt(facts));
  if (any(waitInLine)) times.push(now + limit.look.running_ms);
  if (any(ofSibling)) times.push(now + limit.look.again_ms_max);
  // Notices only hasten this: one of them may get lost.
  const live = [
    ...facts.executions.filter((run) => isLive(run) && facts.engines.includes(run.spec.engine)),
    ...facts.rollbacks.filter(isLive),
  ];
  times.push(...live.map(({ spec }) => askAgainAt(spec, now)));
  if (facts.executions.some((one) => mayArrive(one, now))) times.push(now + limit.look.running_ms);
  if (isLost(facts)) times.push(againAt(facts));
  for (const { execution, spec, reasons: own } of views) {
    // One that is about to start is shown once it was not over at once.
    if (execution === null && own[0]?.code === "stage_pending")
      times.push(now + limit.page.quiet_ms);
    if (execution === null || !isLive(execution)) continue;
    for (const due of [
      startedAt(execution) + spec.deadline_ms + 1,
      execution.createdAt + limit.page.quiet_ms,
      ...(facts.engines.includes(spec.engine) ? [] : [goneAt(execution) + 1]),
    ])
      if (due > now) times.push(due);
  }
  return times.length === 0 ? null : Math.min(...times);
}
