// What stands against a release, and what is said of its paths.

import type { CommitFacts } from "../model/fact.ts";
import type { Pipeline, Plan } from "../model/plan.ts";
import { isSamePlace, mayBeRenamed } from "../model/production-place.ts";
import type { Reason } from "../model/reason.ts";
import type { Route } from "../plan/route.ts";
import { overtaken, ownPlace } from "./carrier.ts";
import { uncovered, unlisted } from "./verify.ts";

/** One release in a place at a time, in the order in which the commits landed; who asks is no matter. */
export function holdOf(facts: CommitFacts, plan: Plan, pipeline: Pipeline): Reason | null {
  const after = overtaken(facts, plan, pipeline);
  if (after !== null) return after;
  const own = ownPlace(pipeline);
  const busy = facts.busy.find((other) => {
    const place = { pipeline: other.pipeline, at: other.at ?? "" };
    return isSamePlace(own, place) || mayBeRenamed(own, place, plan);
  });
  if (busy !== undefined)
    return {
      code: "release_waits",
      sentence: busy.isRollback
        ? `${short(busy.sha)} is being rolled back in ${busy.pipeline}.`
        : `${busy.pipeline}/release of ${short(busy.sha)} is still running.`,
    };
  const earlier = facts.waiting[0];
  if (earlier === undefined) return null;
  return {
    code: "release_waits",
    sentence: `An earlier commit of ${facts.subject.branch} has no verdict yet (${earlier.replace(/^commit:/, "")}).`,
  };
}

export function routeReasons(facts: CommitFacts, way: Route): readonly Reason[] {
  if (!way.branchCovered)
    return [
      {
        code: "branch_uncovered",
        sentence: `The plan at ${short(facts.subject.sha)} has no pipeline for ${facts.subject.branch}.`,
      },
    ];
  switch (way.coverage) {
    case "all":
      return [];
    case "exempt":
      return [{ code: "exempt", sentence: "Every changed path is exempt by the plan." }];
    case "uncovered":
      return [uncovered(way.uncovered)];
    case "unknown":
      // A push whose paths GitHub does not list is released by every pipeline of its branch.
      return facts.files.kind === "cut" ? [] : [unlisted(facts.files)];
    default:
      return [];
  }
}

export function short(sha: string): string {
  return sha.slice(0, 7);
}
