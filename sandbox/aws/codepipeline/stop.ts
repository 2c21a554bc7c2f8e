// Ends executions from outside: stopped with or without waiting, or cancelled by a change of the structure.
import type { World } from "../model.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { finish, isActive } from "./executions.ts";
import type { Execution, Pipeline } from "./model.ts";
import { tellPipeline, tellStage } from "./news.ts";
import { abandon, endStage, isBusy, pump } from "./progress.ts";

export function stopExecution(
  world: World,
  pipeline: Pipeline,
  wanted: { id: string; how: "wait" | "abandon"; reason: string | undefined },
): Execution | Refusal {
  const execution = pipeline.executions.find((e) => e.id === wanted.id);
  // The API names no error of its own for an execution that it does not know.
  if (!execution || !isActive(execution))
    return refuse(
      "PipelineExecutionNotStoppableException",
      `Unable to stop the pipeline execution ${wanted.id}. It might already be in a Stopped state, or it might no longer be in progress.`,
    );
  if (execution.status === "Stopping" && wanted.how === "wait")
    return refuse(
      "DuplicatedStopRequestException",
      `The pipeline execution ${wanted.id} is already in a Stopping state.`,
    );
  execution.stopReason = wanted.reason;
  const run = runIn(execution);
  if (execution.status === "InProgress") {
    execution.status = "Stopping";
    execution.updatedAt = world.clock.now();
    tellPipeline(world, execution, "STOPPING");
    if (run) {
      run.status = "Stopping";
      tellStage(world, run, "STOPPING");
    }
  }
  if (run && wanted.how === "abandon") abandonAll(world, execution, "ABANDONED");
  if (!run || !isBusy(run)) {
    if (run) endStage(world, run, "Stopped");
    finish(world, execution, "Stopped");
  }
  pump(world, pipeline);
  return execution;
}

/** Documented: an update of the pipeline ends what runs. */
export function cancelExecution(world: World, execution: Execution): void {
  const run = runIn(execution);
  abandonAll(world, execution, "CANCELED");
  if (run) endStage(world, run, "Cancelled");
  finish(world, execution, "Cancelled");
}

function abandonAll(world: World, execution: Execution, state: "ABANDONED" | "CANCELED"): void {
  for (const action of execution.actions)
    if (action.status === "InProgress") abandon(world, action, state);
}

function runIn(execution: Execution) {
  return execution.position.kind === "in" ? execution.stages.at(-1) : undefined;
}
