// Repositories that we have heard of, and the installation that lets us in.

import type { Repository } from "../core/event.ts";
import type { Connection } from "./database.ts";

export async function listRepositories(on: Connection): Promise<readonly Repository[]> {
  return on.query<Repository>(
    `select installation, owner, name from interlock.repository
      where present order by owner, name`,
  );
}

/**
 * A part of the statement that writes subjects: the repositories of `given`, by the installation of
 * the last to come. Nearly always nothing has changed, and then no row may be locked: every delivery
 * comes by here.
 */
export const insertRepositories = `
  insert into interlock.repository as repository (owner, name, installation, present)
  select distinct on (owner, name) owner, name, installation, true
    from given
   where not exists (select from interlock.repository as known
                      where known.owner = given.owner and known.name = given.name
                        and known.installation = given.installation and known.present)
   order by owner, name, turn desc
      on conflict (owner, name) do update
     set installation = excluded.installation, present = true`;

/** We are no longer let in: nothing of it is open or due any more. */
export async function forgetRepositories(
  tx: Connection,
  repositories: readonly Repository[],
): Promise<void> {
  for (const { owner, name } of repositories) {
    await tx.query(
      "update interlock.repository set present = false where owner = $1 and name = $2",
      [owner, name],
    );
    // Whatever lands until we are let in again is not ours to release.
    await tx.query("delete from interlock.tip where owner = $1 and name = $2", [owner, name]);
    await tx.query(
      `update interlock.subject set open = false, due_at = null
        where key in (select key from interlock.subject
                       where owner = $1 and name = $2 and (open or due_at is not null)
                       order by key for update)`,
      [owner, name],
    );
  }
}
