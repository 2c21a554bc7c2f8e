// A store as the conformance tests use it.

import type { Clock } from "../../src/ports/log.ts";
import type { Job } from "../../src/ports/queue.ts";
import type { Database } from "../../src/store/database.ts";
import type { OpenStore } from "../../src/store/open.ts";
import type { HearingLog } from "./silent.ts";

/** The trail is written by a database alone: `auditTrail(database)` where there is one. */
export interface TestStore extends Omit<OpenStore, "audit" | "lookup" | "backlog"> {
  /** Below the store, to look at what it wrote. The store in memory has none, and throws. */
  readonly database: Database;
  readonly log: HearingLog;
  /** What the store's clock says; null for the database's own. */
  readonly time: { now: Clock | null };
  /** Forgets everything, so that the next test starts with an empty store. */
  clear(): Promise<void>;
  /** Drops all jobs, so that what a test sees next was put there next. */
  clearJobs(): Promise<void>;
  /** Jobs that wait or are being worked on. */
  jobCount(): Promise<number>;
  /** How each notice stands: `waiting`, `sent`, `given_up`. */
  notificationStates(): Promise<readonly string[]>;
  /** The process that works on the job is taken for dead: another one may have it. */
  expire(job: Job): Promise<void>;
}
