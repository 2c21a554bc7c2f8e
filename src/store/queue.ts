// Leases jobs to the workers of this process, in fair turns.

import type { PgBoss } from "pg-boss";
import { limit } from "../core/model/limit.ts";
import type { Log } from "../ports/log.ts";
import type { Job, Queue, Working } from "../ports/queue.ts";
import { affected, type LeaseTimes, queueName, within } from "./boss.ts";
import type { Database } from "./database.ts";
import type { Enqueue, JobData } from "./jobs.ts";
import { type Lane, readLanes } from "./lanes.ts";
import { openLoad } from "./load.ts";
import { openTurns, type Turns } from "./turns.ts";

export interface WakefulQueue extends Queue {
  /** There may be jobs: take some if a worker is free. */
  poke(): void;
}

interface QueueParts {
  readonly boss: PgBoss;
  readonly database: Database;
  readonly enqueue: Enqueue;
  readonly times: LeaseTimes;
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
 * Nor do they take turns: anyone who puts thousands of jobs into the queue would have everybody else wait
 * for all of them. Here one question tells which lanes hold jobs, and each job that is done leads to the
 * next turn.
 */
export function createQueue({ boss, database, enqueue, times, log }: QueueParts): WakefulQueue {
  const leases = new Map<string, Lease>();
  const running = new Map<string, Promise<void>>();
  let working = idle;
  let handle: (job: Job) => Promise<"done" | "lost" | undefined> = async () => "done";
  let turns: Turns = openTurns(idle, () => idle.calm);
  /** Where something may be waiting, as far as is known. */
  let lanes: readonly Lane[] = [];
  /** Lanes with work under way, and how much; where more may wait for it, as far as is known. */
  const busy = new Map<number, { count: number; ends: number; more: boolean }>();
  /** Something may be waiting elsewhere, too. */
  let stale = true;
  /** When the lanes were read last, by `performance.now`. */
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: NodeJS.Timeout | undefined;
  let taking: Promise<void> | null = null;
  let again = false;
  let retrying: NodeJS.Timeout | undefined;
  let waiting: NodeJS.Timeout | undefined;
  const timers: NodeJS.Timeout[] = [];

  const lease = async (lane: Lane, count: number): Promise<readonly Job[]> => {
    const found = await boss.fetch<JobData>(queueName, {
      batchSize: count,
      minPriority: lane.number,
      maxPriority: lane.number,
    });
    return found.map(({ id, retryCount, data }) => {
      leases.set(id, { id, retryCount, data });
      return { id, ...data };
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

  /** Lanes whose turn it is, each as often as it has one. */
  const turnsNow = (): ReadonlyMap<Lane, number> => {
    const now = working.clock();
    const times = new Map(
      lanes.map((lane) => [lane, Math.max(working.readyAt(lane), turns.readyAt(lane))]),
    );
    const ready = lanes.filter((lane) => (times.get(lane) ?? 0) <= now);
    const chosen = new Map<Lane, number>();
    for (let free = working.workers - running.size; free > 0; free -= 1) {
      const lane = turns.next(ready, now);
      if (lane === null) break;
      chosen.set(lane, (chosen.get(lane) ?? 0) + 1);
    }
    clearTimeout(waiting);
    const later = Math.min(...[...times.values()].filter((time) => time > now));
    if (Number.isFinite(later)) waiting = setTimeout(poke, later - now);
    return chosen;
  };

  const begin = (lane: Lane, job: Job): void => {
    const here = busy.get(lane.number) ?? { count: 0, ends: 0, more: false };
    here.count += 1;
    busy.set(lane.number, here);
    const work = run(job)
      .catch((error) => log.error({ err: error, key: job.key }, "A job could not be settled"))
      .then(() => {
        running.delete(job.id);
        turns.ended(lane);
        here.count -= 1;
        here.ends += 1;
        if (here.count === 0) busy.delete(lane.number);
        // What came for the same subject meanwhile can be taken now.
        if (here.more && !lanes.some(({ number }) => number === lane.number))
          lanes = [...lanes, lane];
        goOn();
      });
    running.set(job.id, work);
  };

  const takeFrom = async (lane: Lane, count: number): Promise<void> => {
    let taken = 0;
    const before = busy.get(lane.number);
    const ends = before?.ends;
    try {
      const jobs = await lease(lane, count);
      taken = jobs.length;
      for (const job of jobs) begin(lane, job);
    } finally {
      for (let unused = taken; unused < count; unused += 1) turns.ended(lane);
      if (taken < count) {
        lanes = lanes.filter((one) => one !== lane);
        if (before !== undefined) before.more = true;
        // One that ended meanwhile did not know that more may wait for it.
        if (before?.ends !== ends) {
          stale = true;
          again = true;
        }
      }
    }
  };

  const takeAll = async (): Promise<void> => {
    while (again) {
      again = false;
      // A job that is done comes back here.
      if (running.size >= working.workers) return;
      if (stale && mayRead()) {
        stale = false;
        readAt = performance.now();
        lanes = await readLanes(database);
      }
      const chosen = turnsNow();
      await Promise.all([...chosen].map(([lane, count]) => takeFrom(lane, count)));
      // A lane that held less than its turns leaves them to others.
      if (chosen.size > 0 && running.size < working.workers) again = true;
    }
  };

  /** Each commit of the intake announces itself, more often than there is anything to gain by looking. */
  const mayRead = (): boolean => {
    const left_ms = readAt + limit.store.lanes_ms - performance.now();
    if (left_ms <= 0) return true;
    reading ??= setTimeout(() => {
      reading = undefined;
      goOn();
    }, left_ms);
    return false;
  };

  const goOn = (): void => {
    if (working.workers === 0) return;
    again = true;
    taking ??= takeAll()
      .catch((error) => {
        again = false;
        stale = true;
        log.error({ err: error }, "No jobs could be taken; trying again soon");
      })
      .finally(() => {
        taking = null;
        if (again) goOn();
      });
  };

  const poke = (): void => {
    stale = true;
    goOn();
  };

  /** Anyone who takes by hand keeps to the order, and to no limit. */
  const take = async (count: number): Promise<readonly Job[]> => {
    const all: Job[] = [];
    const byHand = openTurns({ resyncs: count, resyncEvery_ms: 0 }, () => ({
      alone: count,
      beside: count,
    }));
    let left = await readLanes(database);
    while (all.length < count) {
      const lane = byHand.next(left, 0);
      if (lane === null) break;
      const jobs = await lease(lane, 1);
      all.push(...jobs);
      if (jobs.length === 0) {
        byHand.ended(lane);
        left = left.filter((one) => one !== lane);
      }
    }
    return all;
  };

  const beat = async (): Promise<void> => {
    if (database.kind === "pglite" || leases.size === 0) return;
    await boss.touch(queueName, [...leases.values()]);
  };

  return {
    work: async (given, handler) => {
      working = given;
      handle = handler;
      const isLoaded = openLoad();
      turns = openTurns(given, () => (isLoaded() ? given.loaded : given.calm));
      const every = (ms: number, act: () => void) => timers.push(setInterval(act, ms));
      every(times.poll_ms, poke);
      every(times.beat_ms, () => {
        beat().catch((error) => log.error({ err: error }, "Leases could not be renewed"));
      });
      poke();
    },
    poke,
    take,
    done: settle,
    handBack,
    stop: async (grace_ms) => {
      working = idle;
      clearTimeout(waiting);
      clearTimeout(reading);
      await taking;
      if (running.size > 0) await within_ms(grace_ms, Promise.all(running.values()));
      clearTimeout(retrying);
      retrying = undefined;
      for (const timer of timers.splice(0)) clearInterval(timer);
      for (const { id, data } of [...leases.values()]) await handBack({ id, ...data });
    },
  };
}

const idle: Working = {
  workers: 0,
  calm: { alone: 0, beside: 0 },
  loaded: { alone: 0, beside: 0 },
  resyncs: 0,
  resyncEvery_ms: 0,
  clock: Date.now,
  readyAt: () => 0,
};

async function within_ms(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
