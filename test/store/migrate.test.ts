// The shape of the database, the way there, and the data that is met on the way.

import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import type { Database } from "../../src/store/database.ts";
import {
  DatabaseTooNew,
  type Migration,
  migrate,
  readMigrations,
} from "../../src/store/migrate.ts";
import { openStoreOn } from "../../src/store/open.ts";
import { type Embedded, openPglite } from "../../src/store/pglite.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { type DatabaseKind, databaseKinds, emptyUrl, openDatabase } from "./databases.ts";
import { sha, shop } from "./make.ts";
import { dumpSchema } from "./schema.ts";
import { silent } from "./silent.ts";

async function empty(kind: DatabaseKind): Promise<{ on: Database | Embedded; database: Database }> {
  if (kind === "pglite") {
    const on = await openPglite(null);
    return { on, database: on.database };
  }
  const database = openPostgres(await emptyUrl(), silent);
  return { on: database, database };
}

function dataOf({ number }: Migration): URL {
  return new URL(`left/${String(number).padStart(4, "0")}.sql`, import.meta.url);
}

describe.each(databaseKinds)("the schema on %s", (kind) => {
  test("is reached from each earlier one with its data, and looks as it is written down", async () => {
    const { on, database } = await empty(kind);
    const migrations = await readMigrations();
    for (const [index, migration] of migrations.entries()) {
      await migrate(database, migrations.slice(0, index + 1));
      await database.exec(await readFile(dataOf(migration), "utf8"));
    }

    const golden = new URL("schema.txt", import.meta.url);
    const dump = await dumpSchema(database);
    if (process.env.UPDATE === "1") await writeFile(golden, dump);
    expect(dump).toBe(await readFile(golden, "utf8"));

    const { store, localRuns, pipelineRuns, notifications, close } = await openStoreOn(on, silent);
    const [pull, commit] = await store.openSubjects(shop);
    expect(pull).toMatchObject({ dueAt: 9_000, heardAt: 1_500, verdict: "in_progress" });
    expect(commit).toMatchObject({ before: sha("c"), subject: { branch: "main" } });
    const key = "pull:octo/shop#1";
    expect(await store.snapshot(key)).toEqual({ facts: { now: 2_000 }, decision: { sha: null } });
    // Facts and kept events that were written under earlier names.
    expect(await store.snapshot(`commit:octo/shop@${sha("d")}:main`)).toEqual({
      facts: {
        now: 3_000,
        requests: [],
        lastVerdict: { why: '"said":' },
        gateOwner: null,
        successors: [],
        defaultPlan: null,
        engineCapabilities: {},
        driftReports: [{ foreignExecutions: [], outOfBandChanges: [] }],
      },
      decision: { results: [] },
    });
    const kept = await database.query<{ content: string }>(
      "select content from interlock.withheld",
    );
    expect(kept.map(({ content }) => JSON.parse(content) as unknown)).toContainEqual({
      guid: "g",
      receivedAt: 1,
      event: { kind: "look", hints: [] },
    });
    expect(await store.executions(key)).toMatchObject([
      {
        key: "run-1",
        state: "running",
        stages: [{ output: "\u0000" }],
        retries: [],
        outOfBandChanges: [],
      },
    ]);
    expect(await store.requests(key)).toMatchObject([
      { comment: 3_000_000_000, role: { value: "write" }, outcome: [{ text: "Told." }] },
      { source: "rerequest", role: { kind: "unknown" }, outcome: null },
    ]);
    expect(await store.checks(shop, [sha("a")])).toMatchObject([{ id: 9_000_000_000 }]);
    expect(await store.answers(key)).toMatchObject([{ id: 8_000_000_000, body: "Told." }]);
    expect(await store.reading("plan|octo/shop|")).toMatchObject({ value: { kind: "absent" } });
    expect(await store.tip(shop, "main")).toBe(sha("d"));
    expect(await store.repositories()).toEqual([shop]);
    expect(await localRuns.live()).toMatchObject([{ token: "run-1", process: { group: 12 } }]);
    const id = "11111111-2222-4333-8444-555555555555";
    expect(await pipelineRuns.byExecution(id)).toMatchObject({
      token: "run-2",
      request: { kind: "start" },
      heard: { count: 2, last: ["execution STARTED", "stage Source STARTED"] },
      acts: [{ kind: "closed" }],
    });
    expect(await store.rollbacks(key)).toMatchObject([
      { key: "comment:1|shop||", sha: "b", state: "running", endedAt: null },
    ]);
    expect(await notifications.take(2_000, 10)).toMatchObject([
      { attempt: 3, notice: { kind: "failed" } },
    ]);
    expect(await store.lease(key)).toMatchObject({ generation: "eleventh.5000000000.5" });
    await close();
  });

  test("is left as it was by a migration that fails", async () => {
    const on = await openDatabase(kind);
    const database = "pglite" in on ? on.database : on;
    const migrations = await readMigrations();
    const before = await dumpSchema(database);
    const next = (script: string) => [...migrations, { number: 9_999, script }];
    const broken = next("create table interlock.half (a text); select 1 / 0;");
    await expect(migrate(database, broken)).rejects.toThrow(/division by zero/);
    expect(await dumpSchema(database)).toBe(before);
    await migrate(database, next("create table interlock.half (b text);"));
    expect(await dumpSchema(database)).not.toBe(before);
    await database.close();
  });

  test("that a newer program has made is refused", async () => {
    const on = await openDatabase(kind);
    const database = "pglite" in on ? on.database : on;
    const migrations = await readMigrations();
    await migrate(database, [...migrations, { number: 9_999, script: "select 1" }]);
    const opening = openStoreOn(on, silent);
    await expect(opening).rejects.toThrow(DatabaseTooNew);
    await expect(opening).rejects.toThrow(/9999/);
  });
});

test.each([
  ["a new PostgreSQL", []],
  ["one that lacks only the queue", await readMigrations()],
])("several processes can open %s at once", async (_, present) => {
  const url = await emptyUrl();
  const database = openPostgres(url, silent);
  await migrate(database, present);
  const opened = await Promise.all(
    Array.from({ length: 8 }, () => openStoreOn(openPostgres(url, silent), silent)),
  );
  await Promise.all(opened.map(({ store }) => store.check()));
  const rows = await database.query("select number from interlock.migration order by number");
  expect(rows).toEqual((await readMigrations()).map(({ number }) => ({ number })));
  await Promise.all([...opened, database].map(({ close }) => close()));
});

test("no two databases have the same generation", async () => {
  const generations: unknown[] = [];
  for (const url of [await emptyUrl(), await emptyUrl()]) {
    const database = openPostgres(url, silent);
    await migrate(database, await readMigrations());
    generations.push(...(await database.query("select value from interlock.generation")));
    await database.close();
  }
  expect(generations).toHaveLength(2);
  expect(generations[0]).not.toEqual(generations[1]);
});
