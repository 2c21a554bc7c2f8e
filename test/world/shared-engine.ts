// A double of an engine that others can reach too: it rolls back, takes approvals and is looked around in.

import type { DriftReport } from "../../src/core/model/drift.ts";
import type { Known } from "../../src/core/model/fact.ts";
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
import { type DoubleRun, EngineDouble } from "./engine.ts";

const quiet: DriftReport = {
  differences: [],
  foreignExecutions: [],
  outOfBandChanges: [],
  live: [],
};

export class SharedEngineDouble extends EngineDouble {
  override readonly name = "codepipeline";
  readonly driftReports: DriftQuestion[] = [];
  #last: Known<DriftReport> | null = null;
  readonly rollbacks: RollbackRequest[] = [];
  readonly approvals: Approval[] = [];
  /** What is found around every run. */
  around: Known<Partial<DriftReport>> = { kind: "known", value: {} };
  /** What the next calls come to, in their order; then all goes well. */
  readonly answers: ("answer_lost" | "refused")[] = [];
  /** How each rollback stands, by its id. */
  readonly back = new Map<string, Observation>();
  /** The commit in production; null for whatever Interlock believes. */
  present: string | null = null;
  /** The commit that a rollback brings back. */
  before = "0".repeat(40);

  async drift(question: DriftQuestion): Promise<Known<DriftReport>> {
    this.driftReports.push(question);
    // Nothing is asked: what was found last is what is known.
    if (question.since === null)
      return this.#last ?? { kind: "unknown", why: "Nothing was read yet." };
    this.#last = this.around.kind === "known" ? this.#found(this.around.value) : null;
    if (this.around.kind === "unknown") return this.around;
    return this.#found(this.around.value);
  }

  #found(around: Partial<DriftReport>): Known<DriftReport> {
    return { kind: "known", value: { ...quiet, ...around } };
  }

  async target({ from, to }: RollbackRequest): Promise<ChosenTarget> {
    if (this.answers[0] === "refused") {
      this.answers.shift();
      return { kind: "refused", why: "Nothing succeeded there before." };
    }
    if (this.present !== null && this.present !== from)
      return { kind: "refused", why: "Another commit is there by now." };
    return { kind: "chosen", sha: to ?? this.before };
  }

  async rollback(request: RollbackRequest): Promise<RolledBack> {
    const answer = this.answers.shift();
    if (answer === "refused") return { kind: "refused", why: "Nothing succeeded there before." };
    const engineId = `back:${request.key}`;
    if (this.present !== null && this.present !== request.from)
      return { kind: "refused", why: "Another commit is there by now." };
    if (!this.back.has(engineId)) {
      this.rollbacks.push(request);
      this.back.set(engineId, { state: "running", why: "", stages: [], endedAt: null });
    }
    if (answer === "answer_lost") return { kind: "failed", why: "no answer" };
    // Its stages all deploy, so that only one of the last takes the commit out of where the plan ends.
    const stays = request.stage !== request.spec.stages.at(-1)?.name;
    const sha = request.to ?? this.before;
    return { kind: "started", engineId, sha, ...(stays && { stays: true as const }) };
  }

  async approve(approval: Approval): Promise<Acted> {
    const answer = this.answers.shift();
    if (answer === "refused") return { kind: "refused", why: "No approval is waiting." };
    const { key, stage, engineId } = approval;
    const isSame = (one: Approval) =>
      one.key === key && one.stage === stage && one.engineId === engineId;
    if (!this.approvals.some(isSame)) this.approvals.push(approval);
    return answer === "answer_lost" ? { kind: "failed", why: "no answer" } : { kind: "done" };
  }

  override async observe(engineId: string): Promise<Read<Observation>> {
    const back = this.back.get(engineId);
    return back === undefined ? await super.observe(engineId) : { kind: "known", value: back };
  }

  /** The only rollback comes to its end. */
  endRollback(state: "succeeded" | "failed", why = ""): void {
    const [engineId] = this.back.keys();
    if (engineId === undefined) throw new Error("There is no rollback");
    const endedAt = this.now();
    this.back.set(engineId, { state, why, stages: [], endedAt });
    this.tell(engineId.slice("back:".length));
  }

  /** The stage under way waits for a person. */
  wait(run: DoubleRun): void {
    const stage = this.stageOf(run);
    run.stages = run.stages.map((fact) =>
      fact.name === stage ? { ...fact, state: "waiting" } : fact,
    );
    this.tell(run.request.run.key);
  }

  /** What waited is under way again. */
  goOn(run: DoubleRun): void {
    run.stages = run.stages.map((fact) =>
      fact.state === "waiting" ? { ...fact, state: "running" } : fact,
    );
    this.tell(run.request.run.key);
  }
}
