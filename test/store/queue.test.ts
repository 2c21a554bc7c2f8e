// Jobs: one active and one waiting for each subject, none lost, none done twice at once.

import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { subjectKey } from "../../src/core/model/event.ts";
import type { Job } from "../../src/ports/queue.ts";
import { storeFor, storeKinds } from "./databases.ts";
import { hint, look, pull, workers } from "./make.ts";

describe.each(storeKinds)("the queue on %s", (kind) => {
  const at = storeFor(kind);
  const send = (number: number) => at().store.accept([look(hint(pull(number)))]);
  const keys = (jobs: readonly Job[]) => jobs.map(({ key }) => key);

  async function takeOne(): Promise<Job> {
    const [job] = await at().queue.take(1);
    if (job === undefined) throw new Error("There was no job");
    return job;
  }

  describe("by hand", () => {
    test("while a job is active one more waits, and a third is dropped", async () => {
      await send(1);
      const active = await takeOne();
      await send(1);
      await send(1);
      await at().store.wake([subjectKey(pull(1))]);
      // The one that waits is not given out while the other one is active.
      expect(await at().queue.take(10)).toEqual([]);
      await at().queue.done(active);
      const next = await at().queue.take(10);
      expect(keys(next)).toEqual([subjectKey(pull(1))]);
      await at().queue.done(next[0] as Job);
      expect(await at().queue.take(10)).toEqual([]);
    });

    test("a subject that is active does not hold up the others", async () => {
      await send(1);
      await takeOne();
      await send(1);
      await send(2);
      await send(3);
      expect(keys(await at().queue.take(10)).sort()).toEqual([pull(2), pull(3)].map(subjectKey));
    });

    test("takes as many as are asked for", async () => {
      for (const number of [1, 2, 3]) await send(number);
      expect(await at().queue.take(2)).toHaveLength(2);
      expect(await at().queue.take(2)).toHaveLength(1);
    });

    test("a job that is handed back is taken again", async () => {
      await send(1);
      const job = await takeOne();
      await at().queue.handBack(job);
      expect(keys(await at().queue.take(10))).toEqual([job.key]);
    });

    test("a job that is handed back joins the one that waits", async () => {
      await send(1);
      const job = await takeOne();
      await send(1);
      await at().queue.handBack(job);
      expect(await at().queue.take(10)).toHaveLength(1);
      expect(await at().queue.take(10)).toEqual([]);
    });

    test("settling a job twice does nothing", async () => {
      await send(1);
      const job = await takeOne();
      await at().queue.done(job);
      await at().queue.handBack(job);
      await at().queue.done(job);
      expect(await at().queue.take(10)).toEqual([]);
    });

    test("a job that is done leaves nothing behind", async () => {
      await send(1);
      await at().queue.done(await takeOne());
      expect(await at().jobCount()).toBe(0);
    });
  });

  describe("with workers", () => {
    test("every job is worked on, and no subject twice at once", async () => {
      const active = new Set<string>();
      const seen: string[] = [];
      let most = 0;
      await at().queue.work(workers(4), async (job) => {
        expect(active.has(job.key)).toBe(false);
        active.add(job.key);
        most = Math.max(most, active.size);
        seen.push(job.key);
        await wait(2);
        active.delete(job.key);
      });
      for (let round = 0; round < 5; round += 1) {
        await Promise.all(Array.from({ length: 10 }, (_, number) => send(number)));
      }
      // The last round is seen by a job that began after it: one that waits, or one that comes now.
      await expect.poll(() => at().jobCount(), { timeout: 120_000 }).toBe(0);
      await at().queue.stop(1_000);
      expect(new Set(seen).size).toBe(10);
      expect(most).toBeLessThanOrEqual(4);
      expect(at().log.heard).toEqual([]);
    });

    test("as many are worked on at once as there are workers", async () => {
      let open = () => {};
      const gate = new Promise<void>((resolve) => {
        open = resolve;
      });
      let started = 0;
      await at().queue.work(workers(3), async () => {
        started += 1;
        await gate;
      });
      for (const number of [1, 2, 3, 4, 5]) await send(number);
      await expect.poll(() => started).toBe(3);
      open();
      await expect.poll(() => started).toBe(5);
      await at().queue.stop(1_000);
    });

    test("what came while a subject was worked on is worked on next", async () => {
      let turns = 0;
      await at().queue.work(workers(2), async () => {
        turns += 1;
        if (turns === 1) await send(1);
      });
      await send(1);
      await expect.poll(() => turns).toBe(2);
      await at().queue.stop(1_000);
    });

    test("work that throws is reported and done again", async () => {
      const { heard } = at().log;
      const before = heard.length;
      let turns = 0;
      await at().queue.work(workers(2), async () => {
        turns += 1;
        if (turns === 1) throw new Error("once");
      });
      await send(1);
      await expect.poll(() => turns, { timeout: 120_000 }).toBe(2);
      await at().queue.stop(1_000);
      const said = heard.slice(before);
      expect(said).toMatchObject([{ level: "error", fields: { key: subjectKey(pull(1)) } }]);
      expect(await at().queue.take(10)).toEqual([]);
    });

    test("a stop waits for what is under way and takes no more", async () => {
      const finished: string[] = [];
      let started = 0;
      await at().queue.work(workers(1), async (job) => {
        started += 1;
        await wait(50);
        finished.push(job.key);
      });
      await send(1);
      await send(2);
      await expect.poll(() => started).toBe(1);
      await at().queue.stop(5_000);
      expect(finished).toEqual([subjectKey(pull(1))]);
      expect(keys(await at().queue.take(10))).toEqual([subjectKey(pull(2))]);
    });

    test("a stop hands back what does not end in time", async () => {
      let end = () => {};
      const endless = new Promise<void>((resolve) => {
        end = resolve;
      });
      let started = 0;
      await at().queue.work(workers(1), async () => {
        started += 1;
        await endless;
      });
      await send(1);
      await expect.poll(() => started).toBe(1);
      await at().queue.stop(10);
      const again = await takeOne();
      expect(again.key).toBe(subjectKey(pull(1)));
      // The work that was given up ends now; it must not settle the job of its successor.
      end();
      await wait(20);
      await at().queue.handBack(again);
      expect(await at().queue.take(10)).toHaveLength(1);
    });
  });

  test("the store says whether it works", async () => {
    await at().store.check();
  });
});
