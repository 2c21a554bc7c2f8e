// Runs a failed stage again, within the same execution.
import type { World } from "../model.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { current, isActive, modeOf, versionOf } from "./executions.ts";
import type { Execution, Pipeline, RetryMode, StageRun } from "./model.ts";
import { tellPipeline, tellStage } from "./news.ts";
import { checkEntry, isBusy } from "./progress.ts";
import { pump } from "./waiting.ts";

/** docs.aws.amazon.com/codepipeline/latest/userguide/limits.html: executions at once in QUEUED and PARALLEL mode. */
const concurrent_max = 50;

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

/** `onFailure: RETRY` tries once, by itself. */
export function automaticRetry(world: World, run: StageRun): void {
  if (run.retries.automated > 0) return;
  again(
    world,
    run,
    run.declaration.onFailure?.retryConfiguration?.retryMode ?? "FAILED_ACTIONS",
    "automated",
  );
}

export function isFull(pipeline: Pipeline): boolean {
  return (
    modeOf(pipeline) !== "SUPERSEDED" &&
    pipeline.executions.filter(isActive).length >= concurrent_max
  );
}

export function tooMany(pipeline: Pipeline): Refusal {
  return refuse(
    "ConcurrentPipelineExecutionsLimitExceededException",
    `The pipeline ${pipeline.name} has reached the limit for concurrent pipeline executions.`,
  );
}

export function latestRun(execution: Execution, stage: string): StageRun | undefined {
  return execution.stages.findLast((run) => run.declaration.name === stage);
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

function again(world: World, before: StageRun, mode: RetryMode, by: "manual" | "automated"): void {
  const { execution } = before;
  const now = world.clock.now();
  const run: StageRun = {
    ...before,
    status: "InProgress",
    actions: new Map(mode === "ALL_ACTIONS" ? [] : before.actions),
    conditions: {},
    retries: { ...before.retries, [by]: before.retries[by] + 1, last: by },
    retriedAt: now,
  };
  // What still runs belongs to the new attempt.
  for (const action of run.actions.values()) action.stage = run;
  execution.stages.push(run);
  execution.status = "InProgress";
  execution.attempt += 1;
  execution.stopReason = undefined;
  execution.updatedAt = now;
  execution.position = { kind: "in", stage: run.index };
  if (execution.mode !== "PARALLEL") execution.pipeline.latest.set(run.declaration.name, run);
  tellPipeline(world, execution, "RESUMED");
  tellStage(world, run, "RESUMED");
  checkEntry(world, run);
}
