// Shows pipelines, executions and runs as CodePipeline's answers have them.
import { type Refusal, refuse } from "../refusal.ts";
import { seconds } from "../wire/json.ts";
import { current } from "./executions.ts";
import type { ActionRun, Execution, Pipeline, Revision, RuleRun, StageRun } from "./model.ts";

export function renderPipeline(pipeline: Pipeline, version: number | undefined): object | Refusal {
  const declaration =
    version === undefined ? current(pipeline) : pipeline.declarations[version - 1];
  if (!declaration)
    return refuse(
      "PipelineVersionNotFoundException",
      `The pipeline ${pipeline.name} has no version ${version}.`,
    );
  return {
    pipeline: { executionMode: "SUPERSEDED", pipelineType: "V1", ...declaration },
    metadata: {
      pipelineArn: pipeline.arn,
      created: seconds(pipeline.createdAt),
      updated: seconds(pipeline.updatedAt),
    },
  };
}

export function renderExecution(execution: Execution): object {
  const { id, pipeline, version, status, statusSummary, variables } = execution;
  return {
    pipelineExecution: {
      pipelineName: pipeline.name,
      pipelineVersion: version,
      pipelineExecutionId: id,
      status,
      statusSummary,
      artifactRevisions: [...execution.revisions].map(([action, revision]) => ({
        name: artifactOf(execution, action),
        ...renderRevision(revision),
        created: seconds(execution.startedAt),
      })),
      variables: variables.map(({ name, value }) => ({ name, resolvedValue: value })),
      ...provenance(execution),
    },
  };
}

export function renderSummary(execution: Execution): object {
  const { id, status, statusSummary, startedAt, updatedAt, stopReason } = execution;
  return {
    pipelineExecutionId: id,
    status,
    statusSummary,
    startTime: seconds(startedAt),
    lastUpdateTime: seconds(updatedAt),
    sourceRevisions: [...execution.revisions].map(([actionName, revision]) => ({
      actionName,
      ...renderRevision(revision),
    })),
    ...(stopReason === undefined ? {} : { stopTrigger: { reason: stopReason } }),
    ...provenance(execution),
  };
}

export function renderAction(run: ActionRun): object {
  const { execution } = run.stage;
  const { declaration, error } = run;
  return {
    pipelineExecutionId: execution.id,
    actionExecutionId: run.id,
    pipelineVersion: execution.version,
    stageName: run.stage.declaration.name,
    actionName: declaration.name,
    startTime: seconds(run.startedAt),
    lastUpdateTime: seconds(run.updatedAt),
    updatedBy: run.updatedBy,
    status: run.status,
    input: {
      actionTypeId: declaration.actionTypeId,
      configuration: declaration.configuration ?? {},
      resolvedConfiguration: declaration.configuration ?? {},
      roleArn: declaration.roleArn,
      region: declaration.region ?? execution.pipeline.region,
      inputArtifacts: run.inputs.map(renderArtifact),
      namespace: declaration.namespace,
    },
    output: {
      outputArtifacts: run.outputs.map(renderArtifact),
      executionResult: {
        externalExecutionId: run.externalId,
        externalExecutionSummary: run.summary,
        externalExecutionUrl: run.externalUrl,
        errorDetails: error,
        logStreamARN: run.logStreamArn,
      },
      outputVariables: run.outputVariables,
    },
  };
}

export function renderRule(stage: StageRun, rule: RuleRun): object {
  const { ruleTypeId, configuration = {}, name } = rule.declaration;
  return {
    pipelineExecutionId: stage.execution.id,
    ruleExecutionId: rule.id,
    pipelineVersion: stage.execution.version,
    stageName: stage.declaration.name,
    ruleName: name,
    startTime: seconds(rule.startedAt),
    lastUpdateTime: seconds(rule.updatedAt),
    status: rule.status,
    input: { ruleTypeId, configuration, resolvedConfiguration: configuration, inputArtifacts: [] },
    output: { executionResult: {} },
  };
}

function provenance({ trigger, mode, type, rollbackTarget }: Execution): object {
  return {
    trigger: { triggerType: trigger.type, triggerDetail: trigger.detail },
    executionMode: mode,
    executionType: type,
    ...(rollbackTarget
      ? { rollbackMetadata: { rollbackTargetPipelineExecutionId: rollbackTarget.id } }
      : {}),
  };
}

function renderRevision({ id, summary, url }: Revision): object {
  return { revisionId: id, revisionSummary: summary, revisionUrl: url };
}

function renderArtifact({ name, bucket, key }: ActionRun["inputs"][number]): object {
  return { name, s3location: { bucket, key } };
}

function artifactOf(execution: Execution, action: string): string {
  const source = execution.declaration.stages[0]?.actions.find((a) => a.name === action);
  return source?.outputArtifacts?.[0]?.name ?? action;
}
