// One reading of an execution: what it shows, and whether it still holds.

import type { StageFact } from "../../core/model/fact.ts";
import { limit } from "../../core/model/limit.ts";
import type { Observation } from "../../ports/engine.ts";
import type { PipelineRun } from "../../ports/run.ts";
import { type ActionRun, latestRuns } from "./actions.ts";
import type { Cause } from "./cause.ts";
import { type Evidence, noEvidence } from "./evidence.ts";
import type { Summary } from "./execution.ts";
import { isAboutExecution, isShown } from "./hint.ts";
import { isOver, type StageView } from "./stages.ts";
import { standingOf, waitsFor } from "./status.ts";
import type { Structure } from "./structure.ts";

export interface Reading {
  readonly readAt: number;
  /** When its actions were read. */
  readonly deepAt: number;
  /** How much had been told of it when the reading began. */
  heard: number;
  readonly status: string | null;
  /** As AWS's list had it; null where the list was not needed. */
  readonly updatedAt: number | null;
  readonly runs: readonly ActionRun[];
  readonly structure: Structure;
  readonly fresh: boolean;
  readonly evidence: ReadonlyMap<string, Evidence>;
  readonly observation: Observation;
  /** It took another commit than it was started for: whatever AWS makes of it, it has failed. */
  readonly stray: boolean;
  /** Over, and all its evidence read: it never changes again by itself. */
  readonly final: boolean;
}

export interface Found {
  readonly summary: Summary;
  /** Executions that the pipeline has started since, newest first. */
  readonly newer: readonly Summary[];
}

/** What was told since the reading and does not show in it: of the whole execution, or only of what is in it. */
export function newsFor(
  run: PipelineRun,
  { heard, observation, fresh }: Reading,
): "none" | "inside" | "whole" {
  const count = run.heard.count - heard;
  if (count <= 0) return "none";
  const lines = run.heard.last.slice(-count);
  if (lines.length < count) return "whole";
  const { state, stages } = observation;
  const news = lines.filter((line) => !isShown(line, { state, stages, fresh }));
  if (news.length === 0) return "none";
  return news.some(isAboutExecution) ? "whole" : "inside";
}

/** Something runs, and nothing has ended that could have ended the execution. */
export function isUnderWay(runs: readonly ActionRun[]): boolean {
  const latest = latestRuns(runs);
  return (
    latest.some(({ status }) => status === "InProgress") &&
    latest.every(({ status }) => status === "InProgress" || status === "Succeeded")
  );
}

/** AWS's own times tell, so that its clock and ours need not agree. */
export function isAsBefore(last: Reading, summary: Summary): boolean {
  if ([...last.evidence.values()].some(({ final }) => !final)) return false;
  if (isOver(summary.status) || summary.status !== (last.status ?? "InProgress")) return false;
  if (summary.updatedAt === 0) return false;
  if (summary.updatedAt === last.updatedAt) return true;
  if (last.fresh) return summary.updatedAt <= summary.startedAt;
  const seen = last.runs.map(({ startedAt, updatedAt }) => Math.max(startedAt, updatedAt));
  return summary.updatedAt <= Math.max(0, ...seen);
}

export function expectedType({ request }: PipelineRun): Summary["type"] {
  return request.kind === "rollback" ? "ROLLBACK" : "STANDARD";
}

/** AWS may show an execution as it was for a moment after it was told to go on. */
export function hidesRetry(run: PipelineRun, runs: readonly ActionRun[], now: number): boolean {
  const last = run.acts.findLast((act) => act.kind === "retry");
  if (last?.kind !== "retry" || now - last.at >= limit.codepipeline.young_ms) return false;
  const own = runs.filter(({ stage }) => stage === last.stage);
  return (
    own.every(({ id }) => last.before.includes(id)) ||
    own.some(({ status }) => status === "InProgress")
  );
}

export function evidenceKey({ name, state, runs }: StageView): string {
  return [name, state, ...runs.map(({ id, status }) => `${id}/${status}`)].join(" ");
}

export function observationOf(seen: {
  readonly views: readonly StageView[];
  readonly evidence: ReadonlyMap<string, Evidence>;
  readonly runs: readonly ActionRun[];
  readonly page: Found | null;
  readonly cause: Cause;
}): Observation {
  const { views, evidence, runs, page, cause } = seen;
  let pending = false;
  const stages = views.map((view): StageFact => {
    const own = evidence.get(evidenceKey(view)) ?? noEvidence;
    if (own.pending !== null) pending = true;
    const { name, startedAt, endedAt } = view;
    const { output, reports } = own;
    if (own.pending === null)
      return { name, state: view.state, startedAt, endedAt, why: view.why, output, reports };
    // Without its reports nobody can say whether it has passed.
    const why = `Its reports are not known yet: ${own.pending}`;
    return { name, state: "unknown", startedAt, endedAt, why, output, reports };
  });
  const going = { state: "running" as const, why: waitsFor(latestRuns(runs)), endedAt: null };
  const standing = page === null ? going : standingOf(page.summary, page.newer, cause);
  if (standing.state === "running") return { ...standing, why: standing.why || going.why, stages };
  if (pending) return { ...going, stages };
  const ends = runs.map(({ updatedAt }) => updatedAt);
  const endedAt = standing.endedAt || Math.max(0, ...ends) || null;
  return { ...standing, endedAt, stages: withCause(stages, standing.why) };
}

/** What AWS made of a failure belongs to the stage that failed; without one, it is all that is known. */
function withCause(stages: readonly StageFact[], why: string): readonly StageFact[] {
  const failed = stages.find(({ state }) => state === "failed");
  if (why === "" || failed === undefined) return stages;
  const told = { ...failed, why: failed.why === "" ? why : `${failed.why} ${why}` };
  return stages.map((stage) => (stage === failed ? told : stage));
}

/** An execution that was started a moment ago: it is in its first stage, and nothing more is known. */
export function freshReading(structure: Structure, at: number): Reading {
  return {
    readAt: at,
    deepAt: at,
    heard: 0,
    status: "InProgress",
    updatedAt: null,
    runs: [],
    structure,
    fresh: true,
    evidence: new Map(),
    observation: { state: "running", why: "", stages: firstStages(structure, at), endedAt: null },
    stray: false,
    final: false,
  };
}

function firstStages({ stages }: Structure, at: number): readonly StageFact[] {
  return stages.map(({ name }, index) => ({
    name,
    state: index === 0 ? "running" : "pending",
    startedAt: index === 0 ? at : null,
    endedAt: null,
    why: "",
    output: "",
    reports: [],
  }));
}
