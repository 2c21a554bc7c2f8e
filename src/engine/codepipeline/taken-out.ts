// Rollbacks of others, as facts about the executions whose commits they took out.

import { limit } from "../../core/limit.ts";
import type { MarkOn } from "../../core/survey.ts";
import type { PipelineRuns } from "../../port.ts";
import type { Summary } from "./executions.ts";
import { oneLine } from "./text.ts";

/**
 * For each of the executions the rollback by somebody else that took its commit out of the pipeline
 * again. `summaries`: the list of the pipeline, newest first.
 */
export async function takenOut(
  runs: Pick<PipelineRuns, "known">,
  own: readonly Summary[],
  summaries: readonly Summary[],
): Promise<readonly MarkOn[]> {
  const found = own.flatMap((execution) => {
    const rollback = after(execution, summaries);
    return rollback === undefined ? [] : [{ execution, rollback }];
  });
  if (found.length === 0) return [];
  const ours = await runs.known(found.map(({ rollback }) => rollback.id));
  return found
    .filter(({ rollback }) => !ours.has(rollback.id))
    .map(({ execution, rollback }) => ({
      engineId: execution.id,
      mark: { kind: "rolled_back", stage: null, sentence: sentence(rollback) },
    }));
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

function after(execution: Summary, summaries: readonly Summary[]): Summary | undefined {
  return summaries.find(
    (rollback) =>
      rollback.type === "ROLLBACK" &&
      rollback.status === "Succeeded" &&
      takenBy(rollback, summaries).some(({ id }) => id === execution.id),
  );
}

function sentence({ id, trigger, revisions }: Summary): string {
  const [revision] = revisions;
  const back = revision === undefined ? "" : ` to ${revision.id.slice(0, 7)}`;
  const who = oneLine(trigger.detail, limit.codepipeline.why_chars);
  const how =
    trigger.type === "AutomatedRollback"
      ? "AWS rolled the pipeline back by itself"
      : `Somebody rolled the pipeline back${who === "" ? "" : ` (${who})`}`;
  return `${how}${back}, so this commit is out again (execution ${id}).`;
}
