// Several Interlock processes on one PostgreSQL.

import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { subjectKey } from "../../src/core/model/event.ts";
import { newUrl, openTestStore } from "./databases.ts";
import { commit, hint, look, pull, record, sha, workers } from "./make.ts";
import type { TestStore } from "./test-store.ts";

let one: TestStore;
let two: TestStore;
beforeEach(async () => {
  const url = await newUrl();
  [one, two] = [await openTestStore("postgres", url), await openTestStore("postgres", url)];
});
afterEach(async () => {
  await Promise.all([one.close(), two.close()]);
});

test("one delivery that reaches two processes at once is new for one of them", async () => {
  const deliveries = Array.from({ length: 200 }, (_, index) =>
    look(hint(pull(index % 20), sha("a")), hint(commit("b", `branch-${index % 9}`))),
  );
  const answers = await Promise.all([
    one.store.accept(deliveries),
    two.store.accept(deliveries.toReversed()),
  ]);
  for (const { guid } of deliveries) {
    expect(answers.map((answer) => answer.get(guid)).sort()).toEqual(["known", "new"]);
  }
  expect(await one.queue.take(100)).toHaveLength(29);
});

test("a subject is never worked on by two processes at once", async () => {
  const active = new Set<string>();
  const overlaps: string[] = [];
  const turns = new Map<TestStore, number>();
  const version = new Map<string, number>();
  const done = new Map<string, number>();
  for (const store of [one, two]) {
    await store.queue.work(workers(4), async ({ key }) => {
      if (active.has(key)) overlaps.push(key);
      active.add(key);
      turns.set(store, (turns.get(store) ?? 0) + 1);
      const seen = version.get(key) ?? 0;
      await wait(5);
      await store.store.record(record(pull(1), { key }));
      done.set(key, seen);
      active.delete(key);
    });
  }
  for (let round = 0; round < 40; round += 1) {
    const number = round % 6;
    const key = subjectKey(pull(number));
    version.set(key, (version.get(key) ?? 0) + 1);
    await (round % 2 === 0 ? one : two).store.accept([look(hint(pull(number)))]);
  }
  // Every change was seen by a look that began after it.
  await expect.poll(() => done, { timeout: 120_000 }).toEqual(version);
  await Promise.all([one.queue.stop(1_000), two.queue.stop(1_000)]);
  expect(overlaps).toEqual([]);
  expect(turns.size).toBe(2);
  expect([...one.log.heard, ...two.log.heard]).toEqual([]);
});

test("work that one process stores is heard of by the other", async () => {
  const worked: string[] = [];
  await two.queue.work(workers(2), async ({ key }) => {
    worked.push(key);
  });
  // Let the first look at the queue pass.
  await wait(100);
  await one.store.accept([look(hint(pull(1)))]);
  // Sooner than by asking now and then.
  await expect.poll(() => worked, { timeout: 2_000 }).toEqual([subjectKey(pull(1))]);
});

test("work goes on after the database has thrown everybody out", async () => {
  const worked: string[] = [];
  await two.queue.work(workers(2), async ({ key }) => {
    worked.push(key);
  });
  await one.database
    .query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()`,
    )
    .catch(() => {});
  await expect
    .poll(() =>
      one.store.check().then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  await expect
    .poll(() =>
      two.store.check().then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  await one.store.accept([look(hint(pull(1)))]);
  await expect.poll(() => worked, { timeout: 120_000 }).toEqual([subjectKey(pull(1))]);
});

test("looks and deliveries that wake each other's subjects do not get stuck", async () => {
  const numbers = Array.from({ length: 12 }, (_, number) => number);
  const all = numbers.map((number) => pull(number));
  await one.store.accept([look(...all.map((subject) => hint(subject)))]);
  const wake = all.map(subjectKey);
  await Promise.all(
    numbers.flatMap((number) => {
      const store = number % 2 === 0 ? one.store : two.store;
      const turned = number % 3 === 0 ? all.toReversed() : all;
      return [
        store.accept(turned.map((subject) => look(hint(subject)))),
        store.record(record(pull(number), { wake: wake.toReversed() })),
        store.see(
          turned.map((subject) => hint(subject)),
          1,
        ),
        store.wake(wake),
      ];
    }),
  );
  expect(await one.queue.take(100)).toHaveLength(all.length);
});
