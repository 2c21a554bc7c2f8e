// The world of the tests: the embedded GitHub, the real program around it, a double of the engine, one clock.
// Nothing happens by itself: a test turns the clock and lets the world settle.

import { pino } from "pino";
import { afterEach, expect } from "vitest";
import { type FakeClock, fakeClock, wallClock } from "../../sandbox/github/clock.ts";
import { createGitHub, type EmbeddedGitHub } from "../../sandbox/github/github.ts";
import type { Installation } from "../../sandbox/github/model.ts";
import type { Observer } from "../../sandbox/github/observe.ts";
import type { NewRepository } from "../../sandbox/github/repositories.ts";
import type { RepositoryHandle } from "../../sandbox/github/repository-handle.ts";
import { limit } from "../../src/core/model/limit.ts";
import { planPath } from "../../src/core/model/plan.ts";
import type { Ports } from "../../src/flow/ports.ts";
import { openReceive } from "../../src/flow/receive.ts";
import { reconcile } from "../../src/flow/reconcile.ts";
import { regain } from "../../src/flow/regain.ts";
import { resume, sweep } from "../../src/flow/sweep.ts";
import { openGitHub } from "../../src/github/app.ts";
import { answerHook } from "../../src/github/hook.ts";
import { plainReader } from "../../src/github/plan-reader.ts";
import type { Forgiving, GitHub } from "../../src/ports/github.ts";
import type { Clock } from "../../src/ports/log.ts";
import type { Job, Queue } from "../../src/ports/queue.ts";
import type { Store } from "../../src/ports/store.ts";
import { checkedFetch } from "../contract.ts";
import { type StoreKind, storeFor, storeKinds } from "../store/databases.ts";
import { type HearingLog, hearing } from "../store/silent.ts";
import type { TestStore } from "../store/test-store.ts";
import { ms } from "./clock.ts";
import { openDirect } from "./direct.ts";
import { EngineDouble } from "./engine.ts";
import { twoStages } from "./plan.ts";
import { type Breaks, Broken, breakable } from "./ports.ts";
import { postOf, unsigned } from "./post.ts";
import { checkTexts, type Files, gateText, WorldPull } from "./pull.ts";
import { SharedEngineDouble } from "./shared-engine.ts";

export interface WorldSettings {
  readonly seed?: number;
  /** Sees each request to GitHub after it took effect. */
  readonly observe?: Observer;
  /** The plan on main of the repository that is there from the start; null for none. */
  readonly plan?: string | null;
  readonly files?: Files;
  readonly repository?: Partial<NewRepository>;
  /** Whether there is an engine too that others can reach, and which double of it. */
  readonly sharedEngine?: boolean | typeof SharedEngineDouble;
  /** Without Octokit and HTTP between the program and the embedded GitHub; nothing is held against the description. */
  readonly direct?: boolean;
}

/** `INTERLOCK_TEST_STORE=pglite` (or `postgres`) has every world keep what it knows in a database. */
const usual = storeKinds.find((kind) => kind === process.env.INTERLOCK_TEST_STORE) ?? "memory";

/**
 * The worlds of a test file, one for each test, all on one store. The one in memory is held to the tests of
 * the others, and six times as fast; `kind` is for files that look into the database itself.
 */
export function worlds(kind: StoreKind = usual): (settings?: WorldSettings) => Promise<World> {
  const store = storeFor(kind);
  const open: World[] = [];
  afterEach(async () => {
    // What a test that failed left on its way must not arrive in the next one.
    for (const world of open) await world.end();
    for (const world of open.splice(0)) world.expectNoTrouble();
  });
  return async (settings = {}) => {
    const world = await openWorld(store(), settings);
    open.push(world);
    return world;
  };
}

export async function openWorld(on: TestStore, settings: WorldSettings = {}): Promise<World> {
  const world = new World(on, settings);
  await world.start();
  const { plan = twoStages } = settings;
  world.addRepository({
    name: "shop",
    ...settings.repository,
    files: {
      "README.md": "# shop\n",
      "src/a.js": "1",
      ...settings.files,
      ...(plan === null ? {} : { [planPath]: plan }),
    },
  });
  world.installation = world.github.install({ account: "acme", by: "boss" });
  await world.settle();
  world.github.log.clear();
  return world;
}

const secret = "a secret of the tests";

export class World {
  readonly clock: FakeClock;
  readonly github: EmbeddedGitHub;
  readonly engine: EngineDouble;
  readonly sharedEngine: SharedEngineDouble;
  readonly log: HearingLog = hearing();
  readonly breaks: Breaks = { planned: new Map(), broken: new Set(), dead: false };
  readonly queue: Queue;
  readonly store: Store;
  readonly on: TestStore;
  installation: Installation | undefined;
  /** The shop, whatever it is called by now; without it whichever has the name is the shop. */
  followed: RepositoryHandle | undefined;
  /** Everything that the flow reaches the outside with; made again by a restart. */
  ports: Ports | undefined;
  /** Changes what GitHub answers, by the path that was asked for. */
  rewrite: ((path: string, body: unknown) => unknown) | null = null;
  /** Whether what the engine tells does not arrive. */
  losesNotice: () => boolean = () => false;
  /** Hears what the program says about its looks. */
  tell: ((fields: object, message: string) => void) | null = null;
  /** Errors in the log that the test is about. */
  readonly forgiven: RegExp[] = [];
  readonly #checked: { fetch: typeof fetch; problems: string[] };
  readonly #notifications: string[] = [];
  readonly #engines: readonly EngineDouble[];
  #forgiving: Forgiving = { forgive: () => {} };
  #deliver:
    | ((request: { headers: Record<string, string>; body: string }) => Promise<{
        status: number;
        body: string;
      }>)
    | null = null;
  /** Another process on the same database, where a test wants two. */
  second: Ports | undefined;
  /** By how much the clock of each process is wrong. */
  readonly skews = [0, 0];
  /** Names of engines without which a process comes up. */
  readonly enginesOff = new Set<string>();
  readonly #isDirect: boolean;
  #since: number;
  #branches = 0;
  #replays = 0;
  /** Webhooks wait for it. */
  #entrance: Promise<void> = Promise.resolve();
  #letIn: (() => void) | null = null;

  constructor(on: TestStore, settings: WorldSettings) {
    this.on = on;
    this.#isDirect = settings.direct ?? false;
    this.queue = on.queue;
    this.clock = fakeClock();
    this.#since = this.clock.now() - limit.sweep.redeliver_ms;
    on.time.now = this.clock.now;
    this.store = breakable(on.store, this.breaks);
    this.github = createGitHub({
      clock: this.clock,
      authClock: wallClock,
      ...(settings.seed === undefined ? {} : { seed: settings.seed }),
      ...(settings.observe === undefined ? {} : { observe: settings.observe }),
      webhook: {
        secret,
        deliver: async (request) => {
          await this.#entrance;
          // No two things happen at the same time.
          this.clock.advance(10);
          if (this.#deliver === null) throw new Error("Interlock is not up");
          return await this.#deliver(request);
        },
      },
    });
    this.#checked = checkedFetch((input, init) => this.#fetch(input, init));
    this.engine = new EngineDouble(this.clock.now, (key) => this.#notifications.push(key));
    const Careful =
      typeof settings.sharedEngine === "function" ? settings.sharedEngine : SharedEngineDouble;
    this.sharedEngine = new Careful(this.clock.now, (key) => this.#notifications.push(key));
    this.#engines = settings.sharedEngine ? [this.engine, this.sharedEngine] : [this.engine];
  }

  get shop(): RepositoryHandle {
    return this.followed ?? this.github.repository("acme/shop");
  }

  /** The program comes up, as after an installation or a crash. */
  async start(): Promise<void> {
    this.breaks.dead = false;
    this.ports = await this.#open(0);
    const { clock } = this.ports;
    const { receive } = openReceive({ store: this.store, log: this.log });
    this.#deliver = async ({ headers, body }) => {
      const secrets = [secret];
      const regained = (id: number) => regain(this, this.#forgiving, id);
      const hook = { secrets, receive, regained, appId: this.github.app.id, clock, log: this.log };
      const post = this.#isDirect ? unsigned(headers, body) : postOf({ headers, body });
      const reply = await answerHook(hook, post);
      if (reply === null) throw new Error("A delivery was not answered");
      return { status: reply.status, body: reply.text };
    };
    await resume(this.ports);
  }

  async startSecond(): Promise<void> {
    this.second = await this.#open(1);
    await resume(this.second);
  }

  /** A process with a clock of its own. */
  async #open(process: 0 | 1): Promise<Ports> {
    const clock = () => this.clock.now() + (this.skews[process] ?? 0);
    const { github } = await this.#connect(clock);
    if (process === 0) this.#forgiving = github;
    const engines = this.#engines.filter(({ name }) => !this.enginesOff.has(name));
    return {
      github,
      store: this.store,
      engines: new Map(engines.map((engine) => [engine.name, engine])),
      clock,
      elapsed: this.clock.now,
      log: { ...this.log, info: (fields, message) => this.tell?.(fields, message) },
    };
  }

  /** The process is gone, and deliveries fail until it is started again. */
  crash(): void {
    this.breaks.dead = true;
  }

  /** Nothing reaches the store any more. */
  async end(): Promise<void> {
    this.#deliver = async () => ({ status: 503, body: "" });
    this.#letIn?.();
    await this.github.settled();
  }

  // ------------------------------------------------------------ what time brings

  /** Until nothing waits and nothing is due. */
  async settle(): Promise<void> {
    for (let round = 0; round < limit_rounds; round += 1) {
      await this.hear();
      const jobs = await this.queue.take(limit.work.workers);
      if (jobs.length > 0) {
        for (const job of jobs) await this.workOn(job);
        continue;
      }
      await this.store.wakeDue();
      const due = await this.queue.take(limit.work.workers);
      if (due.length === 0) return;
      for (const job of due) await this.workOn(job);
      this.clock.advance(limit.work.due_ms);
    }
    throw new Error("The world does not settle");
  }

  /** Webhooks wait from here on until somebody hears. */
  hold(): void {
    this.#entrance = new Promise((resolve) => {
      this.#letIn = resolve;
    });
  }

  /** Webhooks arrive, and what the engine has to tell. */
  async hear(): Promise<void> {
    const held = this.#letIn;
    held?.();
    await this.github.settled();
    if (held !== null) this.hold();
    for (const key of this.#notifications.splice(0))
      if (!this.losesNotice()) await this.store.wakeExecution(key, "us");
  }

  /** Somebody who has recorded a delivery sends it once more, under a GUID of their own, which nobody signs. */
  async replay(event: string, action: string): Promise<void> {
    const recorded = this.github.deliveries.findLast(
      (one) => one.event === event && one.action === action,
    );
    if (recorded === undefined || this.#deliver === null) throw new Error("Nothing was recorded");
    const { request, body } = recorded;
    const headers = { ...request.headers, "x-github-delivery": `replayed-${++this.#replays}` };
    expect(await this.#deliver({ headers, body })).toMatchObject({ status: 202 });
    await this.settle();
  }

  async workOn(job: Job): Promise<void> {
    this.clock.advance(10);
    if (this.ports === undefined) throw new Error("Interlock is not up");
    try {
      const worked = await reconcile(this.ports, job);
      await (worked === "lost" ? this.queue.handBack(job) : this.queue.done(job));
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      await this.queue.handBack(job);
    }
  }

  /** Lets time pass, stopping wherever something is due. */
  async advance(duration: string): Promise<void> {
    const end = this.clock.now() + ms(duration);
    for (;;) {
      await this.settle();
      const next = await this.store.wakeDue();
      if (next === null || next > end) break;
      this.clock.advance(Math.max(1, next - this.clock.now()));
    }
    this.clock.advance(Math.max(0, end - this.clock.now()));
    await this.settle();
  }

  /** The sweep of every few minutes. */
  async sweep(): Promise<void> {
    if (this.ports === undefined) throw new Error("Interlock is not up");
    await this.sweepWith(this.ports);
    await this.settle();
  }

  async sweepWith(ports: Ports): Promise<void> {
    this.#since = await sweep(ports, this.#since);
  }

  // ------------------------------------------------------------ what people do

  addRepository(wanted: Partial<NewRepository> & { name: string }): RepositoryHandle {
    return this.github.createRepository({
      owner: "acme",
      people: { dev: "write", boss: "admin", mia: "maintain", tom: "triage", ria: "read" },
      ...wanted,
    });
  }

  /** A branch with these changes, and a pull request for it. */
  openPull(
    wanted: {
      files?: Files;
      branch?: string;
      base?: string;
      draft?: boolean;
      author?: string;
      repository?: RepositoryHandle;
    } = {},
  ): WorldPull {
    const { repository = this.shop, base = "main" } = wanted;
    this.#branches += 1;
    const branch = wanted.branch ?? `change-${this.#branches}`;
    const files = wanted.files ?? { "src/a.js": `change ${this.#branches}` };
    repository.commit({ branch, files, from: base });
    return new WorldPull(
      repository,
      repository.openPull({
        head: branch,
        base,
        ...(wanted.draft === undefined ? {} : { draft: wanted.draft }),
        ...(wanted.author === undefined ? {} : { author: wanted.author }),
      }),
    );
  }

  /** A pull request from somebody's fork. */
  openForkPull(login: string, files: Files): WorldPull {
    const fork = this.shop.fork(login);
    fork.commit({ branch: "idea", files, author: login });
    return new WorldPull(fork, this.shop.openPull({ head: `${login}:idea`, author: login }));
  }

  /** Straight to a branch, which nothing forbids here. */
  pushTo(branch: string, files: Files): string {
    return this.shop.commit({ branch, files });
  }

  changePlan(plan: string | null, branch = "main"): string {
    return this.shop.commit({ branch, files: { [planPath]: plan } });
  }

  // ------------------------------------------------------------ what can be seen

  /** The gate of a landed commit with its first reason, as that of a pull request. */
  gateOf(sha: string): string {
    const checks = this.shop.checks(sha);
    return gateText(checks.get("interlock/landed") ?? checks.get("interlock"));
  }

  checksOf(sha: string): Readonly<Record<string, string>> {
    return checkTexts(this.shop.checks(sha));
  }

  /** Requests that count against a budget since the last clearing, by route. */
  get requests(): Readonly<Record<string, number>> {
    return this.github.log.byRoute();
  }

  get requestCount(): number {
    return this.github.log.counted().length;
  }

  async #connect(clock: Clock): Promise<{ readonly github: GitHub & Forgiving }> {
    if (this.#isDirect)
      return { github: openDirect({ on: this.github, store: this.store, clock }) };
    return await openGitHub({
      appId: this.github.app.id,
      privateKey: this.github.privateKey,
      webhookSecret: secret,
      apiUrl: "https://api.github.com",
      store: this.store,
      plans: plainReader,
      clock,
      log: pino({ level: "silent" }),
      fetch: this.#checked.fetch,
    });
  }

  async #fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init);
    const response = await this.github.fetch(request);
    if (this.rewrite === null || response.status !== 200) return response;
    const body = this.rewrite(new URL(request.url).pathname, await response.json());
    return new Response(JSON.stringify(body), response);
  }

  /** Whatever no test should ever cause. */
  expectNoTrouble(): void {
    expect(this.github.unknownRequests).toEqual([]);
    expect(this.#checked.problems.slice(0, 5)).toEqual([]);
    const errors = this.log.heard
      .filter(({ level }) => level === "error")
      .filter(({ message }) => !this.forgiven.some((pattern) => pattern.test(message)));
    expect(errors.slice(0, 5)).toEqual([]);
  }
}

/** A world that needs more is one that goes round in circles. */
const limit_rounds = 2_000;
