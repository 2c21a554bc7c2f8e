// The page of one part of a pipeline: its stages with state and duration, and what a failed one printed.

import type { Facts, StageFact, StageState } from "../fact.ts";
import { limit } from "../limit.ts";
import type { PartView } from "../part.ts";
import { aroundLines } from "./around.ts";
import { block, cell, code, cutChars, fold, plainLine, prose } from "./markdown.ts";

export interface StagesPage {
  readonly title: string;
  readonly summary: string;
  readonly text: string;
}

const words: Readonly<Record<StageState, string>> = {
  pending: "⏳ pending",
  running: "▶ running",
  waiting: "✋ waits for an approval",
  succeeded: "✅ passed",
  failed: "❌ failed",
  skipped: "⏭ skipped",
  stopped: "⏹ stopped",
  unknown: "❔ unknown",
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
      `| ${cell(stage.name)} | ${words[fact?.state ?? "pending"]} | ${duration(fact)} | ${fact?.why ? prose(fact.why) : ""} |`,
  );
  const reasons = view.reasons.map(
    (reason) => `- ${prose(reason.sentence)} (${code(reason.code)})`,
  );
  const details = stages.flatMap(({ stage, fact }) =>
    fact === undefined || fact.output === "" || fact.state === "succeeded"
      ? []
      : [fold(`Last lines of ${stage.name}`, block(fact.output))],
  );
  return {
    title: cutChars(plainLine(view.reasons[0]?.sentence ?? view.name), limit.page.title_chars),
    summary: [
      `Commit ${code(sha.slice(0, 7))}, attempt ${execution?.attempt ?? 1}, engine ${code(spec.engine)}`,
      "",
      ...reasons,
      "",
      "| stage | state | duration | note |",
      "| --- | --- | --- | --- |",
      ...rows,
      ...aroundLines(view, sha, facts),
    ].join("\n"),
    text: details.join("\n\n"),
  };
}

function duration(fact: StageFact | undefined): string {
  if (fact === undefined || fact.startedAt === null || fact.endedAt === null) return "";
  const seconds = Math.max(0, fact.endedAt - fact.startedAt) / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
