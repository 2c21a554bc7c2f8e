// The one view of a database that the store needs; PGlite and PostgreSQL each have an adapter.

/** What a query may be given. Arrays are for `unnest`. */
export type Param =
  | string
  | number
  | boolean
  | null
  | readonly (string | null)[]
  | readonly (number | null)[]
  | readonly (boolean | null)[];

/** Where a statement can run: the database itself, or one transaction of it. */
export interface Connection {
  /** One statement. `bigint` and counts arrive as numbers. */
  query<Row>(text: string, params?: readonly Param[]): Promise<readonly Row[]>;
  /** One that changes nothing, though it may lock: within a transaction it need not wait for it to have started. */
  read<Row>(text: string, params?: readonly Param[]): Promise<readonly Row[]>;
  /** Several statements without parameters. */
  exec(script: string): Promise<void>;
}

export interface Database extends Connection {
  readonly kind: "pglite" | "postgres";
  /**
   * Commits what `work` did, or rolls it back where `work` throws or any of its statements failed. `work` can
   * ask for a statement before it has the answer to an earlier one: they run in the order in which it asks.
   * `work` can run again when the database asks for it, or `work` itself by throwing `Overtaken`, so it must
   * touch nothing but its connection.
   */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** Calls `hear` for each notice on the channel, and once after each time that notices may have been missed. */
  listen(channel: string, hear: (payload: string | null) => void): Promise<Listening>;
  close(): Promise<void>;
}

export interface Listening {
  close(): Promise<void>;
}

/** What a transaction has read is no longer so, because another one was faster: it runs again. */
export class Overtaken extends Error {
  override readonly name = "Overtaken";
}

/** What the store's clock says in the place of the database's own; null for that one. */
export type StoreClock = () => number | null;

/**
 * The store's clock, in milliseconds since 1970: that of the database, the same for all replicas, unless
 * the parameter gives another one.
 */
export function storeNow(param: number): string {
  return `coalesce($${param}::bigint, (extract(epoch from clock_timestamp()) * 1000)::bigint)`;
}

export function storable(params: readonly Param[]): unknown[] {
  return params.map((param) => {
    if (typeof param === "string") return storableText(param);
    if (!Array.isArray(param)) return param;
    return param.map((item: unknown) => (typeof item === "string" ? storableText(item) : item));
  });
}

/** PostgreSQL's text holds neither U+0000 nor half a surrogate pair, which hostile names do contain. */
export function storableText(text: string): string {
  return text.replaceAll("\u0000", "\ufffd").toWellFormed();
}
