// One part of a pipeline for one commit: how it stands, and what should be begun or ended.

import { assess } from "./assess.ts";
import { fits, isLive, latest, nextRun, sameRun } from "./attempt.ts";
import type { RetryWanted, StopWanted } from "./decision.ts";
import type { RunWanted } from "./effect.ts";
import type { Execution } from "./fact.ts";
import type { Part, PartName } from "./plan.ts";
import type { Reason } from "./reason.ts";
import type { Wish } from "./wish.ts";

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
}

export interface PartDecision {
  readonly view: PartView;
  readonly run: RunWanted | null;
  readonly retries: readonly RetryWanted[];
  readonly stops: readonly StopWanted[];
}

export interface PartQuestion {
  readonly subject: string;
  readonly pipeline: string;
  readonly part: PartName;
  readonly spec: Part;
  readonly sha: string;
  readonly now: number;
  readonly executions: readonly Execution[];
  readonly engines: readonly string[];
  readonly wishes: readonly Wish[];
  /** Why nothing may be started now; null where nothing stands against it. */
  readonly hold: Reason | null;
}

export function decidePart(question: PartQuestion): PartDecision {
  const { pipeline, part, spec, sha, wishes } = question;
  const name = `${pipeline}/${part}`;
  const previous = latest(question.executions, { pipeline, part, sha });
  const counts = previous !== null && fits(previous, spec) ? previous : null;
  const stops: StopWanted[] = [];
  if (previous !== null && counts === null && isLive(previous))
    stops.push({ execution: previous.key, reason: "plan_changed" });

  const shape = { name, pipeline, part, spec };
  const nothing = { run: null, retries: [], stops };
  const run = wantedRun(question, previous, counts);
  if (run !== null) {
    const hold = engineOff(question, name) ?? question.hold;
    const reason = hold ?? { code: "stage_pending", sentence: `${name} is about to start.` };
    return {
      ...nothing,
      view: { ...shape, execution: hold === null ? null : counts, reasons: [reason] },
      run: hold === null ? run : null,
    };
  }

  const reasons = assess({ name, part: spec, sha, execution: counts, now: question.now });
  if (counts !== null && isLive(counts)) {
    const stop = granted(wishes, "stop")[0];
    if (stop !== undefined)
      stops.push({ execution: counts.key, reason: `person:${stop.intention.actor}` });
    else if (reasons[0]?.code === "deadline_passed")
      stops.push({ execution: counts.key, reason: "deadline_passed" });
  }
  return {
    ...nothing,
    view: { ...shape, execution: counts, reasons },
    run: counts?.state === "intended" && stops.length === 0 ? sameRun(counts) : null,
    retries: wantedRetries(spec, counts, wishes),
  };
}

/** A new attempt: none fits the plan yet, or a person asked for one and nothing runs. */
function wantedRun(
  question: PartQuestion,
  previous: Execution | null,
  counts: Execution | null,
): RunWanted | null {
  const { subject, pipeline, part, spec, sha } = question;
  const asked = granted(question.wishes, "verify").find(
    ({ intention }) =>
      !question.executions.some(
        (execution) => execution.pipeline === pipeline && execution.cause === intention.key,
      ),
  );
  if (counts !== null && (asked === undefined || isLive(counts))) return null;
  const cause = asked?.intention.key ?? "auto";
  return nextRun({ subject, pipeline, part, spec, sha, cause, previous });
}

/** Retries that were granted and that the engine has not answered yet. */
function wantedRetries(
  spec: Part,
  counts: Execution | null,
  wishes: readonly Wish[],
): readonly RetryWanted[] {
  if (counts === null || isLive(counts)) return [];
  return granted(wishes, "retry").flatMap(({ intention, command }) => {
    const stage = retryStage(spec, counts, command.kind === "retry" ? command.stage : null);
    const key = retryKey(intention.key, counts.key);
    if (stage === null || counts.retries.some((retry) => retry.key === key)) return [];
    return [{ key, execution: counts.key, stage }];
  });
}

/** The stage to retry from: the one named, where the plan has it; else the first that has not passed. */
export function retryStage(spec: Part, execution: Execution, named: string | null): string | null {
  if (execution.state === "succeeded") return null;
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
export function retryKey(intention: string, execution: string): string {
  return `${intention}|${execution}`;
}

function granted(wishes: readonly Wish[], kind: "verify" | "retry" | "stop"): readonly Wish[] {
  return wishes.filter((wish) => wish.command.kind === kind && wish.ruling.kind === "granted");
}

function engineOff(question: PartQuestion, name: string): Reason | null {
  const { engine } = question.spec;
  if (question.engines.includes(engine)) return null;
  return {
    code: "engine_off",
    sentence: `${name} needs the engine ${engine}, which is turned off here.`,
  };
}
