// The structure of pipelines: what AWS accepts, and what a change does to what runs.
import type { World } from "../model.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { isActive } from "./executions.ts";
import type { Declaration, Execution, Pipeline } from "./model.ts";
import { pipelineArn } from "./names.ts";
import { cancelExecution } from "./stop.ts";

export function createPipeline(
  world: World,
  scope: { account: string; region: string },
  declaration: Declaration,
): Pipeline | Refusal {
  const { name } = declaration;
  const arn = pipelineArn({ ...scope, name });
  if (world.pipelines.has(arn))
    return refuse(
      "PipelineNameInUseException",
      `A pipeline with the name '${name}' already exists.`,
    );
  const fault = faultIn(declaration);
  if (fault) return fault;
  const now = world.clock.now();
  const pipeline: Pipeline = {
    ...scope,
    arn,
    name,
    declarations: [{ ...declaration, version: 1 }],
    createdAt: now,
    updatedAt: now,
    executions: [],
    transitions: new Map(),
    latest: new Map(),
    tokens: new Map(),
    scripts: new Map(),
    verdicts: new Map(),
    actionMs: undefined,
    edits: "fail",
  };
  world.pipelines.set(arn, pipeline);
  return pipeline;
}

/** With all its executions: one of the same name begins at version 1 again. */
export function deletePipeline(world: World, arn: string): void {
  world.pipelines.delete(arn);
}

/**
 * Completes the actions that run and then fails what they belong to, and from then on nothing older can be
 * rolled back to. docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-edit.html
 */
export function updatePipeline(
  world: World,
  pipeline: Pipeline,
  declaration: Declaration,
): Refusal | undefined {
  const fault = faultIn(declaration);
  if (fault) return fault;
  for (const execution of pipeline.executions) if (isActive(execution)) endByEdit(world, execution);
  pipeline.declarations.push({ ...declaration, version: pipeline.declarations.length + 1 });
  pipeline.updatedAt = world.clock.now();
  const names = new Set(declaration.stages.map((stage) => stage.name));
  for (const name of [...pipeline.latest.keys()])
    if (!names.has(name)) pipeline.latest.delete(name);
  for (const name of [...pipeline.transitions.keys()])
    if (!names.has(name)) pipeline.transitions.delete(name);
  return undefined;
}

function endByEdit(world: World, execution: Execution): void {
  const isBusy = execution.actions.some(({ status }) => status === "InProgress");
  if (execution.pipeline.edits === "fail" && isBusy) execution.edited = true;
  else cancelExecution(world, execution);
}

function faultIn(declaration: Declaration): Refusal | undefined {
  const { stages, pipelineType = "V1", executionMode = "SUPERSEDED" } = declaration;
  const structure = (why: string) => refuse("InvalidStructureException", why);
  if (stages.length < 2) return structure("Pipeline should have at least 2 stages.");
  const [first, ...rest] = stages;
  if (!first?.actions.every((a) => a.actionTypeId.category === "Source"))
    return structure("The first stage must only contain source actions.");
  if (rest.some((s) => s.actions.some((a) => a.actionTypeId.category === "Source")))
    return structure("Source actions may only occur in the first stage.");
  const twice = repeated(stages.map((s) => s.name));
  if (twice !== undefined)
    return refuse(
      "InvalidStageDeclarationException",
      `Stage name '${twice}' occurs more than once.`,
    );
  for (const stage of stages) {
    if (stage.actions.length === 0)
      return refuse("InvalidStageDeclarationException", `Stage ${stage.name} has no actions.`);
    const action = repeated(stage.actions.map((a) => a.name));
    if (action !== undefined)
      return refuse(
        "InvalidActionDeclarationException",
        `Action name '${action}' occurs more than once in stage ${stage.name}.`,
      );
    if (executionMode === "PARALLEL" && rollsBack(stage))
      return structure("Rollback is not available for pipelines in PARALLEL mode.");
  }
  const onlyV2 =
    executionMode !== "SUPERSEDED" ||
    (declaration.variables ?? []).length > 0 ||
    (declaration.triggers ?? []).length > 0;
  if (pipelineType === "V1" && onlyV2)
    return refuse(
      "ValidationException",
      "Execution modes, variables and triggers require pipeline type V2.",
    );
  return undefined;
}

function rollsBack({ onFailure, onSuccess }: Declaration["stages"][number]): boolean {
  const conditions = [...(onFailure?.conditions ?? []), ...(onSuccess?.conditions ?? [])];
  return onFailure?.result === "ROLLBACK" || conditions.some((c) => c.result === "ROLLBACK");
}

function repeated(names: readonly string[]): string | undefined {
  return names.find((name, i) => names.indexOf(name) !== i);
}
