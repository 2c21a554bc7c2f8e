// Fair turns: anyone who fills the queue has others wait for a turn, and not for all of theirs.

import { describe, expect, test } from "vitest";
import { type Repository, subjectKey } from "../../src/core/model/event.ts";
import type { Job } from "../../src/ports/queue.ts";
import { type Lane, laneOf } from "../../src/store/lanes.ts";
import { openTurns } from "../../src/store/turns.ts";
import { databaseKinds, storeFor } from "./databases.ts";
import { commit, hint, look, pull, shop, workers } from "./make.ts";

function lane(number: number, installation: number, kind: Lane["kind"] = "pull"): Lane {
  return { number, installation, kind, isResync: kind === "repository" };
}

/** The machine may be busy with other things. */
const patient = { timeout: 120_000 };

const limits = { resyncs: 1, resyncEvery_ms: 100 };
const flood = lane(1, 7);
const other = lane(2, 7);
const innocent = lane(3, 8);

describe("turns", () => {
  test("an installation that has had none goes before one that has", () => {
    const turns = openTurns(limits, () => ({ alone: 10, beside: 10 }));
    expect(turns.next([flood], 0)).toBe(flood);
    expect(turns.next([flood, innocent], 0)).toBe(innocent);
    turns.ended(innocent);
    turns.ended(flood);
    // And from then on they take turns.
    const next = () => turns.next([flood, innocent], 0);
    expect([next(), next(), next(), next()]).toEqual([flood, innocent, flood, innocent]);
  });

  test("many repositories do not give an installation more turns", () => {
    const many = Array.from({ length: 50 }, (_, turn) => lane(10 + turn, 7));
    const turns = openTurns(limits, () => ({ alone: 100, beside: 100 }));
    const taken = Array.from({ length: 10 }, () => turns.next([...many, innocent], 0));
    expect(taken.filter((one) => one === innocent)).toHaveLength(5);
  });

  test("inside an installation its repositories take turns", () => {
    const turns = openTurns(limits, () => ({ alone: 10, beside: 10 }));
    const taken = Array.from({ length: 4 }, () => turns.next([flood, other], 0));
    expect(taken.filter((one) => one === other)).toHaveLength(2);
  });

  test("beside others an installation has few at once, and more again when it is alone", () => {
    const turns = openTurns(limits, () => ({ alone: 3, beside: 1 }));
    expect(turns.next([flood, innocent], 0)).toBe(flood);
    expect(turns.next([flood, innocent], 0)).toBe(innocent);
    expect(turns.next([flood], 0)).toBeNull();
    turns.ended(innocent);
    expect(turns.next([flood], 0)).toBe(flood);
  });

  test("a resync waits for all events, for its own pace, and for the one under way", () => {
    const resync = lane(4, 9, "repository");
    const turns = openTurns(limits, () => ({ alone: 3, beside: 3 }));
    expect(turns.next([resync, flood], 0)).toBe(flood);
    expect(turns.next([resync], 0)).toBe(resync);
    expect(turns.next([resync, lane(5, 10, "repository")], 1_000)).toBeNull();
    turns.ended(resync);
    expect(turns.readyAt(resync)).toBe(100);
    expect(turns.next([resync], 99)).toBeNull();
    expect(turns.next([resync], 100)).toBe(resync);
  });
});

test("a lane is of one repository and one kind of subject", () => {
  const of = (key: string, installation = 7) => laneOf("salt", key, installation);
  const { owner, name } = shop;
  expect(of(`pull:${owner}/${name}#1`)).toBe(of(`pull:${owner}/${name}#2`));
  const all = [
    of(`pull:${owner}/${name}#1`),
    of(`commit:${owner}/${name}@${"a".repeat(40)}:main`),
    of(`repository:${owner}/${name}`),
    of(`pull:${owner}/${name}2#1`),
    of(`pull:${owner}/${name}#1`, 8),
    laneOf("pepper", `pull:${owner}/${name}#1`, 7),
  ];
  expect(new Set(all).size).toBe(all.length);
  // What pg-boss takes for a priority has 31 bits and a sign.
  for (const one of all) expect(one >= 0 && one < 2 ** 31 && Number.isInteger(one)).toBe(true);
});

describe.each(databaseKinds)("the queue on %s", (kind) => {
  const at = storeFor(kind);
  const busy: Repository = { installation: 7, owner: "busy", name: "shop" };
  const beside: Repository = { ...busy, name: "beside" };
  const calm: Repository = { installation: 8, owner: "calm", name: "shop" };
  const fill = async (count: number) => {
    const deliveries = Array.from({ length: count }, (_, number) => look(hint(pull(number, busy))));
    await at().store.accept(deliveries);
  };
  const keys = (jobs: readonly Job[]) => jobs.map(({ key }) => key);

  test("somebody else's job is taken next, however many were there before", async () => {
    await fill(200);
    await at().store.accept([look(hint(pull(1, calm)))]);
    await at().store.accept([look(hint(pull(1, beside)))]);
    const taken = keys(await at().queue.take(4));
    expect(taken.slice(0, 2)).toContain(subjectKey(pull(1, calm)));
    expect(taken).toContain(subjectKey(pull(1, beside)));
  });

  test("a repository's commits do not wait for its pull requests", async () => {
    await fill(50);
    await at().store.accept([look(hint(commit("a", "main", busy)))]);
    expect(keys(await at().queue.take(2))).toContain(subjectKey(commit("a", "main", busy)));
  });

  test("a resync comes after all events", async () => {
    const whole = { kind: "repository", repository: calm } as const;
    await at().store.see([{ subject: whole, head: null, before: null }], 1);
    await fill(5);
    const taken = keys(await at().queue.take(6));
    expect(taken).toHaveLength(6);
    expect(taken.at(-1)).toBe(subjectKey(whole));
  });

  test("the flood has one worker while somebody else has work, and the others are free for them", async () => {
    const started: string[] = [];
    const ends = new Map<string, () => void>();
    let over = false;
    const few = { alone: 2, beside: 1 };
    await at().queue.work(workers(8, { calm: few, loaded: few }), async ({ key }) => {
      started.push(key);
      if (!over) await new Promise<void>((resolve) => ends.set(key, resolve));
    });
    await fill(20);
    await expect.poll(() => started, patient).toHaveLength(2);
    const innocent = [1, 2].map((number) =>
      subjectKey(pull(number, { ...calm, name: `n${number}` })),
    );
    await at().store.accept([look(hint(pull(1, { ...calm, name: "n1" })))]);
    await expect.poll(() => started, patient).toContain(innocent[0]);
    // One that ends makes room for nobody of the flood, which has one too many already.
    const [first] = started;
    ends.get(first ?? "")?.();
    await at().store.accept([look(hint(pull(2, { ...calm, installation: 9, name: "n2" })))]);
    await expect.poll(() => started, patient).toContain(innocent[1]);
    expect(started).toHaveLength(4);
    over = true;
    for (const end of ends.values()) end();
    await expect.poll(() => at().database.query("select id from pgboss.job"), patient).toEqual([]);
    await at().queue.stop(1_000);
  });

  test("what has no room in its budget waits in the queue, and nobody waits behind it", async () => {
    const started: string[] = [];
    let open = Number.POSITIVE_INFINITY;
    const readyAt = ({ installation }: { installation: number }) => (installation === 7 ? open : 0);
    await fill(3);
    await at().store.accept([look(hint(pull(1, calm)))]);
    await at().queue.work(workers(2, { readyAt }), async ({ key }) => void started.push(key));
    await expect.poll(() => started, patient).toEqual([subjectKey(pull(1, calm))]);
    open = Date.now() + 50;
    await at().store.accept([look(hint(pull(2, calm)))]);
    // Nobody has to tell that the time has come.
    await expect.poll(() => started, patient).toHaveLength(5);
    await at().queue.stop(1_000);
  });
});
