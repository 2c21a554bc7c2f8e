// A random program on the world: people, engines, the clock and faults act in turn, as a seed decides.

import type { Worked } from "../../src/flow/again.ts";
import type { Ports } from "../../src/flow/ports.ts";
import { reconcile } from "../../src/flow/reconcile.ts";
import { sweep } from "../../src/flow/sweep.ts";
import type { Job } from "../../src/ports/queue.ts";
import { Broken } from "../world/ports.ts";
import type { WorldPull } from "../world/pull.ts";
import type { World } from "../world/world.ts";
import { Actors } from "./crowd.ts";
import { type Call, Latch, type Look } from "./latch.ts";
import { Mail } from "./mail.ts";
import { type Oracle, openedBy } from "./oracle.ts";
import { Random } from "./random.ts";
import type { Switch } from "./switches.ts";

/** What goes wrong in our own house. */
export interface Mishaps {
  /** How often the process dies during a look. */
  dies: number;
  /** How often the database fails, by call of a look and by delivery. */
  storeFails: number;
  /** How often something happens between two calls of a look. */
  meanwhile: number;
  /** How often a process stands still for so long that its lease passes to another one, by call. */
  losesLease: number;
  /** How often the clock of a process is set, by step. */
  setsClock: number;
  /** How often a process comes up without its engine. */
  engineOff: number;
  /** How often a notification does not arrive, its answer is lost, or the process dies that sent it. */
  losesMail: number;
}

export const calm: Mishaps = {
  dies: 0,
  storeFails: 0,
  meanwhile: 0,
  losesLease: 0,
  setsClock: 0,
  engineOff: 0,
  losesMail: 0,
};

/** A look under way. */
interface Going {
  readonly job: Job;
  readonly look: Look;
  /** Null until it has come to its end. */
  end: Worked | "threw" | null;
}

export class Program {
  readonly mishaps: Mishaps;
  readonly #world: World;
  readonly #truth: Oracle;
  readonly #actors: Actors;
  readonly mail: Mail;
  readonly #scenario: string[];
  readonly #latch = new Latch();
  readonly #seed: Random;
  #random = new Random(0);
  /** Jobs that were taken and not started. */
  #taken: Job[] = [];
  #going: Going[] = [];
  readonly #diverted = new WeakSet<Call>();

  constructor(with_: {
    readonly world: World;
    readonly truth: Oracle;
    readonly random: Random;
    readonly mishaps: Mishaps;
    readonly switches: ReadonlySet<Switch>;
    /** What was done, for anyone who has to find out why. */
    readonly scenario: string[];
  }) {
    this.mishaps = with_.mishaps;
    this.#world = with_.world;
    this.#truth = with_.truth;
    this.#seed = with_.random;
    this.#scenario = with_.scenario;
    this.mail = new Mail(with_.world, with_.truth.problems);
    this.mail.fails = with_.mishaps.losesMail;
    this.#actors = new Actors({
      world: this.#world,
      truth: this.#truth,
      switches: with_.switches,
      say: (what) => this.#say(what),
      // Some seeds are full of what others hardly have.
      taste: with_.random.fork(tasting),
    });
    this.#latch.meanwhile = () => this.#meanwhile();
    this.#latch.watch = (call) => this.#truth.watch(call);
    this.#latch.divert = (call) => this.#divert(call);
  }

  get pulls(): readonly WorldPull[] {
    return this.#actors.pulls;
  }

  /** One thing happens, and some of what it leads to. What it is depends on the number alone. */
  async step(number: number): Promise<void> {
    this.#throw(number);
    const act = this.#random.weighted<() => unknown>([
      [90, () => this.#actors.act(this.#random)],
      [8, () => this.#timePasses()],
      [2, () => this.#sweeps()],
      [1, () => this.#restart(this.#random.below(2))],
    ]);
    this.#world.clock.advance(this.#random.below(3_000));
    if (this.#random.chance(this.mishaps.setsClock)) this.#setClock();
    await act();
    if (number % 2 === 0) await this.mail.round(this.#seed.fork(telling + number));
    for (let rounds = this.#random.below(5); rounds > 0; rounds -= 1) await this.#lookSome();
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
      await this.#work(this.#choose(1 + this.#random.below(3)));
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

  /** All goes well from here on. */
  async recover(): Promise<void> {
    Object.assign(this.mishaps, calm);
    this.#actors.recover();
    this.#world.skews.fill(0);
    for (const process of [0, 1]) await this.#restart(process);
  }

  /** Nobody who is to be told of a release is left out. */
  async auditMail(): Promise<void> {
    const { past } = this.#truth;
    // What ran while nobody let the program in is not its own to tell.
    const isExcused = past.wasAway || past.slept_ms > hour_ms;
    await this.mail.audit(this.#seed.fork(telling), { isExcused });
  }

  /** One or more looks are made side by side. */
  async #lookSome(): Promise<void> {
    if (this.#random.chance(0.8)) await this.#hear();
    if (this.#random.chance(0.7)) await this.#world.store.wakeDue();
    await this.#take();
    const together = this.#random.weighted([
      [5, 1],
      [4, 2],
      [1, 3],
    ]);
    const jobs = this.#choose(together);
    if (jobs.length === 0) return;
    if (this.#random.chance(this.mishaps.dies)) this.#latch.fuse = this.#random.below(60);
    await this.#work(jobs);
  }

  async #work(jobs: readonly Job[]): Promise<void> {
    const { queue, clock } = this.#world;
    clock.advance(10);
    this.#latch.storeFails = this.mishaps.storeFails;
    this.#going = [];
    const dead = await this.#latch.through(
      jobs.map((job) => this.#begin(job, this.#random.below(2))),
    );
    for (const { job, look, end } of this.#going) {
      // Without its lease, neither changes anything.
      if (end === "done" && !dead.has(look.process)) await queue.done(job);
      else await queue.handBack(job);
    }
    this.#truth.past.note();
    for (const process of dead) await this.#restart(process);
  }

  #begin(job: Job, process: number): Promise<void> {
    const ports = this.#portsOf(process);
    const look: Look = { process, held: 0 };
    const going: Going = { job, look, end: null };
    this.#going.push(going);
    return reconcile(this.#latch.ports(ports, look), job).then(
      (worked) => {
        going.end = worked;
      },
      (error: unknown) => {
        going.end = "threw";
        if (!(error instanceof Broken)) this.#truth.threw(error);
      },
    );
  }

  /** Right before a gate opens, another pull request with its commit is asked to verify once more, and does. */
  async #divert(call: Call): Promise<boolean> {
    const sha = openedBy(call);
    if (sha === null || this.#diverted.has(call) || this.mishaps.meanwhile === 0) return false;
    this.#diverted.add(call);
    if (!this.#random.chance(0.5)) return false;
    const going = new Set(this.#going.filter(({ end }) => end === null).map(({ job }) => job.key));
    const twin = this.#actors.askTwin(sha, going);
    if (twin === null) return false;
    await this.#hear();
    await this.#take();
    const job = this.#taken.find(({ key }) => key.endsWith(`#${twin}`));
    if (job === undefined) return false;
    this.#taken = this.#taken.filter((one) => one !== job);
    call.look.held = 200;
    this.#latch.join(this.#begin(job, call.look.process));
    return true;
  }

  /** While a look is under way, the world does not stand still. */
  async #meanwhile(): Promise<void> {
    if (this.#random.chance(this.mishaps.losesLease)) await this.#loseLease();
    if (!this.#random.chance(this.mishaps.meanwhile)) return;
    this.#world.clock.advance(this.#random.below(100));
    if (this.#random.chance(0.5)) this.#actors.act(this.#random);
    else await this.#hear();
  }

  /** A process stands still, is taken for dead, and another one works on its subject before it goes on. */
  async #loseLease(): Promise<void> {
    const { queue, clock } = this.#world;
    const going = this.#random.pick(this.#going.filter(({ end }) => end === null));
    if (going === undefined) return;
    const { job, look } = going;
    look.held = 1 + this.#random.below(60);
    clock.advance(10_000 + this.#random.below(this.#random.chance(0.5) ? 20_000 : 120_000));
    this.#say(`${job.key} passes to the other process`);
    await queue.handBack(job);
    await this.#take();
    const again = this.#taken.find(({ key }) => key === job.key);
    if (again === undefined) return;
    this.#taken = this.#taken.filter((one) => one !== again);
    this.#latch.join(this.#begin(again, 1 - look.process));
  }

  /** The webhooks that are on their way arrive, and what engines have to tell. */
  async #hear(): Promise<void> {
    const { breaks } = this.#world;
    // Those that were delayed until now set out first.
    await new Promise(setImmediate);
    if (this.#random.chance(this.mishaps.storeFails)) breaks.planned.set("accept", 0);
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
      const job = this.#random.pick(this.#taken);
      if (job === undefined) break;
      this.#taken = this.#taken.filter((one) => one !== job);
      chosen.push(job);
    }
    return chosen;
  }

  /** The process is gone and comes back. */
  async #restart(process: number): Promise<void> {
    this.#say(`process ${process} dies`);
    for (const job of this.#taken.splice(0)) await this.#world.queue.handBack(job);
    this.#world.enginesOff.clear();
    if (this.#random.chance(this.mishaps.engineOff))
      for (const engine of ["local", "codepipeline"]) this.#world.enginesOff.add(engine);
    await (process === 0 ? this.#world.start() : this.#world.startSecond());
  }

  #portsOf(process: number): Ports {
    const ports = process === 0 ? this.#world.ports : this.#world.second;
    if (ports === undefined) throw new Error("Interlock is not up");
    return ports;
  }

  #setClock(): void {
    const process = this.#random.below(2);
    const most = this.#random.chance(0.5) ? 5_000 : 10 * 60_000;
    const skew = this.#random.below(2 * most) - most;
    this.#world.skews[process] = skew;
    this.#say(`the clock of process ${process} is off by ${skew} ms`);
  }

  #timePasses(): void {
    const duration = this.#random.weighted([
      [6, this.#random.below(10_000)],
      [3, this.#random.below(120_000)],
      [1, this.#random.below(4 * 60 * 60_000)],
    ]);
    this.#say(`${duration} ms pass`);
    this.#truth.past.slept_ms = Math.max(this.#truth.past.slept_ms, duration);
    this.#world.clock.advance(duration);
  }

  /** Of one process, or of both at once. */
  async #sweeps(): Promise<void> {
    const processes = this.#random.chance(0.3) ? [0, 1] : [this.#random.below(2)];
    this.#say(`a sweep of ${processes}`);
    const sweeps = processes.map(async (process) => {
      const ports = this.#latch.ports(this.#portsOf(process), { process, held: 0 });
      try {
        if (process === 0) await this.#world.sweepWith(ports);
        else await sweep(ports, this.#world.clock.now() - hour_ms);
      } catch (error) {
        if (!(error instanceof Broken)) this.#truth.threw(error);
      }
    });
    await this.#latch.through(sweeps);
  }

  #throw(number: number): void {
    this.#random = this.#seed.fork(number);
    this.#latch.random = this.#random;
  }

  #say(what: string): void {
    this.#scenario.push(`${this.#world.clock.now() % 100_000_000} ${what}`);
  }
}

const hour_ms = 60 * 60_000;
/** The dice that are thrown when the steps are over. */
const settling = 1_000_000;
/** The dice for what is told. */
const telling = 5_000_000;
/** The dice that say what a seed is full of. */
const tasting = 3_000_000;
/** A world that needs more is one that goes round in circles. */
const rounds_max = 2_000;
