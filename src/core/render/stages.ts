// The page of one part of a pipeline: its stages with state and duration, and what a failed one printed.

import type { PartView } from "../decide/part.ts";
import type { Facts, StageFact, StageState } from "../model/fact.ts";
import { limit } from "../model/limit.ts";
import { cutChars, plainLine } from "../model/plain.ts";
import { planPath } from "../model/plan.ts";
import { aroundLines } from "./drift.ts";
import { block, cell, code, fold, prose } from "./markdown.ts";

export interface StagesPage {
  readonly title: string;
  readonly summary: string;
  readonly text: string;
}

const marks: Readonly<Record<StageState, string>> = {
  pending: "⏳",
  running: "▶",
  waiting: "✋",
  succeeded: "✅",
  failed: "❌",
  skipped: "⏭",
  stopped: "⏹",
  unknown: "❔",
};
const words: Readonly<Record<StageState, string>> = {
  pending: "pending",
  running: "running",
  waiting: "waits for an approval",
  succeeded: "passed",
  failed: "failed",
  skipped: "skipped",
  stopped: "stopped",
  unknown: "unknown",
};

export function stagesPage(view: PartView, sha: string, facts: Facts): StagesPage {
  const { execution, spec } = view;
  const planned = spec.stages.map((stage) => ({
    stage,
    fact: execution?.stages.find(({ name }) => name === stage.name),
  }));
  // Of the others only those that hold something up.
  const others = (execution?.stages ?? [])
    .filter(({ name }) => !spec.stages.some((stage) => stage.name === name))
    .filter(({ state }) => state === "failed" || state === "waiting")
    .map((fact) => ({ stage: { name: fact.name }, fact }));
  const stages = [...planned, ...others];
  const rows = stages.map(
    ({ stage, fact }) =>
      `| ${cell(stage.name)} | ${stateText(fact)} | ${duration(fact)} | ${fact?.why ? prose(fact.why) : ""} |`,
  );
  const [first, ...more] = view.reasons;
  const why = plainLine(first?.sentence ?? view.name);
  const title = cutChars(why, limit.page.title_chars);
  const reasons = [
    // What the title says in full is not said again.
    ...(title === why ? [] : [prose(why), ""]),
    ...more.map((reason) => `- ${prose(reason.sentence)} (${code(reason.code)})`),
  ];
  const printed = stages.flatMap(({ stage: { name }, fact }) =>
    fact !== undefined && isShown(fact) ? [{ name, output: fact.output }] : [],
  );
  const details = showsLogs(facts)
    ? printed.map(({ name, output }) => fold(`Last lines of ${name}`, block(output)))
    : printed.slice(0, 1).map(() => withheld);
  return {
    title,
    summary: [
      `Commit ${code(sha.slice(0, 7))}, attempt ${execution?.attempt ?? 1}, engine ${code(spec.engine)}${first === undefined ? "" : ` · ${code(first.code)}`}`,
      "",
      ...(reasons.length > 0 ? [...reasons, ""] : []),
      "| stage | state | duration | note |",
      "| --- | --- | --- | --- |",
      ...rows,
      ...aroundLines(view, sha, facts),
    ].join("\n"),
    text: details.join("\n\n"),
  };
}

/** All stages of a part in one line, for the gate; none where nothing has run. */
export function stagesLine({ name, spec, execution }: PartView): readonly string[] {
  if (execution === null) return [];
  const stages = spec.stages.map((stage) => {
    const fact = execution.stages.find((one) => one.name === stage.name);
    return `${marks[fact?.state ?? "pending"]} ${prose(stage.name)}`;
  });
  return [`- ${code(name)}, attempt ${execution.attempt}: ${stages.join(" → ")}`];
}

/** Whether the page of its part shows what the stage printed, to whom it may. */
export function isShown({ state, output }: StageFact): boolean {
  return output !== "" && state !== "succeeded";
}

/** The default branch's plan says it: a branch's own one may have come there unjudged. */
function showsLogs({ isPrivate = false, defaultPlan, plan }: Facts): boolean {
  const says = defaultPlan ?? plan;
  if (isPrivate) return true;
  return says.kind === "read" && says.parse.kind === "valid" && says.parse.plan.publicLogs === true;
}

const withheld = `The last lines of the failed stage are not shown, because everybody can read this repository or GitHub did not say otherwise; \`logs: public\` in \`${planPath}\` of the default branch shows them.`;

function stateText(fact: StageFact | undefined): string {
  const state = fact?.state ?? "pending";
  return `${marks[state]} ${words[state]}`;
}

function duration(fact: StageFact | undefined): string {
  if (fact === undefined || fact.startedAt === null || fact.endedAt === null) return "";
  const seconds = Math.max(0, fact.endedAt - fact.startedAt) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
