// What a check suite adds up to from its runs.
import type { CheckRun, CheckStatus, CheckSuite, Conclusion, Repository } from "./model.ts";

/** The newest run of each name. */
export function latestRuns(repository: Repository, suite: CheckSuite): CheckRun[] {
  return newestPerName([...repository.runs.values()].filter((r) => r.suite === suite));
}

export function newestPerName(runs: CheckRun[]): CheckRun[] {
  const newest = new Map<string, CheckRun>();
  for (const run of runs) {
    const known = newest.get(`${run.suite.id}/${run.name}`);
    if (!known || known.id < run.id) newest.set(`${run.suite.id}/${run.name}`, run);
  }
  return [...newest.values()];
}

export function suiteState(
  repository: Repository,
  suite: CheckSuite,
): { status: CheckStatus; conclusion: Conclusion | undefined } {
  const runs = latestRuns(repository, suite);
  if (suite.reset || runs.length === 0) return { status: "queued", conclusion: undefined };
  if (runs.some((r) => r.status !== "completed")) {
    const started = runs.some((r) => r.status !== "queued");
    return { status: started ? "in_progress" : "queued", conclusion: undefined };
  }
  const worst = worstFirst.find((c) => runs.some((r) => r.conclusion === c));
  return { status: "completed", conclusion: worst };
}

const worstFirst: readonly Conclusion[] = [
  "failure",
  "timed_out",
  "cancelled",
  "action_required",
  "stale",
  "success",
  "neutral",
  "skipped",
];
