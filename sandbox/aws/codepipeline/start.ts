// StartPipelineExecution: what a caller may ask for, and asking twice.
import type { World } from "../model.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { current, isFull, record, tooMany } from "./executions.ts";
import type { Execution, Pipeline, Trigger } from "./model.ts";
import { pump } from "./progress.ts";

export type StartWanted = {
  trigger: Trigger;
  variables?: { name: string; value: string }[] | undefined;
  revisions?: { actionName: string; revisionType: string; revisionValue: string }[] | undefined;
  token?: string | undefined;
};

export function start(world: World, pipeline: Pipeline, wanted: StartWanted): Execution | Refusal {
  const { variables = [], revisions = [], token } = wanted;
  const fingerprint = JSON.stringify([variables, revisions]);
  const known = token === undefined ? undefined : pipeline.tokens.get(token);
  if (known?.fingerprint === fingerprint) return known.execution;
  if (known) return invalid("The client request token was used before with different parameters.");
  const no = faultIn(pipeline, { variables, revisions });
  if (no) return no;
  if (isFull(pipeline)) return tooMany(pipeline);
  const execution = record(world, pipeline, {
    trigger: wanted.trigger,
    variables: resolve(pipeline, variables),
    overrides: new Map(revisions.map((r) => [r.actionName, r.revisionValue])),
  });
  if (token !== undefined) pipeline.tokens.set(token, { fingerprint, execution });
  pump(world, pipeline);
  return execution;
}

function faultIn(
  pipeline: Pipeline,
  { variables, revisions }: Required<Pick<StartWanted, "variables" | "revisions">>,
): Refusal | undefined {
  const declaration = current(pipeline);
  const isV1 = (declaration.pipelineType ?? "V1") === "V1";
  if (isV1 && (variables?.length ?? 0) > 0)
    return invalid("Pipeline variables are only supported for pipelines of type V2.");
  if (isV1 && (revisions?.length ?? 0) > 0)
    return invalid("Source revision overrides are only supported for pipelines of type V2.");
  const declared = declaration.variables ?? [];
  for (const { name } of variables ?? [])
    if (!declared.some((d) => d.name === name))
      return invalid(`The variable ${name} is not declared in the pipeline ${pipeline.name}.`);
  for (const { name, defaultValue } of declared)
    if (defaultValue === undefined && !variables?.some((v) => v.name === name))
      return invalid(`The variable ${name} has no default value and no value was given.`);
  for (const revision of revisions ?? []) {
    const source = declaration.stages[0]?.actions.find((a) => a.name === revision.actionName);
    if (!source)
      return invalid(`The pipeline ${pipeline.name} has no source action ${revision.actionName}.`);
    if (revision.revisionType !== revisionTypeOf(source.actionTypeId.provider))
      return invalid(
        `The revision type ${revision.revisionType} does not fit the source action ${revision.actionName}.`,
      );
  }
  return undefined;
}

function resolve(pipeline: Pipeline, given: { name: string; value: string }[]) {
  return (current(pipeline).variables ?? []).map(({ name, defaultValue = "" }) => ({
    name,
    value: given.find((v) => v.name === name)?.value ?? defaultValue,
  }));
}

function revisionTypeOf(provider: string): string {
  if (provider === "ECR") return "IMAGE_DIGEST";
  return provider === "S3" ? "S3_OBJECT_VERSION_ID" : "COMMIT_ID";
}

function invalid(message: string): Refusal {
  return refuse("ValidationException", message);
}
