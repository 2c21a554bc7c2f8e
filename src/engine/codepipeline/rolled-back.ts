// Rollbacks of others, as facts about the executions whose commits they took out.

import type { Reply } from "../../aws/failure.ts";
import { oneLine } from "../../aws/text.ts";
import type { OutOfBandChangeOn } from "../../core/model/drift.ts";
import { limit } from "../../core/model/limit.ts";
import type { PipelineRuns } from "../../ports/run.ts";
import type { Summary } from "./execution.ts";
import type { Structure } from "./structure.ts";

export interface TakenOutQuestion {
  readonly runs: Pick<PipelineRuns, "known">;
  /** Executions of the commit that Interlock started. */
  readonly own: readonly Summary[];
  /** The list of the pipeline, newest first. */
  readonly summaries: readonly Summary[];
  readonly structure: Structure;
  /** Names of the stages of the plan. */
  readonly planned: readonly string[];
  /** The one stage that a rollback is about; null where AWS does not tell. */
  readonly stageOf: (rollback: Summary) => Promise<Reply<string | null>>;
}

/**
 * For each of the executions the rollbacks by others that took its commit out of where the plan ends. One of
 * a stage before that, or of one that the plan does not name, leaves it there.
 */
export async function takenOut(
  question: TakenOutQuestion,
): Promise<Reply<readonly OutOfBandChangeOn[]>> {
  const { runs, own, summaries } = question;
  const found = own.flatMap((execution) =>
    after(execution, summaries).map((rollback) => ({ execution, rollback })),
  );
  if (found.length === 0) return { kind: "ok", value: [] };
  const ours = await runs.known(found.map(({ rollback }) => rollback.id));
  const outOfBandChanges: OutOfBandChangeOn[] = [];
  for (const { execution, rollback } of found) {
    if (ours.has(rollback.id) || outOfBandChanges.some(({ engineId }) => engineId === execution.id))
      continue;
    const stage = await question.stageOf(rollback);
    if (stage.kind === "trouble") return stage;
    if (stage.value !== null && isBeforeTheEnd(question, stage.value)) continue;
    const mark = { kind: "rolled_back" as const, stage: stage.value };
    outOfBandChanges.push({
      engineId: execution.id,
      mark: { ...mark, sentence: sentence(rollback, stage.value) },
    });
  }
  return { kind: "ok", value: outOfBandChanges };
}

/** The commit is still in a stage behind it that deploys. Where no later one says so, nobody knows that it is. */
export function isBeforeTheEnd(
  { structure, planned }: Pick<TakenOutQuestion, "structure" | "planned">,
  stage: string,
): boolean {
  if (!planned.includes(stage)) return true;
  const at = structure.stages.findIndex(({ name }) => name === stage);
  return structure.stages
    .slice(at + 1)
    .some(
      ({ name, actions }) =>
        planned.includes(name) && actions.some(({ category }) => category === "Deploy"),
    );
}

/**
 * The executions whose commits a rollback takes out: those since its target, back to the newest that
 * succeeded. One that failed may have got that far or not; AWS's list does not tell.
 */
export function takenBy(rollback: Summary, summaries: readonly Summary[]): readonly Summary[] {
  const older = summaries.slice(summaries.indexOf(rollback) + 1);
  const taken: Summary[] = [];
  for (const execution of older) {
    if (execution.id === rollback.target) break;
    if (execution.type === "STANDARD") taken.push(execution);
    if (execution.type === "STANDARD" && execution.status === "Succeeded") break;
  }
  return taken;
}

/** Newest first. */
function after(execution: Summary, summaries: readonly Summary[]): readonly Summary[] {
  return summaries.filter(
    (rollback) =>
      rollback.type === "ROLLBACK" &&
      rollback.status === "Succeeded" &&
      takenBy(rollback, summaries).some(({ id }) => id === execution.id),
  );
}

function sentence({ id, trigger, revisions }: Summary, stage: string | null): string {
  const [revision] = revisions;
  const back = revision === undefined ? "" : ` to ${revision.id.slice(0, 7)}`;
  const what = stage === null ? "the pipeline" : `the stage ${stage}`;
  const who = oneLine(trigger.detail, limit.codepipeline.why_chars);
  const how =
    trigger.type === "AutomatedRollback"
      ? `AWS rolled ${what} back by itself`
      : `Somebody rolled ${what} back${who === "" ? "" : ` (${who})`}`;
  return `${how}${back}, so this commit is out again (execution ${id}).`;
}
