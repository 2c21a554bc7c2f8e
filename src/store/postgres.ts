// The database on a PostgreSQL server, through a pool of connections.

import pg from "pg";
import { limit } from "../core/model/limit.ts";
import type { Log } from "../ports/log.ts";
import { type Connection, type Database, Overtaken, type Param, storable } from "./database.ts";
import { listenOn } from "./listen.ts";
import { openStatements } from "./transaction.ts";

export function openPostgres(
  url: string,
  log: Log,
  { idle_ms }: { readonly idle_ms: number } = limit.store,
): Database {
  const config = {
    connectionString: url,
    application_name: "interlock",
    connectionTimeoutMillis: limit.store.connect_ms,
    keepAlive: true,
    // A process that is paused within a transaction must not keep its locks from the others.
    idle_in_transaction_session_timeout: idle_ms,
    types,
  };
  // A statement can be sent before the earlier ones are answered; `openStatements` sees to it what that means.
  const pool = new pg.Pool({ ...config, max: limit.store.connections, pipeline: true });
  // An idle connection that breaks is replaced by the next query; unheard, the event would end the process.
  pool.on("error", (error) => log.warn({ err: error }, "An idle database connection broke"));

  const ask: Database["query"] = (text, params) =>
    repeated(() => leased(pool, (client) => query(client, text, params)));
  const database: Database = {
    kind: "postgres",
    query: ask,
    read: ask,
    exec: (script) => leased(pool, (client) => exec(client, script)),
    transaction: (work) => repeated(() => leased(pool, (client) => transaction(client, work))),
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
  const values = storable(params);
  const name = values.length === 0 ? undefined : nameOf(text);
  // pg-boss sends scripts whose one interesting row may be in any of their results.
  const result: pg.QueryResult | pg.QueryResult[] = await on.query(
    name === undefined ? { text, values } : { text, values, name },
  );
  return Array.isArray(result) ? result.flatMap(({ rows }) => rows) : result.rows;
}

const names = new Map<string, string>();

/**
 * What has a name is planned once for each connection, which for statements as small as ours is most
 * of their cost. Nearly all of them are the same ones again and again, and the rest goes without.
 */
function nameOf(text: string): string | undefined {
  let name = names.get(text);
  if (name === undefined && names.size < limit.store.planned) {
    name = `interlock_${names.size}`;
    names.set(text, name);
  }
  return name;
}

async function exec(on: Queryable, script: string): Promise<void> {
  await on.query(script);
}

/** Lends a connection out, and takes it back where nothing but a statement went wrong with it. */
async function leased<T>(pool: pg.Pool, use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // While a connection is in use the pool does not hear its errors; the statement rejects with the same one.
  const ignore = () => {};
  client.on("error", ignore);
  let unfit = false;
  try {
    return await use(client);
  } catch (error) {
    const code = codeOf(error);
    unfit = (code === undefined && !(error instanceof Overtaken)) || code === stalePlan;
    throw error;
  } finally {
    client.off("error", ignore);
    client.release(unfit);
  }
}

async function transaction<T>(
  client: pg.PoolClient,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const ask: Connection["query"] = (text, params) => query(client, text, params);
  const on = { query: ask, read: ask, exec: (script: string) => exec(client, script) };
  const statements = openStatements(on, client.query("begin"));
  try {
    const value = await work(statements);
    await statements.settle();
    const { command } = await client.query("commit");
    // That is how PostgreSQL ends one of which a statement has failed, without an error.
    if (command !== "COMMIT") throw new Error(`A transaction ended with ${command}`);
    return value;
  } catch (error) {
    // What the others failed with is only that one of them had failed.
    const why = await statements.settle().then(
      () => error,
      (first: unknown) => first,
    );
    await client.query("rollback").catch(() => {
      throw new Error("A transaction could not be rolled back", { cause: why });
    });
    throw why;
  }
}

/** A table changed its form after a statement was planned: a newer replica has migrated it. */
const stalePlan = "0A000";

/** With deadlocks, serialization failures and old plans the database asks to try again, as a transaction itself may. */
async function repeated<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      const again =
        error instanceof Overtaken || ["40P01", "40001", stalePlan].includes(codeOf(error) ?? "");
      if (!again || tries >= limit.store.attempts) throw error;
    }
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}
