// pg-boss as Interlock uses it: one queue, one active and one waiting job for each subject.

import { type CommandResponse, type Db, fromPglite, PgBoss } from "pg-boss";
import { limit } from "../core/model/limit.ts";
import type { Log } from "../ports/log.ts";
import type { Connection, Database } from "./database.ts";
import type { Embedded } from "./pglite.ts";

export const queueName = "look";

/** How a lease is lost and found; `limit.store` unless a composition gives others. */
export interface LeaseTimes {
  /** Longest work on one subject. */
  readonly lease_s: number;
  /** A process that is silent for longer has lost its leases; pg-boss allows no less than 10. */
  readonly heartbeat_s: number;
  readonly beat_ms: number;
  /** How often replicas look for leases that are lost. */
  readonly supervise_s: number;
  /** How often jobs are looked for that nobody announced. */
  readonly poll_ms: number;
  /** A transaction in which nothing happens for so long is ended by the server: its process may be paused. */
  readonly idle_ms: number;
}

/** `hear` is called when another connection has put a job into the queue. */
export interface BossOptions {
  readonly database: Database;
  /** The same database, where it is in this process. */
  readonly embedded: Embedded | null;
  readonly times: LeaseTimes;
  readonly hear: () => void;
  readonly log: Log;
}

export async function startBoss(options: BossOptions): Promise<PgBoss> {
  const { embedded, times, log } = options;
  const boss = new PgBoss({
    ...(embedded === null
      ? { db: pooled(options), backend: "postgres", useListenNotify: true, ...shared(times) }
      : { db: fromPglite(embedded.pglite), backend: "pglite", ...alone }),
    // Everything that Interlock does not use is off, because each of these polls the database.
    schedule: false,
    registerInstance: false,
    openTelemetry: { enabled: false },
    flowIntervalSeconds: limit.store.unused_s,
  });
  boss.on("error", (error) => log.error({ err: error }, "The queue reports an error"));
  boss.on("warning", (warning) => log.warn({ warning }, "The queue reports a warning"));
  await boss.start();
  try {
    await boss.createQueue(queueName, { policy: "stately" });
    await boss.updateQueue(queueName, {
      notify: embedded === null,
      heartbeatSeconds: embedded === null ? times.heartbeat_s : null,
      expireInSeconds: times.lease_s,
      retentionSeconds: limit.store.waiting_s,
      deleteAfterSeconds: limit.store.failed_s,
      retryLimit: limit.store.retries,
      retryDelay: limit.store.retry_s,
      retryBackoff: true,
      retryDelayMax: limit.store.retry_max_s,
    });
  } catch (error) {
    await boss.stop({ graceful: false });
    throw error;
  }
  return boss;
}

/** How many jobs a command changed. pg-boss tells, but its types do not say so. */
export function affected(response: CommandResponse): number {
  return "affected" in response ? Number(response.affected) : 0;
}

/** Lets pg-boss write within a transaction of ours. */
export function within(connection: Connection): Db {
  return {
    executeSql: async (text, values) => ({
      rows: [...(await connection.query<unknown>(text, values as never))],
    }),
  };
}

/** With several replicas the dead ones have to be found: each looks for jobs whose heartbeat has stopped. */
function shared({ supervise_s }: LeaseTimes) {
  return { superviseIntervalSeconds: supervise_s, monitorIntervalSeconds: supervise_s };
}

/** Alone with its data, a process finds the leftovers of its predecessor when it opens them. */
const alone = {
  superviseIntervalSeconds: limit.store.supervise_alone_s,
  monitorIntervalSeconds: limit.store.supervise_alone_s,
  queueCacheIntervalSeconds: limit.store.unused_s,
  reindex: false,
};

/** Our pool for pg-boss, with its notices heard by us too: the workers here are not pg-boss's own. */
function pooled({ database, hear }: BossOptions): Db {
  return {
    executeSql: async (text, values) => ({
      rows: [...(await database.query<unknown>(text, values as never))],
    }),
    listen: (channel, onNotification, onReconnect) =>
      database.listen(channel, (payload) => {
        if (payload === null) onReconnect();
        else onNotification(payload);
        hear();
      }),
  };
}
