// What has happened so far, told from the model of GitHub and the double of the engine alone.

import { diffFiles } from "../../sandbox/github/diff.ts";
import { isAncestor, mergeBase } from "../../sandbox/github/history.ts";
import type { Pull } from "../../sandbox/github/model.ts";
import { filesOf } from "../../sandbox/github/objects.ts";
import type { StartRequest } from "../../src/ports/engine.ts";
import type { DoubleRun } from "../world/engine.ts";
import type { World } from "../world/world.ts";
import { isCopys, isFormer } from "./copies.ts";
import { History } from "./history.ts";
import { isGoverned, planAt, type WrittenPart, type WrittenPlan } from "./rules.ts";

/** The branches that the plans of the simulation speak of. */
export const governedBranches = ["main", "release"] as const;

export class WorldHistory {
  /** By branch. */
  readonly tips = new History<string, string>();
  /** By number of the pull request. */
  readonly bases = new History<number, string>();
  /** Which branch was the default one. */
  readonly defaults = new History<"default", string>();
  /** Commits of which a check run is gone. */
  readonly vanished = new Set<string>();
  /** Whether GitHub carries out writes long after their connections broke. */
  writesLate = false;
  /** Whether a branch may lose what landed there, or the program where it stood. */
  mayLose = false;
  /** The longest time in which nobody looked at anything, in milliseconds. */
  slept_ms = 0;
  /** Whether the app was taken away at some time. */
  wasAway = false;
  /** Whether the repository had another name at some time. */
  wasRenamed = false;
  #startedAt: number | null = null;
  readonly #world: World;
  /** By branch and commit: where the branch was before it. */
  readonly #before = new Map<string, string>();
  /** All runs that there were, also those that the engine has forgotten. */
  readonly #runs = new Map<string, DoubleRun>();
  /** Runs that passed, as they were told to run: they count even when the engine forgets them. */
  readonly #passed = new Map<string, DoubleRun["request"]["run"]>();

  constructor(world: World) {
    this.#world = world;
  }

  /** The repository has another owner from now on. */
  begin(): void {
    this.note();
    this.#startedAt = this.now;
    this.wasAway = true;
    this.wasRenamed = true;
    this.#runs.clear();
    this.#passed.clear();
  }

  /** Whether the commit was on its branch when the owner got the repository, and did not come there later. */
  wasThere(sha: string): boolean {
    const at = this.#startedAt;
    if (at === null || !this.hasLanded(sha)) return false;
    return governedBranches.every((branch) => !this.tips.since(branch, at).slice(1).includes(sha));
  }

  get now(): number {
    return this.#world.clock.now();
  }

  /** After anything happened that moves a branch, a base or a run. */
  note(): void {
    const { shop, engine } = this.#world;
    this.defaults.note("default", shop.data.defaultBranch, this.now);
    for (const [ref, sha] of shop.data.refs) {
      if (!ref.startsWith("heads/")) continue;
      const branch = ref.slice("heads/".length);
      const before = this.tips.note(branch, sha, this.now);
      if (before !== undefined) this.#before.set(`${branch} ${sha}`, before);
    }
    for (const pull of shop.data.pulls.values())
      this.bases.note(pull.number, pull.base.ref, this.now);
    for (const run of engine.all()) {
      if (isCopys(this.#world, run.request) || isFormer(this.#world, run.request)) continue;
      const { key } = run.request.run;
      this.#runs.set(key, run);
      if (run.state === "succeeded" && run.stages.every(({ state }) => state === "succeeded"))
        this.#passed.set(key, run.request.run);
    }
  }

  // ------------------------------------------------------------ branches

  tip(branch: string): string | undefined {
    return this.#world.shop.data.refs.get(`heads/${branch}`);
  }

  /** Where the branch was when it got the commit; undefined where it was there from the start. */
  before(branch: string, sha: string): string | undefined {
    return this.#before.get(`${branch} ${sha}`);
  }

  /** Whether the commit landed on a branch of the plan at some time, and so has a verdict of its own. */
  hasLanded(sha: string): boolean {
    return governedBranches.some((branch) => this.tips.ever(branch, (tip) => tip === sha));
  }

  /** The tip of the branch, where it landed and the branch has been governed for that long before; else null. */
  landing(branch: string, long_ms: number): string | null {
    const tip = this.tip(branch);
    const at = this.tips.latestAt(branch);
    if (tip === undefined || at === null || this.before(branch, tip) === undefined) return null;
    // What came before anybody could ask where a branch stands that was created counts as what it held at first.
    const [created, second] = this.tips.since(branch, 0);
    const isFirst = tip === created || (second === tip && this.before(branch, tip) === created);
    if (branch === "release" && isFirst) return null;
    const mains = this.mains(at - long_ms);
    return mains.every(({ sha }) => isGoverned(this.plan(sha), branch)) ? tip : null;
  }

  /** Where the default branch has been since then, whichever that was. */
  mains(since: number): readonly { readonly branch: string; readonly sha: string }[] {
    return this.defaults
      .since("default", since)
      .flatMap((branch) => this.tips.since(branch, since).map((sha) => ({ branch, sha })));
  }

  /** Whether the default branch has no plan now. */
  isWithoutPlan(): boolean {
    return this.plan(this.#world.shop.tip()) === null;
  }

  /** Whether any base was without a plan for a while: commands are not answered there. */
  everWithoutPlan(): boolean {
    return governedBranches.some((branch) =>
      this.tips.ever(branch, (tip) => this.plan(tip) === null),
    );
  }

  // ------------------------------------------------------------ commits

  plan(sha: string): WrittenPlan | "broken" | null {
    return planAt(this.#world.shop.data.store, sha);
  }

  /** The paths that differ between the head and where it left the other. */
  changed(from: string, head: string): readonly string[] {
    const base = mergeBase(this.#world.shop.data.store, from, head);
    return base === undefined ? [] : this.diff(base, head);
  }

  diff(from: string, to: string): readonly string[] {
    const { store } = this.#world.shop.data;
    return diffFiles(filesOf(store, from), filesOf(store, to)).map(({ path }) => path);
  }

  carries(later: string, sha: string): boolean {
    return later !== sha && isAncestor(this.#world.shop.data.store, sha, later);
  }

  /** What the later one has and the earlier one has not, itself among them. */
  between(earlier: string, later: string): readonly string[] {
    const { store } = this.#world.shop.data;
    const found = new Set<string>();
    const waiting = [later];
    for (let sha = waiting.pop(); sha !== undefined; sha = waiting.pop()) {
      if (found.has(sha) || sha === earlier || isAncestor(store, sha, earlier)) continue;
      found.add(sha);
      waiting.push(...(store.commits.get(sha)?.parents ?? []));
    }
    return [...found];
  }

  /** Whether a branch was moved back to the commit at some time. */
  cameBack(sha: string): boolean {
    return governedBranches.some((branch) => {
      const tips = this.tips.since(branch, 0);
      return tips.indexOf(sha) !== tips.lastIndexOf(sha);
    });
  }

  /** Whether a branch that was at the newer commit came to the older one after that: somebody moved it back. */
  cameAgain(older: string, newer: string): boolean {
    return governedBranches.some((branch) => {
      const tips = this.tips.since(branch, 0);
      return tips.lastIndexOf(older) > tips.indexOf(newer) && tips.includes(newer);
    });
  }

  // ------------------------------------------------------------ runs

  hasPassed(
    what: { readonly pipeline: string; readonly part: "verify" | "release"; readonly sha: string },
    as: WrittenPart,
  ): boolean {
    const stages = as.stages.map(({ name, run }) => [name, run]);
    return [...this.#passed.values()].some(
      ({ pipeline, part, sha, spec }) =>
        // What the default branch's plan means by the name, where the base's plan means something else.
        [what.pipeline, `${what.pipeline}@default`].includes(pipeline) &&
        part === what.part &&
        sha === what.sha &&
        isSame(
          spec.stages.map((stage) => [stage.name, "run" in stage ? stage.run : undefined]),
          stages,
        ),
    );
  }

  /** The commit that the pipeline released last; null where none was, or where a later release came to another end. */
  lastReleased(pipeline: string): string | null {
    const last = [...this.#runs.values()]
      .filter(({ request: { run } }) => run.part === "release" && run.pipeline === pipeline)
      .at(-1);
    return last?.state === "succeeded" ? last.request.run.sha : null;
  }

  /** Whether a later commit that carries this one was released. */
  hasCarrier(sha: string): boolean {
    return [...this.#passed.values()].some(
      (run) => run.part === "release" && this.carries(run.sha, sha),
    );
  }

  /** Whether nothing that was to run last for the pull request's head came to another end than success. */
  isSpotless({ number, head }: Pull): boolean {
    const { engine } = this.#world;
    const last = new Map<string, DoubleRun>();
    for (const run of this.#runs.values()) {
      const { attempt, part, sha } = run.request.run;
      if (run.request.pull !== number || part !== "verify" || sha !== head.sha) continue;
      const place = partOf(run.request);
      const before = last.get(place)?.request.run.attempt ?? 0;
      if (attempt > before) last.set(place, run);
    }
    const there = new Set(engine.all());
    // Under whatever name the repository had.
    const parts = new RegExp(`^start pull:[^#]*#${number}\\|`);
    // What the engine would not start never ran.
    const refused = [...engine.calls.keys()]
      .filter((call) => parts.test(call) && call.includes(`|${head.sha}|`))
      .filter((call) => !engine.runs.has(call.slice("start ".length)));
    const ended = [...last.values()].every(
      (run) => run.state === "succeeded" && isInTime(run) && there.has(run),
    );
    // What never began may have passed its deadline.
    if (this.slept_ms >= deadline_ms) return false;
    return ended && refused.length === 0;
  }
}

/** The plans name none. */
const deadline_ms = 2 * 60 * 60_000;

/** What comes to its end after its deadline has not passed. */
function isInTime({ request, stages, endedAt }: DoubleRun): boolean {
  const started = stages[0]?.startedAt ?? 0;
  return (endedAt ?? 0) - started < request.run.spec.deadline_ms;
}

/** What the run is of, whatever its repository was called: its key without the attempt and the generation. */
export function partOf({ run, repository }: StartRequest): string {
  const [subject = "", ...rest] = run.key.split("|").slice(0, -2);
  return [repository.id, subject.replace(/:[^#@]*/, ":"), ...rest].join("|");
}

/** The key of the run before that one. */
export function beforeOf(key: string): string {
  const [attempt, generation] = key.split("|").slice(-2);
  const part = key.split("|").slice(0, -2).join("|");
  return `${part}|${Number(attempt) - 1}|${generation}`;
}

export function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
