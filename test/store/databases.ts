// Stores for tests: the same test body runs on PGlite, on a real PostgreSQL, and on the store in memory.

import { readFile } from "node:fs/promises";
import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, beforeEach, inject } from "vitest";
import type { Store } from "../../src/ports/store.ts";
import type { Database } from "../../src/store/database.ts";
import { openStoreOn } from "../../src/store/open.ts";
import { type Embedded, embed, startParams } from "../../src/store/pglite.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { openSharedReadings } from "./memory/open.ts";
import { hearing, silent } from "./silent.ts";
import type { TestStore } from "./test-store.ts";

export const databaseKinds = ["pglite", "postgres"] as const;
export type DatabaseKind = (typeof databaseKinds)[number];
/** Whatever a test asks of the port alone, it asks of all of them. */
export const storeKinds = ["memory", ...databaseKinds] as const;
export type StoreKind = (typeof storeKinds)[number];

/** An empty store. `url` lets several stores share one PostgreSQL. */
export async function openTestStore(kind: StoreKind, url?: string): Promise<TestStore> {
  const log = hearing();
  if (kind === "memory") return openSharedReadings(log);
  const on = url === undefined ? await openDatabase(kind) : openPostgres(url, log);
  const database = "pglite" in on ? on.database : on;
  const time: TestStore["time"] = { now: null };
  const opened = await openStoreOn(on, log, { clock: () => time.now?.() ?? null });
  return {
    ...opened,
    database,
    log,
    time,
    clear: () => clear(database),
    clearJobs: () => clearJobs(database),
    jobCount: async () => (await database.query("select id from pgboss.job")).length,
    notificationStates: async () => {
      const rows = await database.query<{ state: string }>(
        "select state from interlock.notice order by next_at",
      );
      return rows.map(({ state }) => state);
    },
    expire: async ({ id }) => {
      // As pg-boss does with a job whose heartbeat has stopped.
      await database.query(
        `update pgboss.job set state = 'retry', retry_count = retry_count + 1, start_after = now()
          where id = $1 and state = 'active'`,
        [id],
      );
    },
  };
}

/** A database with the schema and nothing else, for `openStoreOn`. */
export async function openDatabase(kind: DatabaseKind): Promise<Database | Embedded> {
  return kind === "pglite" ? loadPglite() : openPostgres(await newUrl(), silent);
}

/** The store of a test file, empty before each test. What arrives does so at the time that it says, unless the test turns the clock. */
export function storeFor(kind: StoreKind): () => TestStore {
  let opened: TestStore | undefined;
  beforeAll(async () => {
    opened = punctual(await openTestStore(kind));
  });
  beforeEach(async () => {
    await opened?.clear();
    if (opened !== undefined) opened.time.now = null;
  });
  afterAll(async () => {
    await opened?.close();
  });
  return () => {
    if (opened === undefined) throw new Error("The store is not open yet");
    return opened;
  };
}

/** The store's clock shows the time of what arrives. */
function punctual(opened: TestStore): TestStore {
  const { store, time } = opened;
  const accept: Store["accept"] = async (deliveries) => {
    if (deliveries.length === 0) return await store.accept(deliveries);
    const { now } = time;
    time.now ??= () => Math.max(...deliveries.map(({ receivedAt }) => receivedAt));
    const accepted = store.accept(deliveries);
    // It has read the clock by now.
    time.now = now;
    return await accepted;
  };
  return { ...opened, store: { ...store, accept } };
}

/** Address of a new database on the server of this test run. */
export async function newUrl(): Promise<string> {
  return ask("/postgres");
}

/** The same without a schema. */
export async function emptyUrl(): Promise<string> {
  return ask("/empty");
}

async function loadPglite(): Promise<Embedded> {
  const dump = new Blob([await readFile(await ask("/pglite"))]);
  const pglite = await PGlite.create({ loadDataDir: dump, startParams: [...startParams] });
  return embed(pglite, null);
}

async function ask(path: string): Promise<string> {
  const response = await fetch(new URL(path, inject("databases")));
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
}

/** Deletes, because truncating these small tables takes PGlite twenty times as long. */
async function clear(database: Database): Promise<void> {
  const tables = await database.query<{ name: string }>(
    `select tablename as name from pg_tables
      where schemaname = 'interlock' and tablename not in ('migration', 'audit', 'generation')
      order by tablename = 'repository', tablename = 'subject'`,
  );
  await database.exec(tables.map(({ name }) => `delete from interlock.${name};`).join("\n"));
  // Its triggers keep everybody from deleting what is young.
  await database.exec(
    `set session_replication_role = replica;
     delete from interlock.audit;
     reset session_replication_role;`,
  );
  await clearJobs(database);
}

async function clearJobs(database: Database): Promise<void> {
  await database.exec("delete from pgboss.job");
}
