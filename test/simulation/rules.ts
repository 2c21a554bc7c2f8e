// What a plan asks of a change, told without the program. Knows only what the plans of the simulation use.

import { blobOf, filesOf, type GitStore } from "../../sandbox/github/objects.ts";
import { planPath } from "../../src/core/model/plan.ts";

/** A plan as `planText` writes it. */
export interface WrittenPlan {
  readonly exempt?: readonly string[];
  readonly pipelines: Readonly<Record<string, WrittenPipeline>>;
}
export interface WrittenPipeline {
  readonly branches: readonly string[];
  readonly paths: readonly string[];
  readonly verify: WrittenPart;
  readonly release?: WrittenPart;
}
export interface WrittenPart {
  readonly stages: readonly { readonly name: string; readonly run?: string }[];
}

/** Null where there is none. */
export function planAt(store: GitStore, sha: string): WrittenPlan | "broken" | null {
  const entry = filesOf(store, sha).get(planPath);
  if (entry === undefined) return null;
  try {
    return JSON.parse(blobOf(store, entry.sha).toString("utf8")) as WrittenPlan;
  } catch {
    return "broken";
  }
}

export function isGoverned(plan: WrittenPlan | "broken" | null, branch: string): boolean {
  if (plan === null || plan === "broken") return false;
  return Object.values(plan.pipelines).some(({ branches }) => branches.includes(branch));
}

/** The pipelines that a change has to pass, or why it cannot. */
export function route(
  plan: WrittenPlan,
  branch: string,
  files: readonly string[],
): readonly (readonly [string, WrittenPipeline])[] | string {
  const ofBranch = Object.entries(plan.pipelines).filter(([, { branches }]) =>
    branches.includes(branch),
  );
  if (ofBranch.length === 0) return `no pipeline is for ${branch}`;
  if (files.length === 0) return ofBranch;
  const exempt = plan.exempt ?? [];
  const relevant = files.filter(
    (path) => path !== planPath && !exempt.some((pattern) => matches(pattern, path)),
  );
  const uncovered = relevant.filter(
    (path) => !ofBranch.some(([, { paths }]) => paths.some((pattern) => matches(pattern, path))),
  );
  if (uncovered.length > 0) return `nothing covers ${uncovered.join(", ")}`;
  if (files.includes(planPath)) return ofBranch;
  return ofBranch.filter(([, { paths }]) =>
    relevant.some((path) => paths.some((pattern) => matches(pattern, path))),
  );
}

/** Of patterns only `**` and `dir/**`. */
function matches(pattern: string, path: string): boolean {
  return pattern === "**" || path.startsWith(pattern.slice(0, -"**".length));
}
