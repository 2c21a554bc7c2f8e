// Leases jobs to the workers of this process.

import type { PgBoss } from "pg-boss";
import { limit } from "../core/limit.ts";
import type { Job, Log, Queue } from "../port.ts";
import { affected, queueName, within } from "./boss.ts";
import type { Database } from "./database.ts";
import type { Enqueue, JobData } from "./jobs.ts";

export interface WakefulQueue extends Queue {
  /** There may be jobs: take some if a worker is free. */
  poke(): void;
}

interface QueueParts {
  readonly boss: PgBoss;
  readonly database: Database;
  readonly enqueue: Enqueue;
  readonly log: Log;
}

/** A job as pg-boss hands it out. `retryCount` names the attempt, so that a lost lease settles nothing. */
interface Lease {
  readonly id: string;
  readonly retryCount: number;
  readonly data: JobData;
}

/**
 * The workers are not pg-boss's own: those take one job and then wait for the next notice or for
 * their interval, also while jobs are waiting, and every one of them asks the database at every notice.
 * Here one question takes jobs for all free workers, and each job that is done leads to the next.
 */
export function createQueue({ boss, database, enqueue, log }: QueueParts): WakefulQueue {
  const leases = new Map<string, Lease>();
  const running = new Map<string, Promise<void>>();
  let workers = 0;
  let handle: (job: Job) => Promise<"done" | "lost" | undefined> = async () => "done";
  let taking: Promise<void> | null = null;
  let again = false;
  let retrying: NodeJS.Timeout | undefined;
  const timers: NodeJS.Timeout[] = [];

  const lease = async (count: number): Promise<readonly Job[]> => {
    const found = await boss.fetch<JobData>(queueName, { batchSize: count });
    return found.map(({ id, retryCount, data }) => {
      leases.set(id, { id, retryCount, data });
      return { id, key: data.key, installation: data.installation };
    });
  };

  const settle = async (job: Job): Promise<void> => {
    const held = leases.get(job.id);
    if (held === undefined) return;
    // Deleted instead of completed: nobody reads old jobs, and the table stays small.
    const response = await boss.deleteJob(queueName, held);
    leases.delete(job.id);
    if (affected(response) === 0)
      log.warn({ key: job.key }, "The lease was lost before the work was done");
  };

  const handBack = async (job: Job): Promise<void> => {
    const held = leases.get(job.id);
    if (held === undefined) return;
    leases.delete(job.id);
    await database.transaction(async (tx) => {
      const response = await boss.deleteJob(queueName, held, { db: within(tx) });
      // A job that waits for the same subject already does what this one would.
      if (affected(response) > 0) await enqueue(tx, [held.data]);
    });
    poke();
  };

  const run = async (job: Job): Promise<void> => {
    try {
      if ((await handle(job)) === "lost") await handBack(job);
      else await settle(job);
    } catch (error) {
      log.error({ err: error, key: job.key }, "The work on a subject failed; it is tried again");
      const held = leases.get(job.id);
      leases.delete(job.id);
      if (held === undefined) return;
      await boss.fail(queueName, held, { message: String(error) });
      // The first delay is random, up to twice what is set; later ones are found by polling.
      retrying ??= setTimeout(
        () => {
          retrying = undefined;
          poke();
        },
        2 * limit.store.retry_s * 1000 + 1,
      );
    }
  };

  const takeAll = async (): Promise<void> => {
    while (again) {
      again = false;
      const free = workers - running.size;
      // A job that is done comes back here.
      if (free <= 0) return;
      for (const job of await lease(free)) {
        const work = run(job)
          .catch((error) => log.error({ err: error, key: job.key }, "A job could not be settled"))
          .then(() => {
            running.delete(job.id);
            poke();
          });
        running.set(job.id, work);
      }
    }
  };

  const poke = (): void => {
    if (workers === 0) return;
    again = true;
    taking ??= takeAll()
      .catch((error) => {
        again = false;
        log.error({ err: error }, "No jobs could be taken; trying again soon");
      })
      .finally(() => {
        taking = null;
        if (again) poke();
      });
  };

  const beat = async (): Promise<void> => {
    if (database.kind === "pglite" || leases.size === 0) return;
    await boss.touch(queueName, [...leases.values()]);
  };

  return {
    work: async (count, handler) => {
      handle = handler;
      workers = count;
      const every = (ms: number, act: () => void) => timers.push(setInterval(act, ms));
      every(limit.store.poll_ms, poke);
      every(limit.store.beat_ms, () => {
        beat().catch((error) => log.error({ err: error }, "Leases could not be renewed"));
      });
      poke();
    },
    poke,
    take: lease,
    done: settle,
    handBack,
    stop: async (grace_ms) => {
      workers = 0;
      await taking;
      if (running.size > 0) await within_ms(grace_ms, Promise.all(running.values()));
      clearTimeout(retrying);
      retrying = undefined;
      for (const timer of timers.splice(0)) clearInterval(timer);
      for (const { id, data } of [...leases.values()]) await handBack({ id, ...data });
    },
  };
}

async function within_ms(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
