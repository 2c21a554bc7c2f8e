// What is true, told from the model of GitHub and the double of the engine alone, without the program.

import { limit } from "../../src/core/limit.ts";
import { planPath } from "../../src/core/plan.ts";
import { diffFiles } from "../../src/sandbox/github/diff.ts";
import { isAncestor, mergeBase } from "../../src/sandbox/github/history.ts";
import type { CheckRun, Pull } from "../../src/sandbox/github/model.ts";
import { filesOf } from "../../src/sandbox/github/objects.ts";
import type { DoubleRun } from "../world/engine.ts";
import type { World } from "../world/world.ts";
import { History } from "./history.ts";
import { isRoad, planAt, route, type WrittenPart, type WrittenPlan } from "./rules.ts";

/** What a reading may be old by, and the time that the looks take which go on together. */
const old_ms = limit.look.fresh_ms + 10_000;

/** The branches that the plans of the simulation speak of. */
export const roads = ["main", "release"] as const;

export class Truth {
  readonly problems: string[] = [];
  readonly #world: World;
  readonly #tips = new History<string, string>();
  readonly #bases = new History<number, string>();
  /** By branch and commit: where the branch was before it. */
  readonly #before = new Map<string, string>();
  /** Commits of forks that somebody who may has named. */
  readonly #allowed = new Set<string>();
  /** Commits whose gate was opened with good reason. */
  readonly #justified = new Set<string>();
  /** All runs that there were, also those that the engine has forgotten. */
  readonly #runs = new Map<string, DoubleRun>();
  /** Runs that passed, as they were told to run: they count even when the engine forgets them. */
  readonly #passed = new Map<string, DoubleRun["request"]["run"]>();

  constructor(world: World) {
    this.#world = world;
  }

  // ------------------------------------------------------------ what happens

  /** After anything happened that moves a branch, a base or a run. */
  note(): void {
    const { shop, clock, engine } = this.#world;
    const at = clock.now();
    for (const [ref, sha] of shop.data.refs) {
      if (!ref.startsWith("heads/")) continue;
      const branch = ref.slice("heads/".length);
      const before = this.#tips.note(branch, sha, at);
      if (before !== undefined) this.#before.set(`${branch} ${sha}`, before);
    }
    for (const pull of shop.data.pulls.values()) this.#bases.note(pull.number, pull.base.ref, at);
    for (const run of engine.all()) {
      const { key } = run.request.run;
      this.#runs.set(key, run);
      if (run.state === "succeeded" && run.stages.every(({ state }) => state === "succeeded"))
        this.#passed.set(key, run.request.run);
    }
  }

  /** Somebody who may has asked for a commit of a fork. */
  allow(sha: string): void {
    this.#allowed.add(sha);
  }

  /** A merge that GitHub allowed to somebody whom the protection binds. */
  merged(pull: Pull, head: string): void {
    if (!this.#justified.has(head))
      this.problems.push(`#${pull.number} was merged with ${head.slice(0, 7)}, which never passed`);
  }

  /** Holds a request that GitHub has just carried out against what is true. */
  observe(request: { method: string; url: string; body?: unknown }): void {
    if (request.method === "GET" || !request.url.includes("/check-runs")) return;
    const { conclusion } = (request.body ?? {}) as { conclusion?: string };
    const run = this.#written(request);
    if (run === undefined || run.name !== "interlock" || conclusion !== "success") return;
    if (this.gate(run.headSha)?.conclusion !== "success") return;
    this.note();
    const wrong = this.#whyNotGreen(run);
    if (wrong === null) this.#justified.add(run.headSha);
    else
      this.problems.push(
        `the gate of ${run.headSha.slice(0, 7)} opened for ${run.externalId}: ${wrong}`,
      );
  }

  // ------------------------------------------------------------ what must hold at every moment

  check(): void {
    this.#checkRuns();
    const { shop, github } = this.#world;
    for (const run of shop.data.runs.values()) {
      if (run.suite.app !== github.app || run.status !== "completed") continue;
      const allowed = ["success", "failure", "action_required"];
      if (run.name !== "interlock") allowed.push("cancelled");
      if (!allowed.includes(run.conclusion ?? ""))
        this.problems.push(`${run.name} ended as ${run.conclusion}`);
    }
  }

  #checkRuns(): void {
    const { engine, shop } = this.#world;
    const live = new Set<string>();
    for (const { request } of engine.live()) {
      const part = partOf(request.run.key);
      if (live.has(part)) this.problems.push(`two runs of ${part} are under way`);
      live.add(part);
    }
    const causes = new Set<string>();
    for (const { request } of engine.all()) {
      const { key, attempt, cause, spec } = request.run;
      const asked = `${cause} of ${partOf(key)}`;
      if (cause !== "auto" && causes.has(asked)) this.problems.push(`${asked} was run twice`);
      causes.add(asked);
      const before = engine.runs.get(`${partOf(key)}|${attempt - 1}`);
      if (cause !== "auto" || before === undefined || !isSame(before.request.run.spec, spec))
        continue;
      if (before.state === "succeeded" || before.state === "failed")
        this.problems.push(`${key} began by itself, though the one before had ${before.state}`);
    }
    for (const pull of shop.data.pulls.values()) {
      if (pull.head.repository === pull.base.repository) continue;
      const { sha } = pull.head;
      if (engine.all({ sha }).length > 0 && !this.#allowed.has(sha))
        this.problems.push(`${sha.slice(0, 7)} of a fork runs though nobody named it`);
    }
  }

  // ------------------------------------------------------------ questions

  gate(sha: string): CheckRun | undefined {
    return [...this.#world.shop.data.runs.values()]
      .filter(({ name, headSha }) => name === "interlock" && headSha === sha)
      .sort((a, b) => a.id - b.id)
      .at(-1);
  }

  /** Whether the commit landed on a branch of the plan at some time, and so has a verdict of its own. */
  hasLanded(sha: string): boolean {
    return roads.some((branch) => this.#tips.ever(branch, (tip) => tip === sha));
  }

  /** The tip of the branch, where it landed and the branch has been a road ever since; else null. */
  landing(branch: string): string | null {
    const tip = this.#world.shop.tip(branch);
    const at = this.#tips.latestAt(branch);
    if (at === null || !this.#before.has(`${branch} ${tip}`)) return null;
    const plans = this.#tips.since("main", at - old_ms).map((main) => this.#plan(main));
    return plans.every((plan) => isRoad(plan, branch)) ? tip : null;
  }

  /** Whether the default branch has no plan now. */
  isWithoutPlan(): boolean {
    return this.#plan(this.#world.shop.tip()) === null;
  }

  /** Whether any base was without a plan for a while: commands are not answered there. */
  everWithoutPlan(): boolean {
    return roads.some((branch) => this.#tips.ever(branch, (tip) => this.#plan(tip) === null));
  }

  /** Whether nothing that ran last for the pull request's head came to another end than success. */
  isSpotless({ number, head }: Pull): boolean {
    const last = new Map<string, DoubleRun>();
    for (const run of this.#runs.values()) {
      const { key, attempt, part, sha } = run.request.run;
      if (run.request.pull !== number || part !== "verify" || sha !== head.sha) continue;
      const before = last.get(partOf(key))?.request.run.attempt ?? 0;
      if (attempt > before) last.set(partOf(key), run);
    }
    const there = new Set(this.#world.engine.all());
    return [...last.values()].every((run) => run.state === "succeeded" && there.has(run));
  }

  /** Why the pull request may not pass as things are now; null where it may. */
  whyNot(pull: Pull): string | null {
    const tip = this.#world.shop.data.refs.get(`heads/${pull.base.ref}`);
    if (tip === undefined) return "its base is gone";
    const main = [this.#world.shop.tip()];
    return this.#whyNotUnder(pull, { ref: pull.base.ref, tip, from: tip, main });
  }

  /**
   * Why the landed commit may not pass; null where it may. One that is heard of after a later one has
   * gone out with that, and its paths were judged as part of what the later one brought.
   */
  whyNotReleased(branch: string, sha: string): string | null {
    const plan = this.#plan(sha);
    const before = this.#before.get(`${branch} ${sha}`);
    const releases = [...this.#passed.values()].filter(({ part }) => part === "release");
    const carriers = releases.filter((run) => this.#carries(run.sha, sha));
    if (before === undefined || carriers.length > 0) return null;
    if (plan === null || plan === "broken") return "it has no good plan";
    const routed = route(plan, branch, this.#diff(before, sha));
    const isOld = this.#tips.ever(branch, (tip) => this.#carries(tip, sha));
    if (typeof routed === "string") return isOld ? null : routed;
    for (const [name, { release }] of routed)
      if (release !== undefined && !this.#hasPassed(name, "release", sha, release))
        return `${name}/release has not passed`;
    return null;
  }

  // ------------------------------------------------------------ how it is found out

  #written(request: { method: string; url: string; body?: unknown }): CheckRun | undefined {
    const runs = [...this.#world.shop.data.runs.values()];
    const id = /\/check-runs\/(\d+)$/.exec(request.url)?.[1];
    return id === undefined ? runs.at(-1) : runs.find((run) => run.id === Number(id));
  }

  #whyNotGreen(run: CheckRun): string | null {
    const [, number] = /^pull:.*#(\d+)$/.exec(run.externalId) ?? [];
    if (number === undefined)
      return this.whyNotReleased(run.externalId.split(":").at(-1) ?? "", run.headSha);
    const pull = this.#world.shop.data.pulls.get(Number(number));
    if (pull === undefined) return "there is no such pull request";
    return this.#whyNotLately({ ...pull, head: { ...pull.head, sha: run.headSha } });
  }

  /** As things were at any moment that a reading may be from. */
  #whyNotLately(pull: Pull): string | null {
    const since = this.#world.clock.now() - old_ms;
    const main = this.#tips.since("main", since);
    let why: string | null = "it has no base";
    // Plan and paths are two readings, and both can be a little old.
    for (const ref of this.#bases.since(pull.number, since))
      for (const tip of this.#tips.since(ref, since))
        for (const from of this.#tips.since(ref, since)) {
          why = this.#whyNotUnder(pull, { ref, tip, from, main });
          if (why === null) return null;
        }
    return why;
  }

  #whyNotUnder(
    pull: Pull,
    base: {
      readonly ref: string;
      /** Where the plan is read. */
      readonly tip: string;
      /** What the change is compared with. */
      readonly from: string;
      readonly main: readonly string[];
    },
  ): string | null {
    const { sha } = pull.head;
    const { ref, tip, from, main } = base;
    const files = this.#changed(from, sha);
    const proposed = files.includes(planPath) ? this.#plan(sha) : undefined;
    const plan = this.#plan(tip);
    if (ref !== "main") {
      if (!main.some((one) => isRoad(this.#plan(one), ref)))
        return `main does not call ${ref} a road`;
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
    for (const [name, { verify }] of routed)
      if (!this.#hasPassed(name, "verify", sha, verify)) return `${name}/verify has not passed`;
    return null;
  }

  #carries(later: string, sha: string): boolean {
    return later !== sha && isAncestor(this.#world.shop.data.store, sha, later);
  }

  #hasPassed(pipeline: string, part: "verify" | "release", sha: string, as: WrittenPart): boolean {
    return [...this.#passed.values()].some(
      (run) =>
        run.pipeline === pipeline &&
        run.part === part &&
        run.sha === sha &&
        isSame(
          run.spec.stages.map((stage) => [stage.name, "run" in stage && stage.run]),
          as.stages.map((stage) => [stage.name, stage.run]),
        ),
    );
  }

  #plan(sha: string): WrittenPlan | "broken" | null {
    return planAt(this.#world.shop.data.store, sha);
  }

  #changed(tip: string, head: string): readonly string[] {
    const base = mergeBase(this.#world.shop.data.store, tip, head);
    return base === undefined ? [] : this.#diff(base, head);
  }

  #diff(from: string, to: string): readonly string[] {
    const { store } = this.#world.shop.data;
    return diffFiles(filesOf(store, from), filesOf(store, to)).map(({ path }) => path);
  }
}

/** The key of a run without the attempt. */
function partOf(key: string): string {
  return key.slice(0, key.lastIndexOf("|"));
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
