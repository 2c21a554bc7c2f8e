// Starts executions, and ends them: the record, and the news of it.
import type { World } from "../model.ts";
import type { Refusal } from "../refusal.ts";
import { refuse } from "../refusal.ts";
import type {
  Declaration,
  Execution,
  ExecutionStatus,
  Pipeline,
  StageDeclaration,
  StageRun,
  Trigger,
} from "./model.ts";
import { tellPipeline } from "./news.ts";

export type Beginning = {
  trigger: Trigger;
  variables?: { name: string; value: string }[];
  overrides?: ReadonlyMap<string, string>;
  /** For a rollback: what it goes back to, and in which stage. */
  rollback?: { target: Execution; stage: number };
};

/** Records a new execution in front of its first stage. Anyone who calls this pumps the pipeline. */
export function record(world: World, pipeline: Pipeline, beginning: Beginning): Execution {
  const now = world.clock.now();
  const declaration = current(pipeline);
  const { rollback } = beginning;
  const execution: Execution = {
    id: world.random.guid(),
    pipeline,
    declaration,
    version: versionOf(pipeline),
    mode: modeOf(pipeline),
    type: rollback ? "ROLLBACK" : "STANDARD",
    rollbackTarget: rollback?.target,
    status: "InProgress",
    statusSummary: undefined,
    startedAt: now,
    updatedAt: now,
    trigger: beginning.trigger,
    overrides: new Map(beginning.overrides),
    revisions: new Map(rollback?.target.revisions),
    variables: rollback ? [...rollback.target.variables] : (beginning.variables ?? []),
    artifacts: new Map(rollback?.target.artifacts),
    stopReason: undefined,
    position: { kind: "waiting", stage: rollback?.stage ?? 0 },
    stages: [],
    actions: [],
    attempt: 1,
    edited: false,
  };
  pipeline.executions.push(execution);
  tellPipeline(world, execution, "STARTED");
  return execution;
}

export function finish(
  world: World,
  execution: Execution,
  status: Exclude<ExecutionStatus, "InProgress" | "Stopping">,
): void {
  execution.status = status;
  execution.position = { kind: "over" };
  execution.updatedAt = world.clock.now();
  tellPipeline(world, execution, stateOf(status));
}

export function current(pipeline: Pipeline): Declaration {
  const last = pipeline.declarations.at(-1);
  if (!last) throw new Error(`${pipeline.name} has no structure`);
  return last;
}

export function versionOf(pipeline: Pipeline): number {
  return pipeline.declarations.length;
}

export function modeOf(pipeline: Pipeline): Execution["mode"] {
  return current(pipeline).executionMode ?? "SUPERSEDED";
}

export function stageAt(execution: Execution, index: number): StageDeclaration {
  const stage = execution.declaration.stages[index];
  if (!stage) throw new Error(`${execution.pipeline.name} has no stage ${index}`);
  return stage;
}

export function isActive(execution: Execution): boolean {
  return execution.status === "InProgress" || execution.status === "Stopping";
}

/** Events and the API spell some states differently. */
function stateOf(status: ExecutionStatus): string {
  return status === "Cancelled" ? "CANCELED" : status.toUpperCase();
}

export function latestRun(execution: Execution, stage: string): StageRun | undefined {
  return execution.stages.findLast((run) => run.declaration.name === stage);
}

/** docs.aws.amazon.com/codepipeline/latest/userguide/limits.html: executions at once in QUEUED and PARALLEL mode. */
export const concurrent_max = 50;

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
