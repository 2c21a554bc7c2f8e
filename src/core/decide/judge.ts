// Which plans judge a pull request, and what each of them asks of it.

import { canonical } from "../model/canonical.ts";
import type { Files, Pull, PullFacts } from "../model/fact.ts";
import type { Part, Pipeline, Plan } from "../model/plan.ts";
import type { Reason } from "../model/reason.ts";
import type { Steps } from "../plan/glob.ts";
import { type Route, route } from "../plan/route.ts";
import { placeOf } from "./attempt.ts";

/** A verify part that has to pass. `name` is the pipeline's, with a mark where two plans mean different things by it. */
export interface Required {
  readonly name: string;
  readonly spec: Part;
}

export interface Demand {
  readonly required: readonly Required[];
  /** What each plan says of the base branch and the changed paths. */
  readonly ways: readonly Route[];
  readonly reasons: readonly Reason[];
}

/** A name of a pipeline never contains it. */
const ofDefault = "@default";
const whole: Files = { kind: "unknown", why: "" };

/**
 * What has to pass by `plan`, the plan of the base branch. A gate belongs to its commit, and the same
 * commit can be opened into the default branch a moment later: for any other base, all that the default
 * branch's plan asks of the default branch has to pass as well. Anyone who may push can write a plan on a
 * branch, so one that differs from the default branch's counts for its own branch alone only where it
 * came in through a gate; otherwise both judge.
 */
export function demandOf(question: {
  readonly facts: PullFacts;
  readonly pull: Pull;
  readonly plan: Plan;
  readonly steps: Steps;
}): Demand {
  const { facts, pull, plan, steps } = question;
  const { files } = facts;
  const own = route({ plan, branch: pull.base.ref, files, steps });
  const ways = [own];
  const required = own.pipelines.map(({ name, verify }) => ({ name, spec: verify }));
  const other = planOfDefaultBranch(facts);
  if (other === null) return { required, ways, reasons: [] };

  const { base, defaultBranch } = pull;
  const differs = !isOfDefault(facts);
  const allowed = other.pipelines.map(({ verify }) => placeOf(verify));
  const strange = required.filter(
    ({ spec }) => spec.engine !== "local" && !allowed.includes(placeOf(spec)),
  );
  // Whichever paths changed: what the head holds besides is not known.
  const there = route({ plan: other, branch: defaultBranch, files: whole, steps });
  if (there.coverage === "costly") ways.push(there);
  const asked: Pipeline[] = [...there.pipelines];
  if (differs && facts.gated !== true) {
    const too = route({ plan: other, branch: base.ref, files, steps });
    ways.push(too);
    asked.push(...too.pipelines.filter((one) => !asked.includes(one)));
  }
  const mine = required.filter((one) => !strange.includes(one));
  const more = asked.flatMap(({ name, verify }) => {
    const same = mine.find((one) => one.name === name);
    if (same === undefined) return [{ name, spec: verify }];
    return canonical(same.spec) === canonical(verify)
      ? []
      : [{ name: `${name}${ofDefault}`, spec: verify }];
  });
  const remarks: Reason[] = [];
  if (differs)
    remarks.push({
      code: "plan_differs",
      sentence: `The plan of ${base.ref} is not the one of ${defaultBranch}, so what that asks has to pass too.`,
    });
  else if (more.length > 0)
    remarks.push({
      code: "default_branch_too",
      sentence: `This check counts for the commit, also in a pull request into ${defaultBranch}, so every pipeline of ${defaultBranch} has to pass too.`,
    });
  return {
    required: [...mine, ...more],
    ways,
    reasons: [...strange.map(({ name, spec }) => misplaced(name, spec, pull)), ...remarks],
  };
}

/** Whether some plan's patterns took more steps than there are, so that what it asks is not known. */
export function isCostly({ ways }: Demand): boolean {
  return ways.some(({ coverage }) => coverage === "costly");
}

/** Who may do what, and where production is, is said by the default branch's plan alone. */
export function authority({ defaultPlan }: Pick<PullFacts, "defaultPlan">, own: Plan): Plan {
  return defaultPlan?.kind === "read" && defaultPlan.parse.kind === "valid"
    ? defaultPlan.parse.plan
    : own;
}

/** The default branch's plan, where the base is another branch. */
function planOfDefaultBranch({ defaultPlan }: PullFacts): Plan | null {
  return defaultPlan?.kind === "read" && defaultPlan.parse.kind === "valid"
    ? defaultPlan.parse.plan
    : null;
}

/** Whether the base holds the very file that the default branch holds. */
function isOfDefault({ defaultPlan, plan }: PullFacts): boolean {
  return defaultPlan?.kind === "read" && plan.kind === "read" && plan.blob === defaultPlan.blob;
}

function misplaced(name: string, spec: Part, { base, defaultBranch }: Pull): Reason {
  return {
    code: "plan_place",
    sentence: `The plan of ${base.ref} has ${name}/verify run by ${spec.engine} where the plan of ${defaultBranch} verifies nothing, so it is not started.`,
  };
}
