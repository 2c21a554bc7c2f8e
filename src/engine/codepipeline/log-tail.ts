// The last lines that a failed action printed, from CloudWatch Logs.

import { GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import type { LogStream } from "../../aws/arn.ts";
import type { Reply } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import { limit } from "../../core/model/limit.ts";
import { lastLines } from "./lines.ts";

/** `unmask` is never asked for: it would undo what the log group's owner has hidden. */
export async function readLogTail(
  session: Session,
  region: string,
  { group, stream }: LogStream,
): Promise<Reply<string>> {
  const { partition, account } = session.owner;
  const reply = await session.ask({
    action: "logs:GetLogEvents",
    resource: `arn:${partition}:logs:${region}:${account}:log-group:${group}:log-stream:*`,
    region,
    send: ({ logs }) =>
      logs.send(
        new GetLogEventsCommand({
          logGroupName: group,
          logStreamName: stream,
          limit: limit.codepipeline.log_lines,
          startFromHead: false,
        }),
      ),
    has: ({ events }) => events,
  });
  if (reply.kind === "trouble") return reply;
  const messages = (reply.value.events ?? []).flatMap(({ message }) => message ?? []);
  return { kind: "ok", value: lastLines(messages) };
}
