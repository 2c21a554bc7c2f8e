// What CodeBuild tells of the builds of a stage: where their logs are and which reports they made.

import { BatchGetBuildsCommand, type Build } from "@aws-sdk/client-codebuild";
import { limit } from "../../core/limit.ts";
import type { ActionRun } from "./actions.ts";
import type { LogStream } from "./arn.ts";
import type { Session } from "./session.ts";
import type { Reply } from "./trouble.ts";

export interface BuildRecord {
  readonly id: string;
  readonly log: LogStream | null;
  readonly reports: readonly string[];
}

/** Runs of actions that CodeBuild carried out in a project of the pipeline's owner. */
export function buildRuns(runs: readonly ActionRun[]): readonly ActionRun[] {
  return runs.filter(({ provider, externalId }) => provider === "CodeBuild" && externalId !== null);
}

/** Of runs in one region. */
export async function readBuilds(
  session: Session,
  runs: readonly ActionRun[],
): Promise<Reply<readonly BuildRecord[]>> {
  const ids = buildRuns(runs).flatMap(({ externalId }) => externalId ?? []);
  const region = runs[0]?.region ?? session.scope.region;
  const { partition, account } = session.owner;
  const reply = await session.ask({
    action: "codebuild:BatchGetBuilds",
    resource: `arn:${partition}:codebuild:${region}:${account}:project/${ids[0]?.split(":")[0] ?? "*"}`,
    region,
    send: ({ codebuild }) =>
      codebuild.send(new BatchGetBuildsCommand({ ids: ids.slice(0, limit.codepipeline.batch) })),
  });
  if (reply.kind === "trouble") return reply;
  return { kind: "ok", value: (reply.value.builds ?? []).map(recordOf) };
}

function recordOf({ id = "", logs, reportArns = [] }: Build): BuildRecord {
  const { groupName, streamName } = logs ?? {};
  const log =
    groupName === undefined || streamName === undefined
      ? null
      : { group: groupName, stream: streamName };
  return { id, log, reports: reportArns };
}
