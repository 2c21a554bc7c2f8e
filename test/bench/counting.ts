// Loaded into the program before its own code: counts what it sends to PostgreSQL, and tells when it is asked.

import pg from "pg";

/** Since the start. `begin` and `commit` are statements too; whatever comes outside of them is a transaction. */
export interface Sent {
  readonly statements: number;
  readonly transactions: number;
}

let statements = 0;
let transactions = 0;
/** Connections that are within a transaction. */
const within = new WeakSet<object>();

type Query = (
  this: object,
  given: string | { readonly text?: string },
  ...rest: unknown[]
) => unknown;

const prototype = pg.Client.prototype as unknown as { query: Query };
const { query } = prototype;
prototype.query = function counted(given, ...rest) {
  const text = (typeof given === "string" ? given : (given.text ?? "")).trim().toLowerCase();
  statements += 1;
  // pg-boss also sends a whole transaction as one script.
  const isScript = text.startsWith("begin") && text.includes("commit");
  if (text === "commit" || text === "rollback") {
    within.delete(this);
    transactions += 1;
  } else if (text.startsWith("begin") && !isScript) within.add(this);
  else if (!within.has(this)) transactions += 1;
  return query.call(this, given, ...rest);
};

process.on("message", (message) => {
  if (message === "count") process.send?.({ statements, transactions } satisfies Sent);
});
