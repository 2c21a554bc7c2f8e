// The table of commands: it is the help, the grammar, and what is called.

import { auditCommand } from "./audit.ts";
import type { Command } from "./command.ts";
import { explainCommand } from "./explain.ts";
import { restoredCommand } from "./restored.ts";
import { setupCommand } from "./setup.ts";
import { type Start, startCommand } from "./start.ts";

/** The first is what runs where no command is named. */
export function commandsWith(start: Start): readonly [Command, ...Command[]] {
  return [startCommand(start), setupCommand, explainCommand, auditCommand, restoredCommand];
}

/** The text of `npm start -- --help`. */
export function helpOf(commands: readonly Command[]): string {
  const calls = commands.map(({ call, usage }) => `${call}${usage === "" ? "" : ` ${usage}`}`);
  const width = Math.max(...calls.map((call) => call.length));
  const rows = commands.map(({ says }, at) => `  ${(calls[at] ?? "").padEnd(width)}   ${says}`);
  return [
    "Interlock, a GitHub App that makes the automated pipeline the only way to production.",
    "",
    ...rows,
    "",
    "Each has --help. Settings come from the environment and from .env; README.md lists them.",
  ].join("\n");
}

export function helpOfOne({ call, usage, says, more }: Command): string {
  return [
    `${call}${usage === "" ? "" : ` ${usage}`}`,
    "",
    says,
    ...(more === "" ? [] : ["", more]),
  ].join("\n");
}
