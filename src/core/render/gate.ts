// The gate's page: the verdict, why, what to do next, and who can do it.

import type { Subject } from "../model/event.ts";
import type { Facts } from "../model/fact.ts";
import type { Verdict } from "../model/gate.ts";
import { limit } from "../model/limit.ts";
import { cutChars, plainLine } from "../model/plain.ts";
import { type PlanProblem, planPath } from "../model/plan.ts";
import { nextStep, type Reason, stateOf, type Who, whoActs } from "../model/reason.ts";
import { code, prose } from "./markdown.ts";
import { saw } from "./snapshot.ts";

export interface GatePage {
  readonly title: string;
  readonly summary: string;
  readonly text: string;
}

const heads = {
  success: "Passed",
  failure: "Blocked",
  action_required: "Blocked until somebody acts",
  in_progress: "Waiting",
} as const;

const people: Readonly<Record<Who, string>> = {
  nobody: "nobody: Interlock goes on by itself",
  author: "the author",
  writer: "anybody with write permission",
  maintainer: "a maintainer of the repository",
  operator: "the operator of Interlock",
};

export function gatePage(question: {
  readonly facts: Facts;
  readonly sha: string;
  readonly base: string;
  readonly shown: Verdict;
  readonly problems: readonly PlanProblem[];
  readonly preview: readonly string[];
}): GatePage {
  const { facts, sha, base, shown, problems, preview } = question;
  const first = shown.reasons[0];
  const lines = [
    `**${heads[shown.state]}** · commit ${code(sha.slice(0, 7))} for ${code(base)}`,
    "",
  ];
  lines.push(...shown.reasons.flatMap((reason) => reasonLines(reason, facts.subject.kind)));
  if (problems.length > 0)
    lines.push("", "**Problems of the plan**", "", ...problemLines(problems));
  if (preview.length > 0)
    lines.push(
      "",
      `**This change edits the plan.** It is judged by the plan of ${code(base)}; once merged:`,
      "",
      ...preview.slice(0, limit.page.preview).map((line) => `- ${prose(line)}`),
    );
  return {
    title: cutChars(plainLine(first?.sentence ?? heads[shown.state]), limit.page.title_chars),
    summary: lines.join("\n"),
    text: saw(facts),
  };
}

/** The last words of a check that nobody brings up to date any more. */
export function endPage(reason: Reason, about: Subject["kind"]): GatePage {
  return {
    title: cutChars(plainLine(reason.sentence), limit.page.title_chars),
    summary: reasonLines(reason, about).join("\n"),
    text: "",
  };
}

function reasonLines(reason: Reason, about: Subject["kind"]): readonly string[] {
  const line = `- ${prose(reason.sentence)} (${code(reason.code)})`;
  if (stateOf(reason.code) === "success") return [line];
  return [
    line,
    `  **Next:** ${nextStep(reason.code, about)} **Who:** ${people[whoActs(reason.code)]}.`,
  ];
}

function problemLines(problems: readonly PlanProblem[]): readonly string[] {
  return problems
    .slice(0, limit.page.problems)
    .map(
      ({ line, column, path, message }) =>
        `- ${code(`${planPath}:${line}:${column}`)}${path === "" ? "" : ` ${code(path)}`} ${prose(message)}`,
    );
}
