// Groups and streams of log lines.
import type { LogLine, World } from "../model.ts";

type Place = { region: string; account: string; group: string };

/** Without the ":*" that some operations show at its end. */
export function groupArn({ region, account, group }: Place): string {
  return `arn:aws:logs:${region}:${account}:log-group:${group}`;
}

export function append(
  world: World,
  place: Place & { stream: string },
  messages: readonly string[],
): void {
  const at = world.clock.now();
  const group = streamsOf(world, place);
  const stream = group.get(place.stream) ?? [];
  // Empty events cannot be written to CloudWatch; a container's empty line arrives as its newline.
  stream.push(...messages.map((message): LogLine => ({ at, message: `${message}\n` })));
  group.set(place.stream, stream);
}

function streamsOf(world: World, place: Place): Map<string, LogLine[]> {
  const arn = groupArn(place);
  const there = world.logs.get(arn);
  if (there) return there;
  const made = new Map<string, LogLine[]>();
  world.logs.set(arn, made);
  return made;
}
