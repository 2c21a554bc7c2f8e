// Which pipelines a change has to pass, by the branch it goes to and the paths it touches.

import type { Files } from "./fact.ts";
import { isExclude, type Matcher, matcher } from "./glob.ts";
import { type Pipeline, type Plan, planPath } from "./plan.ts";

export interface Route {
  /** Whether any pipeline is for the branch. Where none is, the branch is no road of the plan. */
  readonly branchCovered: boolean;
  /** The pipelines that must pass, in the order of the plan. */
  readonly pipelines: readonly Pipeline[];
  readonly coverage: Coverage;
  /** For `uncovered`: the paths that are neither exempt nor covered, in the order given. */
  readonly uncovered: readonly string[];
}

type Coverage =
  /** Every path that is not exempt belongs to a pipeline that must pass. */
  | "all"
  /** Every path is exempt, so no pipeline must pass. */
  | "exempt"
  /** Some path is neither. */
  | "uncovered"
  /** The paths could not be read, or GitHub cut their list and no pipeline covers whatever there may be. */
  | "unknown";

export function route(question: {
  readonly plan: Plan;
  readonly branch: string;
  readonly files: Files;
}): Route {
  const { plan, branch, files } = question;
  const ofBranch = plan.pipelines.filter((pipeline) => isFor(pipeline, branch));
  const whole = { branchCovered: ofBranch.length > 0, pipelines: ofBranch, uncovered: [] };
  switch (files.kind) {
    case "unknown":
      return { ...whole, coverage: "unknown" };
    case "cut":
      return { ...whole, coverage: ofBranch.some(coversEverything) ? "all" : "unknown" };
    case "known":
      // A change without changed files still lands a commit, so nothing about it may be skipped.
      if (files.value.length === 0)
        return { ...whole, coverage: ofBranch.length > 0 ? "all" : "uncovered" };
      return routeOf(ofBranch, matcher(plan.exempt), files.value);
  }
}

/** Whether the branch is a road of the plan. */
export function coversBranch(plan: Plan, branch: string): boolean {
  return plan.pipelines.some((pipeline) => isFor(pipeline, branch));
}

function routeOf(ofBranch: readonly Pipeline[], exempt: Matcher, files: readonly string[]): Route {
  const covers = ofBranch.map((pipeline) => ({ pipeline, matches: matcher(pipeline.paths) }));
  // The plan itself is a matter of every pipeline: it says what each of them is.
  const plan = files.includes(planPath);
  const relevant = files.filter((path) => path !== planPath && !exempt(path));
  const matched = new Set<Pipeline>(plan ? ofBranch : []);
  const uncovered: string[] = [];
  for (const path of relevant) {
    const covering = covers.filter(({ matches }) => matches(path));
    if (covering.length === 0) uncovered.push(path);
    for (const { pipeline } of covering) matched.add(pipeline);
  }
  if (plan && ofBranch.length === 0) uncovered.unshift(planPath);
  const pipelines = ofBranch.filter((pipeline) => matched.has(pipeline));
  return {
    branchCovered: ofBranch.length > 0,
    pipelines,
    coverage: uncovered.length > 0 ? "uncovered" : pipelines.length > 0 ? "all" : "exempt",
    uncovered,
  };
}

function isFor(pipeline: Pipeline, branch: string): boolean {
  return matcher(pipeline.branches)(branch);
}

/** Certain without looking at a path. */
function coversEverything(pipeline: Pipeline): boolean {
  return pipeline.paths.includes("**") && !pipeline.paths.some(isExclude);
}
