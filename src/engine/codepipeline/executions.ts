// Executions of a pipeline as AWS lists them. One list serves everybody who asks at about the same time.

import {
  ListPipelineExecutionsCommand,
  type PipelineExecutionSummary,
} from "@aws-sdk/client-codepipeline";
import { pipelineArn } from "../../aws/arn.ts";
import type { AwsFailure, Reply } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import { type Dated, openSharedReadings } from "../../aws/shared-readings.ts";
import { limit } from "../../core/model/limit.ts";
import type { Clock } from "../../ports/log.ts";
import type { Summary } from "./execution.ts";
import { readAlone } from "./one-execution.ts";
import { noPipeline, type PipelineSpec } from "./structure.ts";
import { plainDetail } from "./text.ts";

export interface Executions {
  /** The newest page, newest first, as read at that time or later. */
  since(session: Session, spec: PipelineSpec, since: number): Promise<Reply<Dated<Page>>>;
  /** As read last, however long ago. */
  kept(session: Session, spec: PipelineSpec): Promise<Dated<Page> | null>;
  /** The one with that number, where the newest page does not reach back to it. */
  one(
    session: Session,
    spec: PipelineSpec,
    of: { readonly id: string; readonly since: number },
  ): Promise<Reply<Dated<Summary>>>;
  keptOne(session: Session, spec: PipelineSpec, id: string): Promise<Dated<Summary> | null>;
  /** Something was done to one of them, so that the last list is old. */
  forget(session: Session, spec: PipelineSpec): void;
}

export interface Page {
  readonly summaries: readonly Summary[];
  /** Whether there are older ones. */
  readonly more: boolean;
}

export function openExecutions(clock: Clock): Executions {
  const memory = openSharedReadings<Page>(clock);
  const alone = openSharedReadings<Summary>(clock);
  const keyOf = ({ key }: Session, { region, pipeline }: PipelineSpec) =>
    `${key} ${region} ${pipeline}`;
  return {
    since: (session, spec, since) =>
      memory.get(keyOf(session, spec), since, () => readPage(session, spec)),
    kept: (session, spec) => memory.kept(keyOf(session, spec)),
    one: (session, spec, { id, since }) =>
      alone.get(`${keyOf(session, spec)} ${id}`, since, () => readAlone(session, spec, id)),
    keptOne: (session, spec, id) => alone.kept(`${keyOf(session, spec)} ${id}`),
    forget: (session, spec) => memory.forget(keyOf(session, spec)),
  };
}

/** All executions that began at that time or later, newest first. Trouble where the pages do not go that far. */
export async function executionsSince(
  session: Session,
  spec: PipelineSpec,
  since: number,
): Promise<Reply<readonly Summary[]>> {
  return await gather(session, spec, {
    stage: null,
    enough: ({ startedAt }) => startedAt < since,
    beyond: {
      kind: "trouble",
      is: "later",
      name: "TooManyExecutions",
      why: `The pipeline ${spec.pipeline} has started more executions meanwhile than are read.`,
    },
  });
}

/** Those that succeeded in the stage as the pipeline is now, newest first. */
export async function succeededIn(
  session: Session,
  spec: PipelineSpec,
  stage: string,
): Promise<Reply<readonly Summary[]>> {
  return await gather(session, spec, { stage, enough: () => false });
}

interface Wanted {
  readonly stage: string | null;
  /** No further page is read after one that has such an execution. */
  readonly enough: (summary: Summary) => boolean;
  /** What is said where there are more pages than are read; without it, those that were read will do. */
  readonly beyond?: AwsFailure;
}

async function gather(
  session: Session,
  spec: PipelineSpec,
  { stage, enough, beyond }: Wanted,
): Promise<Reply<readonly Summary[]>> {
  const all: Summary[] = [];
  let token: string | undefined;
  for (let page = 0; page < limit.codepipeline.pages; page += 1) {
    const reply = await list(session, spec, { stage, token });
    if (reply.kind === "trouble") return reply;
    all.push(...reply.value.summaries);
    token = reply.value.token;
    if (token === undefined || reply.value.summaries.some(enough))
      return { kind: "ok", value: all };
  }
  return beyond ?? { kind: "ok", value: all };
}

async function readPage(session: Session, spec: PipelineSpec): Promise<Reply<Page>> {
  const reply = await list(session, spec, { stage: null, token: undefined });
  if (reply.kind === "trouble") return reply;
  const { summaries, token } = reply.value;
  return { kind: "ok", value: { summaries, more: token !== undefined } };
}

async function list(
  session: Session,
  spec: PipelineSpec,
  of: { readonly stage: string | null; readonly token: string | undefined },
): Promise<Reply<{ readonly summaries: readonly Summary[]; readonly token: string | undefined }>> {
  const { stage, token } = of;
  const reply = await session.ask({
    action: "codepipeline:ListPipelineExecutions",
    resource: pipelineArn(session.owner, spec.region, [spec.pipeline]),
    sentences: { PipelineNotFoundException: noPipeline(session, spec) },
    send: ({ codepipeline }) =>
      codepipeline.send(
        new ListPipelineExecutionsCommand({
          pipelineName: spec.pipeline,
          maxResults: limit.codepipeline.page,
          ...(stage === null ? {} : { filter: { succeededInStage: { stageName: stage } } }),
          ...(token === undefined ? {} : { nextToken: token }),
        }),
      ),
    has: ({ pipelineExecutionSummaries }) => pipelineExecutionSummaries,
  });
  if (reply.kind === "trouble") return reply;
  // One without a number can be nobody's.
  const all = (reply.value.pipelineExecutionSummaries ?? []).map(summaryOf);
  const summaries = all.filter(({ id }) => id !== "");
  return { kind: "ok", value: { summaries, token: reply.value.nextToken } };
}

/** Those that are newer than the one with this number, and itself, newest first, as far as the pages go. */
export async function executionsBackTo(
  session: Session,
  spec: PipelineSpec,
  executionId: string,
): Promise<Reply<readonly Summary[]>> {
  return await gather(session, spec, { stage: null, enough: ({ id }) => id === executionId });
}

/** The commit that it takes. Without knowing which source counts, only where there is no choice. */
export function shaIn({ revisions }: Summary, source: string | null): string | null {
  const named = revisions.find(({ action }) => action === source);
  return (named ?? (revisions.length === 1 ? revisions[0] : undefined))?.id ?? null;
}

export function summaryOf(summary: PipelineExecutionSummary): Summary {
  const { trigger, sourceRevisions = [] } = summary;
  return {
    id: summary.pipelineExecutionId ?? "",
    status: summary.status ?? "",
    startedAt: summary.startTime?.getTime() ?? 0,
    updatedAt: summary.lastUpdateTime?.getTime() ?? 0,
    revisions: sourceRevisions.map(({ actionName = "", revisionId = "" }) => ({
      action: actionName,
      id: revisionId,
    })),
    trigger: {
      type: trigger?.triggerType ?? "",
      detail: plainDetail(trigger?.triggerDetail ?? ""),
    },
    note: summary.statusSummary ?? "",
    stopReason: summary.stopTrigger?.reason ?? "",
    type: summary.executionType ?? "STANDARD",
    target: summary.rollbackMetadata?.rollbackTargetPipelineExecutionId ?? null,
  };
}
