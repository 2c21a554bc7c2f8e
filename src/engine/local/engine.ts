// The embedded engine: runs the commands of a part on this machine, each run in a folder of its own.

import { mkdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { limit } from "../../core/model/limit.ts";
import type {
  Acted,
  Engine,
  EngineEventHandler,
  Observation,
  Started,
  StartRequest,
} from "../../ports/engine.ts";
import type { GitHub, Read } from "../../ports/github.ts";
import type { Clock, Log } from "../../ports/log.ts";
import type { LocalRun, LocalRuns } from "../../ports/run.ts";
import type { TreeReader } from "../../ports/tree.ts";
import type { Isolation } from "./launch.ts";
import type { LocalLimits } from "./limits.ts";
import { endLeftOver, lostChange } from "./orphan.ts";
import { openPlaces } from "./places.ts";
import { planRetry } from "./retry.ts";
import { type Change, follow, type RunHandle, type RunTools, type Start } from "./run.ts";
import type { CollectReports } from "./stage.ts";
import { createdStages } from "./stages.ts";
import { openWatch } from "./watch.ts";
import { openWorkspaceCache } from "./workspace-cache.ts";

export interface LocalEngineOrder {
  readonly runs: LocalRuns;
  readonly tarball: GitHub["tarball"];
  readonly trees: Pick<TreeReader, "commitTree" | "blob">;
  readonly collectReports: CollectReports;
  readonly clock: Clock;
  readonly log: Log;
  /** Workspaces live here and nothing else does; absolute, and not shared between machines. */
  readonly folder: string;
  /** Unique for every start of the process. */
  readonly instance: string;
  readonly notice: EngineEventHandler;
  /** What commands get of our environment: PATH, LANG, TZ; never process.env as a whole. */
  readonly environment: Readonly<Record<string, string>>;
  /** How commands are kept apart from us and from each other; null where the operator does without. */
  readonly isolation: Isolation | null;
  /** True where nobody else can use the store: every live run that is not ours is then a dead one's. */
  readonly soleOwner: boolean;
  readonly limits?: LocalLimits;
}

export interface LocalEngine extends Engine {
  /** At start, before any work: ends and reports what an earlier process left behind. */
  recover(): Promise<void>;
  /** Ends what runs and records it as lost, within the grace. No run starts afterwards. */
  close(grace_ms: number): Promise<void>;
}

/**
 * Methods throw only when the store does. A retry runs in the tree as the failed stage left it,
 * so that files which that stage made or changed are still there.
 */
export function openLocalEngine(order: LocalEngineOrder): LocalEngine {
  return new Local(order);
}

class Local implements LocalEngine {
  readonly name = "local";
  readonly #order: LocalEngineOrder;
  readonly #limits: LocalLimits;
  readonly #tools: RunTools;
  readonly #workspaceCache;
  readonly #watch;
  readonly #active = new Map<string, RunHandle>();
  /** Runs that the store knows as ours and whose course is about to begin. */
  readonly #beginning = new Set<string>();
  #turn: Promise<unknown> = Promise.resolve();
  #closing: { readonly grace_ms: number } | null = null;
  #closed = false;

  constructor(order: LocalEngineOrder) {
    this.#order = order;
    this.#limits = order.limits ?? limit.local;
    const limits = this.#limits;
    this.#tools = {
      ...order,
      limits,
      places: openPlaces({
        count: limits.running,
        each: limits.running_each,
        hold_ms: limits.hold_ms,
      }),
      disk: new Map(),
      makeRoom: () => this.#alone(() => this.#workspaceCache.makeRoom()),
      record: (token, change) => this.#record(token, change),
    };
    this.#workspaceCache = openWorkspaceCache({ ...order, limits });
    this.#watch = openWatch({ ...order, limits, active: this.#active });
  }

  async start(request: StartRequest): Promise<Started> {
    if (this.#closing !== null) return { kind: "failed", why: "Interlock is shutting down." };
    const { spec, key: token } = request.run;
    if (spec.engine !== "local") return { kind: "refused", why: "It is no run of this engine." };
    const at = this.#order.clock();
    const run: LocalRun = {
      token,
      request,
      instance: this.#order.instance,
      beatAt: at,
      state: "running",
      why: "",
      stages: createdStages(spec.stages),
      createdAt: at,
      endedAt: null,
      process: null,
      stopRequested: null,
      retries: [],
      workspace: null,
    };
    await this.#begin(token, async () =>
      (await this.#order.runs.add(run)) ? { run, start: { kind: "fresh" } } : null,
    );
    return { kind: "started", engineId: token };
  }

  async find(key: string): Promise<Read<string>> {
    const run = await this.#order.runs.get(key);
    return run === null ? { kind: "absent" } : { kind: "known", value: run.token };
  }

  async observe(engineId: string): Promise<Read<Observation>> {
    const ours = this.#ours();
    const run = await this.#order.runs.get(engineId);
    if (run === null) return { kind: "absent" };
    const dead = this.#isDead(run, ours);
    const { state, why, stages, endedAt } = dead ? await this.#lose(run) : run;
    return { kind: "known", value: { state, why, stages, endedAt } };
  }

  async stop(engineId: string, reason: string): Promise<Acted> {
    const { runs, notice } = this.#order;
    const ours = this.#ours();
    const run = await runs.get(engineId);
    if (run === null) return { kind: "refused", why: "The local engine does not know this run." };
    if (run.state !== "running") return { kind: "done" };
    if (this.#isDead(run, ours)) {
      await this.#lose(run);
      notice(engineId);
      return { kind: "done" };
    }
    // Written even where the run is ours: anyone who runs it reads it there, also after a hand-over.
    if (run.stopRequested === null) await runs.update(engineId, { stopRequested: reason });
    this.#active.get(engineId)?.interrupt({ kind: "stop", reason: run.stopRequested ?? reason });
    return { kind: "done" };
  }

  async retry(engineId: string, stage: string, key: string): Promise<Acted> {
    if (this.#closing !== null) return { kind: "failed", why: "Interlock is shutting down." };
    return await this.#alone(async () => {
      const { runs, folder, instance, clock } = this.#order;
      const run = await runs.get(engineId);
      const plan = await planRetry({ run, stage, key, folder });
      if (plan.kind !== "run") return plan.answer;
      // Its last course may still be leaving its place.
      await this.#active.get(engineId)?.ended;
      const change = { ...plan.change, instance, beatAt: clock() };
      await this.#begin(engineId, async () => {
        await runs.update(engineId, change);
        return { run: { ...plan.run, ...change }, start: { kind: "at", index: plan.index } };
      });
      return { kind: "done" };
    });
  }

  async recover(): Promise<void> {
    const { runs, folder, notice } = this.#order;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const ours = this.#ours();
    for (const run of await runs.live()) {
      if (!this.#isDead(run, ours)) continue;
      await this.#lose(run);
      notice(run.token);
    }
    await this.#alone(() => this.#workspaceCache.adopt());
    await this.#alone(() => this.#workspaceCache.tidy());
  }

  async close(grace_ms: number): Promise<void> {
    // Half of it for the commands, the rest for the records.
    this.#closing = { grace_ms: grace_ms / 2 };
    const courses = [...this.#active.values()];
    for (const course of courses) course.interrupt({ kind: "shutdown", ...this.#closing });
    const patience = new AbortController();
    const late = sleep(grace_ms, "late", patience).catch(() => null);
    const ended = Promise.all([...courses.map((course) => course.ended), this.#turn]);
    const result = await Promise.race([ended, late]);
    if (result === "late") this.#order.log.warn({}, "Local runs did not end within the grace");
    patience.abort();
    this.#closed = true;
    this.#watch.close();
    this.#workspaceCache.close();
  }

  /** Follows what `claim` gives, and keeps it from being taken for a dead process's in between. */
  async #begin(
    token: string,
    claim: () => Promise<{ readonly run: LocalRun; readonly start: Start } | null>,
  ): Promise<void> {
    if (this.#active.has(token) || this.#beginning.has(token)) return;
    this.#beginning.add(token);
    try {
      const claimed = await claim();
      if (claimed === null) return;
      const course = follow(claimed.run, claimed.start, this.#tools);
      this.#active.set(token, course);
      if (this.#closing !== null) course.interrupt({ kind: "shutdown", ...this.#closing });
      this.#watch.wake();
      void course.ended.then(() => this.#end(token));
    } finally {
      this.#beginning.delete(token);
    }
  }

  async #end(token: string): Promise<void> {
    this.#active.delete(token);
    if (this.#closing !== null) return;
    await this.#alone(() => this.#workspaceCache.tidy()).catch((error: unknown) =>
      this.#order.log.warn({ error }, "Workspaces could not be tidied up"),
    );
  }

  /** Runs that this process follows. */
  #ours(): ReadonlySet<string> {
    return new Set([...this.#active.keys(), ...this.#beginning]);
  }

  /** `before`: ours when the store was asked, since a run may have ended while its answer was on the way. */
  #isDead(run: LocalRun, before: ReadonlySet<string>): boolean {
    if (run.state !== "running") return false;
    if (before.has(run.token) || this.#ours().has(run.token)) return false;
    const { soleOwner, instance, clock } = this.#order;
    const silent = clock() - run.beatAt > this.#limits.beat_lost_ms;
    return soleOwner || run.instance === instance || silent;
  }

  async #lose(run: LocalRun): Promise<LocalRun> {
    const { runs, folder, clock, log } = this.#order;
    log.warn({ run: run.token, instance: run.instance }, "A run of a dead process was found");
    await endLeftOver(run, folder).catch((error: unknown) =>
      log.warn({ run: run.token, error }, "A workspace could not be removed"),
    );
    const change = lostChange(run, clock);
    await runs.update(run.token, change);
    return { ...run, ...change };
  }

  /** The command runs meanwhile, so that a store that is away for a while costs nothing but time. */
  async #record(token: string, change: Change): Promise<void> {
    const { runs, log, notice } = this.#order;
    while (!this.#closed) {
      try {
        await runs.update(token, change);
        break;
      } catch (error) {
        log.warn({ run: token, error }, "The store did not take the state of a run");
        await sleep(this.#limits.store_wait_ms);
      }
    }
    notice(token);
  }

  /** One at a time: what is retried is not tidied away meanwhile. */
  async #alone<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(act);
    this.#turn = result.catch(() => null);
    return await result;
  }
}
