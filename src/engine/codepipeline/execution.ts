// One execution by its number, where a list does not reach back to it.

import { GetPipelineExecutionCommand } from "@aws-sdk/client-codepipeline";
import { pipelineArn } from "../../aws/arn.ts";
import type { Reply } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import { noExecution, noPipeline, type PipelineSpec } from "./structure.ts";
import { plainDetail } from "./text.ts";

export interface ExecutionRecord extends Summary {
  /** Of the pipeline that it runs in; null where AWS does not say. */
  readonly version: number | null;
  readonly variables: Readonly<Record<string, string>>;
}

/** Without times, which this operation does not tell. Fails as `PipelineExecutionNotFoundException` where there is none. */
export async function readExecution(
  session: Session,
  spec: PipelineSpec,
  executionId: string,
): Promise<Reply<ExecutionRecord>> {
  const reply = await session.ask({
    action: "codepipeline:GetPipelineExecution",
    resource: pipelineArn(session.owner, spec.region, [spec.pipeline]),
    sentences: {
      PipelineNotFoundException: noPipeline(session, spec),
      PipelineExecutionNotFoundException: noExecution(spec, executionId),
    },
    send: ({ codepipeline }) =>
      codepipeline.send(
        new GetPipelineExecutionCommand({
          pipelineName: spec.pipeline,
          pipelineExecutionId: executionId,
        }),
      ),
    has: ({ pipelineExecution }) => pipelineExecution,
  });
  if (reply.kind === "trouble") return reply;
  const execution = reply.value.pipelineExecution ?? {};
  const variables = (execution.variables ?? []).map(
    ({ name = "", resolvedValue = "" }) => [name, resolvedValue] as const,
  );
  return {
    kind: "ok",
    value: {
      id: execution.pipelineExecutionId ?? executionId,
      status: execution.status ?? "",
      startedAt: 0,
      updatedAt: 0,
      revisions: (execution.artifactRevisions ?? []).map(({ revisionId = "" }) => ({
        action: "",
        id: revisionId,
      })),
      trigger: {
        type: execution.trigger?.triggerType ?? "",
        detail: plainDetail(execution.trigger?.triggerDetail ?? ""),
      },
      note: execution.statusSummary ?? "",
      stopReason: "",
      type: execution.executionType ?? "STANDARD",
      target: execution.rollbackMetadata?.rollbackTargetPipelineExecutionId ?? null,
      version: execution.pipelineVersion ?? null,
      variables: Object.fromEntries(variables),
    },
  };
}

export interface Summary {
  readonly id: string;
  /** As AWS has it: InProgress, Stopping, Succeeded and so on. */
  readonly status: string;
  readonly startedAt: number;
  readonly updatedAt: number;
  /** Empty until the source action has taken it. */
  readonly revisions: readonly { readonly action: string; readonly id: string }[];
  readonly trigger: { readonly type: string; readonly detail: string };
  /** What AWS says of the status; empty where it says nothing. */
  readonly note: string;
  readonly stopReason: string;
  readonly type: "STANDARD" | "ROLLBACK";
  /** What a rollback goes back to. */
  readonly target: string | null;
}
