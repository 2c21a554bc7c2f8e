// An execution that took another commit than it was started for: nothing that it does speaks for ours.

import { oneLine } from "../../aws/text.ts";
import type { StageFact } from "../../core/model/fact.ts";
import type { Observation } from "../../ports/engine.ts";
import type { PipelineRun } from "../../ports/run.ts";
import type { Summary } from "./execution.ts";
import { isOver, type StageView } from "./stages.ts";

/** The commit shows once the source action has taken it. */
export function isStray(run: PipelineRun, summary: Summary): boolean {
  return strayCommit(run, summary) !== null;
}

/** It has succeeded, and AWS does not say on what. */
export function isUntold({ request }: PipelineRun, summary: Summary): boolean {
  if (request.kind !== "start" || summary.status !== "Succeeded") return false;
  return commitIn(summary, request.source, request.start.run.sha) === null;
}

/** Its stages have failed for our commit, whatever they came to, and its reports are about another one. */
export function strayObservation(seen: {
  readonly run: PipelineRun;
  readonly summary: Summary;
  readonly views: readonly StageView[];
  readonly now: number;
}): Observation {
  const { run, summary, views, now } = seen;
  const { request } = run;
  const sha = request.kind === "start" ? request.start.run.sha : "";
  const why = `It ran on ${short(strayCommit(run, summary) ?? "")}, not on ${short(sha)}.`;
  const over = isOver(summary.status) && summary.updatedAt > 0;
  const stages = views.map(({ name, startedAt, endedAt }): StageFact => {
    const state = startedAt === null ? "skipped" : "failed";
    const end = startedAt === null ? null : (endedAt ?? now);
    return { name, state, startedAt, endedAt: end, why, output: "", reports: [] };
  });
  return { state: "failed", why, stages, endedAt: over ? summary.updatedAt : now };
}

/** Null where it is ours, or does not show. A rollback takes what its target had. */
function strayCommit({ request }: PipelineRun, summary: Summary): string | null {
  if (request.kind !== "start") return null;
  const { sha } = request.start.run;
  const commit = commitIn(summary, request.source, sha);
  return commit === null || isSame(commit, sha) ? null : commit;
}

/** By its number, an execution is told with its revisions and not with the actions that took them. */
function commitIn({ revisions, status }: Summary, source: string, sha: string): string | null {
  const named = revisions.find(({ action }) => action === source);
  if (named !== undefined) return named.id;
  const nameless = revisions.filter(({ action }) => action === "");
  if (nameless.some(({ id }) => isSame(id, sha))) return sha;
  const [first] = nameless;
  // Of several sources, ours may be the one that has not shown yet.
  return first !== undefined && isOver(status) ? first.id : null;
}

function isSame(commit: string, sha: string): boolean {
  return commit.toLowerCase() === sha.toLowerCase();
}

function short(commit: string): string {
  return oneLine(commit, 64).slice(0, 7);
}
