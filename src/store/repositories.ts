// Repositories that we have heard of, and the installation that lets us in.

import type { Repository } from "../core/model/event.ts";
import { type Identified, identities } from "./contradiction.ts";
import type { Connection } from "./database.ts";

export async function listRepositories(on: Connection): Promise<readonly Repository[]> {
  return on.query<Repository>(
    `select installation, owner, name from interlock.repository
      where present order by owner, name`,
  );
}

/**
 * What GitHub answered when it was asked, which counts more than what an old event says. Returns the
 * repositories that were known to have another default branch.
 */
export async function describeRepositories(
  on: Connection,
  told: readonly Identified[],
): Promise<readonly Identified[]> {
  if (told.length === 0) return [];
  const rows = await on.query<{ place: number; before: string | null }>(
    `with given as materialized (
       select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[])
                with ordinality as given (owner, name, id, owner_id, default_branch, place)
     ), earlier as materialized (
       select owner, name, repository.default_branch as before
         from interlock.repository join given using (owner, name)
     )
     update interlock.repository
        set id = given.id, owner_id = given.owner_id, default_branch = given.default_branch
       from given join earlier using (owner, name)
      where repository.owner = given.owner and repository.name = given.name
        and (repository.id, repository.owner_id, repository.default_branch)
            is distinct from (given.id, given.owner_id, given.default_branch)
     returning given.place, earlier.before`,
    [...identities(told), told.map(({ defaultBranch }) => defaultBranch ?? null)],
  );
  return rows.flatMap(({ place, before }) => {
    const one = told[place - 1];
    return one === undefined || before === null || before === one.defaultBranch ? [] : [one];
  });
}

/**
 * A part of the statement that writes subjects: the repositories of `given`, by the newest
 * installation that was told: an event can be sent again after the App was installed once more. Nearly
 * always nothing has changed, and then no row may be locked: every delivery comes by here.
 */
export const insertRepositories = `
  insert into interlock.repository as repository
         (owner, name, installation, present, id, owner_id, default_branch)
  select distinct on (owner, name) owner, name, installation, true, id, owner_id, default_branch
    from given
   where not exists (select from interlock.repository as known
                      where known.owner = given.owner and known.name = given.name
                        and known.installation = given.installation and known.present
                        and (known.id is not null or given.id is null)
                        and (known.owner_id is not null or given.owner_id is null)
                        and (known.default_branch is not null or given.default_branch is null))
   order by owner, name, turn desc
      on conflict (owner, name) do update
     set installation = greatest(repository.installation, excluded.installation), present = true,
         id = coalesce(repository.id, excluded.id),
         owner_id = coalesce(repository.owner_id, excluded.owner_id),
         default_branch = coalesce(repository.default_branch, excluded.default_branch)`;

/** Those of the repositories that we are let into, and by that installation, as they are known. */
export async function letIn(
  on: Connection,
  repositories: readonly Repository[],
): Promise<readonly Repository[]> {
  const found: Repository[] = [];
  for (const repository of repositories) {
    const { owner, name, installation, id } = repository;
    const ours = await on.query(
      `select from interlock.repository
        where owner = $1 and name = $2 and installation = $3 and present and coalesce(id = $4, true)`,
      [owner, name, installation, id ?? null],
    );
    // Another installation lets us in by now, or another repository has the name: what came late is about the one before.
    if (ours.length > 0) found.push({ owner, name, installation });
  }
  return found;
}

/** We are no longer let in: nothing of it is open or due any more. */
export async function forgetRepositories(
  tx: Connection,
  repositories: readonly Repository[],
): Promise<void> {
  for (const { owner, name, installation, id } of repositories) {
    const ours = await tx.query(
      `update interlock.repository set present = false
        where owner = $1 and name = $2 and installation = $3 and coalesce(id = $4, true)
        returning name`,
      [owner, name, installation, id ?? null],
    );
    // Another installation lets us in by now, or another repository has the name: what came late is about the one before.
    if (ours.length === 0) continue;
    // Whatever lands until we are let in again is not ours to release.
    await tx.query("delete from interlock.tip where owner = $1 and name = $2", [owner, name]);
    await tx.query("delete from interlock.told where owner = $1 and name = $2", [owner, name]);
    await tx.query("delete from interlock.gated_plan where owner = $1 and name = $2", [
      owner,
      name,
    ]);
    await tx.query(
      `update interlock.subject set open = false, due_at = null
        where key in (select key from interlock.subject
                       where owner = $1 and name = $2 and (open or due_at is not null)
                       order by key for update)`,
      [owner, name],
    );
  }
}
