// Forgets the history of a repository whose name now belongs to another one, told apart by GitHub's ids.

import type { Repository } from "../core/event.ts";
import type { Connection } from "./database.ts";

/**
 * In the place of an id: events told different ones. An old event that is sent again tells an old id, so
 * only what GitHub answers when it is asked settles it.
 */
export const disputed = 0;

/**
 * Before anything that was told of the repositories is written, in its transaction. Returns the names,
 * as `owner/name`, that were known with another id of the repository or of its owner.
 */
export async function forgetReplaced(
  tx: Connection,
  repositories: readonly Repository[],
): Promise<ReadonlySet<string>> {
  const told = repositories.flatMap((one) =>
    one.id === undefined ? [] : [{ ...one, id: one.id }],
  );
  if (told.length === 0) return new Set();
  const rows = await tx.query<{ owner: string; name: string }>(
    `select owner, name from interlock.repository
      where id <> $5 and exists (
              select from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
                       as given (owner, name, id, owner_id)
               where repository.owner = given.owner and repository.name = given.name
                 and (repository.id <> given.id or repository.owner_id <> given.owner_id))
      order by owner, name for update`,
    [
      told.map(({ owner }) => owner),
      told.map(({ name }) => name),
      told.map(({ id }) => id),
      told.map(({ ownerId }) => ownerId ?? null),
      disputed,
    ],
  );
  for (const { owner, name } of rows) await forgetHistory(tx, owner, name);
  return new Set(rows.map(({ owner, name }) => `${owner}/${name}`));
}

async function forgetHistory(tx: Connection, owner: string, name: string): Promise<void> {
  // Runs on this machine are stopped. Those at AWS are left alone: they are not the new repository's to stop.
  const own = `(select key from interlock.execution where owner = $1 and name = $2
                 union select key from interlock.rollback where owner = $1 and name = $2)`;
  for (const text of [
    `update interlock.local_run set stop_requested = 'repository_replaced'
      where ended_at is null and stop_requested is null and token in ${own}`,
    `delete from interlock.local_run
      where ended_at is not null and workspace is null and token in ${own}`,
    `delete from interlock.pipeline_run where token in ${own}`,
    "delete from interlock.rollback where owner = $1 and name = $2",
    // What belongs to a subject goes with it.
    `delete from interlock.subject
      where key in (select key from interlock.subject where owner = $1 and name = $2
                     order by key for update)`,
    "delete from interlock.tip where owner = $1 and name = $2",
    "delete from interlock.gated_plan where owner = $1 and name = $2",
    // Their keys are what was read, then the repository, then the rest.
    "delete from interlock.reading where split_part(key, '|', 2) = $1::text || '/' || $2::text",
  ])
    await tx.query(text, [owner, name]);
  await tx.query(
    `update interlock.repository set id = $3, owner_id = null, default_branch = null,
            replaced = nextval('interlock.moment')
      where owner = $1 and name = $2`,
    [owner, name, disputed],
  );
}
