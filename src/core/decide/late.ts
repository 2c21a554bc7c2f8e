// Commands that arrive long after they were given: GitHub can send a delivery days later, and what was
// right then may not be so now.

import type { Command } from "../model/command.ts";
import type { Event } from "../model/event.ts";
import { limit } from "../model/limit.ts";

/** `receivedAt` in milliseconds since 1970. What only asks is answered whenever it comes. */
export function withoutLateCommands(event: Event, receivedAt: number): Event {
  if (event.kind !== "intend") return event;
  const { request } = event;
  const age = request.writtenAt === null ? 0 : receivedAt - request.writtenAt;
  if (age <= limit.command.age_ms) return event;
  const hours = Math.round(age / (60 * 60_000));
  const why = `It arrived ${hours} hours after it was given, so it was not carried out. Give it once more if it is still meant.`;
  const commands = request.commands.map(
    (command): Command => (acts(command) ? { kind: "invalid", verb: command.kind, why } : command),
  );
  return { ...event, request: { ...request, commands } };
}

type Acting = Extract<Command, { kind: "verify" | "retry" | "stop" | "rollback" | "approve" }>;

function acts(command: Command): command is Acting {
  switch (command.kind) {
    case "verify":
    case "retry":
    case "stop":
    case "rollback":
    case "approve":
      return true;
    case "help":
    case "status":
    case "explain":
    case "unknown":
    case "invalid":
      return false;
  }
}
