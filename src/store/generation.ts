// What a restore of the database from a backup makes of what it knows.

import type { Connection, Database } from "./database.ts";

/**
 * What was started after the backup is not in the ledger, and the engines know its keys: the generation makes
 * the keys of attempts its own. At random and not counted: the same backup may be restored twice.
 *
 * What was released or rolled back after the backup is not in the ledger either. So nothing is known any more
 * of where the branches stand, as with a new database: what GitHub shows there first is not released. A commit
 * that has started nothing counts as seen at first, whatever is known to have landed before it.
 */
export async function renewGeneration(on: Database): Promise<void> {
  await on.transaction(async (tx) => {
    await renew(tx);
    await tx.query("delete from interlock.tip");
    await tx.query(
      `update interlock.subject set arrival = 'first'
        where key in (select key from interlock.subject
                       where kind = 'commit' and not exists (
                         select from interlock.execution
                          where subject_key = subject.key and ${counts})
                       order by key for update)`,
    );
    // Where nothing moved since, the tips are to be found again all the same.
    await tx.query("delete from interlock.reading where split_part(key, '|', 1) = 'inspected'");
  });
}

async function renew(tx: Connection): Promise<void> {
  await tx.query(
    `insert into interlock.generation (value)
     values (left(replace(gen_random_uuid()::text, '-', ''), 12))
         on conflict (one) do update set value = excluded.value`,
  );
}

/** What was ended because nobody wanted it any more is started again by itself where it is wanted. */
const counts = `(state <> 'stopped' or stop_reason = 'deadline_passed' or stop_reason like 'person:%')`;
