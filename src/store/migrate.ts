// Brings the database to the shape that this program knows, one numbered script after the other.

import { readdir, readFile } from "node:fs/promises";
import type { Connection, Database } from "./database.ts";

export interface Migration {
  readonly number: number;
  readonly script: string;
}

export class DatabaseTooNew extends Error {
  override name = "DatabaseTooNew";
}

/** Applies what is missing. Any number of processes may do this at once; throws `DatabaseTooNew`. */
export async function migrate(database: Database, migrations: readonly Migration[]): Promise<void> {
  const newest = migrations.at(-1)?.number ?? 0;
  for (let more = true; more; ) {
    more = await database.transaction(async (tx) => {
      await lockSchema(tx);
      await tx.exec(ledger);
      const [row] = await tx.query<{ number: number | null }>(
        "select max(number) as number from interlock.migration",
      );
      const present = row?.number ?? 0;
      if (present > newest) {
        throw new DatabaseTooNew(
          `The database has been migrated to ${present}, and this program knows migrations up to ${newest}. ` +
            "Start the program that migrated it, or a newer one.",
        );
      }
      const next = migrations.find(({ number }) => number > present);
      if (next === undefined) return false;
      await tx.exec(next.script);
      await tx.query("insert into interlock.migration (number, applied_at) values ($1, now())", [
        next.number,
      ]);
      return true;
    });
  }
}

/** Held until the transaction ends, so that of several replicas one changes the schema and the others wait. */
export async function lockSchema(tx: Connection): Promise<void> {
  await tx.query("select pg_advisory_xact_lock($1::bigint)", [lockKey]);
}

/** The scripts of `migrations/`, in their order. */
export async function readMigrations(): Promise<readonly Migration[]> {
  const folder = new URL("migrations/", import.meta.url);
  const names = (await readdir(folder)).filter((name) => /^\d{4}\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => ({
      number: Number.parseInt(name, 10),
      script: await readFile(new URL(name, folder), "utf8"),
    })),
  );
}

/** Any number that nobody else is likely to lock: "inter" in ASCII. */
const lockKey = 0x69_6e_74_65_72;

const ledger = `
  create schema if not exists interlock;
  create table if not exists interlock.migration (
    number integer primary key,
    applied_at timestamptz not null
  );
`;
