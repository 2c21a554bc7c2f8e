// The queue in memory: one active and one waiting job for each subject, given out in the order in which they came.

import type { Log } from "../../../src/ports/log.ts";
import type { Job } from "../../../src/ports/queue.ts";
import type { WakefulQueue } from "../../../src/store/queue.ts";

export type JobData = Omit<Job, "id">;

export interface MemoryQueue extends WakefulQueue {
  /** One job for each subject that has none waiting. */
  enqueue(jobs: readonly JobData[]): void;
  /** The process that has the job is taken for dead: another one may take it while the first goes on. */
  expire(job: Job): void;
  /** Waiting and active. */
  readonly size: number;
  clear(): void;
}

export function memoryQueue(log: Log): MemoryQueue {
  const waiting = new Map<string, JobData>();
  const active = new Map<string, Job>();
  const running = new Set<Promise<void>>();
  let last = 0;
  let workers = 0;
  let handle: Parameters<WakefulQueue["work"]>[1] = async () => "done";

  const enqueue = (jobs: readonly JobData[]) => {
    // In the order of their keys, as the database is written to.
    for (const { key, installation, delivery } of [...jobs].sort((a, b) =>
      a.key < b.key ? -1 : 1,
    ))
      if (!waiting.has(key))
        waiting.set(key, { key, installation, ...(delivery !== undefined && { delivery }) });
  };
  const take = (count: number): readonly Job[] => {
    const busy = new Set([...active.values()].map(({ key }) => key));
    const free = [...waiting.values()].filter(({ key }) => !busy.has(key)).slice(0, count);
    return free.map((data) => {
      last += 1;
      const job = { ...data, id: String(last) };
      waiting.delete(data.key);
      active.set(job.id, job);
      return job;
    });
  };
  const end = (job: Job) => active.delete(job.id);
  const handBack = (job: Job) => {
    if (end(job)) enqueue([job]);
    poke();
  };
  const run = async (job: Job) => {
    try {
      if ((await handle(job)) === "lost") return handBack(job);
      if (!end(job)) log.warn({ key: job.key }, "The lease was lost before the work was done");
    } catch (error) {
      log.error({ err: error, key: job.key }, "The work on a subject failed; it is tried again");
      handBack(job);
    }
  };
  const poke = () => {
    for (const job of take(Math.max(0, workers - running.size))) {
      const work: Promise<void> = run(job).then(() => {
        running.delete(work);
        poke();
      });
      running.add(work);
    }
  };

  return {
    enqueue,
    expire: handBack,
    poke,
    get size() {
      return waiting.size + active.size;
    },
    clear: () => {
      waiting.clear();
      active.clear();
    },
    work: async (working, handler) => {
      handle = handler;
      workers = working.workers;
      poke();
    },
    take: async (count) => take(count),
    done: async (job) => void end(job),
    handBack: async (job) => handBack(job),
    stop: async (grace_ms) => {
      workers = 0;
      const late = new Promise((resolve) => setTimeout(resolve, grace_ms).unref());
      await Promise.race([late, Promise.all(running)]);
      for (const job of [...active.values()]) handBack(job);
    },
  };
}
