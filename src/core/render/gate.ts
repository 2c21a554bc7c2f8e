// The gate's page: the verdict, why, what to do next, and who can do it.

import type { PartView } from "../decide/part.ts";
import type { Subject } from "../model/event.ts";
import type { Facts, GateState } from "../model/fact.ts";
import type { Verdict } from "../model/gate.ts";
import { limit } from "../model/limit.ts";
import { cutChars, plainLine } from "../model/plain.ts";
import { type PlanProblem, planPath } from "../model/plan.ts";
import {
  nextStep,
  type Reason,
  type ReasonCode,
  stateOf,
  type Who,
  whoActs,
} from "../model/reason.ts";
import { code, prose } from "./markdown.ts";
import { saw } from "./snapshot.ts";
import { stagesLine } from "./stages.ts";
import { failedTestsTable } from "./tests.ts";

export interface GatePage {
  readonly title: string;
  readonly summary: string;
  readonly text: string;
}

const heads: Readonly<Record<Subject["kind"], Readonly<Record<GateState, string>>>> = {
  pull: {
    success: "Passed",
    failure: "Blocked",
    action_required: "Blocked until somebody acts",
    in_progress: "Waiting",
  },
  commit: {
    success: "Passed",
    failure: "Failed",
    action_required: "Stopped until somebody acts",
    in_progress: "Under way",
  },
  repository: {
    success: "Passed",
    failure: "Failed",
    action_required: "Stopped until somebody acts",
    in_progress: "Under way",
  },
};

const people: Readonly<Record<Who, string>> = {
  nobody: "nobody: Interlock goes on by itself",
  author: "the author",
  writer: "anybody with write permission",
  maintainer: "a maintainer of the repository",
  operator: "the operator of Interlock",
};

/** Title, where it stands, what is wrong, what to do next, what else; the facts come last and folded. */
export function gatePage(question: {
  readonly facts: Facts;
  readonly sha: string;
  readonly base: string;
  readonly views: readonly PartView[];
  readonly shown: Verdict;
  readonly problems: readonly PlanProblem[];
  readonly preview: readonly string[];
}): GatePage {
  const { facts, sha, base, views, shown, problems, preview } = question;
  const { kind } = facts.subject;
  const [first, ...more] = shown.reasons;
  const head = first?.code === "rolled_back" ? "Rolled back" : heads[kind][shown.state];
  const title = cutChars(plainLine(first?.sentence ?? head), limit.page.title_chars);
  const why = first === undefined ? "" : ` · ${code(first.code)}`;
  const lines = [`**${head}** · commit ${code(sha.slice(0, 7))} for ${code(base)}${why}`];
  // What the title says in full is not said again.
  if (first !== undefined && title !== plainLine(first.sentence))
    lines.push("", prose(first.sentence));
  const tests = failedTestsTable(views);
  if (tests.length > 0) lines.push("", ...tests);
  const stages = views.flatMap(stagesLine);
  if (stages.length > 0) lines.push("", ...stages);
  if (problems.length > 0)
    lines.push("", "**Problems of the plan**", "", ...problemLines(problems));
  if (first !== undefined) lines.push(...stepLines(first, { kind, sha }));
  if (more.length > 0)
    lines.push("", "**Also**", "", ...more.flatMap((reason) => reasonLines(reason, kind)));
  if (preview.length > 0)
    lines.push(
      "",
      `**This change edits the plan.** It is judged by the plan of ${code(base)}; once merged:`,
      "",
      ...preview.slice(0, limit.page.preview).map((line) => `- ${prose(line)}`),
    );
  return { title, summary: lines.join("\n"), text: saw(facts) };
}

/** The next step, with the command in a block of its own where a command is one, whole enough to be copied. */
function stepLines(
  reason: Reason,
  { kind, sha }: { readonly kind: Subject["kind"]; readonly sha: string },
): readonly string[] {
  if (stateOf(reason.code) === "success") return [];
  const who = whoActs(reason.code);
  const next = nextStep(reason.code, kind);
  const lines = [
    "",
    `**${who === "nobody" ? "Nothing to do" : `Next step for ${people[who]}`}:** ${next}`,
  ];
  const command = kind === "pull" ? commandFor(reason.code, sha) : null;
  return command === null ? lines : [...lines, "", "```", command, "```"];
}

function commandFor(reason: ReasonCode, sha: string): string | null {
  switch (reason) {
    case "fork_waits":
      return `/interlock verify ${sha}`;
    case "stopped":
    case "deadline_passed":
      return "/interlock verify";
    case "stage_failed":
    case "tests_failed":
      return "/interlock retry";
    default:
      return null;
  }
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
