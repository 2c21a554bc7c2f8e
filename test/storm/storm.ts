// Storms over two or three replicas: while one is paused for longer than its lease, or killed, a red is decided.
// No gate may show green afterwards.

import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { PullHandle } from "../../sandbox/github/pull-handle.ts";
import type { RepositoryHandle } from "../../sandbox/github/repository-handle.ts";
import { type RunningGitHub, startGitHub } from "../../sandbox/github/server.ts";
import { planPath } from "../../src/core/model/plan.ts";
import { openReceive } from "../../src/flow/receive.ts";
import { answerHook } from "../../src/github/hook.ts";
import { type OpenStore, openStore } from "../../src/store/open.ts";
import { Random } from "../simulation/random.ts";
import { silent } from "../store/silent.ts";
import { type DoubleRun, EngineDouble } from "../world/engine.ts";
import { planText } from "../world/plan.ts";
import { postOf } from "../world/post.ts";
import type { ReplicaSettings } from "./replica.ts";
import { type Replica, startReplica } from "./replicas.ts";

export interface StormSettings {
  /** Address of an empty PostgreSQL database with or without our schema. */
  readonly databaseUrl: string;
  readonly replicas: 2 | 3;
  readonly storms: number;
  readonly seed: number;
  /** Told of each storm when it is over. */
  readonly tell: (line: string) => void;
}

export interface StormReport {
  readonly storms: number;
  readonly pauses: number;
  readonly kills: number;
  /** Writes of gates that GitHub saw. */
  readonly gates: number;
  /** What must not be, one sentence each. */
  readonly problems: readonly string[];
}

const times = { lease_s: 3, supervise_s: 1, poll_ms: 1_000 };
/** Longer than the lease, and than it takes to find that it is over. */
const pause_ms = 5_500;
/** Jobs whose lease was lost wait ever longer until they are taken again. */
const patience_ms = 120_000;
const secret = "a secret of the storm";
const strict = planText({ shop: { verify: ["build", "scan"] } });
const loose = planText({ shop: { verify: ["build"] } });

export async function runStorms(settings: StormSettings): Promise<StormReport> {
  const storm = await Storm.open(settings);
  try {
    for (let number = 0; number < settings.storms; number += 1) await storm.one(number);
    return storm.report();
  } finally {
    await storm.close();
  }
}

interface Gate {
  readonly sha: string;
  readonly state: string;
}

class Storm {
  readonly #settings: StormSettings;
  readonly #opened: OpenStore;
  readonly #replicas = new Map<string, Replica>();
  readonly #gates: Gate[] = [];
  readonly #problems: string[] = [];
  readonly #engine: EngineDouble;
  #github!: RunningGitHub;
  #base!: Omit<ReplicaSettings, "name" | "ahead_ms">;
  #closeEngine: () => Promise<void> = async () => {};
  /** Told by which replica an engine was asked, before it gets its answer. */
  #asked: (replica: string, method: string, answer: unknown) => void = () => {};
  #pauses = 0;
  #kills = 0;
  #done = 0;

  constructor(settings: StormSettings, opened: OpenStore) {
    this.#settings = settings;
    this.#opened = opened;
    this.#engine = new EngineDouble(Date.now, (key) => {
      void opened.store.wakeExecution(key, "us");
    });
  }

  static async open(settings: StormSettings): Promise<Storm> {
    const { databaseUrl } = settings;
    const opened = await openStore({ databaseUrl, dataDir: null, log: silent, times });
    const storm = new Storm(settings, opened);
    await storm.#start();
    return storm;
  }

  async #start(): Promise<void> {
    const { receive } = openReceive({ store: this.#opened.store, log: silent });
    this.#github = await startGitHub({
      observe: (request, answer) => this.#observe(request, answer?.body),
      webhook: {
        secret,
        deliver: async ({ headers, body }) => {
          const hook = { secrets: [secret], receive, appId: this.#github.github.app.id };
          const reply = await answerHook(
            { ...hook, clock: Date.now, log: silent },
            postOf({ headers, body }),
          );
          return { status: reply?.status ?? 500, body: reply?.text ?? "" };
        },
      },
    });
    const { github, url } = this.#github;
    github.createRepository({ owner: "acme", name: "first", people: { dev: "write" } });
    github.install({ account: "acme", by: "boss" });
    this.#base = {
      databaseUrl: this.#settings.databaseUrl,
      apiUrl: url,
      appId: github.app.id,
      privateKey: github.privateKey,
      engineUrl: await this.#listen(),
      times,
    };
    const names = ["a", "b", "c"].slice(0, this.#settings.replicas);
    await Promise.all(names.map((name) => this.#startReplica(name)));
  }

  async #startReplica(name: string): Promise<void> {
    // Half a second apart, which no replica knows of.
    const ahead_ms = { a: 0, b: 500, c: -700 }[name] ?? 0;
    this.#replicas.set(name, await startReplica({ ...this.#base, name, ahead_ms }));
  }

  /** The one engine, for all replicas. */
  async #listen(): Promise<string> {
    const server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(Buffer.from(part));
      const { replica, method, args } = JSON.parse(Buffer.concat(parts).toString());
      const call = this.#engine[method as "observe"] as (...all: unknown[]) => Promise<unknown>;
      const answer = await call.apply(this.#engine, args);
      response.end(JSON.stringify(answer));
      this.#asked(replica, method, answer);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("No port");
    this.#closeEngine = async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
    return `http://127.0.0.1:${address.port}`;
  }

  #observe({ method, url }: { method: string; url: string }, body: unknown): void {
    if (method === "GET" || !url.includes("/check-runs")) return;
    const run = body as { name?: string; head_sha?: string; status?: string; conclusion?: string };
    if (run?.name !== "interlock" || run.head_sha === undefined) return;
    this.#gates.push({ sha: run.head_sha, state: run.conclusion ?? run.status ?? "" });
  }

  // ------------------------------------------------------------ one storm

  async one(number: number): Promise<void> {
    const random = new Random(this.#settings.seed).fork(number);
    const shop = this.#github.github.createRepository({
      owner: "acme",
      name: `shop-${this.#settings.seed}-${number}`,
      people: { dev: "write", boss: "admin" },
      files: { "README.md": "# shop\n", [planPath]: loose },
    });
    const pulls = [this.#open(shop, "one"), this.#open(shop, "two")];
    const reds: readonly Red[] = ["rerun", "plan"];
    const red = random.pick(reds) ?? "rerun";
    const runs = await Promise.all(pulls.map((pull) => this.#running(pull.head, 1)));

    const victims = this.#choose(random);
    const struck = this.#strike(victims, random);
    for (const run of runs) this.#engine.passIn(run, "build");
    await struck;

    const from = this.#gates.length;
    await this.#turnRed(red, { shop, pulls });
    const isRed = (pull: PullHandle) => this.#last(pull.head, from) === "failure";
    const became = await this.#until(() => pulls.every(isRed), patience_ms);
    if (!became) this.#problem(number, `the red was not shown while a replica was away (${red})`);
    const redAt = this.#gates.length;
    // Anyone who is paused wakes up after its lease is over, with whatever it was about to write.
    const kills = random.chance(0.25);
    for (const name of victims) {
      const replica = this.#replicas.get(name);
      if (replica === undefined) continue;
      if (kills) await replica.kill();
      else replica.wake();
    }
    if (kills) {
      this.#kills += victims.length;
      await Promise.all(victims.map((name) => this.#startReplica(name)));
    }
    await sleep(1_500);
    for (const pull of pulls) {
      if (!became) continue;
      const later = this.#gates.slice(redAt).filter(({ sha }) => sha === pull.head);
      if (later.some(({ state }) => state === "success"))
        this.#problem(number, `a gate was opened after a red that was decided later (${red})`);
      const stands = pull.check("interlock")?.conclusion;
      if (stands !== "failure") this.#problem(number, `the gate stands at ${stands} (${red})`);
    }
    for (const pull of pulls) pull.close("dev");
    this.#done += 1;
    this.#settings.tell(
      `storm ${number}: ${red}, ${victims.join("+")} ${kills ? "killed" : "woken"}, problems ${this.#problems.length}`,
    );
  }

  #open(shop: RepositoryHandle, branch: string): PullHandle {
    shop.commit({ branch, files: { "src/a.js": branch }, author: "dev" });
    return shop.openPull({ head: branch, author: "dev" });
  }

  /** One replica stays. */
  #choose(random: Random): readonly string[] {
    const names = [...this.#replicas.keys()];
    const count = 1 + random.below(names.length - 1);
    const first = random.below(names.length);
    return [...names.slice(first), ...names.slice(0, first)].slice(0, count);
  }

  /** Pauses the victims at some moment after they were told of the green, each at its own. */
  async #strike(victims: readonly string[], random: Random): Promise<void> {
    const waits = new Map(victims.map((name) => [name, random.below(120)]));
    const began = Date.now();
    const strike = async (name: string) => {
      const wait = waits.get(name);
      if (wait === undefined) return;
      waits.delete(name);
      await sleep(wait);
      this.#replicas.get(name)?.pause();
      this.#pauses += 1;
    };
    const struck: Promise<void>[] = [];
    this.#asked = (replica, method, answer) => {
      if (method === "observe" && JSON.stringify(answer).includes('"succeeded"'))
        struck.push(strike(replica));
    };
    // Not every victim is the one who looks.
    while (waits.size > 0 && Date.now() - began < 1_500) await sleep(50);
    this.#asked = () => {};
    for (const name of [...waits.keys()]) struck.push(strike(name));
    await Promise.all(struck);
    this.#struckAt = Date.now();
  }

  #struckAt = 0;

  async #turnRed(
    red: Red,
    { shop, pulls }: { readonly shop: RepositoryHandle; readonly pulls: readonly PullHandle[] },
  ): Promise<void> {
    if (red === "plan")
      shop.commit({ branch: "main", files: { [planPath]: strict }, author: "boss" });
    else for (const pull of pulls) pull.comment("dev", "/interlock verify");
    const runs = await Promise.all(pulls.map((pull) => this.#running(pull.head, 2)));
    for (const run of runs) {
      if (red === "plan") this.#engine.passIn(run, "build");
      this.#engine.failIn(run, red === "plan" ? "scan" : "build");
    }
    await this.#until(() => Date.now() - this.#struckAt > pause_ms, pause_ms + 1_000);
  }

  /** The run of the commit with that number, once it is under way. */
  async #running(sha: string, count: number): Promise<DoubleRun> {
    let run: DoubleRun | undefined;
    const found = await this.#until(() => {
      const all = this.#engine.all({ sha });
      run = all.length >= count ? all.at(-1) : undefined;
      return run?.state === "running";
    }, patience_ms);
    if (found && run !== undefined) return run;
    const errors = [...this.#replicas.values()].flatMap((replica) => replica.errors);
    throw new Error(
      `Run ${count} of ${sha} did not start: ${JSON.stringify({ state: run?.state, errors }, null, 1)}`,
    );
  }

  async #until(is: () => boolean, ms: number): Promise<boolean> {
    for (const end = Date.now() + ms; Date.now() < end; await sleep(50)) if (is()) return true;
    return is();
  }

  #last(sha: string, from: number): string | undefined {
    return this.#gates.slice(from).findLast((gate) => gate.sha === sha)?.state;
  }

  #problem(number: number, what: string): void {
    this.#problems.push(`storm ${number} of seed ${this.#settings.seed}: ${what}`);
  }

  report(): StormReport {
    return {
      storms: this.#done,
      pauses: this.#pauses,
      kills: this.#kills,
      gates: this.#gates.length,
      problems: this.#problems,
    };
  }

  async close(): Promise<void> {
    for (const replica of this.#replicas.values()) await replica.kill();
    await this.#closeEngine();
    await this.#github.close();
    await this.#opened.close();
  }
}

/** How the red comes about: a run that is asked for again fails, or the plan gets a stage that fails. */
type Red = "rerun" | "plan";
