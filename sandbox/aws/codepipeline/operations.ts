// The operations of CodePipeline: each finds what it is about, does it, and shows it.
import { type Call, type Operation, operation, type Scope } from "../operation.ts";
import { Refusal, refuse } from "../refusal.ts";
import type { Shape } from "../shape.ts";
import { seconds } from "../wire/json.ts";
import { answerApproval } from "./approval.ts";
import { current } from "./executions.ts";
import { inputs } from "./inputs.ts";
import { listActions, listExecutions, listPipelines, listRules } from "./lists.ts";
import type { Pipeline } from "./model.ts";
import { pipelineArn } from "./names.ts";
import { overrideStageCondition } from "./override.ts";
import { renderExecution, renderPipeline } from "./render.ts";
import { retryStage } from "./retry.ts";
import { rollbackStage } from "./rollback.ts";
import { start } from "./start.ts";
import { renderState } from "./state.ts";
import { stopExecution } from "./stop.ts";
import { createPipeline, deletePipeline, updatePipeline } from "./structure.ts";
import { setTransition } from "./transition.ts";

type Name = keyof typeof inputs;

export const codepipelineOperations: Readonly<Record<string, Operation>> = {
  ListPipelines: operation({
    action: "codepipeline:ListPipelines",
    input: inputs.ListPipelines,
    resource: (_, scope) => pipelineArn({ ...scope, name: "*" }),
    run: listPipelines,
  }),
  StartPipelineExecution: onPipeline("StartPipelineExecution", inputs.StartPipelineExecution, {
    run({ world, input, principal }, pipeline) {
      return idOf(
        start(world, pipeline, {
          trigger: { type: "StartPipelineExecution", detail: principal.arn },
          variables: input.variables,
          revisions: input.sourceRevisions,
          token: input.clientRequestToken,
        }),
      );
    },
  }),
  GetPipeline: onPipeline("GetPipeline", inputs.GetPipeline, {
    run: ({ input }, pipeline) => renderPipeline(pipeline, input.version),
  }),
  GetPipelineState: onPipeline("GetPipelineState", inputs.GetPipelineState, {
    run: (_, pipeline) => renderState(pipeline),
  }),
  GetPipelineExecution: onPipeline("GetPipelineExecution", inputs.GetPipelineExecution, {
    run({ world, input, unseenMs }, pipeline) {
      const execution = pipeline.executions.find((e) => e.id === input.pipelineExecutionId);
      if (!execution || world.clock.now() - execution.startedAt < unseenMs)
        return refuse(
          "PipelineExecutionNotFoundException",
          `The pipeline execution ${input.pipelineExecutionId} could not be found.`,
        );
      return renderExecution(execution);
    },
  }),
  ListPipelineExecutions: onPipeline("ListPipelineExecutions", inputs.ListPipelineExecutions, {
    run: listExecutions,
  }),
  ListActionExecutions: onPipeline("ListActionExecutions", inputs.ListActionExecutions, {
    run: listActions,
  }),
  ListRuleExecutions: onPipeline("ListRuleExecutions", inputs.ListRuleExecutions, {
    run: listRules,
  }),
  StopPipelineExecution: onPipeline("StopPipelineExecution", inputs.StopPipelineExecution, {
    run: ({ world, input }, pipeline) =>
      idOf(
        stopExecution(world, pipeline, {
          id: input.pipelineExecutionId,
          how: input.abandon === true ? "abandon" : "wait",
          reason: input.reason,
        }),
      ),
  }),
  RetryStageExecution: onStage("RetryStageExecution", inputs.RetryStageExecution, {
    run: ({ world, input }, pipeline) =>
      idOf(
        retryStage(world, pipeline, {
          stage: input.stageName,
          executionId: input.pipelineExecutionId,
          mode: input.retryMode,
        }),
      ),
  }),
  RollbackStage: onStage("RollbackStage", inputs.RollbackStage, {
    run: ({ world, input, principal }, pipeline, stage) =>
      idOf(
        rollbackStage(world, pipeline, {
          stage,
          name: input.stageName,
          targetId: input.targetPipelineExecutionId,
          by: principal.arn,
        }),
      ),
  }),
  DisableStageTransition: onStage("DisableStageTransition", inputs.DisableStageTransition, {
    run({ world, input, principal }, pipeline) {
      setTransition(world, pipeline, {
        stage: input.stageName,
        side: input.transitionType,
        to: { kind: "disabled", reason: input.reason },
        by: principal.arn,
      });
      return {};
    },
  }),
  EnableStageTransition: onStage("EnableStageTransition", inputs.EnableStageTransition, {
    run({ world, input, principal }, pipeline) {
      setTransition(world, pipeline, {
        stage: input.stageName,
        side: input.transitionType,
        to: { kind: "enabled" },
        by: principal.arn,
      });
      return {};
    },
  }),
  OverrideStageCondition: onStage("OverrideStageCondition", inputs.OverrideStageCondition, {
    run({ world, input }, pipeline) {
      const done = overrideStageCondition(world, pipeline, {
        stage: input.stageName,
        executionId: input.pipelineExecutionId,
        slot: input.conditionType === "BEFORE_ENTRY" ? "beforeEntry" : "onSuccess",
      });
      return done instanceof Refusal ? done : {};
    },
  }),
  PutApprovalResult: onStage("PutApprovalResult", inputs.PutApprovalResult, {
    below: ({ actionName }) => `/${actionName}`,
    run({ world, input, principal }, pipeline, stage) {
      const action = current(pipeline).stages[stage]?.actions.find(
        (a) => a.name === input.actionName,
      );
      if (!action)
        return refuse("ActionNotFoundException", `There is no action ${input.actionName}.`);
      const done = answerApproval(world, pipeline, {
        stage: input.stageName,
        action: input.actionName,
        token: input.token,
        status: input.result.status,
        summary: input.result.summary,
        by: principal.arn,
      });
      return done instanceof Refusal ? done : { approvedAt: seconds(done.approvedAt) };
    },
  }),
  CreatePipeline: operation({
    action: "codepipeline:CreatePipeline",
    input: inputs.CreatePipeline,
    resource: ({ pipeline }, scope) => pipelineArn({ ...scope, name: pipeline.name }),
    run({ world, input, account, region }) {
      const made = createPipeline(world, { account, region }, input.pipeline);
      return made instanceof Refusal ? made : { pipeline: current(made) };
    },
  }),
  DeletePipeline: operation({
    action: "codepipeline:DeletePipeline",
    input: inputs.DeletePipeline,
    resource: ({ name }, scope) => pipelineArn({ ...scope, name }),
    run({ world, input, ...scope }) {
      // One that is not there is no error.
      deletePipeline(world, pipelineArn({ ...scope, name: input.name }));
      return {};
    },
  }),
  UpdatePipeline: operation({
    action: "codepipeline:UpdatePipeline",
    input: inputs.UpdatePipeline,
    resource: ({ pipeline }, scope) => pipelineArn({ ...scope, name: pipeline.name }),
    run({ world, input, ...scope }) {
      const pipeline = world.pipelines.get(pipelineArn({ ...scope, name: input.pipeline.name }));
      // The API names no error of its own for it here.
      if (!pipeline) return refuse("ValidationException", "The pipeline does not exist.");
      return updatePipeline(world, pipeline, input.pipeline) ?? { pipeline: current(pipeline) };
    },
  }),
};

type Named = { name: string } | { pipelineName: string };

function onPipeline<T extends Named>(
  name: Name,
  input: Shape<T>,
  parts: {
    /** What follows the pipeline in the name of the resource. */
    below?(input: T): string;
    run(call: Call<T>, pipeline: Pipeline): object | Refusal;
  },
): Operation {
  return operation({
    action: `codepipeline:${name}`,
    input,
    resource: (asked, scope) => `${arnFor(asked, scope)}${parts.below?.(asked) ?? ""}`,
    run(call) {
      const pipeline = call.world.pipelines.get(arnFor(call.input, call));
      if (pipeline) return parts.run(call, pipeline);
      return refuse(
        "PipelineNotFoundException",
        `Account '${call.account}' does not have a pipeline with name '${nameIn(call.input)}'`,
      );
    },
  });
}

function onStage<T extends { pipelineName: string; stageName: string }>(
  name: Name,
  input: Shape<T>,
  parts: {
    below?(input: T): string;
    run(call: Call<T>, pipeline: Pipeline, stage: number): object | Refusal;
  },
): Operation {
  return onPipeline(name, input, {
    below: (asked) => `/${asked.stageName}${parts.below?.(asked) ?? ""}`,
    run(call, pipeline) {
      const { stageName } = call.input;
      const stage = current(pipeline).stages.findIndex((s) => s.name === stageName);
      if (stage !== -1) return parts.run(call, pipeline, stage);
      return refuse(
        "StageNotFoundException",
        `Pipeline '${pipeline.name}' does not have a stage with name '${stageName}'`,
      );
    },
  });
}

function arnFor(input: Named, { account, region }: Scope): string {
  return pipelineArn({ account, region, name: nameIn(input) });
}

function nameIn(input: Named): string {
  return "name" in input ? input.name : input.pipelineName;
}

function idOf(done: { id: string } | Refusal): object {
  return done instanceof Refusal ? done : { pipelineExecutionId: done.id };
}
