// Rollbacks: a new execution of one stage with the revisions of an older one.

import type { World } from "../model.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { record } from "./executions.ts";
import type { Execution, Pipeline } from "./model.ts";
import { pump } from "./progress.ts";
import { obstacle } from "./rollback-target.ts";

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
