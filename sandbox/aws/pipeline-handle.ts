// What people and machines do with a pipeline, as verbs.

import { judgeAgain } from "./codepipeline/again.ts";
import { answerApproval } from "./codepipeline/approval.ts";
import { current, isActive } from "./codepipeline/executions.ts";
import type {
  Declaration,
  Execution,
  Outcome,
  Pipeline,
  RetryMode,
  StageDeclaration,
  Trigger,
  Verdict,
} from "./codepipeline/model.ts";
import { overrideStageCondition } from "./codepipeline/override.ts";
import { retryStage } from "./codepipeline/retry.ts";
import { rollbackStage } from "./codepipeline/rollback.ts";
import { type StartWanted, start } from "./codepipeline/start.ts";
import { stopExecution } from "./codepipeline/stop.ts";
import { updatePipeline } from "./codepipeline/structure.ts";
import { setTransition } from "./codepipeline/transition.ts";
import { connectionArn, declareStage, type NewStage } from "./declare.ts";
import { type Ending, ExecutionHandle } from "./execution-handle.ts";
import type { World } from "./model.ts";
import { Refusal } from "./refusal.ts";

/** Anyone whom a scenario does not name. */
const somebody = "ann";

export class PipelineHandle {
  readonly #world: World;
  readonly data: Pipeline;

  constructor(world: World, data: Pipeline) {
    this.#world = world;
    this.data = data;
  }

  get name(): string {
    return this.data.name;
  }

  get arn(): string {
    return this.data.arn;
  }

  get version(): number {
    return this.data.declarations.length;
  }

  /** Oldest first. */
  executions(): ExecutionHandle[] {
    return this.data.executions.map((e) => this.#handle(e));
  }

  execution(id: string): ExecutionHandle {
    const found = this.data.executions.find((e) => e.id === id);
    if (!found) throw new Error(`${this.name} has no execution ${id}`);
    return this.#handle(found);
  }

  latest(): ExecutionHandle {
    const last = this.data.executions.at(-1);
    if (!last) throw new Error(`${this.name} has never run`);
    return this.#handle(last);
  }

  /** Somebody presses "Release change" in the console, for that commit or for the branch's tip. */
  startByConsole(user: string = somebody, sha?: string): ExecutionHandle {
    const trigger: Trigger = { type: "StartPipelineExecution", detail: this.#person(user) };
    const action = current(this.data).stages[0]?.actions[0]?.name ?? "Source";
    return this.#start({
      trigger,
      revisions:
        sha === undefined
          ? []
          : [{ actionName: action, revisionType: "COMMIT_ID", revisionValue: sha }],
    });
  }

  /** The pipeline's own trigger hears of a push. */
  startByPush(push: {
    sha: string;
    branch?: string;
    message?: string;
    author?: string;
  }): ExecutionHandle {
    const { account, region } = this.data;
    const { sha, branch = "main", message = "A change", author = somebody } = push;
    const source = current(this.data).stages[0]?.actions[0]?.configuration ?? {};
    const repository = source.FullRepositoryId ?? "";
    return this.#start({
      trigger: {
        type: "WebhookV2",
        detail: connectionArn(account, region),
        git: { repository, branch, sha, message, author },
      },
    });
  }

  /** A rule of EventBridge, such as a schedule. */
  startByRule(rule = "nightly"): ExecutionHandle {
    const { account, region } = this.data;
    const detail = `arn:aws:events:${region}:${account}:rule/${rule}`;
    return this.#start({ trigger: { type: "CloudWatchEvent", detail } });
  }

  /** Like `startByConsole`, and through all stages before the named one, or to the end. */
  run(wanted: { sha?: string; until?: string; user?: string } = {}): ExecutionHandle {
    return this.startByConsole(wanted.user, wanted.sha).passUntil(wanted.until);
  }

  /** A newer execution overtakes one that waits between stages. Returns the newer. */
  supersede(id: string, sha?: string): ExecutionHandle {
    const old = this.execution(id);
    const newer = this.startByConsole(somebody, sha).passUntil(old.stage);
    if (old.status !== "Superseded") throw new Error(`${id} does not wait, it is ${old.status}`);
    return newer;
  }

  /** For the execution that is in the stage now. */
  pass(stage: string, ending: Ending = {}): ExecutionHandle {
    return this.#inStage(stage).pass(stage, ending);
  }

  fail(stage: string, ending: Ending = {}): ExecutionHandle {
    return this.#inStage(stage).fail(stage, ending);
  }

  /** How the next run of that stage, or of "stage/action", ends where actions end by themselves. */
  next(place: string, outcome: Outcome): void {
    this.data.scripts.set(place, [...(this.data.scripts.get(place) ?? []), outcome]);
  }

  /** From now on each action ends by itself after so many milliseconds of the clock. */
  automatic(actionMs: number): this {
    this.data.actionMs = actionMs;
    return this;
  }

  /** How conditions are judged from now on; also those that wait. */
  condition(
    stage: string,
    slot: "beforeEntry" | "onSuccess" | "onFailure",
    verdict: Verdict,
  ): void {
    this.data.verdicts.set(`${stage}/${slot}`, verdict);
    judgeAgain(this.#world, this.data);
  }

  /** For the execution that is in the stage; in PARALLEL mode it has to be named. */
  override(stage: string, slot: "beforeEntry" | "onSuccess", id?: string): void {
    const executionId = id ?? this.data.latest.get(stage)?.execution.id ?? "";
    must(overrideStageCondition(this.#world, this.data, { stage, executionId, slot }));
  }

  approve(stage: string, user: string = somebody): void {
    this.#answer(stage, "Approved", user);
  }

  reject(stage: string, user: string = somebody): void {
    this.#answer(stage, "Rejected", user);
  }

  /** Somebody closes the way into a stage. */
  disableTransition(stage: string, reason = "Closed by hand", user: string = somebody): void {
    this.#transition(stage, user, { kind: "disabled", reason });
  }

  enableTransition(stage: string, user: string = somebody): void {
    this.#transition(stage, user, { kind: "enabled" });
  }

  stop(id: string, how: "wait" | "abandon" = "wait", reason = "Stopped by hand"): void {
    must(stopExecution(this.#world, this.data, { id, how, reason }));
  }

  retry(stage: string, mode: RetryMode = "FAILED_ACTIONS"): ExecutionHandle {
    const executionId = this.data.latest.get(stage)?.execution.id ?? "";
    return this.#handle(must(retryStage(this.#world, this.data, { stage, executionId, mode })));
  }

  rollback(stage: string, targetId: string, user: string = somebody): ExecutionHandle {
    const at = current(this.data).stages.findIndex((s) => s.name === stage);
    const wanted = { stage: at, name: stage, targetId, by: this.#person(user) };
    return this.#handle(must(rollbackStage(this.#world, this.data, wanted)));
  }

  /** Somebody edits the pipeline: what runs is cancelled, the version goes up. */
  change(edit: (declaration: Declaration) => Declaration): void {
    const before = current(this.data);
    const no = updatePipeline(this.#world, this.data, edit(structuredClone(before)));
    if (no) throw new Error(no.message);
  }

  removeStage(name: string): void {
    this.change((d) => ({ ...d, stages: d.stages.filter((s) => s.name !== name) }));
  }

  renameStage(from: string, to: string): void {
    const rename = (s: StageDeclaration) => (s.name === from ? { ...s, name: to } : s);
    this.change((d) => ({ ...d, stages: d.stages.map(rename) }));
  }

  /** Behind all others, or in front of the named one. */
  addStage(stage: string | NewStage, before?: string): void {
    this.change((d) => {
      const at = d.stages.findIndex((s) => s.name === before);
      const added = declareStage(this.name, stage);
      return { ...d, stages: d.stages.toSpliced(at === -1 ? d.stages.length : at, 0, added) };
    });
  }

  #start(wanted: StartWanted): ExecutionHandle {
    return this.#handle(must(start(this.#world, this.data, wanted)));
  }

  #inStage(stage: string): ExecutionHandle {
    const found = this.data.executions.find(
      (e) => isActive(e) && e.stages.at(-1)?.declaration.name === stage && e.position.kind === "in",
    );
    if (!found) throw new Error(`nothing is in ${stage} of ${this.name}`);
    return this.#handle(found);
  }

  #answer(stage: string, status: "Approved" | "Rejected", user: string): void {
    const run = this.data.executions
      .flatMap((e) => e.actions)
      .findLast((a) => a.stage.declaration.name === stage && a.token !== undefined);
    if (!run?.token) throw new Error(`nobody is asked to approve ${stage}`);
    const action = run.declaration.name;
    const by = this.#person(user);
    const answer = { stage, action, token: run.token, status, summary: "", by };
    must(answerApproval(this.#world, this.data, answer));
  }

  #transition(
    stage: string,
    user: string,
    to: { kind: "disabled"; reason: string } | { kind: "enabled" },
  ): void {
    setTransition(this.#world, this.data, { stage, side: "Inbound", to, by: this.#person(user) });
  }

  #person(user: string): string {
    return `arn:aws:sts::${this.data.account}:assumed-role/AWSReservedSSO_Developer_0123456789abcdef/${user}`;
  }

  #handle(execution: Execution): ExecutionHandle {
    return new ExecutionHandle(this.#world, execution);
  }
}

/** Verbs are for what a scenario needs to succeed. */
function must<T>(done: T | Refusal): T {
  if (done instanceof Refusal) throw new Error(`${done.code}: ${done.message}`);
  return done;
}
