// Stores for tests: the same test body runs on PGlite in memory and on a real PostgreSQL.

import { readFile } from "node:fs/promises";
import { PGlite } from "@electric-sql/pglite";
import { afterAll, beforeAll, beforeEach, inject } from "vitest";
import type { Clock } from "../../src/port.ts";
import type { Database } from "../../src/store/database.ts";
import { type OpenStore, openStoreOn } from "../../src/store/open.ts";
import { type Embedded, embed, startParams } from "../../src/store/pglite.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { type HearingLog, hearing, silent } from "./silent.ts";

export const storeKinds = ["pglite", "postgres"] as const;
export type StoreKind = (typeof storeKinds)[number];

export interface TestStore extends OpenStore {
  /** Below the store, to look at what it wrote. */
  readonly database: Database;
  readonly log: HearingLog;
  /** What the store's clock says; null for the database's own. */
  readonly time: { now: Clock | null };
  /** Forgets everything, so that the next test starts with an empty store. */
  clear(): Promise<void>;
  /** Drops all jobs, so that what a test sees next was put there next. */
  clearJobs(): Promise<void>;
}

/** An empty store. `url` lets several stores share one PostgreSQL. */
export async function openTestStore(kind: StoreKind, url?: string): Promise<TestStore> {
  const log = hearing();
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
  };
}

/** A database with the schema and nothing else, for `openStoreOn`. */
export async function openDatabase(kind: StoreKind): Promise<Database | Embedded> {
  return kind === "pglite" ? loadPglite() : openPostgres(await newUrl(), silent);
}

/** The store of a test file, empty before each test. */
export function storeFor(kind: StoreKind): () => TestStore {
  let opened: TestStore | undefined;
  beforeAll(async () => {
    opened = await openTestStore(kind);
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
      where schemaname = 'interlock' and tablename <> 'migration'
      order by tablename = 'repository', tablename = 'subject'`,
  );
  await database.exec(tables.map(({ name }) => `delete from interlock.${name};`).join("\n"));
  await clearJobs(database);
}

async function clearJobs(database: Database): Promise<void> {
  await database.exec("delete from pgboss.job");
}
