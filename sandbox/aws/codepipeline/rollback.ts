// Rollbacks: a new execution of one stage with the revisions of an older one.
import type { World } from "../model.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { isActive, modeOf, record, versionOf } from "./executions.ts";
import type { Execution, Pipeline, StageRun } from "./model.ts";
import { latestRun } from "./retry.ts";
import { pump } from "./waiting.ts";

export function rollbackStage(
  world: World,
  pipeline: Pipeline,
  wanted: { stage: number; name: string; targetId: string; by: string },
): Execution | Refusal {
  const target = pipeline.executions.find((e) => e.id === wanted.targetId);
  if (!target)
    return refuse(
      "PipelineExecutionNotFoundException",
      `The pipeline execution ${wanted.targetId} could not be found.`,
    );
  const no = obstacle(pipeline, target, wanted);
  if (no) return no;
  const execution = record(world, pipeline, {
    // As the user guide shows it.
    trigger: { type: "ManualRollback", detail: `{${wanted.by}}` },
    rollback: { target, stage: wanted.stage },
  });
  pump(world, pipeline);
  return execution;
}

/** Goes back to the last that succeeded in the stage in this structure; does nothing where there is none. */
export function automaticRollback(world: World, failed: StageRun): void {
  const { pipeline } = failed.execution;
  const { name } = failed.declaration;
  const target = pipeline.executions.findLast(
    (e) => e !== failed.execution && !obstacle(pipeline, e, { stage: failed.index, name }),
  );
  // A rollback that fails is not rolled back in turn.
  if (!target || failed.execution.type === "ROLLBACK") return;
  record(world, pipeline, {
    trigger: {
      type: "AutomatedRollback",
      detail: JSON.stringify({ FailedPipelineExecutionId: failed.execution.id }),
    },
    rollback: { target, stage: failed.index },
  });
}

/** The refusals of docs.aws.amazon.com/codepipeline/latest/userguide/stage-rollback.html */
function obstacle(
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
