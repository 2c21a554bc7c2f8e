// How executions move: into a stage, through its actions and conditions, out of it, again by a retry or a rollback.

import { endBuild, startBuild } from "../codebuild/builds.ts";
import type { World } from "../model.ts";
import { storeArtifact } from "./artifacts.ts";
import { judge } from "./conditions.ts";
import { current, finish, isActive, modeOf, record, stageAt } from "./executions.ts";
import type {
  ActionDeclaration,
  ActionRun,
  Execution,
  Outcome,
  Pipeline,
  RetryMode,
  StageRun,
  StageStatus,
} from "./model.ts";
import { consoleUrl } from "./names.ts";
import { tellAction, tellPipeline, tellStage } from "./news.ts";
import { obstacle } from "./rollback-target.ts";
import { takeSource } from "./source.ts";

export function enterStage(world: World, execution: Execution, index: number): void {
  const declaration = stageAt(execution, index);
  const run: StageRun = {
    execution,
    declaration,
    index,
    status: "InProgress",
    startedAt: world.clock.now(),
    actions: new Map(),
    conditions: {},
    retries: { manual: 0, automated: 0, last: undefined },
    retriedAt: undefined,
  };
  execution.stages.push(run);
  execution.position = { kind: "in", stage: index };
  if (execution.mode !== "PARALLEL") execution.pipeline.latest.set(declaration.name, run);
  tellStage(world, run, "STARTED");
  checkEntry(world, run);
}

/** Whether the stage may begin; also asked again by a retry of a stage that failed here. */
export function checkEntry(world: World, run: StageRun): void {
  const verdict = judge(world, run, "beforeEntry");
  if (verdict === "waits") return;
  if (verdict === "holds") startNext(world, run);
  else if (run.conditions.beforeEntry?.declaration.result === "SKIP") skip(world, run);
  else failStage(world, run);
}

/** Starts the actions whose turn it is; without any, the stage's work is done. */
export function startNext(world: World, run: StageRun): void {
  const open = run.declaration.actions.filter(
    (action) => run.actions.get(action.name)?.status !== "Succeeded",
  );
  const order = Math.min(...open.map((action) => action.runOrder ?? 1));
  const next = open.filter((action) => (action.runOrder ?? 1) === order);
  for (const action of next)
    if (run.actions.get(action.name)?.status !== "InProgress") startAction(world, run, action);
  if (next.length === 0) checkSuccess(world, run);
}

/** What the end of an action means for its stage. */
export function actionEnded(world: World, action: ActionRun): void {
  const run = action.stage;
  touch(world, run.execution);
  // What still ran when the stage failed only finishes.
  if (run.status !== "InProgress" && run.status !== "Stopping") return;
  if (run.execution.status === "Stopping") settleStop(world, run);
  // Actions that run beside each other wait for each other, also where one of them has failed.
  else if (isBusy(run)) return;
  else if (run.execution.edited) failEdited(world, run);
  else if ([...run.actions.values()].some(({ status }) => status === "Failed"))
    failStage(world, run);
  else startNext(world, run);
}

function failEdited(world: World, run: StageRun): void {
  endStage(world, run, "Failed");
  finish(world, run.execution, "Failed");
}

export function checkSuccess(world: World, run: StageRun): void {
  const verdict = judge(world, run, "onSuccess");
  if (verdict === "waits") return;
  if (verdict === "holds") {
    passStage(world, run);
    return;
  }
  endStage(world, run, "Failed");
  finish(world, run.execution, "Failed");
  if (run.conditions.onSuccess?.declaration.result === "ROLLBACK") automaticRollback(world, run);
}

export function passStage(world: World, run: StageRun): void {
  endStage(world, run, "Succeeded");
  leave(world, run);
}

function failStage(world: World, run: StageRun): void {
  endStage(world, run, "Failed");
  finish(world, run.execution, "Failed");
  const onFailure = run.declaration.onFailure;
  if (!onFailure) return;
  const result = onFailure.conditions?.[0]?.result ?? onFailure.result;
  if (onFailure.conditions && judge(world, run, "onFailure") !== "fails") return;
  if (result === "ROLLBACK") automaticRollback(world, run);
  if (result === "RETRY") automaticRetry(world, run);
}

export function isBusy(run: StageRun): boolean {
  return [...run.actions.values()].some((action) => action.status === "InProgress");
}

export function endStage(world: World, run: StageRun, status: StageStatus): void {
  run.status = status;
  touch(world, run.execution);
  // A skipped stage is told by no event.
  if (status !== "Skipped")
    tellStage(world, run, status === "Cancelled" ? "CANCELED" : status.toUpperCase());
}

function skip(world: World, run: StageRun): void {
  endStage(world, run, "Skipped");
  leave(world, run);
}

// A rollback is about one stage: it goes no further.
function leave(world: World, run: StageRun): void {
  const { execution, index } = run;
  const isLast = index === execution.declaration.stages.length - 1;
  if (isLast || execution.type === "ROLLBACK") finish(world, execution, "Succeeded");
  else execution.position = { kind: "waiting", stage: index + 1 };
}

// "Stop and wait": what runs may finish, and nothing new begins.
function settleStop(world: World, run: StageRun): void {
  if (isBusy(run)) return;
  endStage(world, run, "Stopped");
  finish(world, run.execution, "Stopped");
}

function touch(world: World, execution: Execution): void {
  execution.updatedAt = world.clock.now();
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

export function startAction(world: World, stage: StageRun, declaration: ActionDeclaration): void {
  const { execution } = stage;
  const now = world.clock.now();
  const run: ActionRun = {
    id: world.random.guid(),
    stage,
    declaration,
    status: "InProgress",
    startedAt: now,
    updatedAt: now,
    updatedBy: undefined,
    token: undefined,
    externalId: undefined,
    externalUrl: undefined,
    summary: undefined,
    error: undefined,
    logStreamArn: undefined,
    buildId: undefined,
    inputs: (declaration.inputArtifacts ?? []).flatMap(({ name }) => {
      const at = execution.artifacts.get(name);
      return at ? [{ name, ...at }] : [];
    }),
    outputs: [],
    outputVariables: {},
  };
  stage.actions.set(declaration.name, run);
  execution.actions.push(run);
  if (isApproval(run)) askForApproval(world, run);
  else startProvider(world, run);
  tellAction(world, run, "STARTED");
  const { actionMs } = execution.pipeline;
  if (actionMs === undefined || isApproval(run)) return;
  world.agenda.after(actionMs, () => {
    endAction(world, run, scripted(run) ?? { kind: "pass" });
    pump(world, execution.pipeline);
  });
}

/** Ends the action, unless it is over already. Anyone who calls this pumps the pipeline. */
export function endAction(world: World, run: ActionRun, outcome: Outcome): void {
  if (run.status !== "InProgress") return;
  const source = run.declaration.actionTypeId.category === "Source" ? takeSource(world, run) : "no";
  const end: Outcome = source === "missing" ? { kind: "fail", ...noSuchCommit } : outcome;
  endBuild(world, run, end);
  run.outputVariables = { ...run.outputVariables, ...end.variables };
  // A failed build uploads what its buildspec names too, as CodeBuild does for reports kept as artifacts.
  for (const { name } of run.declaration.outputArtifacts ?? [])
    if (end.kind === "pass" || end.files)
      storeArtifact(world, run, { name, files: end.files ?? {} });
  if (end.kind === "fail") {
    run.error = { code: end.code ?? "JobFailed", message: end.message ?? "The job failed." };
    run.summary = run.error.message;
  }
  settle(world, run, end.kind === "pass" ? "Succeeded" : "Failed");
}

export function settle(world: World, run: ActionRun, status: "Succeeded" | "Failed"): void {
  run.status = status;
  run.updatedAt = world.clock.now();
  tellAction(world, run, status.toUpperCase());
  actionEnded(world, run);
}

/** Nobody looks after it any more; what it started elsewhere goes on. */
export function abandon(world: World, run: ActionRun, state: "ABANDONED" | "CANCELED"): void {
  run.status = "Abandoned";
  run.updatedAt = world.clock.now();
  tellAction(world, run, state);
}

export function askForApproval(world: World, run: ActionRun): void {
  const token = world.random.guid();
  run.token = token;
  // In PARALLEL mode this is the only place that shows it.
  run.externalId = token;
  const minutes = run.declaration.timeoutInMinutes;
  const expires = world.clock.now() + (minutes === undefined ? approval_ms : minutes * 60_000);
  world.agenda.at(expires, () => {
    endAction(world, run, {
      kind: "fail",
      code: "ApprovalTimeout",
      message: "Nobody approved it.",
    });
    pump(world, run.stage.execution.pipeline);
  });
  const topic = run.declaration.configuration?.NotificationArn;
  if (topic === undefined) return;
  const { pipeline } = run.stage.execution;
  world.bus.publish({
    topicArn: topic,
    subject: `APPROVAL NEEDED: AWS CodePipeline ${pipeline.name} for action ${run.declaration.name}`,
    message: JSON.stringify({
      region: pipeline.region,
      consoleLink: consoleUrl(pipeline),
      approval: {
        pipelineName: pipeline.name,
        stageName: run.stage.declaration.name,
        actionName: run.declaration.name,
        token,
        expires: `${new Date(expires).toISOString().slice(0, 16)}Z`,
        externalEntityLink: run.declaration.configuration?.ExternalEntityLink ?? null,
        approvalReviewLink: `${consoleUrl(pipeline)}#/${run.stage.declaration.name}/${run.declaration.name}/approve/${token}`,
        customData: run.declaration.configuration?.CustomData ?? null,
      },
    }),
  });
}

export function isApproval(run: ActionRun): boolean {
  return run.declaration.actionTypeId.category === "Approval";
}

export const noSuchCommit = {
  code: "ConfigurationError",
  message: "The commit or branch could not be found in the repository.",
};

export function startProvider(world: World, run: ActionRun): void {
  const { provider } = run.declaration.actionTypeId;
  if (provider === "CodeBuild" || provider === "Commands") startBuild(world, run);
  else if (run.declaration.actionTypeId.category !== "Source") run.externalId = world.random.guid();
}

export function scripted(run: ActionRun): Outcome | undefined {
  const { scripts } = run.stage.execution.pipeline;
  const { name } = run.declaration;
  return (
    scripts.get(`${run.stage.declaration.name}/${name}`)?.shift() ??
    scripts.get(run.stage.declaration.name)?.shift()
  );
}

/** docs.aws.amazon.com/codepipeline/latest/userguide/limits.html */
export const approval_ms = 7 * 24 * 60 * 60_000;

/** Whether the transition into the stage is open. */
export function isOpen(pipeline: Pipeline, stageName: string): boolean {
  return pipeline.transitions.get(stageName)?.enabled ?? true;
}

// From the back, so that a stage is left before the next execution looks at it.
export function step(world: World, pipeline: Pipeline): boolean {
  for (let stage = current(pipeline).stages.length - 1; stage >= 0; stage--) {
    const next = candidate(world, pipeline, stage);
    if (!next) continue;
    enterStage(world, next, stage);
    return true;
  }
  return false;
}

export function candidate(world: World, pipeline: Pipeline, stage: number): Execution | undefined {
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
export function isLocked(pipeline: Pipeline, stage: number): boolean {
  return pipeline.executions.some(
    (e) => isActive(e) && e.position.kind === "in" && e.position.stage === stage,
  );
}

export function again(
  world: World,
  before: StageRun,
  mode: RetryMode,
  by: "manual" | "automated",
): void {
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
