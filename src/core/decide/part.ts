// One part of a pipeline for one commit: how it stands, and what should be started or ended.

import type { PendingCommand } from "../command/request.ts";
import { isAbout } from "../model/command.ts";
import type { RetryWanted, StopWanted } from "../model/decision.ts";
import type { DriftReport } from "../model/drift.ts";
import type { RunWanted } from "../model/effect.ts";
import type { Execution, Known, Rollback } from "../model/fact.ts";
import type { Part, PartName } from "../model/plan.ts";
import type { Reason } from "../model/reason.ts";
import { isPersons } from "../model/stop.ts";
import { assess, failedBeyond } from "./assess.ts";
import {
  fits,
  isGone,
  isLive,
  isStoppable,
  isVoid,
  latest,
  nextRun,
  sameRun,
  startedAt,
} from "./attempt.ts";
import { heldUp, rollbackReasons, withoutDriftReport } from "./drift-reasons.ts";

/** A part as it stands, for the verdict and for the pages. */
export interface PartView {
  /** `<pipeline>/<part>`, as the check is called. */
  readonly name: string;
  readonly pipeline: string;
  readonly part: PartName;
  readonly spec: Part;
  /** The execution that counts; null while there is none. */
  readonly execution: Execution | null;
  readonly reasons: readonly Reason[];
  /** Why nothing of it may be started now, by whomever; null where nothing stands against it. */
  readonly hold: Reason | null;
  /** What was found around the execution; null where it was not looked for. */
  readonly drift: Known<DriftReport> | null;
}

export interface PartDecision {
  readonly view: PartView;
  readonly run: RunWanted | null;
  readonly retries: readonly RetryWanted[];
  readonly stops: readonly StopWanted[];
}

export interface PartQuestion {
  readonly subject: string;
  readonly generation: string;
  readonly pipeline: string;
  readonly part: PartName;
  readonly spec: Part;
  readonly sha: string;
  readonly now: number;
  readonly executions: readonly Execution[];
  readonly engines: readonly string[];
  readonly pendingCommands: readonly PendingCommand[];
  readonly drift: Known<DriftReport> | null;
  readonly rollbacks: readonly Rollback[];
  /** Why nothing may be started now; null where nothing stands against it. */
  readonly hold: Reason | null;
}

export function decidePart(question: PartQuestion): PartDecision {
  const { pipeline, part, spec, sha } = question;
  const name = `${pipeline}/${part}`;
  const previous = latest(question.executions, { pipeline, part, sha });
  const counts = previous !== null && fits(previous, spec) && !isVoid(previous) ? previous : null;
  const hold = engineOff(question, name, counts) ?? question.hold;
  const shape = { name, pipeline, part, spec, hold, drift: question.drift };
  const outdated = outdatedStops(question, counts);

  const run = wantedRun(question, previous, counts);
  // Two runs of one part for one commit never overlap: the next one begins when these have ended.
  if (run !== null && hold === null && outdated.length > 0) {
    const sentence = `${name} starts once the run before it has ended.`;
    const reasons = [{ code: "stage_pending", sentence } as const];
    return {
      view: { ...shape, execution: null, reasons },
      run: null,
      retries: [],
      stops: outdated,
    };
  }
  if (run !== null && hold === null) {
    const reasons = assess({ name, part: spec, sha, execution: null, now: question.now });
    return { view: { ...shape, execution: null, reasons }, run, retries: [], stops: outdated };
  }
  // What waits in line will run; what is held for another reason leaves a verdict as it stands.
  if (run !== null && hold !== null && (counts === null || hold.code === "release_waits"))
    return {
      view: { ...shape, execution: counts, reasons: [hold] },
      run: null,
      retries: [],
      stops: outdated,
    };

  const held = counts !== null && hold !== null && keeps(hold, counts);
  const reasons = held ? [hold] : reasonsFor(question, name, counts);
  const stops = counts === null ? [] : wantedStops(question, counts, reasons);
  return {
    view: { ...shape, execution: counts, reasons },
    run: counts?.state === "intended" && !held && stops.length === 0 ? sameRun(counts) : null,
    retries: hold === null ? wantedRetries(question, counts) : [],
    stops: [...outdated, ...stops],
  };
}

/** How it stands by the plan, by what was done around it, and by what was taken back of it. */
function reasonsFor(
  question: PartQuestion,
  name: string,
  execution: Execution | null,
): readonly Reason[] {
  const { spec: part, sha, now, drift, rollbacks } = question;
  const reasons = assess({ name, part, sha, execution, now });
  if (execution === null) return reasons;
  const isWaiting = reasons[0]?.code === "stage_pending" && execution.state === "running";
  const held = isWaiting ? heldUp(name, { part, execution, drift }) : null;
  const doubt =
    reasons[0]?.code === "passed" ? withoutDriftReport(name, { execution, drift, now }) : null;
  const instead = held ?? doubt;
  // What was done last is told first.
  return [
    ...rollbackReasons(name, execution, rollbacks),
    ...(instead === null ? reasons : [instead]),
  ];
}

/** Whether what stands in the ledger as started cannot go on. A place in line once taken is kept. */
function keeps(hold: Reason, execution: Execution): boolean {
  if (execution.state === "intended") return hold.code !== "release_waits";
  return isLive(execution) && hold.code === "engine_off";
}

/** Whatever runs for the commit and does not count: under an older plan, or overtaken by a newer attempt. */
function outdatedStops(question: PartQuestion, counts: Execution | null): readonly StopWanted[] {
  return question.executions
    .filter(
      (execution) =>
        execution !== counts &&
        execution.pipeline === question.pipeline &&
        execution.part === question.part &&
        execution.sha === question.sha &&
        isStoppable(execution, question.engines),
    )
    .map(({ key }) => ({ execution: key, reason: "plan_changed" }));
}

/** A person's stop, or the deadline's. */
function wantedStops(
  question: PartQuestion,
  counts: Execution,
  reasons: readonly Reason[],
): readonly StopWanted[] {
  if (!isStoppable(counts, question.engines)) return [];
  const stop = granted(question, "stop")[0];
  if (stop !== undefined)
    return [{ execution: counts.key, reason: `person:${stop.request.actor}` }];
  // It was given up, and reached its engine all the same.
  const { stopReason, stopRefused } = counts;
  if (isPersons(stopReason) && stopRefused === null && counts.state === "running")
    return [{ execution: counts.key, reason: stopReason }];
  // What is held is not started, and would keep later releases waiting if it stayed so.
  const isLate = question.now - startedAt(counts) > counts.spec.deadline_ms;
  const isHeld = counts.state === "intended" && question.engines.includes(counts.spec.engine);
  if (reasons[0]?.code === "deadline_passed" || (isLate && isHeld))
    return [{ execution: counts.key, reason: "deadline_passed" }];
  return [];
}

/** A new attempt: none fits the plan yet, or a person asked for one and nothing runs. */
function wantedRun(
  question: PartQuestion,
  previous: Execution | null,
  counts: Execution | null,
): RunWanted | null {
  const { subject, generation, pipeline, part, spec, sha } = question;
  const asked = granted(question, "verify").find(
    ({ request }) =>
      !question.executions.some(
        (execution) => execution.pipeline === pipeline && execution.cause === request.key,
      ),
  );
  if (counts !== null && (asked === undefined || isLive(counts))) return null;
  const cause = asked?.request.key ?? "auto";
  return nextRun({ subject, generation, pipeline, part, spec, sha, cause, previous });
}

/** The first retry that was granted and that the engine has not answered yet. */
function wantedRetries(question: PartQuestion, counts: Execution | null): readonly RetryWanted[] {
  if (counts === null || isLive(counts) || counts.engineId === null) return [];
  const wanted = granted(question, "retry").flatMap(({ request, command }) => {
    const stage = retryStage(
      question.spec,
      counts,
      command.kind === "retry" ? command.stage : null,
    );
    const key = retryKey(request.key, counts.key);
    if (stage === null || counts.retries.some((retry) => retry.key === key)) return [];
    return [{ key, execution: counts.key, stage }];
  });
  // Once it runs again, anyone else who asked is told so.
  return wanted.slice(0, 1);
}

/** The stage to retry from: the one named, where the plan has it; else the first that has not passed. */
export function retryStage(spec: Part, execution: Execution, named: string | null): string | null {
  if (execution.state === "succeeded") return null;
  const beyond = failedBeyond(spec, execution)?.name;
  if (beyond !== undefined && (named === null || named.toLowerCase() === beyond.toLowerCase()))
    return beyond;
  if (named !== null)
    return (
      spec.stages.find((stage) => stage.name.toLowerCase() === named.toLowerCase())?.name ?? null
    );
  return (
    spec.stages.find(
      (stage) => execution.stages.find((fact) => fact.name === stage.name)?.state !== "succeeded",
    )?.name ?? null
  );
}

/** One request to retry one execution, however often it is looked at. */
export function retryKey(request: string, execution: string): string {
  return `${request}|${execution}`;
}

function granted(
  { pendingCommands, pipeline }: PartQuestion,
  kind: "verify" | "retry" | "stop",
): readonly PendingCommand[] {
  return pendingCommands.filter(
    ({ command, authorization }) =>
      command.kind === kind && authorization.kind === "granted" && isAbout(command, pipeline),
  );
}

function engineOff(question: PartQuestion, name: string, counts: Execution | null): Reason | null {
  const { engine } = question.spec;
  if (question.engines.includes(engine)) return null;
  const off = `${name} needs the engine ${engine}, which is turned off here`;
  const isLeft = counts !== null && isLive(counts) && isGone(counts, question);
  const order =
    "Its deadline passed unseen, so releases of later commits do not wait for it any more.";
  return { code: "engine_off", sentence: isLeft ? `${off}. ${order}` : `${off}.` };
}
