// Puts work into the queue, inside the transaction that makes it necessary.

import type { PgBoss } from "pg-boss";
import { queueName, within } from "./boss.ts";
import { type Connection, withoutNul } from "./database.ts";

/** What a job says; the rest is read from the subject when it is worked on. */
export interface JobData {
  readonly key: string;
  readonly installation: number;
}

/** One job for each subject that has none waiting. Keys that are not known are left out. */
export type Enqueue = (connection: Connection, keys: readonly string[]) => Promise<void>;

export function enqueueInto(boss: PgBoss): Enqueue {
  return async (connection, keys) => {
    if (keys.length === 0) return;
    // In the order of their keys, so that two transactions never wait for each other's jobs.
    const found = await connection.query<JobData>(
      `select subject.key, repository.installation
         from interlock.subject join interlock.repository using (owner, name)
        where subject.key = any($1::text[])
        order by subject.key`,
      [[...new Set(keys)]],
    );
    await insertJobs(boss, connection, found);
  };
}

export async function insertJobs(
  boss: PgBoss,
  connection: Connection,
  jobs: readonly JobData[],
): Promise<void> {
  if (jobs.length === 0) return;
  await boss.insert(
    queueName,
    jobs.map(({ key, installation }) => {
      const singletonKey = withoutNul(key);
      return { singletonKey, data: { key: singletonKey, installation } };
    }),
    { db: within(connection) },
  );
}
