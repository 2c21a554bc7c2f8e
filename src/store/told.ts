// What events told last of each branch and pull request: the lower bound for what GitHub answers.

import type { Repository } from "../core/model/event.ts";
import type { Heard, ToldOf } from "../core/model/told.ts";
import { type Bound, type Told, withTold } from "../core/model/told.ts";
import type { Connection } from "./database.ts";

/** One event about a branch or a pull request, when it arrived. */
export interface ToldNow {
  readonly repository: Repository;
  readonly of: ToldOf;
  readonly told: Told;
  readonly at: number;
}

export async function readTold(
  on: Pick<Connection, "query">,
  { owner, name }: Repository,
  of: ToldOf,
): Promise<Heard | null> {
  const [row] = await on.query<{ bound: string | null; heard: number }>(
    "select bound, heard from interlock.told where owner = $1 and name = $2 and what = $3",
    [owner, name, whatOf(of)],
  );
  if (row === undefined || row.bound === null) return null;
  return { bound: JSON.parse(row.bound) as Bound, heard: row.heard };
}

/** In the order in which they arrived, after the subjects have been written. */
export async function writeTold(tx: Connection, all: readonly ToldNow[]): Promise<void> {
  if (all.length === 0) return;
  const rows = new Map<string, ToldNow[]>();
  for (const one of all) {
    const key = placeOf({ ...one.repository, what: whatOf(one.of) });
    rows.set(key, [...(rows.get(key) ?? []), one]);
  }
  const keys = [...rows.values()].map((told) => told[0]).filter((one) => one !== undefined);
  // In one order everywhere, so that two transactions never wait for each other.
  const known = await tx.query<{ owner: string; name: string; what: string; bound: string | null }>(
    `insert into interlock.told as told (owner, name, what, at, heard)
     select owner, name, what, 0, 0 from unnest($1::text[], $2::text[], $3::text[])
            as given (owner, name, what) order by owner, name, what
         on conflict (owner, name, what) do update set heard = told.heard
     returning owner, name, what, bound`,
    [
      keys.map(({ repository }) => repository.owner),
      keys.map(({ repository }) => repository.name),
      keys.map(({ of }) => whatOf(of)),
    ],
  );
  const bounds = known.map((row) => {
    const earlier = row.bound === null ? null : (JSON.parse(row.bound) as Bound);
    const told = rows.get(placeOf(row)) ?? [];
    return told.reduce<Bound | null>((bound, one) => withTold(bound, one.told, one.at), earlier);
  });
  await tx.query(
    `update interlock.told set bound = given.bound, at = given.at, heard = nextval('interlock.moment')
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[])
            as given (owner, name, what, bound, at)
      where told.owner = given.owner and told.name = given.name and told.what = given.what`,
    [
      known.map(({ owner }) => owner),
      known.map(({ name }) => name),
      known.map(({ what }) => what),
      bounds.map((bound) => JSON.stringify(bound)),
      bounds.map((bound) => bound?.at ?? 0),
    ],
  );
}

function whatOf(of: ToldOf): string {
  return of.kind === "branch" ? `branch:${of.branch}` : `pull:${of.number}`;
}

/** Neither name can contain a space. */
function placeOf(row: {
  readonly owner: string;
  readonly name: string;
  readonly what: string;
}): string {
  return `${row.owner} ${row.name} ${row.what}`;
}
