// A double of an engine: runs nothing, and does with its stages what a test says.

import type { StageFact } from "../../src/core/model/fact.ts";
import type { ReportReading } from "../../src/core/model/report.ts";
import type { Acted, Engine, Observation, Started, StartRequest } from "../../src/ports/engine.ts";
import type { Read } from "../../src/ports/github.ts";
import type { Clock } from "../../src/ports/log.ts";

export interface DoubleRun {
  readonly request: StartRequest;
  state: Observation["state"];
  why: string;
  stages: StageFact[];
  endedAt: number | null;
  /** The sentence of a stop that it was asked for. */
  stopAsked: string | null;
  /** A stop that was asked for takes effect when the test says so. */
  stopsLate: boolean;
  /** Keys of the retries that it carried out. */
  readonly retries: string[];
}

export type EngineFault =
  /** It happened, and the answer did not come. For `observe` and `find` the same as no answer. */
  | "answer_lost"
  /** Nothing happened, and nobody says so. */
  | "failed"
  | "refused"
  /** A stop that takes effect later. */
  | "late";

type Method = "start" | "find" | "observe" | "stop" | "retry";

export class EngineDouble implements Engine {
  readonly name: string = "local";
  readonly runs = new Map<string, DoubleRun>();
  /** How often each call was made, by `<method> <run key>`. */
  readonly calls = new Map<string, number>();
  readonly #clock: Clock;
  readonly #notice: (key: string) => void;
  readonly #faults = new Map<Method, EngineFault[]>();
  /** Asked where no fault is planned; the simulation's dice. */
  chance: (method: Method) => EngineFault | null = () => null;

  constructor(clock: Clock, notice: (key: string) => void) {
    this.#clock = clock;
    this.#notice = notice;
  }

  // ------------------------------------------------------------ as Interlock sees it

  async start(request: StartRequest): Promise<Started> {
    const { key } = request.run;
    const fault = this.#called("start", key);
    if (fault === "failed") return { kind: "failed", why: "no answer" };
    if (fault === "refused") return { kind: "refused", why: "the engine is full" };
    const known = this.runs.get(key);
    if (known === undefined) this.#begin(request);
    else if (JSON.stringify(known.request.run) !== JSON.stringify(request.run))
      throw new Error(`${key} was used for two different runs`);
    if (fault === "answer_lost") return { kind: "failed", why: "no answer" };
    return { kind: "started", engineId: idOf(key) };
  }

  async find(key: string): Promise<Read<string>> {
    if (this.#called("find", key) !== null) return { kind: "unknown", why: "no answer" };
    return this.runs.has(key) ? { kind: "known", value: idOf(key) } : { kind: "absent" };
  }

  async observe(engineId: string): Promise<Read<Observation>> {
    const key = keyOf(engineId);
    if (this.#called("observe", key) !== null) return { kind: "unknown", why: "no answer" };
    const run = this.runs.get(key);
    if (run === undefined) return { kind: "absent" };
    const { state, why, stages, endedAt } = run;
    return { kind: "known", value: { state, why, stages: [...stages], endedAt } };
  }

  async stop(engineId: string, reason: string): Promise<Acted> {
    const key = keyOf(engineId);
    const fault = this.#called("stop", key);
    if (fault === "failed") return { kind: "failed", why: "no answer" };
    const run = this.runs.get(key);
    if (fault === "refused" || run === undefined) return { kind: "refused", why: "it will not" };
    run.stopAsked ??= reason;
    if (fault === "late") run.stopsLate = true;
    else if (!run.stopsLate) this.#halt(run);
    return fault === "answer_lost" ? { kind: "failed", why: "no answer" } : { kind: "done" };
  }

  async retry(engineId: string, stage: string, key: string): Promise<Acted> {
    const fault = this.#called("retry", keyOf(engineId));
    if (fault === "failed") return { kind: "failed", why: "no answer" };
    const run = this.runs.get(keyOf(engineId));
    if (fault === "refused" || run === undefined) return { kind: "refused", why: "it will not" };
    if (!run.retries.includes(key)) {
      if (run.state === "running") return { kind: "refused", why: "it is running" };
      const from = run.stages.findIndex(({ name }) => name === stage);
      if (from < 0) return { kind: "refused", why: `it has no stage ${stage}` };
      run.retries.push(key);
      run.state = "running";
      run.why = "";
      run.endedAt = null;
      run.stopAsked = null;
      run.stages = run.stages.map((fact, index) => (index < from ? fact : fresh(fact.name)));
      this.#advance(run);
    }
    return fault === "answer_lost" ? { kind: "failed", why: "no answer" } : { kind: "done" };
  }

  // ------------------------------------------------------------ what a test does with it

  protected now(): number {
    return this.#clock();
  }

  protected tell(key: string): void {
    this.#notice(key);
  }

  /** The next call of that kind goes wrong. */
  fault(method: Method, ...faults: readonly EngineFault[]): void {
    this.#faults.set(method, [...(this.#faults.get(method) ?? []), ...faults]);
  }

  /** From here on calls of that kind go right. */
  recover(method: Method): void {
    this.#faults.delete(method);
  }

  /** Runs that are under way, oldest first. */
  live(of: RunFilter = {}): readonly DoubleRun[] {
    return this.all(of).filter(({ state }) => state === "running");
  }

  all(of: RunFilter = {}): readonly DoubleRun[] {
    return [...this.runs.values()].filter(
      ({ request: { run } }) =>
        (of.sha === undefined || run.sha === of.sha) &&
        (of.pipeline === undefined || run.pipeline === of.pipeline) &&
        (of.part === undefined || run.part === of.part),
    );
  }

  /** These stages pass, each being the one under way in exactly one run. */
  pass(stages: readonly string[] | string, of: RunFilter = {}): void {
    for (const stage of [stages].flat()) this.passIn(this.#at(stage, of), stage);
  }

  passIn(run: DoubleRun, stage: string, reports: readonly ReportReading[] = []): void {
    this.#end(run, stage, { state: "succeeded", reports });
    if (run.stages.every(({ state }) => state === "succeeded")) {
      run.state = "succeeded";
      run.endedAt = this.#clock();
    } else this.#advance(run);
    this.#notice(run.request.run.key);
  }

  fail(
    stage: string,
    of: RunFilter & { why?: string; output?: string; reports?: readonly ReportReading[] } = {},
  ) {
    this.failIn(this.#at(stage, of), stage, of);
  }

  failIn(
    run: DoubleRun,
    stage: string,
    of: { why?: string; output?: string; reports?: readonly ReportReading[] } = {},
  ): void {
    const { why = "exit code 1", output = "", reports = [] } = of;
    this.#end(run, stage, { state: "failed", why, output, reports });
    run.state = "failed";
    run.why = why;
    run.endedAt = this.#clock();
    this.#notice(run.request.run.key);
  }

  /** The engine forgets the run. */
  lose(run: DoubleRun): void {
    this.runs.delete(run.request.run.key);
    this.#notice(run.request.run.key);
  }

  /** What had succeeded turns out to have failed. */
  turn(run: DoubleRun): void {
    const last = run.stages.length - 1;
    run.stages = run.stages.map((fact, index) =>
      index === last ? { ...fact, state: "failed", why: "found out later" } : fact,
    );
    run.state = "failed";
    run.why = "found out later";
    this.#notice(run.request.run.key);
  }

  /** A stop that was late takes effect. */
  halt(run: DoubleRun): void {
    this.#halt(run);
  }

  /** The name of the stage that is under way. */
  stageOf(run: DoubleRun): string {
    const stage = run.stages.find(({ state }) => state === "running");
    if (stage === undefined) throw new Error(`${run.request.run.key} has no stage under way`);
    return stage.name;
  }

  #begin(request: StartRequest): void {
    const run: DoubleRun = {
      request,
      state: "running",
      why: "",
      stages: request.run.spec.stages.map(({ name }) => fresh(name)),
      endedAt: null,
      stopAsked: null,
      stopsLate: false,
      retries: [],
    };
    this.runs.set(request.run.key, run);
    this.#advance(run);
    this.#notice(request.run.key);
  }

  #advance(run: DoubleRun): void {
    const next = run.stages.findIndex(({ state }) => state === "pending");
    const startedAt = this.#clock();
    run.stages = run.stages.map((fact, index) =>
      index === next ? { ...fact, state: "running", startedAt } : fact,
    );
  }

  #end(run: DoubleRun, stage: string, change: Partial<StageFact>): void {
    if (this.stageOf(run) !== stage)
      throw new Error(`${run.request.run.key} is at ${this.stageOf(run)}, not at ${stage}`);
    run.stages = run.stages.map((fact) =>
      fact.name === stage ? { ...fact, endedAt: this.#clock(), ...change } : fact,
    );
  }

  #halt(run: DoubleRun): void {
    if (run.state !== "running") return;
    run.state = "stopped";
    run.why = run.stopAsked ?? "";
    run.endedAt = this.#clock();
    run.stages = run.stages.map((fact) =>
      fact.state === "running" ? { ...fact, state: "stopped", endedAt: this.#clock() } : fact,
    );
    this.#notice(run.request.run.key);
  }

  #at(stage: string, of: RunFilter): DoubleRun {
    const runs = this.live(of).filter((run) => this.stageOf(run) === stage);
    const [run, other] = runs;
    if (run === undefined || other !== undefined)
      throw new Error(
        `${runs.length} runs are at ${stage}: ${JSON.stringify([...this.runs.keys()])}`,
      );
    return run;
  }

  #called(method: Method, key: string): EngineFault | null {
    const name = `${method} ${key}`;
    this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
    const [planned, ...rest] = this.#faults.get(method) ?? [];
    this.#faults.set(method, rest);
    return planned ?? this.chance(method);
  }
}

export interface RunFilter {
  readonly sha?: string;
  readonly pipeline?: string;
  readonly part?: "verify" | "release";
}

/** The engine's own name for a run, which is not ours. */
function idOf(key: string): string {
  return `double:${key}`;
}

function keyOf(engineId: string): string {
  return engineId.slice("double:".length);
}

function fresh(name: string): StageFact {
  return {
    name,
    state: "pending",
    startedAt: null,
    endedAt: null,
    why: "",
    output: "",
    reports: [],
  };
}
