// The commits of a branch in the order in which they landed, and whose release runs.

import { type Subject, subjectKey } from "../core/event.ts";
import type { Landed } from "../core/fact.ts";
import { limit } from "../core/limit.ts";
import type { Connection } from "./database.ts";

type CommitSubject = Extract<Subject, { kind: "commit" }>;

/** The commit as it landed on the branch; null where we never heard of it. */
export async function readLanded(
  on: Connection,
  { repository, branch, sha }: Omit<CommitSubject, "kind">,
): Promise<Landed | null> {
  const rows = await on.query<Landed>(
    `select ${landed("own")}
       from interlock.subject as own
      where own.kind = 'commit' and own.owner = $1 and own.name = $2 and own.branch = $3
        and own.sha = $4`,
    [repository.owner, repository.name, branch, sha],
  );
  return rows[0] ?? null;
}

/** Commits that landed later on the same branch, oldest first. */
export async function readNewer(
  on: Connection,
  subject: CommitSubject,
): Promise<readonly Landed[]> {
  return on.query<Landed>(
    `select ${landed("later")}
       from interlock.subject as own
       join interlock.subject as later
         on later.kind = 'commit' and later.owner = own.owner and later.name = own.name
        and later.branch = own.branch and later.position > own.position
      where own.kind = 'commit' and own.owner = $1 and own.name = $2 and own.branch = $3
        and own.sha = $4
      order by later.position`,
    place(subject),
  );
}

/** Keys of the open commits that landed earlier and have no final verdict yet, oldest first. */
export async function readWaiting(
  on: Connection,
  subject: CommitSubject,
): Promise<readonly string[]> {
  const rows = await on.query<{ key: string }>(
    `select earlier.key
       from interlock.subject as own
       join interlock.subject as earlier
         on earlier.kind = 'commit' and earlier.owner = own.owner and earlier.name = own.name
        and earlier.branch = own.branch and earlier.position < own.position
      where own.kind = 'commit' and own.owner = $1 and own.name = $2 and own.branch = $3
        and own.sha = $4
        and earlier.open and (earlier.verdict is null or earlier.verdict = 'in_progress')
      order by earlier.position`,
    place(subject),
  );
  return rows.map(({ key }) => key);
}

/**
 * Releases that run for other landed commits of the repository; `key` is the subject's. Those of closed
 * subjects count too: their engine may still be at work, and two releases must not meet there. They do not
 * stay so, because whoever looks at the repository opens them again.
 */
export async function readBusy(
  on: Connection,
  subject: CommitSubject,
): Promise<readonly { pipeline: string; sha: string; key: string }[]> {
  return on.query(
    `select pipeline, sha, subject_key as key
       from interlock.execution
      where owner = $1 and name = $2 and part = 'release' and state in ('intended', 'running')
        and subject_key <> $3
      order by position`,
    [subject.repository.owner, subject.repository.name, subjectKey(subject)],
  );
}

/**
 * Keys of the commits that a release of this one carries, oldest first: those before it, back to the last
 * that had a release of its own. Each pipeline has its own such commit, and the one furthest back counts;
 * while this one has no release, which pipelines it will have is not known and any commit's release counts.
 */
export async function readCarried(
  on: Connection,
  subject: CommitSubject,
): Promise<readonly string[]> {
  // The search for the last release goes back commit by commit, and is nearly always over at once.
  const last = (released: string) => `
    select earlier.position from interlock.subject as earlier
     where earlier.kind = 'commit' and earlier.owner = own.owner and earlier.name = own.name
       and earlier.branch = own.branch and earlier.position < own.position
       and exists (select from interlock.execution
                    where subject_key = earlier.key and part = 'release' ${released})
     order by earlier.position desc limit 1`;
  const rows = await on.query<{ key: string }>(
    `with own as (
       select * from interlock.subject
        where kind = 'commit' and owner = $1 and name = $2 and branch = $3 and sha = $4
     ), bound as materialized (
       select coalesce(
                (select min(coalesce((${last("and pipeline = mine.pipeline")}), 0))
                   from (select distinct pipeline from interlock.execution
                          where subject_key = own.key and part = 'release') as mine),
                (${last("")}), 0) as position
         from own
     )
     select earlier.key
       from own cross join bound
       join interlock.subject as earlier
         on earlier.kind = 'commit' and earlier.owner = own.owner and earlier.name = own.name
        and earlier.branch = own.branch and earlier.position < own.position
        and earlier.position > bound.position
      order by earlier.position desc limit $5`,
    [...place(subject), limit.look.carried],
  );
  return rows.map(({ key }) => key).reverse();
}

const landed = (commit: string) => `
  ${commit}.key, ${commit}.sha, ${commit}.verdict,
  array(select distinct pipeline from interlock.execution
         where execution.subject_key = ${commit}.key and execution.part = 'release'
         order by pipeline) as released`;

function place({ repository, branch, sha }: CommitSubject): readonly string[] {
  return [repository.owner, repository.name, branch, sha];
}
