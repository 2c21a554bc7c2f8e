// GetPipelineState: every stage with what is in it, what waits for it, and its conditions.
import { seconds } from "../wire/json.ts";
import { current, modeOf, versionOf } from "./executions.ts";
import type {
  ActionDeclaration,
  ActionRun,
  ConditionRun,
  Execution,
  Pipeline,
  StageDeclaration,
  StageRun,
} from "./model.ts";
import { consoleUrl } from "./names.ts";
import { waitingBefore } from "./progress.ts";

export function renderState(pipeline: Pipeline): object {
  return {
    pipelineName: pipeline.name,
    pipelineVersion: versionOf(pipeline),
    stageStates: current(pipeline).stages.map((stage, index) =>
      renderStage(pipeline, stage, index),
    ),
    created: seconds(pipeline.createdAt),
    updated: seconds(pipeline.updatedAt),
  };
}

function renderStage(pipeline: Pipeline, stage: StageDeclaration, index: number): object {
  // In PARALLEL mode a stage has no state: its executions know nothing of each other.
  const isParallel = modeOf(pipeline) === "PARALLEL";
  const run = isParallel ? undefined : pipeline.latest.get(stage.name);
  const waiting = isParallel ? [] : waitingBefore(pipeline, index).map(renderWaiting);
  const conditions = Object.values(run?.conditions ?? {}).map((condition) => [
    `${condition.slot}ConditionState`,
    renderCondition(condition),
  ]);
  return {
    stageName: stage.name,
    inboundTransitionState: renderTransition(pipeline, stage.name),
    actionStates: stage.actions.map((action) =>
      renderAction(pipeline, action, run?.actions.get(action.name)),
    ),
    ...(waiting.length > 0 ? { inboundExecution: waiting.at(-1), inboundExecutions: waiting } : {}),
    ...(run ? { latestExecution: renderRun(run) } : {}),
    ...Object.fromEntries(conditions),
    ...(run?.retries.last ? { retryStageMetadata: renderRetries(run) } : {}),
  };
}

function renderRun({ execution, status }: StageRun): object {
  return { pipelineExecutionId: execution.id, status, type: execution.type };
}

function renderWaiting({ id, type }: Execution): object {
  return { pipelineExecutionId: id, status: "InProgress", type };
}

function renderTransition(pipeline: Pipeline, stage: string): object {
  const transition = pipeline.transitions.get(stage);
  if (!transition) return { enabled: true };
  return {
    enabled: transition.enabled,
    lastChangedBy: transition.changedBy,
    lastChangedAt: seconds(transition.changedAt),
    disabledReason: transition.reason,
  };
}

function renderAction(
  pipeline: Pipeline,
  action: ActionDeclaration,
  run: ActionRun | undefined,
): object {
  const revision = run?.stage.execution.revisions.get(action.name);
  return {
    actionName: action.name,
    ...(revision && run
      ? {
          currentRevision: {
            revisionId: revision.id,
            revisionChangeId: revision.id.slice(0, 100),
            created: seconds(run.updatedAt),
          },
          revisionUrl: revision.url,
        }
      : {}),
    ...(run
      ? {
          latestExecution: {
            actionExecutionId: run.id,
            status: run.status,
            summary: run.summary,
            lastStatusChange: seconds(run.updatedAt),
            // Shown for as long as somebody has to answer.
            token: run.status === "InProgress" ? run.token : undefined,
            lastUpdatedBy: run.updatedBy,
            externalExecutionId: run.externalId,
            externalExecutionUrl: run.externalUrl,
            errorDetails: run.error,
            logStreamARN: run.logStreamArn,
          },
        }
      : {}),
    entityUrl: consoleUrl(pipeline),
  };
}

function renderCondition(condition: ConditionRun): object {
  const execution = { status: condition.status };
  return {
    latestExecution: execution,
    conditionStates: [
      {
        latestExecution: { ...execution, lastStatusChange: seconds(condition.changedAt) },
        ruleStates: condition.rules.map((rule) => ({
          ruleName: rule.declaration.name,
          latestExecution: {
            ruleExecutionId: rule.id,
            status: rule.status,
            lastStatusChange: seconds(rule.updatedAt),
          },
        })),
      },
    ],
  };
}

function renderRetries({ retries }: StageRun): object {
  return {
    ...(retries.automated > 0 ? { autoStageRetryAttempt: retries.automated } : {}),
    ...(retries.manual > 0 ? { manualStageRetryAttempt: retries.manual } : {}),
    latestRetryTrigger: retries.last === "manual" ? "ManualStageRetry" : "AutomatedStageRetry",
  };
}
