// Says of a commit why its gate may not be open, by the plans alone and without the program.

import { limit } from "../../src/core/limit.ts";
import { planPath } from "../../src/core/plan.ts";
import type { Pull } from "../../src/sandbox/github/model.ts";
import type { Past } from "./past.ts";
import { isRoad, route, type WrittenPlan } from "./rules.ts";

/** What a reading may be old by, and the time that the looks take which go on together. */
export const old_ms = limit.look.fresh_ms + 10_000;

interface Base {
  readonly ref: string;
  /** Where the plan is read. */
  readonly tip: string;
  /** What the change is compared with. */
  readonly from: string;
  /** Where it is read which branches are roads. */
  readonly mains: readonly string[];
}

export class Judge {
  /** What a write may rest on that is older than that, by the faults of the seed. */
  more_ms = 0;
  readonly #past: Past;

  constructor(past: Past) {
    this.#past = past;
  }

  /** Why the pull request may not pass as things are now; null where it may. */
  whyNot(pull: Pull): string | null {
    const { ref } = pull.base;
    const tip = this.#past.tip(ref);
    const main = this.#past.tip("main");
    if (tip === undefined || main === undefined) return "its base is gone";
    return this.#whyNotUnder(pull, { ref, tip, from: tip, mains: [main] });
  }

  /** The same, as things were at any moment that a reading may be from. */
  whyNotLately(pull: Pull): string | null {
    const since = this.#past.now - old_ms - this.more_ms;
    const mains = this.#past.tips.since("main", since);
    let why: string | null = "it has no base";
    for (const ref of this.#past.bases.since(pull.number, since)) {
      const tips = this.#past.tips.since(ref, since);
      // Plan and paths are two readings, and both can be a little old.
      for (const tip of tips)
        for (const from of tips) {
          why = this.#whyNotUnder(pull, { ref, tip, from, mains });
          if (why === null) return null;
        }
    }
    return why;
  }

  /**
   * Why the landed commit may not pass; null where it may. One that is heard of after a later one has
   * gone out with that, and its paths were judged as part of what the later one brought.
   */
  whyNotReleased(branch: string, sha: string): string | null {
    const past = this.#past;
    const own = past.plan(sha);
    const before = past.before(branch, sha);
    if (before === undefined || past.hasCarrier(sha)) return null;
    if (own === null || own === "broken") return "it has no good plan";
    // A push that was not heard of is part of what the next one brings.
    const tips = past.tips.since(branch, 0);
    const froms = [before, ...tips.slice(0, tips.indexOf(sha))];
    const whys = this.#plansOf(branch, sha, own).flatMap((plan) =>
      froms.map((from) => this.#whyNotLanded({ branch, from, sha, plan })),
    );
    const isOld = tips.some((tip) => past.carries(tip, sha));
    const [why] = whys;
    if (whys.includes(null) || (isOld && why?.kind === "uncovered")) return null;
    return why?.sentence ?? null;
  }

  /** What another branch than main releases is said by main's plan, as it was since or shortly before. */
  #plansOf(branch: string, sha: string, own: WrittenPlan): readonly WrittenPlan[] {
    const past = this.#past;
    if (branch === "main") return [own];
    const since = (past.tips.at(branch, sha) ?? 0) - old_ms - this.more_ms;
    const mains = past.tips.since("main", since).map((main) => past.plan(main));
    const good = mains.filter((plan) => plan !== null && plan !== "broken");
    return good.length > 0 ? good : [own];
  }

  #whyNotUnder(pull: Pull, { ref, tip, from, mains }: Base): string | null {
    const past = this.#past;
    const { sha } = pull.head;
    const files = past.changed(from, sha);
    const proposed = files.includes(planPath) ? past.plan(sha) : undefined;
    const plan = past.plan(tip);
    if (ref !== "main") {
      const whys = mains.map((main) => this.#whyNotOnMain(past.plan(main), { ref, sha }));
      const [why = `main does not call ${ref} a road`] = whys;
      if (why !== null && !whys.includes(null)) return why;
      if (plan === null) return "there is no plan";
    }
    if (plan === null)
      return proposed !== undefined && proposed !== null && proposed !== "broken"
        ? null
        : "there is no plan";
    if (plan === "broken") return "the plan is broken";
    if (proposed === "broken") return "it breaks the plan";
    const routed = route(plan, ref, files);
    if (typeof routed === "string") return routed;
    for (const [pipeline, { verify }] of routed)
      if (!past.hasPassed({ pipeline, part: "verify", sha }, verify))
        return `${pipeline}/verify has not passed`;
    return null;
  }

  /** The gate is the commit's, and counts for main as well: all that main asks for has to have passed too. */
  #whyNotOnMain(
    plan: WrittenPlan | "broken" | null,
    { ref, sha }: { readonly ref: string; readonly sha: string },
  ): string | null {
    if (plan === null || plan === "broken" || !isRoad(plan, ref))
      return `main does not call ${ref} a road`;
    for (const [pipeline, { branches, verify }] of Object.entries(plan.pipelines))
      if (
        branches.includes("main") &&
        !this.#past.hasPassed({ pipeline, part: "verify", sha }, verify)
      )
        return `${pipeline}/verify has not passed by the plan of main`;
    return null;
  }

  #whyNotLanded(landing: {
    readonly branch: string;
    readonly from: string;
    readonly sha: string;
    readonly plan: WrittenPlan;
  }): { readonly kind: "uncovered" | "pending"; readonly sentence: string } | null {
    const { branch, from, sha, plan } = landing;
    const routed = route(plan, branch, this.#past.diff(from, sha));
    if (typeof routed === "string") return { kind: "uncovered", sentence: routed };
    for (const [pipeline, { release }] of routed)
      if (
        release !== undefined &&
        !this.#past.hasPassed({ pipeline, part: "release", sha }, release)
      )
        return { kind: "pending", sentence: `${pipeline}/release has not passed` };
    return null;
  }
}
