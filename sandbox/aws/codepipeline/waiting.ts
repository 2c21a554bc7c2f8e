// Lets waiting executions into stages as the execution mode says, and supersedes those it overtakes.
import type { World } from "../model.ts";
import { current, finish, isActive, modeOf, stageAt } from "./executions.ts";
import type { Execution, Pipeline } from "./model.ts";
import { enterStage } from "./progress.ts";

/** Moves everything that can move. Called after each change. */
export function pump(world: World, pipeline: Pipeline): void {
  while (step(world, pipeline));
}

export function waitingBefore(pipeline: Pipeline, stage: number): Execution[] {
  return pipeline.executions.filter(
    ({ status, position }) =>
      status === "InProgress" && position.kind === "waiting" && position.stage === stage,
  );
}

/** Whether the transition into the stage is open. */
function isOpen(pipeline: Pipeline, stageName: string): boolean {
  return pipeline.transitions.get(stageName)?.enabled ?? true;
}

// From the back, so that a stage is left before the next execution looks at it.
function step(world: World, pipeline: Pipeline): boolean {
  for (let stage = current(pipeline).stages.length - 1; stage >= 0; stage--) {
    const next = candidate(world, pipeline, stage);
    if (!next) continue;
    enterStage(world, next, stage);
    return true;
  }
  return false;
}

function candidate(world: World, pipeline: Pipeline, stage: number): Execution | undefined {
  const waiting = waitingBefore(pipeline, stage);
  const mode = modeOf(pipeline);
  if (mode === "SUPERSEDED")
    for (const old of waiting.splice(0, waiting.length - 1)) {
      old.statusSummary = `Superseded by the execution ${waiting.at(-1)?.id}`;
      finish(world, old, "Superseded");
    }
  // A rollback does not come through the transition.
  const next = waiting.find(
    (e) => e.type === "ROLLBACK" || isOpen(pipeline, stageAt(e, stage).name),
  );
  if (!next || mode === "PARALLEL") return next;
  return isLocked(pipeline, stage) ? undefined : next;
}

// Documented: a stage works on one execution at a time. A failed one leaves it unlocked.
function isLocked(pipeline: Pipeline, stage: number): boolean {
  return pipeline.executions.some(
    (e) => isActive(e) && e.position.kind === "in" && e.position.stage === stage,
  );
}
