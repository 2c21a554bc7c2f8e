// Statements of a transaction that do not wait for each other: all of them count, or none, and the next one is not harmed.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Overtaken } from "../../src/store/database.ts";
import { openStatements } from "../../src/store/transaction.ts";
import { databaseKinds, newUrl, openTestStore } from "./databases.ts";
import { hint, look, pull, sha } from "./make.ts";
import type { TestStore } from "./test-store.ts";

describe.each(databaseKinds)("a transaction on %s", (kind) => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore(kind);
    await store.database.exec("create table interlock.counted (number bigint primary key)");
  });
  beforeEach(async () => await store.database.exec("delete from interlock.counted"));
  afterAll(async () => await store.close());

  const insert = "insert into interlock.counted values ($1)";
  async function numbers(): Promise<readonly number[]> {
    const rows = await store.database.query<{ number: number }>(
      "select number from interlock.counted order by number",
    );
    return rows.map(({ number }) => number);
  }

  test("runs its statements in the order in which they are asked for, anyone who waits for them", async () => {
    const found = await store.database.transaction(async (tx) => {
      void tx.query(insert, [1]);
      const one = tx.read("select number from interlock.counted");
      void tx.exec("delete from interlock.counted; insert into interlock.counted values (2)");
      const other = tx.read("select number from interlock.counted");
      return await Promise.all([one, other]);
    });
    expect(found).toEqual([[{ number: 1 }], [{ number: 2 }]]);
    expect(await numbers()).toEqual([2]);
  });

  test("leaves nothing where one statement among several fails, and says which", async () => {
    const failing = store.database.transaction(async (tx) => {
      const all = [1, 2, 2, 3].map((number) => tx.query(insert, [number]));
      await Promise.all(all.toReversed());
    });
    await expect(failing).rejects.toThrow(/duplicate key/);
    expect(await numbers()).toEqual([]);
    for (const number of [4, 5, 6, 7])
      await store.database.transaction((tx) => tx.query(insert, [number]));
    expect(await numbers()).toEqual([4, 5, 6, 7]);
  });

  test("fails where a statement fails for which nobody waits, whenever that is heard of", async () => {
    const last = store.database.transaction(async (tx) => {
      await tx.query(insert, [1]);
      void tx.query(insert, [1]);
    });
    await expect(last).rejects.toThrow(/duplicate key/);
    const first = store.database.transaction(async (tx) => {
      void tx.query("select no_such_thing");
      void tx.query(insert, [2]);
    });
    await expect(first).rejects.toThrow(/no_such_thing/);
    const taken = store.database.transaction(async (tx) => {
      await tx.query("select no_such_thing").catch(() => {});
      return "fine";
    });
    await expect(taken).rejects.toThrow(/no_such_thing/);
    expect(await numbers()).toEqual([]);
  });

  test("leaves nothing where its work throws while statements are under way", async () => {
    const failing = store.database.transaction(async (tx) => {
      await tx.query(insert, [1]);
      void tx.query(insert, [2]);
      throw new Error("The work failed");
    });
    await expect(failing).rejects.toThrow("The work failed");
    expect(await numbers()).toEqual([]);
  });

  test("takes no statement any more once it has ended", async () => {
    let late = async (): Promise<unknown> => "never";
    await store.database.transaction(async (tx) => {
      late = async () => await tx.query(insert, [1]);
    });
    await expect(late()).rejects.toThrow("The transaction has ended");
    expect(await numbers()).toEqual([]);
  });
});

describe("a transaction on a server", () => {
  let one: TestStore;
  let two: TestStore;
  beforeAll(async () => {
    const url = await newUrl();
    [one, two] = [await openTestStore("postgres", url), await openTestStore("postgres", url)];
    await one.database.exec("create table interlock.counted (number bigint primary key)");
  });
  afterAll(async () => void (await Promise.all([one.close(), two.close()])));

  test("runs again where it was overtaken, or the server broke a circle of locks", async () => {
    let turns = 0;
    const again = one.database.transaction(async (tx) => {
      await tx.query("insert into interlock.counted values ($1)", [1]);
      turns += 1;
      if (turns < 3) throw new Overtaken();
      return turns;
    });
    expect(await again).toBe(3);
    await one.database.query("insert into interlock.counted values ($1)", [2]);
    let free = () => {};
    const both = new Promise<void>((resolve) => (free = resolve));
    let locked = 0;
    const lock = "select number from interlock.counted where number = $1 for update";
    const locking = (store: TestStore, [first, second]: readonly [number, number]) =>
      store.database.transaction(async (tx) => {
        await tx.query(lock, [first]);
        locked += 1;
        if (locked === 2) free();
        await both;
        void tx.query(lock, [second]);
        void tx.query("insert into interlock.counted values ($1)", [first + 10]);
      });
    await Promise.all([locking(one, [1, 2]), locking(two, [2, 1])]);
    const rows = await one.database.query("select number from interlock.counted order by number");
    expect(rows).toEqual([1, 2, 11, 12].map((number) => ({ number })));
  });

  test("fails where its connection breaks, and leaves the others", async () => {
    const broken = one.database.transaction(async (tx) => {
      void tx.query("insert into interlock.counted values ($1)", [20]);
      void tx.query("select pg_terminate_backend(pg_backend_pid())");
      void tx.query("insert into interlock.counted values ($1)", [21]);
    });
    await expect(broken).rejects.toThrow();
    const rows = await one.database.query("select from interlock.counted where number >= $1", [20]);
    expect(rows).toEqual([]);
  });

  test("what two processes hear first of one pull request at the same time is kept of both", async () => {
    for (let number = 1; number <= 20; number += 1) {
      const told = (head: string, left: string | null) =>
        look({
          ...hint(pull(number), sha(head)),
          told: {
            kind: "pull",
            shown: { updatedAt: 5_000, head: sha(head), base: "main", state: "open" },
            left: { head: left === null ? null : sha(left), base: null },
          },
        });
      await Promise.all([one.store.accept([told("a", null)]), two.store.accept([told("b", "a")])]);
      const heard = await one.store.told(pull(number).repository, { kind: "pull", number });
      expect(heard?.bound).toMatchObject({ head: { now: sha("b"), left: [sha("a")] } });
    }
  });
});

describe("statements whose transaction does not begin", () => {
  function recorded() {
    const sent: string[] = [];
    const send = async (text: string) => {
      sent.push(text);
      return [];
    };
    return { sent, on: { query: send, read: send, exec: async (text: string) => void send(text) } };
  }

  test("are not sent, unless they change nothing", async () => {
    const { sent, on } = recorded();
    let refuse: (why: Error) => void = () => {};
    const started = new Promise<void>((_, reject) => (refuse = reject));
    const statements = openStatements(on, started);
    const early = statements.read("a read");
    const all = [statements.query("a write"), statements.read("a later read")];
    refuse(new Error("It did not begin"));
    expect(await early).toEqual([]);
    for (const one of all) await expect(one).rejects.toThrow("It did not begin");
    await expect(statements.exec("another write")).rejects.toThrow("It did not begin");
    await expect(statements.settle()).rejects.toThrow("It did not begin");
    expect(sent).toEqual(["a read"]);
  });

  test("are sent in their order once it has", async () => {
    const { sent, on } = recorded();
    let begin = () => {};
    const started = new Promise<void>((resolve) => (begin = resolve));
    const statements = openStatements(on, started);
    const all = [statements.query("1"), statements.read("2"), statements.exec("3")];
    begin();
    await Promise.all(all);
    await statements.query("4");
    await statements.settle();
    expect(sent).toEqual(["1", "2", "3", "4"]);
  });
});
