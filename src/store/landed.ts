// The commits of a branch in the order in which they landed, and whose release runs.

import { canonical } from "../core/model/canonical.ts";
import { type Subject, subjectKey } from "../core/model/event.ts";
import type { Landed } from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import type { Part } from "../core/model/plan.ts";
import { productionPlace } from "../core/model/production-place.ts";
import type { Busy } from "../ports/store.ts";
import type { Connection } from "./database.ts";

type CommitSubject = Extract<Subject, { kind: "commit" }>;

/** The commit as it landed on the branch; null where we never heard of it. */
export async function readLanded(
  on: Connection,
  place: Omit<CommitSubject, "kind">,
): Promise<Landed | null> {
  const rows = await on.query<LandedRow>(
    `select ${landed("own")} from interlock.subject as own where own.key = $1`,
    [subjectKey({ kind: "commit", ...place })],
  );
  return rows.map(landedIn)[0] ?? null;
}

/**
 * Of the commits that landed later on the same branch, oldest first: the next ones, as many as
 * `limit.look.later`, and of each pipeline the newest that has a release of it, however far away.
 */
export async function readNewer(
  on: Pick<Connection, "query">,
  subject: CommitSubject,
): Promise<readonly Landed[]> {
  const rows = await on.query<LandedRow>(
    `with recursive ${own}, ${pipelines}, next as (
       select later.* from own cross join lateral (
         select key, sha, verdict, position from interlock.subject
          where kind = 'commit' and owner = own.owner and name = own.name
            and branch = own.branch and position > own.position
          order by position limit $2) as later
     ), carriers as (
       select last.key from own cross join pipelines cross join lateral (
         select subject_key as key from interlock.execution as done
          where ${ofBranch} and done.pipeline = pipelines.pipeline and landed > own.position
          order by landed desc limit 1) as last
     )
     select ${landed("later")}
       from (select * from next union
             select subject.key, sha, verdict, position
               from carriers join interlock.subject on subject.key = carriers.key) as later
      order by later.position`,
    [subjectKey(subject), limit.look.later],
  );
  return rows.map(landedIn);
}

/**
 * Keys of the open commits that landed earlier and have no final verdict yet, oldest first, at most
 * `limit.look.earlier` of them.
 */
export async function readWaiting(
  on: Pick<Connection, "query">,
  subject: CommitSubject,
): Promise<readonly string[]> {
  const rows = await on.query<{ key: string }>(
    `with ${own}
     select earlier.key from own cross join lateral (
       select key, position from interlock.subject
        where kind = 'commit' and open and owner = own.owner and name = own.name
          and branch = own.branch and position < own.position
          and (verdict is null or verdict = 'in_progress')
        order by position limit $2) as earlier
      order by earlier.position`,
    [subjectKey(subject), limit.look.earlier],
  );
  return rows.map(({ key }) => key);
}

/**
 * Releases that run for other landed commits of the repository, and rollbacks that run for whomever; `key` is
 * the subject's. Those of closed
 * subjects count too: their engine may still be at work, and two releases must not meet there. They do not
 * stay so, because anyone who looks at the repository opens them again.
 */
export async function readBusy(
  on: Pick<Connection, "query">,
  subject: CommitSubject,
): Promise<readonly Busy[]> {
  const rows = await on.query<BusyRow>(
    `(select pipeline, sha, subject_key as key, spec, created_at, retries, false as is_rollback
        from interlock.execution
       where owner = $1 and name = $2 and part = 'release' and state in ('intended', 'running')
         and subject_key <> $3
       order by position)
     union all
     (select pipeline, from_sha, subject_key, spec, created_at, '[]', true
        from interlock.rollback
       where owner = $1 and name = $2 and state = 'running'
       order by position)`,
    [subject.repository.owner, subject.repository.name, subjectKey(subject)],
  );
  return rows.map(({ created_at, spec, retries, is_rollback, ...row }) => ({
    ...row,
    ...(is_rollback && { isRollback: true }),
    createdAt: created_at,
    spec: JSON.parse(spec) as Busy["spec"],
    retries: JSON.parse(retries) as Busy["retries"],
  }));
}

interface BusyRow {
  readonly pipeline: string;
  readonly sha: string;
  readonly key: string;
  readonly spec: string;
  readonly created_at: number;
  readonly retries: string;
  readonly is_rollback: boolean;
}

/** `specs`: of each of `released`, in their order. */
type LandedRow = Omit<Landed, "places" | "released"> & {
  readonly runs: readonly string[];
  readonly specs: readonly string[];
};

function landedIn({ runs, specs, ...row }: LandedRow): Landed {
  const places = runs.map((pipeline, at) =>
    productionPlace(pipeline, JSON.parse(specs[at] ?? "null") as Part),
  );
  const once = new Map(places.map((place) => [canonical(place), place]));
  return { ...row, released: [...new Set(runs)], places: [...once.values()] };
}

/**
 * Keys of the commits that a release of this one carries, oldest first: those before it, back to the last
 * that had a release of its own. Each pipeline has its own such commit, and the one furthest back counts;
 * while this one has no release, which pipelines it will have is not known and any commit's release counts.
 */
export async function readCarried(
  on: Pick<Connection, "query">,
  subject: CommitSubject,
): Promise<readonly string[]> {
  const rows = await on.query<{ key: string }>(
    `with recursive ${own}, ${pipelines}, last as (
       select pipelines.pipeline, before.landed,
              pipelines.pipeline = any(
                array(select pipeline from interlock.execution
                       where subject_key = $1 and part = 'release')) as mine
         from own cross join pipelines left join lateral (
           select landed from interlock.execution as done
            where ${ofBranch} and done.pipeline = pipelines.pipeline and landed < own.position
            order by landed desc limit 1) as before on true
     ), bound as (
       select coalesce((select min(coalesce(landed, 0)) from last where mine),
                       (select max(landed) from last), 0) as position
     )
     select earlier.key from own cross join bound cross join lateral (
       select key, position from interlock.subject
        where kind = 'commit' and owner = own.owner and name = own.name
          and branch = own.branch and position < own.position and position > bound.position
        order by position desc limit $2) as earlier
      order by earlier.position`,
    [subjectKey(subject), limit.look.carried],
  );
  return rows.map(({ key }) => key);
}

/**
 * By its key, and materialized: with the place as parameters a plan that serves every place has been
 * seen to go through a whole branch for each of its commits.
 */
const own = `own as materialized (
  select key, owner, name, branch, position from interlock.subject
   where key = $1 and kind = 'commit'
)`;

const ofBranch = `done.part = 'release' and done.branch is not null and done.owner = own.owner
            and done.name = own.name and done.branch = own.branch`;

/** The pipelines that released anything of the branch: one step in the index for each. */
const pipelines = `pipelines as (
       select first.pipeline from own cross join lateral (
         select pipeline from interlock.execution as done where ${ofBranch}
          order by pipeline limit 1) as first
       union all
       select next.pipeline from pipelines cross join own cross join lateral (
         select pipeline from interlock.execution as done
          where ${ofBranch} and done.pipeline > pipelines.pipeline
          order by pipeline limit 1) as next
     )`;

const landed = (commit: string) => `
  ${commit}.key, ${commit}.sha, ${commit}.verdict,
  array(select pipeline from interlock.execution
         where execution.subject_key = ${commit}.key and execution.part = 'release'
         order by pipeline, position) as runs,
  array(select spec from interlock.execution
         where execution.subject_key = ${commit}.key and execution.part = 'release'
         order by pipeline, position) as specs`;
