// Conditions that wait are judged again when the world has changed.
import type { World } from "../model.ts";
import { isActive } from "./executions.ts";
import type { Pipeline } from "./model.ts";
import { checkEntry, checkSuccess, pump } from "./progress.ts";

export function judgeAgain(world: World, pipeline: Pipeline): void {
  for (const execution of pipeline.executions) {
    const run = execution.stages.at(-1);
    if (!run || !isActive(execution) || execution.position.kind !== "in") continue;
    if (run.conditions.onSuccess?.status === "InProgress") checkSuccess(world, run);
    else if (run.conditions.beforeEntry?.status === "InProgress") checkEntry(world, run);
  }
  pump(world, pipeline);
}
