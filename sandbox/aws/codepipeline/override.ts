// Overrides of conditions: a person lets an execution pass that a rule held up.
import type { World } from "../model.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { overrideCondition } from "./conditions.ts";
import { latestRun } from "./executions.ts";
import type { Execution, Pipeline, StageRun } from "./model.ts";
import { tellPipeline, tellStage } from "./news.ts";
import { passStage, pump, startNext } from "./progress.ts";

export function overrideStageCondition(
  world: World,
  pipeline: Pipeline,
  wanted: { stage: string; executionId: string; slot: "beforeEntry" | "onSuccess" },
): Execution | Refusal {
  const execution = pipeline.executions.find((e) => e.id === wanted.executionId);
  const run = execution && latestRun(execution, wanted.stage);
  if (
    !execution ||
    !run ||
    (execution.mode !== "PARALLEL" && pipeline.latest.get(wanted.stage) !== run)
  )
    return refuse(
      "NotLatestPipelineExecutionException",
      `The execution ${wanted.executionId} is not the latest in the stage ${wanted.stage}.`,
    );
  const condition = run.conditions[wanted.slot];
  const holdsUp = condition?.status === "Failed" || condition?.status === "InProgress";
  // What a condition has skipped is not brought back.
  if (!condition || !holdsUp || condition.declaration.result === "SKIP")
    return refuse(
      "ConditionNotOverridableException",
      "Unable to override because the condition does not allow overrides.",
    );
  overrideCondition(world, condition);
  resume(world, run);
  if (wanted.slot === "beforeEntry") startNext(world, run);
  else passStage(world, run);
  pump(world, pipeline);
  return execution;
}

function resume(world: World, run: StageRun): void {
  const { execution } = run;
  if (run.status === "InProgress") return;
  run.status = "InProgress";
  execution.status = "InProgress";
  execution.position = { kind: "in", stage: run.index };
  tellPipeline(world, execution, "RESUMED");
  tellStage(world, run, "RESUMED");
}
