// AWS CodePipeline as an engine: starts executions for exactly one commit, follows them, and acts on them.

import { type Access, openAccess } from "../../aws/access.ts";
import type { AwsMeter } from "../../aws/count.ts";
import { type AwsEnvironment, settingsFrom } from "../../aws/environment.ts";
import type { PaceLimits } from "../../aws/pace.ts";
import { permitted } from "../../aws/permitted.ts";
import type { Session } from "../../aws/session.ts";
import { limit } from "../../core/model/limit.ts";
import type { CodePipelinePart } from "../../core/model/plan.ts";
import type {
  Acted,
  Approval,
  ChosenTarget,
  Engine,
  EngineEventHandler,
  Observation,
  RollbackRequest,
  RolledBack,
  Started,
  StartRequest,
} from "../../ports/engine.ts";
import type { Read } from "../../ports/github.ts";
import type { Clock, Log } from "../../ports/log.ts";
import type { Permit } from "../../ports/permit.ts";
import type { PipelineRequest, PipelineRun, PipelineRuns } from "../../ports/run.ts";
import type { TreeReader } from "../../ports/tree.ts";
import { approve } from "./approve.ts";
import type { ReadReport } from "./artifact.ts";
import { openDriftReports } from "./drift.ts";
import { openExecutions } from "./executions.ts";
import { findLost, findRollback } from "./find.ts";
import { openPipelineResync, type PipelineResync, type Place } from "./pipeline-resync.ts";
import { openReadings } from "./readings.ts";
import { retry } from "./retry.ts";
import { rollback } from "./rollback.ts";
import { chooseTarget } from "./rollback-target.ts";
import { start } from "./start.ts";
import { openStates } from "./states.ts";
import { closedSince, reopen, stop } from "./stop.ts";
import { openStructures } from "./structures.ts";

export interface CodePipelineOrder {
  readonly runs: PipelineRuns;
  readonly clock: Clock;
  readonly log: Log;
  readonly notice: EngineEventHandler;
  /** Called with the key of a run for whose commit others did something. */
  readonly others: EngineEventHandler;
  /** Reads one test report in whatever format it is written. */
  readonly readReport: ReadReport;
  readonly commitPaths: TreeReader["commitPaths"];
  /** Whether plans without a role may use the credentials that Interlock itself has. */
  readonly ownCredentials: boolean;
  /** Instead of the environment that the SDK reads; for a process that speaks to more than one AWS. */
  readonly environment?: AwsEnvironment;
  readonly pace?: PaceLimits;
  readonly meter?: AwsMeter | undefined;
}

export interface CodePipelineEngine extends Engine {
  rollback(request: RollbackRequest): Promise<RolledBack>;
  approve(approval: Approval): Promise<Acted>;
  drift: NonNullable<Engine["drift"]>;
  pipelineResync: NonNullable<Engine["pipelineResync"]>;
  /** AWS told of an execution that is in no ledger: the pipeline is looked at soon. */
  suspect(executionId: string, place: Place): void;
  close(): void;
}

/** Methods throw only when the store does. */
export function openCodePipelineEngine(order: CodePipelineOrder): CodePipelineEngine {
  return new CodePipeline(order);
}

class CodePipeline implements CodePipelineEngine {
  readonly name = "codepipeline";
  readonly #order: CodePipelineOrder;
  readonly #access: Access;
  readonly #tools;
  readonly #driftReports;
  readonly #pipelineResync: PipelineResync;
  /** Executions that AWS told of and that are in no ledger. */
  readonly #strangers = new Map<string, Place>();
  #soon: NodeJS.Timeout | null = null;

  constructor(order: CodePipelineOrder) {
    this.#order = order;
    const { runs, clock, log, readReport, commitPaths } = order;
    this.#access = openAccess({
      ownCredentials: order.ownCredentials,
      settings: settingsFrom(order.environment ?? null),
      pace: order.pace ?? limit.codepipeline,
      log,
      meter: order.meter,
    });
    const executions = openExecutions(clock);
    const structures = openStructures(clock);
    const readings = openReadings({ executions, structures, readReport, commitPaths, clock });
    const states = openStates(clock);
    const unstoppable = new Set<string>();
    this.#tools = { runs, clock, log, executions, structures, states, readings, unstoppable };
    this.#driftReports = openDriftReports(this.#tools);
    this.#pipelineResync = openPipelineResync(this.#tools, (run) => {
      const known = this.#open(run);
      return known.kind === "known" ? known : null;
    });
  }

  under(permit: Permit): Engine {
    return {
      name: this.name,
      find: (key) => this.find(key),
      observe: (engineId) => this.observe(engineId),
      target: (request) => this.target(request),
      drift: this.drift,
      pipelineResync: () => this.pipelineResync(),
      start: (request) => this.start(request, permit),
      stop: (engineId, reason) => this.stop(engineId, reason, permit),
      retry: (engineId, stage, key) => this.#retry({ engineId, stage, key, permit }),
      approve: (approval) => this.approve(approval, permit),
      rollback: (request) => this.rollback(request, permit),
    };
  }

  async start(request: StartRequest, permit: Permit | null = null): Promise<Started> {
    const { spec } = request.run;
    if (spec.engine !== "codepipeline") return notOurs;
    const opened = this.#access.session({ ...spec, repository: request.repository });
    if (opened.kind === "refused") return opened;
    return await start(this.#tools, permitted(opened.session, permit), { request, spec });
  }

  async find(key: string): Promise<Read<string>> {
    const run = await this.#order.runs.get(key);
    if (run === null) return { kind: "absent" };
    if (run.executionId !== null) return { kind: "known", value: run.executionId };
    const known = this.#open(run);
    if (run.request.kind !== "rollback")
      return known.kind === "refused"
        ? { kind: "absent" }
        : await findLost(this.#tools, known.session, known);
    if (known.kind === "refused") return { kind: "unknown", why: known.why };
    const found = await findRollback(this.#tools, known.session, known);
    return found.kind === "taken" ? { kind: "absent" } : found;
  }

  async observe(engineId: string): Promise<Read<Observation>> {
    const run = await this.#order.runs.byExecution(engineId);
    if (run === null) return { kind: "absent" };
    const known = this.#open(run);
    if (known.kind === "refused") return { kind: "unknown", why: known.why };
    const { session, spec } = known;
    const question = { run, executionId: engineId, spec, session };
    const seen = await this.#tools.readings.observe(question);
    const since = closedSince(run);
    if (since === null || seen.kind === "unknown") return seen;
    // Only what has ended, or is gone, or was never stopped, needs the way.
    const runs = seen.kind === "known" && seen.value.state === "running";
    if (runs && !this.#isLeftRunning(engineId, since)) return seen;
    const why = await reopen(this.#tools, session, { run, spec });
    this.#tools.states.forget(session, spec);
    return why === null ? seen : { kind: "unknown", why };
  }

  /** Nobody has repeated the stop for long, and AWS is not stopping it. */
  #isLeftRunning(engineId: string, since: number): boolean {
    const age = this.#order.clock() - since;
    const isStopping = this.#tools.readings.status(engineId) !== "InProgress";
    return age > limit.codepipeline.stop_ms && !isStopping;
  }

  async stop(engineId: string, reason: string, permit: Permit | null = null): Promise<Acted> {
    return await this.#act({ engineId, permit }, ({ session, run, spec }) =>
      stop(this.#tools, session, { run, executionId: engineId, spec, reason }),
    );
  }

  async retry(engineId: string, stage: string, key: string): Promise<Acted> {
    return await this.#retry({ engineId, stage, key, permit: null });
  }

  async #retry(of: {
    readonly engineId: string;
    readonly stage: string;
    readonly key: string;
    readonly permit: Permit | null;
  }): Promise<Acted> {
    const { engineId: executionId, stage, key } = of;
    return await this.#act(of, ({ session, run, spec }) =>
      retry(this.#tools, session, { run, executionId, spec, stage, key }),
    );
  }

  async approve(approval: Approval, permit: Permit | null = null): Promise<Acted> {
    const known = await this.#order.runs.get(approval.key);
    const pendingCommand = known?.request ?? { kind: "approve" as const, approval, asked: null };
    if (pendingCommand.kind !== "approve")
      return { kind: "refused", why: "The key belongs to another request." };
    // Whatever waits by now, the request is about what waited when it was carried out first.
    const first = pendingCommand.approval;
    const acted = await this.#act({ engineId: first.engineId, permit }, ({ session, spec }) =>
      approve(this.#tools, session, { approval: first, asked: pendingCommand.asked, spec }),
    );
    const { engineId, stage } = approval;
    if (acted.kind !== "done" || (first.engineId === engineId && first.stage === stage))
      return acted;
    const why = `The approval was given to the stage ${first.stage} of the execution ${first.engineId}, and is for nothing else. Repeat it for the stage ${stage}.`;
    return { kind: "refused", why };
  }

  async target(request: RollbackRequest): Promise<ChosenTarget> {
    const { spec, repository } = request;
    if (spec.engine !== "codepipeline") return notOurs;
    const opened = this.#access.session({ ...spec, repository });
    if (opened.kind === "refused") return opened;
    const chosen = await chooseTarget(this.#tools, opened.session, { ...request, spec });
    return chosen.kind === "chosen" ? { kind: "chosen", sha: chosen.target.sha } : chosen;
  }

  async rollback(request: RollbackRequest, permit: Permit | null = null): Promise<RolledBack> {
    const { spec, repository, key } = request;
    if (spec.engine !== "codepipeline") return notOurs;
    const opened = this.#access.session({ ...spec, repository });
    if (opened.kind === "refused") {
      // An earlier call may have taken effect.
      const known = await this.#order.runs.get(key);
      return known === null ? opened : { kind: "failed", why: opened.why };
    }
    const session = permitted(opened.session, permit);
    const done = await rollback(this.#tools, session, { request, spec });
    this.#forget(opened.session, spec);
    return done;
  }

  drift: CodePipelineEngine["drift"] = async ({ spec, repository, sha, engineId, since }) => {
    if (spec.engine !== "codepipeline") return { kind: "unknown", why: notOurs.why };
    const opened = this.#access.session({ ...spec, repository });
    if (opened.kind === "refused") return { kind: "unknown", why: opened.why };
    return await this.#driftReports.drift({ session: opened.session, spec, sha, engineId }, since);
  };

  async pipelineResync(): Promise<readonly string[]> {
    return await this.#pipelineResync.round();
  }

  suspect(executionId: string, place: Place): void {
    this.#strangers.set(executionId, place);
    this.#soon ??= setTimeout(() => {
      this.#soon = null;
      this.#lookForForeign().catch((err: unknown) =>
        this.#order.log.error({ err }, "What others do could not be looked for"),
      );
    }, limit.codepipeline.suspect_ms);
    this.#soon.unref();
  }

  async #lookForForeign(): Promise<void> {
    const told = new Map(this.#strangers);
    this.#strangers.clear();
    // AWS may tell of an execution of ours before the answer to its start is in the ledger.
    const ours = await this.#order.runs.known([...told.keys()]);
    const strange = [...told].filter(([id]) => !ours.has(id));
    for (const [, place] of strange) this.#pipelineResync.suspect(place);
    if (strange.length === 0) return;
    for (const token of await this.#pipelineResync.round()) this.#order.others(token);
  }

  close(): void {
    if (this.#soon !== null) clearTimeout(this.#soon);
    this.#access.close();
  }

  async #act(
    { engineId, permit }: { readonly engineId: string; readonly permit: Permit | null },
    act: (known: KnownRun) => Promise<Acted>,
  ): Promise<Acted> {
    const run = await this.#order.runs.byExecution(engineId);
    if (run === null) return { kind: "refused", why: "Interlock did not start this execution." };
    const known = this.#open(run);
    if (known.kind === "refused") return known;
    const acted = await act({ ...known, session: permitted(known.session, permit) });
    this.#tools.readings.drop(engineId);
    this.#forget(known.session, known.spec);
    if (acted.kind === "done") this.#order.notice(run.token);
    return acted;
  }

  /** What was read of the pipeline before something was done to it is old. */
  #forget(session: Session, spec: CodePipelinePart): void {
    this.#tools.executions.forget(session, spec);
    this.#tools.states.forget(session, spec);
  }

  #open(run: PipelineRun): KnownRun | { readonly kind: "refused"; readonly why: string } {
    const place = placeOf(run.request);
    if (place?.spec.engine !== "codepipeline") return notOurs;
    const { spec, repository } = place;
    const opened = this.#access.session({ ...spec, repository });
    return opened.kind === "open" ? { ...opened, kind: "known", run, spec } : opened;
  }
}

interface KnownRun {
  readonly kind: "known";
  readonly session: Session;
  readonly run: PipelineRun;
  readonly spec: CodePipelinePart;
}

/** Null for an approval, which is no run. */
function placeOf(request: PipelineRequest): Pick<RollbackRequest, "spec" | "repository"> | null {
  switch (request.kind) {
    case "start":
      return { spec: request.start.run.spec, repository: request.start.repository };
    case "rollback":
      return request.rollback;
    case "approve":
      return null;
  }
}

const notOurs = { kind: "refused", why: "It is no run of this engine." } as const;
