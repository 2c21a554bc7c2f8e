// What CodeBuild tells of the builds of a stage: where their logs are and which reports they made.

import {
  BatchGetBuildBatchesCommand,
  BatchGetBuildsCommand,
  type Build,
  type BuildBatch,
} from "@aws-sdk/client-codebuild";
import type { LogStream } from "../../aws/arn.ts";
import type { Reply } from "../../aws/failure.ts";
import type { Permission } from "../../aws/permission.ts";
import type { Session } from "../../aws/session.ts";
import { limit } from "../../core/model/limit.ts";
import type { ActionRun } from "./actions.ts";

export interface BuildRecord {
  /** As the action names it. */
  readonly id: string;
  /** Of the build that failed, where it is a batch of them. */
  readonly log: LogStream | null;
  readonly reports: readonly string[];
}

/** Runs of actions that CodeBuild carried out in a project of the pipeline's owner. */
export function buildRuns(runs: readonly ActionRun[]): readonly ActionRun[] {
  return runs.filter(({ provider, externalId }) => provider === "CodeBuild" && externalId !== null);
}

/** Of runs in one region. An action may have started a batch of builds, which is no build itself. */
export async function readBuilds(
  session: Session,
  runs: readonly ActionRun[],
): Promise<Reply<readonly BuildRecord[]>> {
  const region = runs[0]?.region ?? session.scope.region;
  const ids = buildRuns(runs).flatMap(({ externalId }) => externalId ?? []);
  const builds = await askBuilds(session, region, ids);
  if (builds.kind === "trouble") return builds;
  const single = builds.value.map(recordOf);
  const rest = ids.filter((id) => !single.some((record) => record.id === id));
  if (rest.length === 0) return { kind: "ok", value: single };
  const batches = await askBatches(session, region, rest);
  if (batches.kind === "trouble") return batches;
  const within = batches.value.flatMap(buildsIn);
  const members = within.length === 0 ? noBuilds : await askBuilds(session, region, within);
  if (members.kind === "trouble") return members;
  const records = members.value.map(recordOf);
  return {
    kind: "ok",
    value: [...single, ...batches.value.map((batch) => recordOfBatch(batch, records))],
  };
}

const noBuilds: Reply<readonly Build[]> = { kind: "ok", value: [] };

async function askBuilds(
  session: Session,
  region: string,
  ids: readonly string[],
): Promise<Reply<readonly Build[]>> {
  const reply = await session.ask({
    ...about(session, region, { action: "codebuild:BatchGetBuilds", ids }),
    send: ({ codebuild }) => codebuild.send(new BatchGetBuildsCommand({ ids: atMost(ids) })),
    has: ({ builds }) => builds,
  });
  return reply.kind === "ok" ? { kind: "ok", value: reply.value.builds ?? [] } : reply;
}

async function askBatches(
  session: Session,
  region: string,
  ids: readonly string[],
): Promise<Reply<readonly BuildBatch[]>> {
  const reply = await session.ask({
    ...about(session, region, { action: "codebuild:BatchGetBuildBatches", ids }),
    send: ({ codebuild }) => codebuild.send(new BatchGetBuildBatchesCommand({ ids: atMost(ids) })),
    has: ({ buildBatches }) => buildBatches,
  });
  return reply.kind === "ok" ? { kind: "ok", value: reply.value.buildBatches ?? [] } : reply;
}

function about(
  { owner: { partition, account } }: Session,
  region: string,
  { action, ids }: { readonly action: Permission; readonly ids: readonly string[] },
) {
  const project = ids[0]?.split(":")[0] ?? "*";
  const resource = `arn:${partition}:codebuild:${region}:${account}:project/${project}`;
  return { action, resource, region };
}

function atMost(ids: readonly string[]): string[] {
  return ids.slice(0, limit.codepipeline.batch);
}

function recordOf({ id = "", logs, reportArns = [] }: Build): BuildRecord {
  const { groupName, streamName } = logs ?? {};
  const log =
    groupName === undefined || streamName === undefined
      ? null
      : { group: groupName, stream: streamName };
  return { id, log, reports: reportArns };
}

/** The newest of each group, those that failed first. */
function buildsIn({ buildGroups = [] }: BuildBatch): readonly string[] {
  const builds = buildGroups.flatMap(({ currentBuildSummary: build }) => build ?? []);
  const failed = builds.filter(({ buildStatus }) => buildStatus !== "SUCCEEDED");
  return [...new Set([...failed, ...builds])].flatMap(({ arn }) => arn?.split(":build/")[1] ?? []);
}

/** Where the reports of its builds were merged, they are the batch's own. */
function recordOfBatch(batch: BuildBatch, members: readonly BuildRecord[]): BuildRecord {
  const { id = "", reportArns = [] } = batch;
  const own = buildsIn(batch).flatMap((one) => members.find((build) => build.id === one) ?? []);
  return {
    id,
    log: own[0]?.log ?? null,
    reports: reportArns.length > 0 ? reportArns : own.flatMap(({ reports }) => reports),
  };
}
