// Which pipelines a change has to pass, by the branch it goes to and the paths it touches.

import type { Files } from "../model/fact.ts";
import { limit } from "../model/limit.ts";
import { type Pipeline, type Plan, planPath } from "../model/plan.ts";
import { isExclude, type Matcher, matchLists, type Steps } from "./glob.ts";
import { type Automaton, compile } from "./glob-automaton.ts";

export interface Route {
  /** Whether any pipeline is for the branch. Where none is, the branch is not governed by the plan. */
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
  | "unknown"
  /** Matching took more steps than it may, so it is not known which pipelines the paths belong to. */
  | "costly";

interface Question {
  readonly plan: Plan;
  readonly branch: string;
  readonly files: Files;
  /** What the patterns may still take; it is shared by all that one look matches. */
  readonly steps: Steps;
}

/** Asked again with the same objects it takes the same steps, and does not walk them again. */
export function route(question: Question): Route {
  const { plan, branch, files, steps } = question;
  return once(routesOf(plan, files), branch, steps, () => routeNow(question));
}

function routeNow(question: Question): Route {
  const { plan, branch, files, steps } = question;
  const ofBranch = pipelinesFor(plan, branch, steps);
  if (ofBranch === null)
    return { branchCovered: true, pipelines: [], coverage: "costly", uncovered: [] };
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
      return routeOf({ plan, ofBranch, files: files.value, steps });
  }
}

/** Whether the branch is governed by the plan; null where that takes more steps than there are. */
export function coversBranch(plan: Plan, branch: string, steps: Steps): boolean | null {
  const lists = listsFor(plan, branch, steps);
  return lists === null ? null : lists.length > 0;
}

/** As `coversBranch`, for many branches. */
export function branchMatcher(plan: Plan, steps: Steps): Matcher {
  const listsOf = matchLists(automataOf(plan).branches, steps);
  return (branch) => {
    const lists = listsOf(branch);
    return lists === null ? null : lists.length > 0;
  };
}

function routeOf(question: {
  readonly plan: Plan;
  readonly ofBranch: readonly Pipeline[];
  readonly files: readonly string[];
  readonly steps: Steps;
}): Route {
  const { plan, ofBranch, files, steps } = question;
  const listsOf = matchLists(automataOf(plan).paths, steps);
  // The plan itself is a matter of every pipeline: it says what each of them is.
  const touchesPlan = files.includes(planPath);
  const matched = new Set<Pipeline>(touchesPlan ? ofBranch : []);
  const missed = new Set<string>();
  // Neighbours share what is worked out about their folders.
  for (const path of [...new Set(files)].sort()) {
    if (path === planPath) continue;
    const lists = listsOf(path);
    if (lists === null)
      return { branchCovered: true, pipelines: ofBranch, coverage: "costly", uncovered: [] };
    if (lists.includes(exemptList)) continue;
    const covering = ofBranch.filter((pipeline) =>
      lists.includes(plan.pipelines.indexOf(pipeline)),
    );
    if (covering.length === 0) missed.add(path);
    for (const pipeline of covering) matched.add(pipeline);
  }
  const uncovered = files.filter((path) => missed.delete(path));
  if (touchesPlan && ofBranch.length === 0) uncovered.unshift(planPath);
  const pipelines = ofBranch.filter((pipeline) => matched.has(pipeline));
  return {
    branchCovered: ofBranch.length > 0,
    pipelines,
    coverage: uncovered.length > 0 ? "uncovered" : pipelines.length > 0 ? "all" : "exempt",
    uncovered,
  };
}

/** In the order of the plan; null where the steps ran out. */
function pipelinesFor(plan: Plan, branch: string, steps: Steps): readonly Pipeline[] | null {
  const lists = listsFor(plan, branch, steps);
  return lists === null ? null : plan.pipelines.filter((_, index) => lists.includes(index));
}

function listsFor(plan: Plan, branch: string, steps: Steps): readonly number[] | null {
  let known = branchLists.get(plan);
  if (known === undefined) {
    known = new Map();
    branchLists.set(plan, known);
  }
  const automaton = automataOf(plan).branches;
  return once(known, branch, steps, () => matchLists(automaton, steps)(branch));
}

/** What was found, and the steps that it took; where they ran out, how many there had been. */
interface Found<T> {
  readonly value: T;
  readonly steps: number;
  readonly end: "found" | "ran_out";
}

type Known<T> = Map<string, Found<T>>;

const branchLists = new WeakMap<Plan, Known<readonly number[] | null>>();
const routes = new WeakMap<Plan, WeakMap<Files, Known<Route>>>();

function routesOf(plan: Plan, files: Files): Known<Route> {
  const ofPlan = routes.get(plan) ?? new WeakMap<Files, Known<Route>>();
  routes.set(plan, ofPlan);
  const known = ofPlan.get(files) ?? new Map<string, Found<Route>>();
  ofPlan.set(files, known);
  return known;
}

/**
 * One look decides several times by the same plan and paths. The steps count each time, so that nothing that
 * is decided depends on what was decided before, but they are taken once.
 */
function once<T>(known: Known<T>, branch: string, steps: Steps, find: () => T): T {
  const before = known.get(branch);
  if (before?.end === "found" && before.steps <= steps.left) {
    steps.left -= before.steps;
    return before.value;
  }
  if (before?.end === "ran_out" && steps.left <= before.steps) {
    steps.left = -1;
    return before.value;
  }
  const had = steps.left;
  const value = find();
  if (known.size >= limit.plan.branches_known) known.clear();
  known.set(
    branch,
    steps.left < 0
      ? { value, steps: had, end: "ran_out" }
      : { value, steps: had - steps.left, end: "found" },
  );
  return value;
}

interface Automata {
  readonly branches: Automaton;
  /** The list of each pipeline by its index, and `exemptList`. */
  readonly paths: Automaton;
}

/** The index of the exempt paths among the lists of a plan; those of pipelines come before it. */
const exemptList = limit.plan.pipelines;

const automata = new WeakMap<Plan, Automata>();

/** A plan is read once for many passes, and so are its patterns. */
function automataOf(plan: Plan): Automata {
  let made = automata.get(plan);
  if (made === undefined) {
    const paths: (readonly string[])[] = plan.pipelines.map((pipeline) => pipeline.paths);
    paths[exemptList] = plan.exempt;
    made = {
      branches: compile(plan.pipelines.map(({ branches }) => branches)),
      paths: compile(Array.from(paths, (globs) => globs ?? [])),
    };
    automata.set(plan, made);
  }
  return made;
}

/** Certain without looking at a path. */
function coversEverything(pipeline: Pipeline): boolean {
  return pipeline.paths.includes("**") && !pipeline.paths.some(isExclude);
}
