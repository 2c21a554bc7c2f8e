// How a landed commit stands to the others of its branch: what keeps it from being released, and which one carries it.

import type { CommitFacts, Landed } from "../model/fact.ts";
import type { Pipeline, Plan } from "../model/plan.ts";
import {
  isSamePlace,
  mayBeRenamed,
  type ProductionPlace,
  productionPlace,
} from "../model/production-place.ts";
import type { Reason, ReasonCode } from "../model/reason.ts";

/** Why nothing is started for the commit, whatever is asked; null where nothing stands against it. */
export function barOf({ landing, subject }: CommitFacts): Reason | null {
  const { branch } = subject;
  switch (landing?.kind) {
    case undefined:
    case "landed":
      return null;
    case "first":
      return {
        code: "first_seen",
        sentence: `${branch} was seen for the first time with this commit, so it is not released.`,
      };
    case "old":
      return {
        code: "landed_late",
        sentence: `${branch} had moved past this commit${at(landing.tip)} before it was heard of, so it is not released.`,
      };
    case "gone":
      return {
        code: "landing_gone",
        sentence: `${branch} does not hold this commit any more${at(landing.tip)}, so it is not released.`,
      };
    case "unknown":
      return {
        code: "landing_unknown",
        sentence: `Whether ${branch} still holds this commit could not be read: ${landing.why}`,
      };
  }
}

/** A later commit that was released by the pipeline, and what came of it. */
export function overtaken(facts: CommitFacts, plan: Plan, pipeline: Pipeline): Reason | null {
  const own = ownPlace(pipeline);
  const isOut = isInForce(facts, pipeline.name) === false;
  const isThere = (place: ProductionPlace) =>
    isSamePlace(own, place) || (isOut && mayBeRenamed(own, place, plan));
  const { landing } = facts;
  // A branch that was put back to this commit has lost what the others brought.
  const later = landing?.kind === "landed" && landing.isTip ? [] : [...facts.newer].reverse();
  const holders = landing?.kind === "landed" ? [] : facts.holders;
  const carrier = [...later, ...holders].find((one) => placesOf(one).some(isThere));
  if (carrier === undefined) return null;
  return {
    code: codeOf(carrier),
    sentence: `${pipeline.name}/release carries this commit with the later ${short(carrier.sha)}.`,
  };
}

/** Where its release goes by the plan. */
export function ownPlace({ name, release }: Pipeline): ProductionPlace {
  return release === null ? { pipeline: name, at: "" } : productionPlace(name, release);
}

function placesOf({ places, released }: Landed): readonly ProductionPlace[] {
  return places ?? released.map((pipeline) => ({ pipeline, at: "" }));
}

/** Whether the default branch's plan has the pipeline now; null where that is not known. */
function isInForce({ defaultPlan }: CommitFacts, name: string): boolean | null {
  if (defaultPlan.kind !== "read" || defaultPlan.parse.kind !== "valid") return null;
  return defaultPlan.parse.plan.pipelines.some((one) => one.name === name);
}

/** The commit that brought one which was heard of late, where its branch is past it and that one has a verdict. */
export function broughtBy({ landing, holders }: CommitFacts): Reason | null {
  const bringer = landing?.kind === "old" ? holders.at(-1) : undefined;
  if (bringer === undefined || bringer.verdict === null) return null;
  return {
    code: codeOf(bringer),
    sentence: `This commit was heard of after the later ${short(bringer.sha)}, which brought it and is judged for both.`,
  };
}

function codeOf({ verdict }: Landed): ReasonCode {
  switch (verdict) {
    case "success":
      return "carried";
    case "failure":
    case "action_required":
      return "carrier_failed";
    case "in_progress":
    case null:
      return "carrying";
  }
}

function at(tip: string | null): string {
  return tip === null ? "" : `, to ${short(tip)},`;
}

function short(sha: string): string {
  return sha.slice(0, 7);
}
