// Where what is told of a repository contradicts what is known: by its name, its id, or its default branch.

import type { Repository } from "../core/model/event.ts";
import type { Connection } from "./database.ts";

export interface Contradiction {
  /** Of `told`, by its index. */
  readonly index: number;
  /**
   * `name`: the name is known of another repository; `id`: the repository is known by another name;
   * `branch`: the repository is known with another default branch.
   */
  readonly by: "name" | "id" | "branch";
  readonly known: KnownRepository;
}

export interface KnownRepository extends Repository {
  readonly replaced: number;
}

export type Identified = Repository & { readonly id: number };

export function isIdentified(repository: Repository): repository is Identified {
  return repository.id !== undefined;
}

/** Names that nobody lets us into any more are known, and their ids are free. */
export async function contradictions(
  on: Connection,
  told: readonly Identified[],
): Promise<readonly Contradiction[]> {
  if (told.length === 0) return [];
  const rows = await on.read<Row>(
    `with given as materialized (
       select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[])
                with ordinality as given (owner, name, id, owner_id, default_branch, place)
     )
     select place, 'name' as by, ${columns}
       from given join interlock.repository as known
         on known.owner = given.owner and known.name = given.name
        and (known.id <> given.id or known.owner_id <> given.owner_id)
     union all
     select place, 'id', ${columns}
       from given join interlock.repository as known
         on known.id = given.id and known.present
        and (known.owner, known.name) <> (given.owner, given.name)
     union all
     select place, 'branch', ${columns}
       from given join interlock.repository as known
         on known.owner = given.owner and known.name = given.name
        and known.id = given.id and known.default_branch <> given.default_branch
      order by 1, 2, 4, 5`,
    [...identities(told), told.map(({ defaultBranch }) => defaultBranch ?? null)],
  );
  return rows.map(({ place, by, installation, owner, name, id, owner_id, replaced }) => ({
    index: place - 1,
    by,
    known: {
      installation,
      owner,
      name,
      ...(id !== null && { id }),
      ...(owner_id !== null && { ownerId: owner_id }),
      replaced,
    },
  }));
}

/** The parameters for `unnest` that name repositories. */
export function identities(told: readonly Identified[]) {
  return [
    told.map(({ owner }) => owner),
    told.map(({ name }) => name),
    told.map(({ id }) => id),
    told.map(({ ownerId }) => ownerId ?? null),
  ] as const;
}

const columns = `known.installation, known.owner, known.name, known.id, known.owner_id, known.replaced`;

interface Row {
  readonly place: number;
  readonly by: "name" | "id";
  readonly installation: number;
  readonly owner: string;
  readonly name: string;
  readonly id: number | null;
  readonly owner_id: number | null;
  readonly replaced: number;
}
