// The generation of the database, which makes the keys of attempts its own.

import type { Connection } from "./database.ts";

/**
 * What was begun after the backup is not in the ledger, and the engines know its keys. At random and
 * not counted: the same backup may be restored twice.
 */
export async function renewGeneration(on: Connection): Promise<void> {
  await on.query(
    `insert into interlock.generation (value)
     values (left(replace(gen_random_uuid()::text, '-', ''), 12))
         on conflict (one) do update set value = excluded.value`,
  );
}
