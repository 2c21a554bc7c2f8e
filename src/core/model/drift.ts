// What a look at somebody else's pipeline finds: where it differs from the plan, and what others started in it.

import type { ExecutionState } from "./execution.ts";

export interface DriftReport {
  /** In the order of the plan's stages, what concerns the whole pipeline first. */
  readonly differences: readonly Difference[];
  /** Executions for the commit that Interlock did not start, newest first. */
  readonly foreignExecutions: readonly ForeignExecution[];
  /** What was done from outside to executions of the commit, no matter who started them. */
  readonly outOfBandChanges: readonly OutOfBandChangeOn[];
  /** Executions of the commit that Interlock started and that are under way, or ended again, since their end was read. */
  readonly live: readonly string[];
}

/** Something that an execution did not come to by itself, so that its success proves nothing. */
export interface OutOfBandChange {
  readonly kind: /** Somebody let it pass a condition that did not hold. */
    | "condition_overridden"
    /** The pipeline was changed while it was under way. */
    | "pipeline_changed"
    /** Somebody, or the engine by itself, took its commit out again. */
    | "rolled_back";
  readonly stage: string | null;
  readonly sentence: string;
}

export interface OutOfBandChangeOn {
  readonly engineId: string;
  readonly mark: OutOfBandChange;
}

/** `sentence` names the difference and, where there is one, the way to fix it. */
export type Difference = {
  readonly sentence: string;
} & (
  | { readonly kind: "stage_missing"; readonly stage: string }
  /** Another stage stands in its place. */
  | { readonly kind: "stage_renamed"; readonly stage: string; readonly now: string }
  | { readonly kind: "stage_reordered"; readonly stage: string }
  /** A condition skipped the stage the last time it was reached. */
  | { readonly kind: "stage_off"; readonly stage: string }
  /** Nothing enters the stage until somebody opens it. */
  | { readonly kind: "transition_disabled"; readonly stage: string }
  /** The pipeline starts by itself on a push, beside what Interlock starts. */
  | { readonly kind: "starts_itself" }
  /** It cannot be started for a commit. */
  | { readonly kind: "cannot_start" }
);

/** An execution that Interlock did not start. Whether it counts is not said here. */
export interface ForeignExecution {
  readonly engineId: string;
  /** A rollback brings an older commit back into one stage; it is no run of the commit. */
  readonly kind: "standard" | "rollback";
  /** What started it, in the engine's own word. */
  readonly trigger: string;
  /** Who or what that was, as the engine has it; empty where it does not say. */
  readonly by: string;
  readonly state: Extract<ExecutionState, "running" | "succeeded" | "failed" | "stopped">;
  readonly why: string;
  readonly startedAt: number | null;
  readonly link: string;
}
