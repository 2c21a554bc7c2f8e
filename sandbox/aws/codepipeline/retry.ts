// Runs a failed stage again, within the same execution.

import type { World } from "../model.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { current, isFull, latestRun, tooMany, versionOf } from "./executions.ts";
import type { Execution, Pipeline, RetryMode, StageRun } from "./model.ts";
import { again, isBusy, pump } from "./progress.ts";

export function retryStage(
  world: World,
  pipeline: Pipeline,
  wanted: { stage: string; executionId: string; mode: RetryMode },
): Execution | Refusal {
  const execution = pipeline.executions.find((e) => e.id === wanted.executionId);
  const run = execution && latestRun(execution, wanted.stage);
  const inTheStage = pipeline.latest.get(wanted.stage);
  if (execution?.mode !== "PARALLEL" && inTheStage?.execution !== execution)
    return refuse(
      "NotLatestPipelineExecutionException",
      `The execution ${wanted.executionId} is not the latest in the stage ${wanted.stage}.`,
    );
  if (!execution || !run || !isRetryable(pipeline, run, wanted.mode))
    return refuse(
      "StageNotRetryableException",
      `The stage ${wanted.stage} cannot be retried. The pipeline structure or stage state might have changed, or the stage contains no failed actions.`,
    );
  if (isFull(pipeline)) return tooMany(pipeline);
  again(world, run, wanted.mode, "manual");
  pump(world, pipeline);
  return execution;
}

function isRetryable(pipeline: Pipeline, run: StageRun, mode: RetryMode): boolean {
  if (run.execution.version !== versionOf(pipeline)) return false;
  if (!current(pipeline).stages.some((s) => s.name === run.declaration.name)) return false;
  if (run.status !== "Failed" && run.status !== "Stopped") return false;
  if (mode === "ALL_ACTIONS") return !isBusy(run);
  const actions = [...run.actions.values()];
  const failedBefore = run.conditions.beforeEntry?.status === "Failed";
  return failedBefore || actions.some((a) => a.status === "Failed" || a.status === "Abandoned");
}
