// Refuses what is written under a lease that has passed to another process since: one condition in each statement.

import type { Lease, Written } from "../ports/store.ts";
import type { Connection, Param } from "./database.ts";

/** A write of one statement. Its own placeholders begin with `$3`, and `held` is the subject of the lease. */
export interface FencedWrite {
  readonly text: string;
  readonly params: readonly Param[];
}

/**
 * Runs the statement where the lease is the newest of its subject, which stays so until the statement
 * has ended. The text is an insert or update that reads `held` and returns nothing.
 * Resolves with `written` also where the statement found nothing to change.
 */
export async function writeUnder(
  on: Connection,
  lease: Lease,
  { text, params }: FencedWrite,
): Promise<Written> {
  const [row] = await on.query<{ held: number }>(
    `with held as materialized (
       select key, owner, name from interlock.subject where key = $1 and epoch = $2 for share
     ), written as (${text})
     select count(*) as held from held`,
    [lease.key, lease.epoch, ...params],
  );
  return row?.held === 1 ? "written" : "lost";
}

/** For a transaction of several statements: until its end nobody takes the lease over. */
export async function hold(tx: Connection, { key, epoch }: Lease): Promise<Written> {
  const rows = await tx.query(
    "select from interlock.subject where key = $1 and epoch = $2 for share",
    [key, epoch],
  );
  return rows.length === 1 ? "written" : "lost";
}
