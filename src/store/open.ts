// Opens the store: the database, its shape, the queue on it, and what a dead predecessor left behind.

import { limit } from "../core/model/limit.ts";
import type { AuditTrail } from "../ports/audit.ts";
import type { Lookup } from "../ports/inquiry.ts";
import type { Log } from "../ports/log.ts";
import type { NotificationLedger } from "../ports/notifier.ts";
import type { Queue } from "../ports/queue.ts";
import type { LocalRuns, PipelineRuns } from "../ports/run.ts";
import type { Store } from "../ports/store.ts";
import { auditTrail } from "./audit.ts";
import { type LeaseTimes, queueName, startBoss } from "./boss.ts";
import type { Database, StoreClock } from "./database.ts";
import { FolderInUse } from "./folder-lock.ts";
import { type Enqueue, enqueueInto, type JobData } from "./jobs.ts";
import { readSalt } from "./lanes.ts";
import { localRuns } from "./local-runs.ts";
import { openLookup } from "./lookup.ts";
import { DatabaseTooNew, lockSchema, migrate, readMigrations } from "./migrate.ts";
import { notificationLedger } from "./notifications.ts";
import { type Embedded, openPglite } from "./pglite.ts";
import { pipelineRuns } from "./pipeline-runs.ts";
import { openPostgres } from "./postgres.ts";
import { createQueue } from "./queue.ts";
import { createStore } from "./store.ts";
import { databaseTrouble, demandSpace, folderTrouble, StoreTrouble } from "./trouble.ts";

export interface StoreSettings {
  /** A PostgreSQL; null for PGlite in this process. */
  readonly databaseUrl: string | null;
  /** Where PGlite keeps its data; null for a database in memory. */
  readonly dataDir: string | null;
  readonly log: Log;
  /** In the place of the database's own clock. */
  readonly clock?: StoreClock;
  /** In the place of those in `limit.store`. */
  readonly times?: Partial<LeaseTimes>;
}

export interface OpenStore {
  readonly store: Store;
  readonly queue: Queue;
  readonly localRuns: LocalRuns;
  readonly pipelineRuns: PipelineRuns;
  readonly notifications: NotificationLedger;
  readonly audit: AuditTrail;
  readonly lookup: Lookup;
  /** Jobs that wait to be taken, and for how long the oldest has waited; those that are to wait longer are not counted. */
  backlog(): Promise<{ readonly waiting: number; readonly oldest_s: number }>;
  /** Stops the queue without waiting for work, then closes the database. May be called twice. */
  close(): Promise<void>;
}

/** Throws `FolderInUse`, `DatabaseTooNew`, or `StoreTrouble` with a sentence for the operator. */
export async function openStore(settings: StoreSettings): Promise<OpenStore> {
  const { databaseUrl, dataDir, log } = settings;
  const times = { ...limit.store, ...settings.times };
  try {
    if (databaseUrl !== null)
      return await openStoreOn(openPostgres(databaseUrl, log, times), log, settings);
    if (dataDir !== null) await demandSpace(dataDir);
    return await openStoreOn(await openPglite(dataDir), log, settings);
  } catch (error) {
    if ([FolderInUse, DatabaseTooNew, StoreTrouble].some((own) => error instanceof own))
      throw error;
    if (databaseUrl !== null) throw databaseTrouble(databaseUrl, error);
    throw dataDir === null ? error : await folderTrouble(dataDir, error);
  }
}

/** Opens the store on a database that is open, and closes it where that fails. */
export async function openStoreOn(
  on: Database | Embedded,
  log: Log,
  options: Pick<StoreSettings, "clock" | "times"> = {},
): Promise<OpenStore> {
  const embedded = "pglite" in on ? on : null;
  const database = "pglite" in on ? on.database : on;
  try {
    await migrate(database, await readMigrations());
    const times = { ...limit.store, ...options.times };
    return await startOn({ database, embedded, log, times, clock: options.clock ?? null });
  } catch (error) {
    await database.close();
    throw error;
  }
}

interface Parts {
  readonly database: Database;
  readonly embedded: Embedded | null;
  readonly log: Log;
  readonly times: LeaseTimes;
  readonly clock: StoreClock | null;
}

async function startOn(parts: Parts): Promise<OpenStore> {
  const { database, embedded, log, times, clock } = parts;
  let poke = () => {};
  const start = () => startBoss({ database, embedded, times, log, hear: () => poke() });
  // pg-boss makes its schema too, and two of them at once get in each other's way.
  const boss =
    embedded === null
      ? await database.transaction(async (tx) => {
          await lockSchema(tx);
          return start();
        })
      : await start();
  const enqueue = enqueueInto(boss, await readSalt(database));
  if (embedded !== null) await freeLeftovers(database, enqueue);
  const queue = createQueue({ boss, database, enqueue, times, log });
  poke = queue.poke;

  let closing: Promise<void> | undefined;
  return {
    queue,
    localRuns: localRuns(database),
    pipelineRuns: pipelineRuns(database),
    notifications: notificationLedger(database),
    audit: auditTrail(database),
    lookup: openLookup(database),
    backlog: async () => {
      const [row] = await database.query<{ waiting: number; oldest_s: number }>(
        `select count(*) as waiting,
                coalesce(extract(epoch from now() - min(start_after)), 0)::float8 as oldest_s
           from pgboss.job
          where name = $1 and state in ('created', 'retry') and start_after <= now()`,
        [queueName],
      );
      return row ?? { waiting: 0, oldest_s: 0 };
    },
    store: createStore({
      database,
      enqueue,
      poke: queue.poke,
      clock,
      checkQueue: async () => {
        if ((await boss.getQueue(queueName)) === null) throw new Error("The queue is missing");
      },
    }),
    close: () => {
      closing ??= (async () => {
        await queue.stop(0);
        await boss.stop({ graceful: false });
        await database.close();
      })();
      return closing;
    },
  };
}

/** We hold the only door to the data, so anyone who had these jobs is dead. */
async function freeLeftovers(database: Database, enqueue: Enqueue): Promise<void> {
  await database.transaction(async (tx) => {
    const left = await tx.query<JobData>(
      `delete from pgboss.job where name = $1 and state = 'active'
       returning data ->> 'key' as key, (data ->> 'installation')::bigint as installation`,
      [queueName],
    );
    await enqueue(tx, left);
  });
}
