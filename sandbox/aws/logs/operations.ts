// The operations of CloudWatch Logs that read.
import type { LogLine } from "../model.ts";
import { type Call, type Operation, operation, type Scope } from "../operation.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { flag, integer, list, optional, struct, text } from "../shape.ts";
import { groupArn } from "./lines.ts";

const group = {
  logGroupName: optional(text({ min: 1, max: 512, pattern: /[._/#A-Za-z0-9-]+/ })),
  logGroupIdentifier: optional(text({ min: 1, max: 2048, pattern: /[\w#+=/:,.@-]*/ })),
};
const stream = text({ min: 1, max: 512, pattern: /[^:*]*/ });
const range = {
  startTime: optional(integer({ min: 0 })),
  endTime: optional(integer({ min: 0 })),
  nextToken: optional(text({ min: 1 })),
  limit: optional(integer({ min: 1, max: 10_000 })),
  startFromHead: optional(flag()),
  unmask: optional(flag()),
};

/** docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html */
const events_max = 10_000;

export const logsOperations: Readonly<Record<string, Operation>> = {
  GetLogEvents: operation({
    action: "logs:GetLogEvents",
    input: struct({ ...group, ...range, logStreamName: stream }),
    resource: (input, scope) => `${arnOf(input, scope)}:log-stream:${input.logStreamName}`,
    run(call) {
      const { input } = call;
      const streams = streamsOf(call);
      if ("code" in streams) return streams;
      const lines = streams.get(input.logStreamName);
      if (!lines)
        return refuse("ResourceNotFoundException", "The specified log stream does not exist.");
      return windowOf(inRange(lines, input), input);
    },
  }),
  FilterLogEvents: operation({
    action: "logs:FilterLogEvents",
    input: struct({
      ...group,
      ...range,
      logStreamNames: optional(list(stream, { min: 1, max: 100 })),
      logStreamNamePrefix: optional(stream),
      filterPattern: optional(text({ max: 1024 })),
      interleaved: optional(flag()),
    }),
    resource: (input, scope) => `${arnOf(input, scope)}:*`,
    run(call) {
      const {
        logStreamNames,
        logStreamNamePrefix = "",
        filterPattern,
        limit,
        nextToken,
      } = call.input;
      const streams = streamsOf(call);
      if ("code" in streams) return streams;
      const names = [...streams.keys()].filter(
        (name) => logStreamNames?.includes(name) ?? name.startsWith(logStreamNamePrefix),
      );
      const wanted = (filterPattern ?? "").replaceAll('"', "");
      const found = names.flatMap((name) =>
        inRange(streams.get(name) ?? [], call.input).flatMap((line, i) =>
          line.message.includes(wanted)
            ? [{ logStreamName: name, ...render(line), eventId: `${name}/${i}` }]
            : [],
        ),
      );
      const start = Number(nextToken ?? 0) || 0;
      const end = start + (limit ?? events_max);
      return {
        events: found.slice(start, end),
        searchedLogStreams: [],
        ...(end < found.length ? { nextToken: String(end) } : {}),
      };
    },
  }),
};

type Place = { logGroupName?: string | undefined; logGroupIdentifier?: string | undefined };
type Range = {
  startTime?: number | undefined;
  endTime?: number | undefined;
  nextToken?: string | undefined;
  limit?: number | undefined;
  startFromHead?: boolean | undefined;
};

function arnOf({ logGroupName, logGroupIdentifier = "" }: Place, scope: Scope): string {
  if (logGroupIdentifier.startsWith("arn:")) return logGroupIdentifier;
  return groupArn({ ...scope, group: logGroupName ?? logGroupIdentifier });
}

function streamsOf(call: Call<Place>): Map<string, LogLine[]> | Refusal {
  return (
    call.world.logs.get(arnOf(call.input, call)) ??
    refuse("ResourceNotFoundException", "The specified log group does not exist.")
  );
}

function inRange(lines: readonly LogLine[], { startTime = 0, endTime }: Range): LogLine[] {
  return lines.filter((l) => l.at >= startTime && (endTime === undefined || l.at < endTime));
}

// There are always two tokens; at an end the one that was given comes back.
function windowOf(lines: readonly LogLine[], input: Range): object {
  const { limit = events_max, nextToken, startFromHead = false } = input;
  const [, direction, at = "0"] = /^([fb])\/(\d+)$/.exec(nextToken ?? "") ?? [];
  if (nextToken !== undefined && direction === undefined)
    return refuse("InvalidParameterException", "The specified nextToken is invalid.");
  const fromHead = direction === undefined ? startFromHead : direction === "f";
  const edge = direction === undefined ? (fromHead ? 0 : lines.length) : Number(at);
  const start = fromHead ? edge : Math.max(0, edge - limit);
  const end = fromHead ? Math.min(lines.length, edge + limit) : edge;
  return {
    events: lines.slice(start, end).map(render),
    nextForwardToken: `f/${end}`,
    nextBackwardToken: `b/${start}`,
  };
}

function render({ at, message }: LogLine) {
  return { timestamp: at, message, ingestionTime: at };
}
