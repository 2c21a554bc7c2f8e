// Tells EventBridge what happened to executions, stages and actions, in the forms that CodePipeline sends.
import type { World } from "../model.ts";
import type { ActionRun, Execution, Pipeline, StageRun } from "./model.ts";

export function tellPipeline(world: World, execution: Execution, state: string): void {
  const { trigger, stopReason } = execution;
  emit(world, execution.pipeline, "CodePipeline Pipeline Execution State Change", {
    ...common(world, execution),
    ...(state === "STARTED" ? { "execution-trigger": triggerOf(execution) } : {}),
    // A push is told with every event of the execution, a start by the API only with the first.
    ...(state !== "STARTED" && trigger.git ? { "execution-trigger": triggerOf(execution) } : {}),
    ...(state === "STOPPING" && stopReason !== undefined
      ? { "stop-execution-comments": stopReason }
      : {}),
    state,
    "pipeline-execution-attempt": execution.attempt,
  });
}

export function tellStage(world: World, run: StageRun, state: string): void {
  const { execution, retriedAt } = run;
  emit(world, execution.pipeline, "CodePipeline Stage Execution State Change", {
    ...common(world, execution),
    stage: run.declaration.name,
    state,
    // Zero until the stage is retried.
    "pipeline-execution-attempt": execution.attempt === 1 ? 0 : execution.attempt,
    ...(retriedAt === undefined
      ? {}
      : { "stage-last-retry-attempt-time": new Date(retriedAt).toISOString() }),
  });
}

export function tellAction(world: World, run: ActionRun, state: string): void {
  const { execution } = run.stage;
  const { pipeline } = execution;
  const ended = state === "SUCCEEDED" || state === "FAILED";
  const artifacts = (list: ActionRun["inputs"]) =>
    list.map(({ name, bucket, key }) => ({ name, s3location: { bucket, key } }));
  const result = given({
    "external-execution-url": run.externalUrl,
    "external-execution-summary": run.summary,
    "external-execution-id": run.externalId,
    "error-code": run.error?.code,
  });
  emit(world, pipeline, "CodePipeline Action Execution State Change", {
    ...common(world, execution),
    stage: run.stage.declaration.name,
    ...(ended && Object.keys(result).length > 0 ? { "execution-result": result } : {}),
    ...(run.inputs.length > 0 ? { "input-artifacts": artifacts(run.inputs) } : {}),
    ...(ended && run.outputs.length > 0 ? { "output-artifacts": artifacts(run.outputs) } : {}),
    "action-execution-id": run.id,
    action: run.declaration.name,
    state,
    region: run.declaration.region ?? pipeline.region,
    type: typeOf(run),
    "pipeline-execution-attempt": execution.attempt,
  });
}

function common(world: World, execution: Execution): Record<string, unknown> {
  return {
    pipeline: execution.pipeline.name,
    "execution-id": execution.id,
    "start-time": new Date(world.clock.now()).toISOString(),
    version: execution.version,
  };
}

function typeOf({ declaration }: ActionRun): Record<string, string> {
  const { owner, category, provider, version } = declaration.actionTypeId;
  return { owner, provider, category, version };
}

function triggerOf({ trigger }: Execution): Record<string, string> {
  const { git } = trigger;
  if (!git) return { "trigger-type": trigger.type, "trigger-detail": trigger.detail };
  return {
    "author-display-name": git.author,
    "full-repository-name": git.repository,
    "provider-type": "GitHub",
    "author-email": `${git.author}@example.com`,
    "commit-message": git.message,
    "branch-name": git.branch,
    "commit-id": git.sha,
    "connection-arn": trigger.detail,
    "author-id": git.author,
  };
}

function emit(
  world: World,
  pipeline: Pipeline,
  type: string,
  detail: Record<string, unknown>,
): void {
  const now = world.clock.now();
  world.bus.emit({
    version: "0",
    id: world.random.guid(),
    "detail-type": type,
    source: "aws.codepipeline",
    account: pipeline.account,
    time: new Date(now).toISOString().replace(/\.\d+Z$/, "Z"),
    region: pipeline.region,
    resources: [pipeline.arn],
    detail,
  });
}

function given(fields: Record<string, string | undefined>): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) out[name] = value;
  return out;
}
