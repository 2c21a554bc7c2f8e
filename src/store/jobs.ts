// Puts work into the queue, inside the transaction that makes it necessary.

import type { PgBoss } from "pg-boss";
import { queueName, within } from "./boss.ts";
import { type Connection, storableText } from "./database.ts";
import { laneOf } from "./lanes.ts";

/** What a job says; the rest is read from the subject when it is worked on. */
export interface JobData {
  readonly key: string;
  readonly installation: number;
  /** The delivery that made it necessary, for the log. */
  readonly delivery?: string;
}

/** One job for each subject that has none waiting. */
export type Enqueue = (connection: Connection, jobs: readonly JobData[]) => Promise<void>;

/** `salt` is what `readSalt` says. */
export function enqueueInto(boss: PgBoss, salt: string): Enqueue {
  return async (connection, jobs) => {
    const byKey = new Map(jobs.map(({ key, ...job }) => [storableText(key), job]));
    if (byKey.size === 0) return;
    // In the order of their keys, so that two transactions never wait for each other's jobs.
    const sorted = [...byKey].sort(([one], [other]) => (one < other ? -1 : 1));
    await boss.insert(
      queueName,
      sorted.map(([key, job]) => ({
        singletonKey: key,
        priority: laneOf(salt, key, job.installation),
        data: { key, ...job },
      })),
      { db: within(connection) },
    );
  };
}

/** The jobs that look at these subjects. Keys that are not known, or whose repository is gone, are left out. */
export async function jobsFor(
  on: Connection,
  keys: readonly string[],
): Promise<readonly JobData[]> {
  if (keys.length === 0) return [];
  return on.query<JobData>(
    `select subject.key, repository.installation
       from interlock.subject join interlock.repository using (owner, name)
      where subject.key = any($1::text[]) and repository.present`,
    [keys],
  );
}
