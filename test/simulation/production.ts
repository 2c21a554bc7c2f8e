// CodePipeline by its rules and without AWS: what waits between stages is superseded, ways into stages are
// closed, stages wait for approvals, rollbacks are executions of their own, and others do all of it too.

import type { Difference, DriftReport, OutOfBandChange } from "../../src/core/model/drift.ts";
import type { Known } from "../../src/core/model/fact.ts";
import type { Part } from "../../src/core/model/plan.ts";
import type {
  Acted,
  Approval,
  ChosenTarget,
  DriftQuestion,
  Observation,
  RollbackRequest,
  RolledBack,
} from "../../src/ports/engine.ts";
import type { Read } from "../../src/ports/github.ts";
import type { DoubleRun, EngineDouble } from "../world/engine.ts";
import { SharedEngineDouble } from "../world/shared-engine.ts";
import type { World } from "../world/world.ts";

/** A rollback, from its beginning on. */
export interface Back {
  readonly request: RollbackRequest;
  readonly place: string;
  readonly sha: string;
  readonly startedAt: number;
  state: "running" | "succeeded" | "failed";
  endedAt: number | null;
}

export interface Approved {
  readonly approval: Approval;
  readonly run: DoubleRun;
  /** What the stage held by what Interlock did there; null for nothing. */
  readonly before: string | null;
}

/** One that somebody started beside Interlock. */
interface Stranger {
  readonly id: string;
  readonly place: string;
  readonly sha: string;
  readonly at: number;
}

export class Production extends SharedEngineDouble {
  readonly started: Back[] = [];
  readonly approved: Approved[] = [];
  readonly strangers: Stranger[] = [];
  /** By the key of the run. */
  readonly outOfBandChanges = new Map<string, OutOfBandChange[]>();
  /** Places in which nothing enters a further stage. */
  readonly #closed = new Set<string>();
  /** Runs that wait between two stages. */
  readonly #held = new Set<DoubleRun>();
  readonly #moved = new Set<string>();

  // ------------------------------------------------------------ as Interlock sees it

  override async drift(question: DriftQuestion): Promise<Known<DriftReport>> {
    const none = { kind: "unknown", why: "no answer" } as const;
    if (question.since === null || this.chance("observe") !== null) return none;
    const { spec, sha } = question;
    const place = placeOf(spec);
    const own = this.#runsIn(place).filter(({ request }) => request.run.sha === sha);
    const differences: Difference[] = this.#closed.has(place)
      ? [{ kind: "transition_disabled", stage: "Production", sentence: "The way is closed." }]
      : [];
    return {
      kind: "known",
      value: {
        differences,
        foreignExecutions: this.strangers
          .filter((one) => one.place === place && one.sha === sha)
          .map(({ id, at }) => ({ ...stranger, engineId: id, startedAt: at })),
        outOfBandChanges: own.flatMap(({ request: { run } }) =>
          (this.outOfBandChanges.get(run.key) ?? []).map((mark) => ({
            engineId: idOf(run.key),
            mark,
          })),
        ),
        live: own
          .filter(({ state }) => state === "running")
          .map(({ request }) => idOf(request.run.key)),
      },
    };
  }

  async pipelineResync(): Promise<readonly string[]> {
    const moved = [...this.#moved];
    this.#moved.clear();
    return moved;
  }

  override async target(request: RollbackRequest): Promise<ChosenTarget> {
    if (this.chance("find") !== null) return { kind: "failed", why: "no answer" };
    return this.#choose(request);
  }

  override async rollback(request: RollbackRequest): Promise<RolledBack> {
    const fault = this.chance("retry");
    if (fault === "failed") return { kind: "failed", why: "no answer" };
    const engineId = `back:${request.key}`;
    let back = this.started.find((one) => one.request.key === request.key);
    if (back === undefined) {
      const place = placeOf(request.spec);
      if (this.#isBusy(place, request.stage)) return { kind: "refused", why: "It is at work." };
      const chosen = this.#choose(request);
      if (chosen.kind !== "chosen") return chosen;
      const startedAt = this.now();
      back = { request, place, sha: chosen.sha, startedAt, state: "running", endedAt: null };
      this.started.push(back);
    }
    if (fault === "answer_lost") return { kind: "failed", why: "no answer" };
    return { kind: "started", engineId, sha: back.sha };
  }

  override async approve(approval: Approval): Promise<Acted> {
    const fault = this.chance("retry");
    if (fault === "failed") return { kind: "failed", why: "no answer" };
    const { key, stage, engineId } = approval;
    if (!this.approved.some((one) => one.approval.key === key)) {
      const run = [...this.runs.values()].find((one) => idOf(one.request.run.key) === engineId);
      const waits = run?.stages.some(({ name, state }) => name === stage && state === "waiting");
      if (run === undefined || waits !== true) return { kind: "refused", why: "Nothing waits." };
      const before = this.#lastIn(placeOf(run.request.run.spec), stage, run);
      this.approved.push({ approval, run, before });
      this.goOn(run);
    }
    return fault === "answer_lost" ? { kind: "failed", why: "no answer" } : { kind: "done" };
  }

  override async observe(engineId: string): Promise<Read<Observation>> {
    const back = this.started.find(({ request }) => `back:${request.key}` === engineId);
    if (back === undefined) return await super.observe(engineId);
    if (this.chance("observe") !== null) return { kind: "unknown", why: "no answer" };
    const { state, endedAt } = back;
    return { kind: "known", value: { state, why: "", stages: [], endedAt } };
  }

  // ------------------------------------------------------------ what happens there

  override passIn(run: DoubleRun, stage: string): void {
    super.passIn(run, stage);
    if (run.state === "running" && this.#closed.has(placeOf(run.request.run.spec))) this.#hold(run);
  }

  /** Whether somebody has to do something before it goes on. */
  isStill(run: DoubleRun): boolean {
    return !run.stages.some(({ state }) => state === "running");
  }

  /** Whatever it waits for, it waits no more; somebody says so at the console, which is no shortcut. */
  resume(run: DoubleRun): void {
    this.#closed.delete(placeOf(run.request.run.spec));
    for (const held of this.#held) this.#begin(held);
    this.#held.clear();
    this.goOn(run);
  }

  close(place: string): void {
    this.#closed.add(place);
  }

  endBack(back: Back, state: "succeeded" | "failed"): void {
    Object.assign(back, { state, endedAt: this.now() });
    this.tell(back.request.key);
  }

  /** Somebody starts the pipeline at the console: what waits between two stages is superseded. */
  startAround(place: string, sha: string): void {
    this.strangers.push({ id: `foreign-${this.strangers.length}`, place, sha, at: this.now() });
    for (const run of this.#held)
      if (placeOf(run.request.run.spec) === place) {
        this.#held.delete(run);
        Object.assign(run, { state: "failed", endedAt: this.now() });
        run.why = "It was superseded by a newer execution.";
        this.tell(run.request.run.key);
      }
    for (const run of this.#runsIn(place))
      if (run.request.run.sha === sha) this.#moved.add(run.request.run.key);
  }

  /** Something was done at the console that the run did not come to by itself. */
  mark(run: DoubleRun, kind: OutOfBandChange["kind"]): void {
    const { key } = run.request.run;
    const mark = { kind, stage: "Production", sentence: "ann did it." };
    this.outOfBandChanges.set(key, [...(this.outOfBandChanges.get(key) ?? []), mark]);
    this.#moved.add(key);
  }

  // ------------------------------------------------------------ what is where

  #hold(run: DoubleRun): void {
    this.#held.add(run);
    run.stages = run.stages.map((fact) =>
      fact.state === "running" ? { ...fact, state: "pending", startedAt: null } : fact,
    );
  }

  #begin(run: DoubleRun): void {
    const next = run.stages.findIndex(({ state }) => state === "pending");
    const startedAt = this.now();
    if (run.state === "running")
      run.stages = run.stages.map((fact, at) =>
        at === next ? { ...fact, state: "running", startedAt } : fact,
      );
    this.tell(run.request.run.key);
  }

  #runsIn(place: string): readonly DoubleRun[] {
    return [...this.runs.values()].filter(({ request: { run } }) => placeOf(run.spec) === place);
  }

  #isBusy(place: string, stage: string): boolean {
    const isIn = ({ stages, state }: DoubleRun) =>
      state === "running" &&
      stages.some((fact) => fact.name === stage && ["running", "waiting"].includes(fact.state));
    const isBack = (one: Back) => one.place === place && one.state === "running";
    return this.#runsIn(place).some(isIn) || this.started.some(isBack);
  }

  /** As `RollbackStage`: out goes what is in the stage, and comes back what had succeeded there. */
  #choose({ spec, stage, from, to, among }: RollbackRequest): ChosenTarget {
    const place = placeOf(spec);
    const entered = this.#runsIn(place).flatMap(({ request, stages }) =>
      stages
        .filter(({ name, startedAt }) => name === stage && startedAt !== null)
        .map(({ startedAt }) => ({ sha: request.run.sha, at: startedAt ?? 0 })),
    );
    const back = this.started
      .filter((one) => one.place === place && one.request.stage === stage)
      .filter(({ state }) => state === "succeeded")
      .map(({ sha, endedAt }) => ({ sha, at: endedAt ?? 0 }));
    const [there] = [...entered, ...back].sort((one, other) => other.at - one.at);
    if (there?.sha !== from) return { kind: "refused", why: "Another commit is there by now." };
    const found = this.#passedIn(place, stage)
      .filter(({ sha, at }) => sha !== from && at <= there.at && among.includes(sha))
      .filter(({ sha }) => to === null || sha.startsWith(to))
      .at(-1);
    if (found === undefined) return { kind: "refused", why: "Nothing succeeded there before." };
    return { kind: "chosen", sha: found.sha };
  }

  /** In the order in which they passed it. */
  #passedIn(
    place: string,
    stage: string,
  ): readonly { readonly sha: string; readonly at: number }[] {
    return this.#runsIn(place)
      .flatMap(({ request, stages }) =>
        stages
          .filter(({ name, state }) => name === stage && state === "succeeded")
          .map(({ endedAt }) => ({ sha: request.run.sha, at: endedAt ?? 0 })),
      )
      .sort((one, other) => one.at - other.at);
  }

  /** What a stage held last, apart from what the run itself brought. */
  #lastIn(place: string, stage: string, { request }: DoubleRun): string | null {
    const passed = this.#passedIn(place, stage).filter(({ sha }) => sha !== request.run.sha);
    const back = this.started
      .filter((one) => one.place === place && one.request.stage === stage)
      .filter(({ state }) => state === "succeeded")
      .map(({ sha, endedAt }) => ({ sha, at: endedAt ?? 0 }));
    const all = [...passed, ...back].sort((one, other) => one.at - other.at);
    return all.at(-1)?.sha ?? null;
  }
}

/** Both engines know all runs, so that anyone who holds them against the plans need not ask which has which. */
export function shareRuns({ engine, sharedEngine }: World): void {
  Object.assign(sharedEngine, { runs: engine.runs, calls: engine.calls });
}

export function productionOf({ sharedEngine }: World): Production {
  if (!(sharedEngine instanceof Production)) throw new Error("There is no production");
  return sharedEngine;
}

/** The one that has the run. */
export function engineOf(world: World, { request }: DoubleRun): EngineDouble {
  return request.run.spec.engine === "codepipeline" ? world.sharedEngine : world.engine;
}

export function placeOf(spec: Part): string {
  return spec.engine === "codepipeline" ? spec.pipeline : "";
}

/** The engine's own name for a run. */
function idOf(key: string): string {
  return `double:${key}`;
}

const stranger = {
  kind: "standard",
  trigger: "StartPipelineExecution",
  by: "ann",
  state: "succeeded",
  why: "",
  link: "",
} as const;
