// What happens to one execution, as verbs.

import { latestRun } from "./codepipeline/executions.ts";
import type { ActionRun, Execution, Outcome, StageRun } from "./codepipeline/model.ts";
import { endAction, pump } from "./codepipeline/progress.ts";
import type { World } from "./model.ts";

/** How an action ends; `action` names one where the stage has several. */
export type Ending = Omit<Outcome, "kind"> & { action?: string };

export class ExecutionHandle {
  readonly #world: World;
  readonly data: Execution;

  constructor(world: World, data: Execution) {
    this.#world = world;
    this.data = data;
  }

  get id(): string {
    return this.data.id;
  }

  get status(): Execution["status"] {
    return this.data.status;
  }

  /** The stage it is in or waits for; undefined once it is over. */
  get stage(): string | undefined {
    const { position, declaration } = this.data;
    return position.kind === "over" ? undefined : declaration.stages[position.stage]?.name;
  }

  /** The commit, once the source action has taken it. */
  get sha(): string | undefined {
    const [revision] = this.data.revisions.values();
    return revision?.id;
  }

  /** The last run of that stage. */
  run(stage: string): StageRun | undefined {
    return latestRun(this.data, stage);
  }

  /** Ends all that runs in the stage well, one order after the other; approvals are left to people. */
  pass(stage: string, ending: Ending = {}): this {
    const { action, ...outcome } = ending;
    let open = this.#running(stage, action);
    if (open.length === 0) throw new Error(`nothing runs in ${stage}: it is ${this.#where()}`);
    for (; open.length > 0; open = this.#running(stage, action))
      for (const run of open) this.#end(run, { ...outcome, kind: "pass" });
    return this;
  }

  /** Ends the first that runs in the stage, or the one named, badly. */
  fail(stage: string, ending: Ending = {}): this {
    const { action, ...outcome } = ending;
    const [run] = this.#running(stage, action);
    if (!run) throw new Error(`nothing runs in ${stage}: it is ${this.#where()}`);
    this.#end(run, { ...outcome, kind: "fail" });
    return this;
  }

  /** Passes every stage before the named one, or all of them; ends where it has to wait. */
  passUntil(stage?: string): this {
    for (let at = this.stage; at !== undefined && at !== stage; at = this.stage) {
      if (this.#running(at).length === 0) return this;
      this.pass(at);
    }
    return this;
  }

  #running(stage: string, action?: string): ActionRun[] {
    return this.data.actions.filter(
      (run) =>
        run.status === "InProgress" &&
        run.stage.declaration.name === stage &&
        run.token === undefined &&
        (action ?? run.declaration.name) === run.declaration.name,
    );
  }

  #end(run: ActionRun, outcome: Outcome): void {
    endAction(this.#world, run, outcome);
    pump(this.#world, this.data.pipeline);
  }

  #where(): string {
    const { status, position } = this.data;
    return this.stage === undefined ? status : `${status}, ${position.kind} ${this.stage}`;
  }
}
