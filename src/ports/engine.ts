// What runs the stages of a part.

import type { DriftReport } from "../core/model/drift.ts";
import type { RunWanted } from "../core/model/effect.ts";
import type { Repository } from "../core/model/event.ts";
import type { Execution, Known, StageFact, StartedRollback } from "../core/model/fact.ts";
import type { Part } from "../core/model/plan.ts";
import type { Read } from "./github.ts";
import type { Permit } from "./permit.ts";

// ---------------------------------------------------------------- engines

export interface StartRequest {
  readonly run: RunWanted;
  readonly repository: Repository;
  /** For the environment of the commands and for names in logs. */
  readonly pull: number | null;
  readonly branch: string;
}

export type Started =
  | { readonly kind: "started"; readonly engineId: string }
  /** Final: asking again would be refused again. */
  | { readonly kind: "refused"; readonly why: string }
  /** It may or may not have started; `find` will tell. */
  | { readonly kind: "failed"; readonly why: string };

export interface Observation {
  readonly state: Exclude<Execution["state"], "intended" | "unconfirmed" | "refused">;
  readonly why: string;
  readonly stages: readonly StageFact[];
  readonly endedAt: number | null;
}

export type Acted =
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "failed"; readonly why: string };

/** Something that runs a part of a pipeline. Every call may be repeated; the run's key makes it once. */
export interface Engine {
  readonly name: string;
  /** Starts the run, or returns what an earlier call with the same `run.key` started. */
  start(request: StartRequest): Promise<Started>;
  /** What became of a start whose answer was lost. Absent: it never began and may be started. */
  find(key: string): Promise<Read<string>>;
  observe(engineId: string): Promise<Read<Observation>>;
  stop(engineId: string, reason: string): Promise<Acted>;
  /** Runs the failed execution again from the stage on, in the same place. `key` makes it once. */
  retry(engineId: string, stage: string, key: string): Promise<Acted>;
  /** The commit that `rollback` would bring back now, for one that is about to begin. */
  target?(request: RollbackRequest): Promise<ChosenTarget>;
  /** Brings an older commit back into one stage. `key` makes it once. */
  rollback?(request: RollbackRequest): Promise<RolledBack>;
  /** Answers the approval that this execution, and no other one, waits for. `key` makes it once. */
  approve?(approval: Approval): Promise<Acted>;
  /** How what the engine has differs from the plan, and what others did in it for the commit. */
  drift?(question: DriftQuestion): Promise<Known<DriftReport>>;
  /**
   * The same engine, each act of which asks the permit immediately before its request leaves. Absent where
   * an act does not wait for anything. What was not sent counts as failed.
   */
  under?(permit: Permit): Engine;
  /** Keys of runs of ours for whose commits others have started something since the last call. */
  pipelineResync?(): Promise<readonly string[]>;
}

export interface DriftQuestion {
  readonly spec: Part;
  readonly repository: Repository;
  readonly sha: string;
  /** The execution that it is made for. */
  readonly engineId: string;
  /** A reading from before then is not good enough; null for whatever is known, and nothing is asked. */
  readonly since: number | null;
}

export interface RollbackRequest {
  readonly spec: Part;
  readonly repository: Repository;
  readonly stage: string;
  /** The commit to take out: where another one is in the stage by now, nothing is done. */
  readonly from: string;
  /** The commit to go back to, by its first digits or whole; null for the newest of `among` before it. */
  readonly to: string | null;
  /** Commits that may come back: they passed the stage by themselves, and nobody took them out of it. */
  readonly among: readonly string[];
  readonly key: string;
}

export type RolledBack =
  | StartedRollback
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "failed"; readonly why: string };

export type ChosenTarget =
  | { readonly kind: "chosen"; readonly sha: string }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "failed"; readonly why: string };

export interface Approval {
  readonly engineId: string;
  readonly stage: string;
  /** Login of the person who approves. */
  readonly actor: string;
  readonly key: string;
}

/** Called by an engine when one of its executions moved: only a hint to look again. */
export type EngineEventHandler = (executionKey: string) => void;
