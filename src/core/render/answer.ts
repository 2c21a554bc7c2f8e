// The text of answers to comments. Each carries a hidden mark by which Interlock finds it again.

import type { PartView } from "../decide/part.ts";
import type { Command } from "../model/command.ts";
import { commandTable } from "../model/command.ts";
import type { CommandRequest, Execution, Facts, Outcome, Rollback } from "../model/fact.ts";
import type { Verdict } from "../model/gate.ts";
import { limit } from "../model/limit.ts";
import type { Plan } from "../model/plan.ts";
import { nextStep, stateOf } from "../model/reason.ts";
import { code, prose } from "./markdown.ts";
import { saw } from "./snapshot.ts";

/** The hidden mark of the answer to one request. */
export function answerMark(request: string): string {
  return `<!-- interlock:answer ${request.replace(/[^\w:.-]/g, "")} -->`;
}

/** At the end of an answer that was written once more after somebody had deleted it. */
export const againMark = "\n<!-- interlock:again -->";

/** The whole comment: what was asked, what became of it, and the result once there is one. */
export function answerPage(question: {
  readonly request: CommandRequest;
  readonly outcome: readonly Outcome[];
  /** Executions that were started or retried for this request and have ended. */
  readonly results: readonly Execution[];
  /** Rollbacks that were started for this request and have ended. */
  readonly rollbacks: readonly Rollback[];
}): string {
  const { request, outcome, results, rollbacks } = question;
  const lines = [answerMark(request.key)];
  for (const [index, command] of request.commands.entries()) {
    const become = outcome[index];
    if (become === undefined) continue;
    const about = become.sha === null ? "" : ` for commit ${code(become.sha.slice(0, 7))}`;
    lines.push(`${markOf(command, become)}${code(spoken(command))}${about}`, "", become.text, "");
  }
  for (const result of results)
    lines.push(
      `**Result:** ${code(`${result.pipeline}/${result.part}`)} ${result.state} (attempt ${result.attempt}).`,
    );
  for (const { pipeline, stage, sha, state, why } of rollbacks)
    if (state !== "refused")
      lines.push(
        `**Result:** the rollback of ${code(pipeline)} in ${code(stage)} to ${code(sha?.slice(0, 7) ?? "")} ${state}${why === "" ? "." : `: ${prose(why)}`}`,
      );
  return lines.join("\n").trimEnd();
}

/** What only asks has no mark: it would stand beside a verdict that it may contradict. */
function markOf({ kind }: Command, { kind: became }: Outcome): string {
  if (became === "refused") return "🚫 ";
  return kind === "help" || kind === "status" || kind === "explain" ? "" : "✅ ";
}

/** In the place of the answer after which no more follow. */
export function tooManyPage(request: string, actor: string): string {
  const hour = `${limit.command.answers} commands in an hour`;
  return `${answerMark(request)}\n🚫 ${prose(actor)} has given more than ${hour} here without permission to write. Further ones get no answer until fewer were given in the last hour.`;
}

function spoken(command: Command): string {
  switch (command.kind) {
    case "help":
    case "status":
    case "explain":
    case "stop":
      return `/interlock ${command.kind}`;
    case "verify":
      return `/interlock verify${command.sha === null ? "" : ` ${command.sha}`}`;
    case "retry":
      return `/interlock retry${command.stage === null ? "" : ` ${command.stage}`}`;
    case "rollback": {
      const { pipeline, stage, to } = command;
      const words = [pipeline, ...(stage === null ? [] : [stage])].map(quoted);
      return `/interlock rollback ${words.join(" ")}${to === null ? "" : ` to ${to}`}`;
    }
    case "approve":
      return `/interlock approve ${[command.pipeline, command.stage ?? ""].map(quoted).join(" ").trim()}`;
    case "unknown":
      return `/interlock ${command.word}`;
    case "invalid":
      return `/interlock ${command.verb}`;
  }
}

function quoted(name: string): string {
  return name.includes(" ") ? `"${name}"` : name;
}

export function helpText(plan: Plan | null): string {
  const rows = commandTable.map(({ verb, usage, help, roles }) => {
    const own =
      plan !== null && Object.hasOwn(plan.commands, verb) ? plan.commands[verb] : undefined;
    return `| ${code(`/interlock ${usage}`)} | ${help} | ${(own ?? roles).join(", ")} |`;
  });
  return ["| command | what it does | who |", "| --- | --- | --- |", ...rows].join("\n");
}

export function statusText(shown: Verdict, views: readonly PartView[]): string {
  const lines = [`**Gate:** ${stateWords[shown.state]}`];
  for (const reason of shown.reasons)
    lines.push(`- ${prose(reason.sentence)} (${code(reason.code)})`);
  for (const { name, spec, execution } of views) {
    const stages = spec.stages.map(
      (stage) =>
        `${prose(stage.name)} ${execution?.stages.find((fact) => fact.name === stage.name)?.state ?? "pending"}`,
    );
    lines.push("", `**${prose(name)}:** ${stages.join(" → ")}`);
  }
  return lines.join("\n");
}

export function explainText(shown: Verdict, facts: Facts): string {
  const lines = [`The gate is ${stateWords[shown.state]}, because:`, ""];
  for (const reason of shown.reasons) {
    lines.push(`- ${prose(reason.sentence)} (${code(reason.code)})`);
    if (stateOf(reason.code) !== "success")
      lines.push(`  Next: ${nextStep(reason.code, facts.subject.kind)}`);
  }
  return [...lines, "", saw(facts)].join("\n");
}

const stateWords = {
  success: "open: everything that the plan asks for has passed",
  failure: "blocked",
  action_required: "blocked until somebody acts",
  in_progress: "blocked while it waits",
} as const;
