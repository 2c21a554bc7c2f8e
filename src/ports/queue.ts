// Leases jobs to workers, in fair turns.

import type { Subject } from "../core/model/event.ts";
import type { Clock } from "./log.ts";

export interface Job {
  readonly id: string;
  readonly key: string;
  readonly installation: number;
  /** GUID of the delivery that made it necessary; absent where none did, or several at once that tell of no subject. */
  readonly delivery?: string;
}

/** What kind of subject the jobs of a lane are about. */
export type LaneKind = Subject["kind"];

/** Jobs of one installation at once, while no other has anything to do and while one has. */
export interface Share {
  readonly alone: number;
  readonly beside: number;
}

export interface TurnLimits {
  /** While the process waits for others most of the time, and while it has no time left. */
  readonly calm: Share;
  readonly loaded: Share;
  /** Resyncs of repositories at once, of all installations together. */
  readonly resyncs: number;
  /** From one resync of an installation to its next. */
  readonly resyncEvery_ms: number;
}

export interface Working extends TurnLimits {
  /** By which `readyAt` tells the time. */
  readonly clock: Clock;
  /** Jobs at once. */
  readonly workers: number;
  /** When such jobs may begin, in milliseconds since 1970: they wait in the queue until then. */
  readyAt(lane: { readonly installation: number; readonly kind: LaneKind }): number;
}

/** Leases subjects: at most one job per subject is active, on any number of replicas. */
export interface Queue {
  /**
   * Runs `handler` for each job until stopped, in fair turns. Resolves when the workers are up. A job that was
   * `lost` is handed back: another process has worked on its subject meanwhile, and may not have come to the end.
   */
  work(
    working: Working,
    handler: (job: Job) => Promise<"done" | "lost" | undefined>,
  ): Promise<void>;
  /** Takes jobs by hand, in the same order: the test world's single step. */
  take(count: number): Promise<readonly Job[]>;
  done(job: Job): Promise<void>;
  /** Hands a job back to be taken again. */
  handBack(job: Job): Promise<void>;
  /** Takes no more work and waits up to `grace_ms` for what is leased; the rest is handed back. */
  stop(grace_ms: number): Promise<void>;
}
