// What was done to an execution around Interlock, and what a person had taken back of it, as reasons.

import type { DriftReport } from "../model/drift.ts";
import type { Execution, Facts, Known, Rollback } from "../model/fact.ts";
import type { Part, PartName } from "../model/plan.ts";
import type { Reason } from "../model/reason.ts";
import { isLive } from "./attempt.ts";

/** What was found around a part; null where it was not looked for. */
export function driftOf(
  { driftReports }: Facts,
  pipeline: string,
  part: PartName,
): Known<DriftReport> | null {
  const found = driftReports.find((drift) => drift.pipeline === pipeline && drift.part === part);
  return found?.reading ?? null;
}

/** A success counts once it is known that nobody helped it; null where that is known. */
export function withoutDriftReport(
  name: string,
  of: {
    readonly execution: Execution;
    readonly drift: Known<DriftReport> | null;
    readonly now: number;
  },
): Reason | null {
  const { execution, drift, now } = of;
  const { state, surveyedAt, endedAt, spec } = execution;
  if (state !== "succeeded" || surveyedAt !== null || drift?.kind !== "unknown") return null;
  const isLate = now - (endedAt ?? now) > spec.deadline_ms;
  return {
    code: isLate ? "outside_unread" : "outside_unknown",
    sentence: `The engine of ${name} does not say whether anybody interfered: ${drift.why}`,
  };
}

/** Its success proves nothing where somebody helped it; each mark is a reason of its own. */
export function marksOf(name: string, { outOfBandChanges }: Execution): readonly Reason[] {
  return outOfBandChanges.map(({ kind, sentence }) => ({
    code: kind,
    sentence: `${name}: ${sentence}`,
  }));
}

/** A rollback is an execution of its own: its success says that the commit is gone, not that it passed. */
export function rollbackReasons(
  name: string,
  execution: Execution,
  rollbacks: readonly Rollback[],
): readonly Reason[] {
  const newest = rollbacks.findLast(
    (rollback) =>
      rollback.execution === execution.key &&
      takesOut(rollback, execution) &&
      isInForce(rollback, execution),
  );
  if (newest === undefined) return [];
  const { stage, sha, actor, state, why } = newest;
  const back = sha === null ? "" : ` to ${sha.slice(0, 7)}`;
  if (isLive(newest))
    return [
      {
        code: "rolling_back",
        sentence: `${name} is being rolled back${back} in ${stage}, as ${actor} asked.`,
      },
    ];
  if (state === "succeeded")
    return [
      {
        code: "rolled_back",
        sentence: `${name} was rolled back${back} in ${stage}, as ${actor} asked.`,
      },
    ];
  return [
    {
      code: "rollback_failed",
      sentence: `${name} could not be rolled back${back} in ${stage}: ${why || "the engine does not say why"}`,
    },
  ];
}

/** One of an earlier stage leaves the commit where the plan ends, if it had come there. */
function takesOut({ stays }: Rollback, { state }: Execution): boolean {
  return stays !== true || state !== "succeeded";
}

/** Until the execution has run again from that stage on, or from one before it. */
function isInForce({ stage, createdAt, state }: Rollback, { retries, spec }: Execution): boolean {
  if (state === "refused") return false;
  const place = (name: string) => spec.stages.findIndex((one) => one.name === name);
  return !retries.some(
    (retry) => retry.state === "done" && retry.at > createdAt && place(retry.stage) <= place(stage),
  );
}

/** What holds the execution up before a stage that it has not started; null where nothing is known to. */
export function heldUp(
  name: string,
  of: {
    readonly part: Part;
    readonly execution: Execution;
    readonly drift: Known<DriftReport> | null;
  },
): Reason | null {
  const { part, execution, drift } = of;
  const next = part.stages.find(
    (stage) => execution.stages.find((fact) => fact.name === stage.name)?.state !== "succeeded",
  );
  const started = execution.stages.some(
    (fact) => fact.name === next?.name && fact.startedAt !== null,
  );
  const differences = drift?.kind === "known" ? drift.value.differences : [];
  const closed = differences.find(
    (difference) => difference.kind === "transition_disabled" && difference.stage === next?.name,
  );
  if (closed === undefined || started) return null;
  return { code: "stage_held", sentence: `${name} waits: ${closed.sentence}` };
}
