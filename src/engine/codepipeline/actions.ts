// What the actions of one execution came to. The only reading that shows stages in every execution mode.

import {
  type ActionExecutionDetail,
  ListActionExecutionsCommand,
} from "@aws-sdk/client-codepipeline";
import { pipelineArn } from "../../aws/arn.ts";
import type { Reply } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import { limit } from "../../core/model/limit.ts";
import { noExecution, noPipeline, type PipelineSpec } from "./structure.ts";

/** One run of an action; a retry is another one. */
export interface ActionRun {
  readonly id: string;
  /** Of the pipeline that it ran in. */
  readonly version: number;
  readonly stage: string;
  readonly action: string;
  readonly category: string;
  readonly provider: string;
  /** As AWS has it: InProgress, Abandoned, Succeeded, Failed. */
  readonly status: string;
  readonly startedAt: number;
  readonly updatedAt: number;
  /** Where it runs; null for the pipeline's own region. */
  readonly region: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Its number at anyone who carries it out. An approval's is its token and never leaves this folder. */
  readonly externalId: string | null;
  readonly link: string | null;
  readonly summary: string;
  readonly logStream: string | null;
  readonly outputs: readonly { readonly bucket: string; readonly key: string }[];
}

/** Newest first. Fails as `PipelineExecutionNotFoundException` where AWS does not have the execution. */
export async function readActions(
  session: Session,
  spec: PipelineSpec,
  executionId: string,
): Promise<Reply<readonly ActionRun[]>> {
  const runs: ActionRun[] = [];
  let token: string | undefined;
  for (let page = 0; page < limit.codepipeline.pages; page += 1) {
    const nextToken = token;
    const reply = await session.ask({
      action: "codepipeline:ListActionExecutions",
      resource: pipelineArn(session.owner, spec.region, [spec.pipeline]),
      sentences: {
        PipelineNotFoundException: noPipeline(session, spec),
        PipelineExecutionNotFoundException: noExecution(spec, executionId),
      },
      send: ({ codepipeline }) =>
        codepipeline.send(
          new ListActionExecutionsCommand({
            pipelineName: spec.pipeline,
            filter: { pipelineExecutionId: executionId },
            maxResults: limit.codepipeline.page,
            ...(nextToken === undefined ? {} : { nextToken }),
          }),
        ),
      has: ({ actionExecutionDetails }) => actionExecutionDetails,
    });
    if (reply.kind === "trouble") return reply;
    runs.push(...(reply.value.actionExecutionDetails ?? []).map(runOf));
    token = reply.value.nextToken;
    if (token === undefined) break;
  }
  return { kind: "ok", value: runs };
}

/** Of each action its newest run; the order of the list decides where two began together. */
export function latestRuns(runs: readonly ActionRun[]): readonly ActionRun[] {
  const latest = new Map<string, ActionRun>();
  for (const run of runs) {
    const key = `${run.stage}/${run.action}`;
    const other = latest.get(key);
    if (other === undefined || run.startedAt > other.startedAt) latest.set(key, run);
  }
  return [...latest.values()];
}

function runOf(detail: ActionExecutionDetail): ActionRun {
  const { input, output } = detail;
  const result = output?.executionResult;
  const { code = "", message = "" } = result?.errorDetails ?? {};
  const category = input?.actionTypeId?.category ?? "";
  return {
    id: detail.actionExecutionId ?? "",
    version: detail.pipelineVersion ?? 0,
    stage: detail.stageName ?? "",
    action: detail.actionName ?? "",
    category,
    provider: input?.actionTypeId?.provider ?? "",
    status: detail.status ?? "",
    startedAt: detail.startTime?.getTime() ?? 0,
    updatedAt: detail.lastUpdateTime?.getTime() ?? 0,
    region: input?.region ?? null,
    error: result?.errorDetails === undefined ? null : { code, message },
    externalId: result?.externalExecutionId ?? null,
    // An approval's link leads to a page that has its token in the address.
    link: category === "Approval" ? null : (result?.externalExecutionUrl ?? null),
    summary: result?.externalExecutionSummary ?? "",
    logStream: result?.logStreamARN ?? null,
    outputs: (output?.outputArtifacts ?? []).flatMap(({ s3location }) =>
      s3location?.bucket === undefined || s3location.key === undefined
        ? []
        : [{ bucket: s3location.bucket, key: s3location.key }],
    ),
  };
}
