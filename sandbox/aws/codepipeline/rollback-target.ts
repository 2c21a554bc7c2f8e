// What may be brought back by a rollback, and what AWS refuses.

import type { Refusal } from "../refusal.ts";
import { refuse } from "../refusal.ts";
import { isActive, latestRun, modeOf, versionOf } from "./executions.ts";
import type { Execution, Pipeline } from "./model.ts";

/** The refusals of docs.aws.amazon.com/codepipeline/latest/userguide/stage-rollback.html */
export function obstacle(
  pipeline: Pipeline,
  target: Execution,
  wanted: { stage: number; name: string },
): Refusal | undefined {
  const unable = (why: string) =>
    refuse("UnableToRollbackStageException", `Unable to roll back stage ${wanted.name}. ${why}`);
  if (modeOf(pipeline) === "PARALLEL")
    return unable("Stage rollback is not available for pipelines in PARALLEL mode.");
  if (target.version !== versionOf(pipeline))
    return refuse(
      "PipelineExecutionOutdatedException",
      `The pipeline execution ${target.id} is outdated and cannot be used as a target pipeline execution for rollback.`,
    );
  const run = latestRun(target, wanted.name);
  if (
    run?.declaration.actions.some((a) => a.actionTypeId.category === "Source") ??
    wanted.stage === 0
  )
    return unable("A source stage cannot be rolled back.");
  if (target.type === "ROLLBACK") return unable("The target execution is a rollback.");
  if (run?.status === "Skipped") return unable("The stage was skipped in the target execution.");
  if (run?.status !== "Succeeded")
    return unable("The target execution has not succeeded in the stage.");
  const busy = pipeline.executions.some(
    (e) => isActive(e) && e.position.kind === "in" && e.position.stage === wanted.stage,
  );
  return busy ? unable("The stage is currently running.") : undefined;
}
