// Says of a commit why its gate may not be open, by the plans alone and without the program.

import type { Pull } from "../../sandbox/github/model.ts";
import { limit } from "../../src/core/model/limit.ts";
import { planPath } from "../../src/core/model/plan.ts";
import { isSame, type WorldHistory } from "./past.ts";
import { isGoverned, route, type WrittenPlan } from "./rules.ts";

/** What a reading may be old by, and the time that the looks take which go on together. */
export const old_ms = limit.look.fresh_ms + 10_000;

interface Base {
  readonly ref: string;
  /** Where the plan is read. */
  readonly tip: string;
  /** What the change is compared with. */
  readonly from: string;
  /** The default branch, which says which branches are governed. */
  readonly mains: ReturnType<WorldHistory["mains"]>;
}

export class Judge {
  /** What a write may rest on that is older than that, by the faults of the seed. */
  more_ms = 0;
  readonly #past: WorldHistory;

  constructor(past: WorldHistory) {
    this.#past = past;
  }

  /** Why the pull request may not pass as things are now; null where it may. */
  whyNot(pull: Pull): string | null {
    const { ref } = pull.base;
    const tip = this.#past.tip(ref);
    if (tip === undefined) return "its base is gone";
    const mains = this.#past.mains(this.#past.now).slice(-1);
    return this.#whyNotUnder(pull, { ref, tip, from: tip, mains });
  }

  /** Whether the plan of its base differs from that of the default branch, which asks for more then: `plan_differs`. */
  isUnderTwoPlans({ base: { ref } }: Pull): boolean {
    const [main] = this.#past.mains(this.#past.now).slice(-1);
    const tip = this.#past.tip(ref);
    if (main === undefined || tip === undefined || main.branch === ref) return false;
    return !isSame(this.#past.plan(tip), this.#past.plan(main.sha));
  }

  /** The same, as things were at any moment that a reading may be from. */
  whyNotLately(pull: Pull): string | null {
    const since = this.#past.now - old_ms - this.more_ms;
    const mains = this.#past.mains(since);
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
    const later = tips.filter((tip) => past.carries(tip, sha));
    const [why] = whys;
    if (whys.includes(null) || (later.length > 0 && why?.kind === "uncovered")) return null;
    // What the later one brings may be less than what this one brought alone: it takes some of that back.
    const isBrought = later.some((tip) =>
      this.#plansOf(branch, tip, own).some((plan) =>
        froms.some((from) => this.#whyNotLanded({ branch, from, sha: tip, plan }) === null),
      ),
    );
    if (isBrought) return null;
    return why?.sentence ?? null;
  }

  /** What another branch than the default one releases is said by that one's plan, as it was since or shortly before. */
  #plansOf(branch: string, sha: string, own: WrittenPlan): readonly WrittenPlan[] {
    const past = this.#past;
    const since = (past.tips.at(branch, sha) ?? 0) - old_ms - this.more_ms;
    const mains = past.mains(since);
    const good = mains
      .filter((main) => main.branch !== branch)
      .map((main) => past.plan(main.sha))
      .filter((plan) => plan !== null && plan !== "broken");
    const isMain = mains.some((main) => main.branch === branch);
    return isMain || good.length === 0 ? [own, ...good] : good;
  }

  #whyNotUnder(pull: Pull, { ref, tip, from, mains }: Base): string | null {
    const past = this.#past;
    const { sha } = pull.head;
    const files = past.changed(from, sha);
    const proposed = files.includes(planPath) ? past.plan(sha) : undefined;
    const plan = past.plan(tip);
    const whys = mains.map((main) => this.#whyNotOnMain(main, { ref, sha }));
    const [why = "there is no default branch"] = whys;
    if (why !== null && !whys.includes(null)) return why;
    if (plan === null && mains.every(({ branch }) => branch !== ref)) return "there is no plan";
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

  /** The gate is the commit's, and counts for the default branch too: all that it asks for has to have passed. */
  #whyNotOnMain(
    main: Base["mains"][number],
    { ref, sha }: { readonly ref: string; readonly sha: string },
  ): string | null {
    const plan = this.#past.plan(main.sha);
    if (main.branch === ref) return null;
    if (plan === null || plan === "broken" || !isGoverned(plan, ref))
      return `${main.branch} does not call ${ref} governed`;
    for (const [pipeline, { branches, verify }] of Object.entries(plan.pipelines))
      if (
        branches.includes(main.branch) &&
        !this.#past.hasPassed({ pipeline, part: "verify", sha }, verify)
      )
        return `${pipeline}/verify has not passed by the plan of ${main.branch}`;
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
