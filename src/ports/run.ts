// What the engines keep in the ledger about their own runs.

import type { StageFact, StartedRollback } from "../core/model/fact.ts";
import type { Approval, Observation, RollbackRequest, StartRequest } from "./engine.ts";

/** State of the local engine's runs, kept in the store so that every replica sees them. */
export interface LocalRuns {
  /** False where the token is known already. */
  add(run: LocalRun): Promise<boolean>;
  get(token: string): Promise<LocalRun | null>;
  update(token: string, change: Partial<Omit<LocalRun, "token">>): Promise<void>;
  /** Runs that have not ended. */
  live(): Promise<readonly LocalRun[]>;
  /** Ended runs whose workspace is still kept, oldest first. */
  kept(instance: string): Promise<readonly LocalRun[]>;
}

export interface LocalRun {
  /** The run's key. */
  readonly token: string;
  readonly request: StartRequest;
  /** The Interlock process that runs it. */
  readonly instance: string;
  /** Alive sign of that process. */
  readonly beatAt: number;
  readonly state: Observation["state"];
  readonly why: string;
  readonly stages: readonly StageFact[];
  readonly createdAt: number;
  readonly endedAt: number | null;
  /** The running command's process group, with its start time, so that another process's id is never killed. */
  readonly process: { readonly group: number; readonly startedAt: string } | null;
  readonly stopRequested: string | null;
  /** Keys of retries already carried out. */
  readonly retries: readonly string[];
  /** Folder of the commit while it is kept. */
  readonly workspace: string | null;
}

/** What was asked of AWS CodePipeline, kept in the store: AWS tells nothing of our keys and commits. */
export interface PipelineRuns {
  /** Before AWS is asked. False where the token is known already. */
  add(run: PipelineRun): Promise<boolean>;
  get(token: string): Promise<PipelineRun | null>;
  byExecution(executionId: string): Promise<PipelineRun | null>;
  /** Those of the executions that are in the ledger, by their ids: the rest was started by others. */
  known(executionIds: readonly string[]): Promise<ReadonlyMap<string, PipelineRun>>;
  /**
   * Started at that time or later, newest first: at most so many of each pipeline, and where that is too much
   * of all together, those that are the newest of theirs.
   */
  since(
    time: number,
    count: { readonly each: number; readonly all: number },
  ): Promise<readonly PipelineRun[]>;
  update(token: string, change: Partial<Pick<PipelineRun, "executionId" | "acts">>): Promise<void>;
}

export interface PipelineRun {
  /** The run's key, or the key of the request for a rollback or an approval. */
  readonly token: string;
  readonly request: PipelineRequest;
  /** Null until AWS has answered. */
  readonly executionId: string | null;
  readonly startedAt: number;
  /** What was told of it: how often, and the newest. Every replica reads here what one of them was told. */
  readonly heard: { readonly count: number; readonly last: readonly string[] };
  readonly acts: readonly PipelineAct[];
}

export type PipelineRequest =
  | {
      readonly kind: "start";
      readonly start: StartRequest;
      /** As sent: the same token must come with the same parameters. */
      readonly source: string;
      readonly variables: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: "rollback";
      readonly rollback: RollbackRequest;
      /** The execution to go back to. */
      readonly target: string;
      readonly sha: string;
      /** The newest execution of the pipeline before the request; ours is newer. */
      readonly after: string | null;
      readonly stays?: StartedRollback["stays"];
    }
  /** An entry of its own, which never has an execution: the key stands for this place and no other one. */
  | {
      readonly kind: "approve";
      readonly approval: Approval;
      /** Marks of what waited there then; never their tokens. */
      readonly asked: readonly string[];
    };

export type PipelineAct =
  | {
      readonly kind: "retry";
      readonly key: string;
      readonly stage: string;
      /** The stage's runs of actions before; others than these show that it took effect. */
      readonly before: readonly string[];
      readonly at: number;
      readonly done: boolean;
    }
  /** The way into the stage was closed for a stop, and is to be opened again. */
  | {
      readonly kind: "closed";
      readonly stage: string;
      readonly reason: string;
      /** When that was asked for; absent in entries of earlier versions. */
      readonly at?: number;
    }
  /** When AWS was asked last for the rollback that this entry is. */
  | { readonly kind: "sent"; readonly at: number };
