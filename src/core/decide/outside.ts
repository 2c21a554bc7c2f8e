// What was done to an execution around Interlock, and what a person had taken back of it, as reasons.

import type { Execution, Facts, Known, Rollback } from "../model/fact.ts";
import type { Part, PartName } from "../model/plan.ts";
import type { Reason } from "../model/reason.ts";
import type { Survey } from "../model/survey.ts";
import { isLive } from "./attempt.ts";

/** What was found around a part; null where it was not looked for. */
export function surveyOf(
  { surveys }: Facts,
  pipeline: string,
  part: PartName,
): Known<Survey> | null {
  const found = surveys.find((survey) => survey.pipeline === pipeline && survey.part === part);
  return found?.reading ?? null;
}

/** A success counts once it is known that nobody helped it; null where that is known. */
export function unsurveyed(
  name: string,
  of: {
    readonly execution: Execution;
    readonly survey: Known<Survey> | null;
    readonly now: number;
  },
): Reason | null {
  const { execution, survey, now } = of;
  const { state, surveyedAt, endedAt, spec } = execution;
  if (state !== "succeeded" || surveyedAt !== null || survey?.kind !== "unknown") return null;
  const isLate = now - (endedAt ?? now) > spec.deadline_ms;
  return {
    code: isLate ? "outside_unread" : "outside_unknown",
    sentence: `The engine of ${name} does not say whether anybody interfered: ${survey.why}`,
  };
}

/** Its success proves nothing where somebody helped it; each mark is a reason of its own. */
export function marksOf(name: string, { marks }: Execution): readonly Reason[] {
  return marks.map(({ kind, sentence }) => ({ code: kind, sentence: `${name}: ${sentence}` }));
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

/** What holds the execution up before a stage that it has not begun; null where nothing is known to. */
export function heldUp(
  name: string,
  of: { readonly part: Part; readonly execution: Execution; readonly survey: Known<Survey> | null },
): Reason | null {
  const { part, execution, survey } = of;
  const next = part.stages.find(
    (stage) => execution.stages.find((fact) => fact.name === stage.name)?.state !== "succeeded",
  );
  const begun = execution.stages.some(
    (fact) => fact.name === next?.name && fact.startedAt !== null,
  );
  const differences = survey?.kind === "known" ? survey.value.differences : [];
  const closed = differences.find(
    (difference) => difference.kind === "transition_disabled" && difference.stage === next?.name,
  );
  if (closed === undefined || begun) return null;
  return { code: "stage_held", sentence: `${name} waits: ${closed.sentence}` };
}
