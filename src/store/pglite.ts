// The database in this process: PGlite in a data folder, or in memory for tests.

import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { limit } from "../core/model/limit.ts";
import { type Connection, type Database, type Param, storable } from "./database.ts";
import { type FolderLock, lockFolder } from "./folder-lock.ts";
import { folderMode, keepPrivate, makePrivate } from "./private-files.ts";
import { SyncedFolder, syncFolder } from "./synced-folder.ts";
import { openStatements } from "./transaction.ts";

export interface Embedded {
  readonly database: Database;
  /** The instance itself, for the adapter that pg-boss brings along. */
  readonly pglite: PGlite;
}

/** Opens the folder, or a database in memory where there is none. Throws `FolderInUse`. */
export async function openPglite(dataDir: string | null): Promise<Embedded> {
  if (dataDir === null) return embed(await PGlite.create({ startParams: [...startParams] }), null);
  await mkdir(dataDir, { recursive: true, mode: folderMode });
  const lock = await lockFolder(dataDir);
  const folder = join(dataDir, "database");
  try {
    // PostgreSQL creates its files with the rights that its folder has.
    await makePrivate(folder);
    const isNew = (await readdir(folder)).length === 0;
    const files = new SyncedFolder(folder);
    const pglite = await PGlite.create({
      fs: files,
      startParams: [...startParams, ...durable],
    });
    // What PGlite brings along for a new database, everybody may read and write.
    await keepPrivate(folder);
    if (isNew) await syncFolder(folder);
    return embed(pglite, lock, () => files.settled());
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * After a crash the whole log since the last checkpoint is read again, so it is kept short. The
 * buffers are memory of this process from the start, and the system caches the files anyway.
 */
export const startParams: readonly string[] = [
  ...PGlite.defaultStartParams,
  ...["-c", `shared_buffers=${limit.store.buffers_mb}MB`],
  ...["-c", `max_wal_size=${limit.store.wal_mb}MB`],
  ...["-c", `min_wal_size=${limit.store.wal_mb / 2}MB`],
];

/** PGlite turns fsync off, with `-F`, because its own file system ignores it. */
const durable = ["-c", "fsync=on", "-c", "wal_sync_method=fsync"] as const;

/** The adapter itself; `lock` is released with it. What it was given is told to be done once `settled` resolves. */
export function embed(
  pglite: PGlite,
  lock: FolderLock | null,
  settled: () => Promise<void> = async () => {},
): Embedded {
  const breathing = async <T>(work: Promise<T>): Promise<T> => {
    const value = await work;
    await settled();
    await nextTurn();
    return value;
  };
  const database: Database = {
    kind: "pglite",
    query: (text, params) => breathing(query(pglite, text, params)),
    read: (text, params) => breathing(query(pglite, text, params)),
    exec: (script) => breathing(exec(pglite, script)),
    transaction: (work: (connection: Connection) => Promise<unknown>) =>
      breathing(pglite.transaction((tx) => transaction(tx, work))) as never,
    listen: async (channel, hear) => {
      const end = await pglite.listen(channel, hear);
      return { close: () => end() };
    },
    close: async () => {
      await pglite.close();
      await settled();
      await lock?.release();
    },
  };
  return { database, pglite };
}

/**
 * PGlite works in this thread and never waits for anything: those who ask it one thing after the
 * other would keep the program from hearing whatever else goes on.
 */
async function nextTurn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** Its beginning and its end are PGlite's own, which rolls it back where this rejects. */
async function transaction<T>(
  on: Queryable,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const ask: Connection["query"] = (text, params) => query(on, text, params);
  const statements = openStatements(
    { query: ask, read: ask, exec: (script) => exec(on, script) },
    Promise.resolve(),
  );
  try {
    const value = await work(statements);
    await statements.settle();
    return value;
  } catch (error) {
    await statements.settle();
    throw error;
  }
}

type Queryable = Pick<PGlite, "query" | "exec">;

async function query<Row>(
  on: Queryable,
  text: string,
  params: readonly Param[] = [],
): Promise<readonly Row[]> {
  const result = await on.query<Row>(text, storable(params));
  return result.rows;
}

async function exec(on: Queryable, script: string): Promise<void> {
  await on.exec(script);
}
