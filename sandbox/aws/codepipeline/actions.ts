// Runs of actions: how each kind begins, what it leaves behind, and how it ends.
import { endBuild, startBuild } from "../codebuild/builds.ts";
import type { World } from "../model.ts";
import { askForApproval } from "./approval.ts";
import { storeArtifact } from "./artifacts.ts";
import type { ActionDeclaration, ActionRun, Outcome, StageRun } from "./model.ts";
import { tellAction } from "./news.ts";
import { actionEnded } from "./progress.ts";
import { takeSource } from "./source.ts";
import { pump } from "./waiting.ts";

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

/** Ends the action, unless it is over already. Whoever calls this pumps the pipeline. */
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

function isApproval(run: ActionRun): boolean {
  return run.declaration.actionTypeId.category === "Approval";
}

const noSuchCommit = {
  code: "ConfigurationError",
  message: "The commit or branch could not be found in the repository.",
};

function startProvider(world: World, run: ActionRun): void {
  const { provider } = run.declaration.actionTypeId;
  if (provider === "CodeBuild" || provider === "Commands") startBuild(world, run);
  else if (run.declaration.actionTypeId.category !== "Source") run.externalId = world.random.guid();
}

function scripted(run: ActionRun): Outcome | undefined {
  const { scripts } = run.stage.execution.pipeline;
  const { name } = run.declaration;
  return (
    scripts.get(`${run.stage.declaration.name}/${name}`)?.shift() ??
    scripts.get(run.stage.declaration.name)?.shift()
  );
}
