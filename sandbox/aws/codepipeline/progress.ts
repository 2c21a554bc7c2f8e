// An execution's way through a stage: entry condition, actions by their order, success condition, failure.
import type { World } from "../model.ts";
import { startAction } from "./actions.ts";
import { judge } from "./conditions.ts";
import { finish, stageAt } from "./executions.ts";
import type { ActionRun, Execution, StageRun, StageStatus } from "./model.ts";
import { tellStage } from "./news.ts";
import { automaticRetry } from "./retry.ts";
import { automaticRollback } from "./rollback.ts";

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
