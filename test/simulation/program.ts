// A random program on the world: people, engines, the clock and faults act in turn, as a seed decides.

import { work } from "../../src/flow/work.ts";
import type { Job } from "../../src/port.ts";
import { Broken } from "../world/ports.ts";
import type { WorldPull } from "../world/pull.ts";
import type { World } from "../world/world.ts";
import { Crowd } from "./crowd.ts";
import { Dice } from "./random.ts";
import type { Truth } from "./truth.ts";
import { Turnstile } from "./turnstile.ts";

/** What goes wrong in our own house. */
export interface Mishaps {
  /** How often the process dies during a look. */
  dies: number;
  /** How often the database fails, by call of a look and by delivery. */
  storeFails: number;
  /** How often something happens between two calls of a look. */
  meanwhile: number;
}

export class Program {
  readonly mishaps: Mishaps;
  readonly #world: World;
  readonly #truth: Truth;
  readonly #crowd: Crowd;
  readonly #story: string[];
  readonly #turnstile = new Turnstile();
  readonly #seed: Dice;
  #dice = new Dice(0);
  /** Jobs that were taken and not begun. */
  #taken: Job[] = [];

  constructor(with_: {
    readonly world: World;
    readonly truth: Truth;
    readonly dice: Dice;
    readonly mishaps: Mishaps;
    /** What was done, for whoever has to find out why. */
    readonly story: string[];
  }) {
    this.mishaps = with_.mishaps;
    this.#world = with_.world;
    this.#truth = with_.truth;
    this.#seed = with_.dice;
    this.#story = with_.story;
    this.#crowd = new Crowd(this.#world, this.#truth, (what) => this.#say(what));
    this.#turnstile.meanwhile = () => this.#meanwhile();
  }

  get pulls(): readonly WorldPull[] {
    return this.#crowd.pulls;
  }

  /** One thing happens, and some of what it leads to. What it is depends on the number alone. */
  async step(number: number): Promise<void> {
    this.#throw(number);
    const act = this.#dice.weighted<() => unknown>([
      [90, () => this.#crowd.act(this.#dice)],
      [8, () => this.#timePasses()],
      [2, () => this.#sweeps()],
      [1, () => this.#restart()],
    ]);
    this.#world.clock.advance(this.#dice.below(3_000));
    await act();
    for (let rounds = this.#dice.below(5); rounds > 0; rounds -= 1) await this.#lookSome();
  }

  /** Until nothing waits and nothing is due. */
  async settle(): Promise<void> {
    const { store } = this.#world;
    this.#throw(settling);
    for (let round = 0; round < rounds_max; round += 1) {
      await this.#hear();
      await store.wakeDue();
      await this.#take();
      if (this.#taken.length === 0) return;
      await this.#work(this.#choose(1 + this.#dice.below(3)));
    }
    throw new Error("The world does not settle");
  }

  /** Lets time pass, stopping wherever something is due. */
  async advance(ms: number): Promise<void> {
    const { store, clock } = this.#world;
    const end = clock.now() + ms;
    for (;;) {
      await this.settle();
      const next = await store.wakeDue();
      if (next === null || next > end) break;
      clock.advance(Math.max(1, next - clock.now()));
    }
    clock.advance(Math.max(0, end - clock.now()));
    await this.settle();
  }

  async sweep(): Promise<void> {
    if (this.#world.ports === undefined) throw new Error("Interlock is not up");
    await this.#world.sweepWith(this.#world.ports);
    await this.settle();
  }

  /** One or more looks are made side by side. */
  async #lookSome(): Promise<void> {
    if (this.#dice.chance(0.8)) await this.#hear();
    if (this.#dice.chance(0.7)) await this.#world.store.wakeDue();
    await this.#take();
    const together = this.#dice.weighted([
      [5, 1],
      [4, 2],
      [1, 3],
    ]);
    const jobs = this.#choose(together);
    if (jobs.length === 0) return;
    if (this.#dice.chance(this.mishaps.dies)) this.#turnstile.fuse = this.#dice.below(60);
    await this.#work(jobs);
  }

  async #work(jobs: readonly Job[]): Promise<void> {
    const { ports, queue, clock } = this.#world;
    if (ports === undefined) throw new Error("Interlock is not up");
    clock.advance(10);
    const guarded = this.#turnstile.ports(ports);
    this.#turnstile.storeFails = this.mishaps.storeFails;
    const looks = jobs.map((job) => work(guarded, job));
    const results = Promise.allSettled(looks);
    const end = await this.#turnstile.through(looks);
    for (const [index, result] of (await results).entries()) {
      const job = jobs[index];
      if (job === undefined) continue;
      if (result.status === "rejected" && !(result.reason instanceof Broken)) throw result.reason;
      if (end === "lived" && result.status === "fulfilled") await queue.done(job);
      else await queue.handBack(job);
    }
    this.#truth.past.note();
    if (end === "died") await this.#restart();
  }

  /** While a look is under way, the world does not stand still. */
  async #meanwhile(): Promise<void> {
    if (!this.#dice.chance(this.mishaps.meanwhile)) return;
    this.#world.clock.advance(this.#dice.below(100));
    if (this.#dice.chance(0.5)) this.#crowd.act(this.#dice);
    else await this.#hear();
  }

  /** The webhooks that are on their way arrive, and what engines have to tell. */
  async #hear(): Promise<void> {
    const { breaks } = this.#world;
    // Those that were delayed until now set out first.
    await new Promise(setImmediate);
    if (this.#dice.chance(this.mishaps.storeFails)) breaks.planned.set("accept", 0);
    await this.#world.hear();
    breaks.planned.clear();
  }

  async #take(): Promise<void> {
    // In an order that does not come from the ids of the queue.
    const more = [...(await this.#world.queue.take(100))].sort((a, b) => (a.key < b.key ? -1 : 1));
    this.#taken.push(...more);
  }

  /** Some of what was taken. A subject is looked at by one at a time. */
  #choose(count: number): readonly Job[] {
    const chosen: Job[] = [];
    while (chosen.length < count) {
      const job = this.#dice.pick(this.#taken);
      if (job === undefined) break;
      this.#taken = this.#taken.filter((one) => one !== job);
      chosen.push(job);
    }
    return chosen;
  }

  /** The process is gone and comes back. */
  async #restart(): Promise<void> {
    this.#say("the process dies");
    for (const job of this.#taken.splice(0)) await this.#world.queue.handBack(job);
    await this.#world.start();
  }

  #timePasses(): void {
    const duration = this.#dice.weighted([
      [6, this.#dice.below(10_000)],
      [3, this.#dice.below(120_000)],
      [1, this.#dice.below(4 * 60 * 60_000)],
    ]);
    this.#say(`${duration} ms pass`);
    this.#world.clock.advance(duration);
  }

  async #sweeps(): Promise<void> {
    const { ports } = this.#world;
    if (ports === undefined) return;
    this.#say("a sweep");
    const sweep = this.#world.sweepWith(this.#turnstile.ports(ports));
    const ended = sweep.catch((error: unknown) => {
      if (!(error instanceof Broken)) throw error;
    });
    await this.#turnstile.through([ended]);
    await ended;
  }

  #throw(number: number): void {
    this.#dice = this.#seed.fork(number);
    this.#turnstile.dice = this.#dice;
  }

  #say(what: string): void {
    this.#story.push(`${this.#world.clock.now() % 100_000_000} ${what}`);
  }
}

/** The dice that are thrown when the steps are over. */
const settling = 1_000_000;
/** A world that needs more is one that goes round in circles. */
const rounds_max = 2_000;
