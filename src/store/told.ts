// What events told last of each branch and pull request: the lower bound for what GitHub answers.

import type { Repository } from "../core/model/event.ts";
import type { LowerBound, ToldOf } from "../core/model/told.ts";
import { type Bound, type EventHint, withTold } from "../core/model/told.ts";
import { type Connection, Overtaken, storableText } from "./database.ts";

/** One event about a branch or a pull request, when it arrived. */
export interface ToldNow {
  readonly repository: Repository;
  readonly of: ToldOf;
  readonly told: EventHint;
  readonly at: number;
}

export async function readTold(
  on: Pick<Connection, "query">,
  { owner, name }: Repository,
  of: ToldOf,
): Promise<LowerBound | null> {
  const [row] = await on.query<{ bound: string | null; heard: number }>(
    "select bound, heard from interlock.told where owner = $1 and name = $2 and what = $3",
    [owner, name, whatOf(of)],
  );
  if (row === undefined || row.bound === null) return null;
  return { bound: JSON.parse(row.bound) as Bound, heard: row.heard };
}

/** What is known of branches and pull requests; null where none told of them yet. */
export type Bounds = ReadonlyMap<string, Bound | null>;

/** What is known of those that are told of, which nobody else changes until the transaction ends. */
export async function lockBounds(tx: Connection, all: readonly ToldNow[]): Promise<Bounds> {
  if (all.length === 0) return new Map();
  const rows = await tx.read<Place & { bound: string | null }>(
    `select owner, name, what, bound from interlock.told
      where (owner, name, what) in (select * from unnest($1::text[], $2::text[], $3::text[]))
      -- In one order everywhere, so that two transactions never wait for each other.
      order by owner, name, what for update`,
    places([...byPlace(all).values()].map(({ place }) => place)),
  );
  return new Map(
    rows.map((row) => [keyOf(row), row.bound === null ? null : (JSON.parse(row.bound) as Bound)]),
  );
}

/**
 * In the order in which they arrived; `bounds` are those of all of them, or of more. Rejects with `Overtaken`
 * where another transaction has been the first to tell of one of them since.
 */
export async function writeTold(
  tx: Connection,
  all: readonly ToldNow[],
  bounds: Bounds,
): Promise<void> {
  const rows = [...byPlace(all)].map(([key, { place, told }]) => {
    const earlier = bounds.get(key) ?? null;
    const bound = told.reduce<Bound | null>(
      (known, one) => withTold(known, one.told, one.at),
      earlier,
    );
    return { place, bound, isKnown: bounds.has(key) };
  });
  const known = rows.filter(({ isKnown }) => isKnown);
  const fresh = rows.filter(({ isKnown }) => !isKnown);
  await Promise.all([
    known.length > 0 && tx.query(updateTold, params(known)),
    fresh.length > 0 &&
      tx.query(insertTold, params(fresh)).then(({ length }) => {
        if (length < fresh.length) throw new Overtaken();
      }),
  ]);
}

const given = `unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[])
               as given (owner, name, what, bound, at)`;

const updateTold = `
  update interlock.told set bound = given.bound, at = given.at, heard = nextval('interlock.moment')
    from ${given}
   where told.owner = given.owner and told.name = given.name and told.what = given.what`;

const insertTold = `
  insert into interlock.told (owner, name, what, bound, at, heard)
  select owner, name, what, bound, at, nextval('interlock.moment')
    from ${given}
   order by owner, name, what
      on conflict do nothing
  returning 1`;

interface Place {
  readonly owner: string;
  readonly name: string;
  readonly what: string;
}

function params(rows: readonly { readonly place: Place; readonly bound: Bound | null }[]) {
  return [
    ...places(rows.map(({ place }) => place)),
    rows.map(({ bound }) => JSON.stringify(bound)),
    rows.map(({ bound }) => bound?.at ?? 0),
  ] as const;
}

function places(all: readonly Place[]) {
  return [
    all.map(({ owner }) => owner),
    all.map(({ name }) => name),
    all.map(({ what }) => what),
  ] as const;
}

function byPlace(
  all: readonly ToldNow[],
): ReadonlyMap<string, { readonly place: Place; readonly told: readonly ToldNow[] }> {
  const found = new Map<string, { place: Place; told: ToldNow[] }>();
  for (const one of all) {
    const { owner, name } = one.repository;
    const place = {
      owner: storableText(owner),
      name: storableText(name),
      what: storableText(whatOf(one.of)),
    };
    const key = keyOf(place);
    const known = found.get(key);
    if (known === undefined) found.set(key, { place, told: [one] });
    else known.told.push(one);
  }
  return found;
}

function whatOf(of: ToldOf): string {
  return of.kind === "branch" ? `branch:${of.branch}` : `pull:${of.number}`;
}

/** Neither name can contain a space. */
function keyOf({ owner, name, what }: Place): string {
  return `${owner} ${name} ${what}`;
}
