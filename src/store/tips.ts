// The newest commit of each branch that was heard of, which tells what a later push really brings.

import type { Repository } from "../core/model/event.ts";
import type { Lease, Written } from "../ports/store.ts";
import type { Connection } from "./database.ts";
import { writeUnder } from "./fence.ts";
import type { Seen } from "./seen-subjects.ts";

export async function readTip(
  on: Connection,
  repository: Repository,
  branch: string,
): Promise<string | null> {
  const [row] = await on.query<{ sha: string }>(
    "select sha from interlock.tip where owner = $1 and name = $2 and branch = $3",
    [repository.owner, repository.name, branch],
  );
  return row?.sha ?? null;
}

/** A tip that was found, not heard of; it is kept for as long as the repository is ours. What was there at first is no news. */
export async function writeTip(
  on: Connection,
  lease: Lease,
  of: { readonly repository: Repository; readonly branch: string; readonly sha: string },
): Promise<Written> {
  const { repository, branch, sha } = of;
  return await writeUnder(on, lease, {
    text: `
      insert into interlock.tip (owner, name, branch, sha, heard_at, floor)
      select $3, $4, $5, $6, null, $6 from held
          on conflict (owner, name, branch) do update set sha = excluded.sha, heard_at = null`,
    params: [repository.owner, repository.name, branch, sha],
  });
}

/** The newest commit that may be in production; null where none is known. */
export async function readFloor(
  on: Connection,
  { owner, name }: Repository,
  branch: string,
): Promise<string | null> {
  const [row] = await on.query<{ floor: string | null }>(
    "select floor from interlock.tip where owner = $1 and name = $2 and branch = $3",
    [owner, name, branch],
  );
  return row?.floor ?? null;
}

/** Where no tip is known, the commit is that too. */
export async function writeFloor(
  on: Connection,
  lease: Lease,
  of: { readonly repository: Repository; readonly branch: string; readonly sha: string },
): Promise<Written> {
  const { repository, branch, sha } = of;
  return await writeUnder(on, lease, {
    text: `
      insert into interlock.tip (owner, name, branch, sha, heard_at, floor)
      select $3, $4, $5, $6, null, $6 from held
          on conflict (owner, name, branch) do update set floor = excluded.floor`,
    params: [repository.owner, repository.name, branch, sha],
  });
}

/** The tip was moved to the commit by an old event, and goes back, unless it has moved on since. */
export async function returnTip(
  on: Connection,
  lease: Lease,
  of: {
    readonly repository: Repository;
    readonly branch: string;
    readonly sha: string;
    readonly before: string;
  },
): Promise<Written> {
  const { repository, branch, sha, before } = of;
  return await writeUnder(on, lease, {
    text: `
      update interlock.tip set sha = $7 from held
       where tip.owner = $3 and tip.name = $4 and branch = $5 and sha = $6`,
    params: [repository.owner, repository.name, branch, sha, before],
  });
}

/** Where the branch stood before it came to the commit of the lease. */
export async function writeBefore(on: Connection, lease: Lease, before: string): Promise<Written> {
  return await writeUnder(on, lease, {
    text: "update interlock.subject set before = $3 from held where subject.key = held.key",
    params: [before],
  });
}

interface Landing {
  readonly key: string;
  readonly owner: string;
  readonly name: string;
  readonly branch: string;
  readonly sha: string;
  readonly before: string | null;
  readonly at: number;
}

export type Arrival = "first" | "known";

/**
 * Lets the tips follow the commits among the subjects, and puts the tip that we knew before each
 * new one: a push whose webhook was lost is then part of what the next push brings.
 */
export async function followTips(
  tx: Connection,
  seen: readonly Seen[],
): Promise<readonly (Seen & { readonly arrival: Arrival | null })[]> {
  const commits = seen.filter(({ subject }) => subject.kind === "commit");
  // What somebody only speaks of has not landed by that.
  const landings = seen.flatMap(landingOf);
  if (commits.length === 0) return seen.map((one) => ({ ...one, arrival: null }));
  const known = await tx.query<{ key: string }>(
    "select key from interlock.subject where key = any($1::text[])",
    [landings.map(({ key }) => key)],
  );
  const old = new Set(known.map(({ key }) => key));
  const tips = await lockTips(tx, landings);
  const moved = new Map<string, Landing>();
  const before = new Map<string, string | null>();
  const arrivals = new Map<string, Arrival | null>();
  for (const landing of landings) {
    // A commit that is known was a tip in its time.
    if (old.has(landing.key)) continue;
    const place = placeOf(landing);
    const tip = tips.get(place);
    before.set(landing.key, tip === undefined || tip === landing.sha ? landing.before : tip);
    // A branch that is created is seen for the first time, whatever one of its name has had. An event can be
    // sent again, so that what is known of its past is only forgotten once GitHub shows that it is so.
    const isFirst = tip === undefined || landing.before === null;
    arrivals.set(landing.key, isFirst ? "first" : tip === landing.sha ? "known" : null);
    tips.set(place, landing.sha);
    moved.set(place, landing);
  }
  const arrivalOf = ({ key, subject }: Seen) => {
    const told = arrivals.get(key);
    if (told !== undefined) return told;
    return subject.kind === "commit" ? "first" : null;
  };
  await moveTips(tx, [...moved.values()]);
  return seen.map((one) => ({
    ...one,
    before: before.get(one.key) ?? one.before,
    arrival: arrivalOf(one),
  }));
}

async function lockTips(
  tx: Connection,
  landings: readonly Landing[],
): Promise<Map<string, string>> {
  const rows = await tx.query<Pick<Landing, "owner" | "name" | "branch" | "sha">>(
    `select owner, name, branch, sha from interlock.tip
      where (owner, name, branch) in (select * from unnest($1::text[], $2::text[], $3::text[]))
      order by owner, name, branch for update`,
    places(landings),
  );
  return new Map(rows.map((row) => [placeOf(row), row.sha]));
}

async function moveTips(tx: Connection, landings: readonly Landing[]): Promise<void> {
  if (landings.length === 0) return;
  await tx.query(
    `insert into interlock.tip (owner, name, branch, sha, heard_at)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[])
            as given (owner, name, branch, sha, heard_at)
      order by owner, name, branch
         on conflict (owner, name, branch) do update
        set sha = excluded.sha, heard_at = excluded.heard_at`,
    [...places(landings), landings.map(({ sha }) => sha), landings.map(({ at }) => at)],
  );
}

function landingOf({ key, subject, before, lastAt, landed }: Seen): readonly Landing[] {
  if (subject.kind !== "commit" || !landed) return [];
  const { owner, name } = subject.repository;
  return [{ key, owner, name, branch: subject.branch, sha: subject.sha, before, at: lastAt }];
}

/** Neither a name nor a branch can contain a space. */
function placeOf({ owner, name, branch }: Pick<Landing, "owner" | "name" | "branch">): string {
  return `${owner} ${name} ${branch}`;
}

function places(landings: readonly Landing[]): [string[], string[], string[]] {
  return [
    landings.map(({ owner }) => owner),
    landings.map(({ name }) => name),
    landings.map(({ branch }) => branch),
  ];
}
