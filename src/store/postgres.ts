// The database on a PostgreSQL server, through a pool of connections.

import pg from "pg";
import { limit } from "../core/limit.ts";
import type { Log } from "../port.ts";
import { type Connection, type Database, type Param, storable } from "./database.ts";
import { listenOn } from "./listen.ts";

export function openPostgres(url: string, log: Log): Database {
  const config = {
    connectionString: url,
    application_name: "interlock",
    connectionTimeoutMillis: limit.store.connect_ms,
    keepAlive: true,
    types,
  };
  const pool = new pg.Pool({ ...config, max: limit.store.connections });
  // An idle connection that breaks is replaced by the next query; unheard, the event would end the process.
  pool.on("error", (error) => log.warn({ err: error }, "An idle database connection broke"));

  const database: Database = {
    kind: "postgres",
    query: (text, params) => query(pool, text, params),
    exec: (script) => exec(pool, script),
    transaction: (work) => repeated(() => transaction(pool, work)),
    listen: (channel, hear) => listenOn(() => new pg.Client(config), channel, hear, log),
    close: () => pool.end(),
  };
  return database;
}

/** bigint and count() as numbers: all of ours stay far below 2^53. */
const int8 = 20;
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") =>
    oid === int8
      ? Number
      : pg.types.getTypeParser(oid, format as "text")) as typeof pg.types.getTypeParser,
};

type Queryable = Pick<pg.ClientBase, "query">;

async function query<Row>(
  on: Queryable,
  text: string,
  params: readonly Param[] = [],
): Promise<readonly Row[]> {
  // pg-boss sends scripts whose one interesting row may be in any of their results.
  const result: pg.QueryResult | pg.QueryResult[] = await on.query(text, storable(params));
  return Array.isArray(result) ? result.flatMap(({ rows }) => rows) : result.rows;
}

async function exec(on: Queryable, script: string): Promise<void> {
  await on.query(script);
}

async function transaction<T>(
  pool: pg.Pool,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  // While a connection is in use the pool does not hear its errors; the statement rejects with the same one.
  const ignore = () => {};
  client.on("error", ignore);
  let broken: Error | undefined;
  try {
    await client.query("begin");
    const value = await work({
      query: (text, params) => query(client, text, params),
      exec: (script) => exec(client, script),
    });
    await client.query("commit");
    return value;
  } catch (error) {
    await client.query("rollback").catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    client.off("error", ignore);
    client.release(broken);
  }
}

/** Deadlocks and serialization failures are the database asking to try again. */
async function repeated<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      const code = error instanceof pg.DatabaseError ? error.code : undefined;
      const again = code === "40P01" || code === "40001";
      if (!again || tries >= limit.store.attempts) throw error;
    }
  }
}
