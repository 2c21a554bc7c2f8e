// Subjects as they are seen, from webhooks and from the sweep alike.

import type { Connection } from "./database.ts";
import { insertRepositories } from "./repositories.ts";
import type { Seen } from "./seen-subjects.ts";
import { followTips } from "./tips.ts";
import { later } from "./transaction.ts";

export type Heads = ReadonlyMap<string, string | null>;

/** Writes the subjects and opens them. Returns the heads that were known before. */
export async function writeSeen(tx: Connection, seen: readonly Seen[]): Promise<Heads> {
  return await (await sendSeen(tx, seen)).heads;
}

/** The same within a transaction; resolves as soon as the last statement for it is on its way. */
export async function sendSeen(
  tx: Connection,
  seen: readonly Seen[],
): Promise<{ readonly heads: Promise<Heads> }> {
  if (seen.length === 0) return { heads: Promise.resolve(new Map()) };
  const rows = await followTips(tx, seen);
  // Positions are taken in the order of arrival, rows are written in the order of their keys:
  // the first is the order of landing, the second keeps two transactions from waiting for each other.
  // Nothing that has an index changes about a subject that is open, which is what makes this cheap;
  // `touched_at` can wait for the look.
  const earlier = tx.query<{ key: string; head: string | null }>(
    `with given as materialized (
       select nextval(pg_get_serial_sequence('interlock.subject', 'position')) as position, arrived.*
         from (select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[],
                                    $6::text[], $7::text[], $8::text[], $9::text[],
                                    $10::bigint[], $11::bigint[], $12::bigint[], $13::text[],
                                    $14::bigint[], $15::bigint[], $16::text[]) with ordinality
                 as given (key, kind, owner, name, number, branch, sha, head, before,
                           first_at, last_at, installation, arrival, id, owner_id,
                           default_branch, turn)
                order by turn) as arrived
     ), repositories as (
       ${insertRepositories}
     ), earlier as materialized (
       select key, head from interlock.subject where key = any($1::text[])
     ), written as (
       insert into interlock.subject as subject
              (position, key, kind, owner, name, number, branch, sha, head, before, arrival,
               open, created_at, heard_at, heard, touched_at, epoch)
       select position, key, kind, owner, name, number, branch, sha, head, before, arrival,
              true, first_at, last_at, nextval('interlock.moment'), last_at,
              coalesce((select replaced from interlock.repository as known
                         where known.owner = given.owner and known.name = given.name), 0)
         from given order by key
           on conflict (key) do update set
              head = coalesce(excluded.head, subject.head),
              before = coalesce(subject.before, excluded.before),
              -- One that is opened again has a say until it has been looked at.
              verdict_sha = case when subject.open or subject.verdict is not null
                                 then subject.verdict_sha end,
              open = true,
              heard_at = greatest(subject.heard_at, excluded.heard_at),
              heard = greatest(subject.heard, excluded.heard)
     )
     select key, head from earlier`,
    [
      rows.map(({ key }) => key),
      rows.map(({ subject }) => subject.kind),
      rows.map(({ subject }) => subject.repository.owner),
      rows.map(({ subject }) => subject.repository.name),
      rows.map(({ subject }) => (subject.kind === "pull" ? subject.number : null)),
      rows.map(({ subject }) => (subject.kind === "commit" ? subject.branch : null)),
      rows.map(({ subject }) => (subject.kind === "commit" ? subject.sha : null)),
      rows.map(({ head }) => head),
      rows.map(({ before }) => before),
      rows.map(({ firstAt }) => firstAt),
      rows.map(({ lastAt }) => lastAt),
      rows.map(({ subject }) => subject.repository.installation),
      rows.map(({ arrival }) => arrival),
      rows.map(({ subject }) => subject.repository.id ?? null),
      rows.map(({ subject }) => subject.repository.ownerId ?? null),
      rows.map(({ subject }) => subject.repository.defaultBranch ?? null),
    ],
  );
  const heads = earlier.then((known) => new Map(known.map(({ key, head }) => [key, head])));
  return { heads: later(heads) };
}
