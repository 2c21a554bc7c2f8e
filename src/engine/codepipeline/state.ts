// What is in each stage of a pipeline at this moment, and which ways into them are closed.

import {
  type StageState as AwsStageState,
  GetPipelineStateCommand,
  type StageConditionState,
} from "@aws-sdk/client-codepipeline";
import { pipelineArn } from "../../aws/arn.ts";
import type { Reply } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import { noPipeline, type PipelineSpec } from "./structure.ts";

export interface PipelineNow {
  /** Of its structure; null where AWS does not say. */
  readonly version: number | null;
  /** When the pipeline was made, by AWS's clock; null where AWS does not say. */
  readonly createdAt: number | null;
  /** When the structure was last changed, by AWS's clock. */
  readonly updatedAt: number | null;
  readonly stages: readonly StageNow[];
}

export interface StageNow {
  readonly name: string;
  /** What entered it last; null where nothing did, and always in PARALLEL mode. */
  readonly execution: {
    readonly id: string;
    readonly status: string;
    readonly type: string;
  } | null;
  /** Null while the way into it is open. */
  readonly closed: { readonly reason: string; readonly by: string } | null;
  readonly overridden: boolean;
  readonly approvals: readonly ApprovalNow[];
}

export interface ApprovalNow {
  readonly action: string;
  readonly status: string;
  /** Anyone who has it can approve. It leaves this folder only towards AWS. */
  readonly token: string | null;
  readonly summary: string;
}

export async function readState(session: Session, spec: PipelineSpec): Promise<Reply<PipelineNow>> {
  const reply = await session.ask({
    action: "codepipeline:GetPipelineState",
    resource: pipelineArn(session.owner, spec.region, [spec.pipeline]),
    sentences: { PipelineNotFoundException: noPipeline(session, spec) },
    send: ({ codepipeline }) =>
      codepipeline.send(new GetPipelineStateCommand({ name: spec.pipeline })),
    has: ({ stageStates }) => stageStates,
  });
  if (reply.kind === "trouble") return reply;
  const { pipelineVersion = null, created, updated, stageStates = [] } = reply.value;
  return {
    kind: "ok",
    value: {
      version: pipelineVersion,
      createdAt: created?.getTime() ?? null,
      updatedAt: updated?.getTime() ?? null,
      stages: stageStates.map(stageNow),
    },
  };
}

function stageNow(state: AwsStageState): StageNow {
  const { latestExecution: latest, inboundTransitionState: way } = state;
  const conditions = [
    state.beforeEntryConditionState,
    state.onSuccessConditionState,
    state.onFailureConditionState,
  ];
  return {
    name: state.stageName ?? "",
    execution:
      latest === undefined
        ? null
        : {
            id: latest.pipelineExecutionId ?? "",
            status: latest.status ?? "",
            type: latest.type ?? "STANDARD",
          },
    closed:
      way?.enabled === false
        ? { reason: way.disabledReason ?? "", by: way.lastChangedBy ?? "" }
        : null,
    overridden: conditions.some(isOverridden),
    approvals: (state.actionStates ?? []).map(({ actionName = "", latestExecution }) => ({
      action: actionName,
      status: latestExecution?.status ?? "",
      token: latestExecution?.token ?? null,
      summary: latestExecution?.summary ?? "",
    })),
  };
}

function isOverridden(condition: StageConditionState | undefined): boolean {
  return condition?.latestExecution?.status === "Overridden";
}
