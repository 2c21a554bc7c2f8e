// Subjects: what is open, what is due, and what the last look came to.

import type { Repository, Subject } from "../core/model/event.ts";
import type { GateState, Sibling } from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import type {
  CurrentState,
  Lease,
  Leased,
  ReconcileResult,
  SubjectRow,
  Written,
} from "../ports/store.ts";
import { handOverCheck } from "./checks.ts";
import { type Connection, type Param, storeNow } from "./database.ts";
import type { JobData } from "./jobs.ts";
import { type SnapshotWrite, snapshotStep } from "./snapshots.ts";

/** Null also where its repository is gone: a job that still waits finds nothing to look at. */
export async function readSubject(on: Connection, key: string): Promise<SubjectRow | null> {
  const rows = await on.query<Row>(
    `${selectSubject} where subject.key = $1 and repository.present`,
    [key],
  );
  return rows.map(subjectRow)[0] ?? null;
}

/** The commit of the branch that was heard of first, of those that are kept. */
export async function readFirstLanded(
  on: Connection,
  { owner, name }: Repository,
  branch: string,
): Promise<SubjectRow | null> {
  const rows = await on.query<Row>(
    `${selectSubject}
      where subject.kind = 'commit' and subject.owner = $1 and subject.name = $2
        and subject.branch = $3 and repository.present
      order by subject.position limit 1`,
    [owner, name, branch],
  );
  return rows.map(subjectRow)[0] ?? null;
}

/** Null also where its repository is gone: then nothing of it is to be done. */
export async function leaseSubject(
  on: Connection,
  key: string,
  time: number | null,
): Promise<Leased | null> {
  const [row] = await on.query<Row & Pick<Leased, "now" | "generation">>(
    `update interlock.subject set epoch = epoch + 1
       from interlock.repository, interlock.generation
      where key = $1 and present
        and repository.owner = subject.owner and repository.name = subject.name
     returning subject.*, installation, id, owner_id, default_branch,
               concat_ws('.', generation.value, id, nullif(replaced, 0)) as generation,
               ${storeNow(2)} as now`,
    [key, time],
  );
  if (row === undefined) return null;
  const { now, generation } = row;
  return { ...subjectRow(row), now, generation };
}

export async function readOpenSubjects(
  on: Connection,
  repository: Repository,
): Promise<readonly SubjectRow[]> {
  const rows = await on.query<Row>(
    `${selectSubject}
      where subject.owner = $1 and subject.name = $2 and subject.open
      order by subject.position`,
    [repository.owner, repository.name],
  );
  return rows.map(subjectRow);
}

/**
 * Keys of the open pull requests of a repository, in their order; into `base` alone unless it is null,
 * and at most so many unless `most` is null.
 */
export async function readOpenPulls(
  on: Connection,
  { owner, name }: Repository,
  { base, most }: { readonly base: string | null; readonly most: number | null },
): Promise<readonly string[]> {
  const rows = await on.query<{ key: string }>(
    `select key from interlock.subject
      where kind = 'pull' and open and owner = $1 and name = $2
        ${base === null ? "and $3::text is null" : "and base = $3"}
      ${most === null ? "order by position" : ""} limit $4`,
    [owner, name, base, most],
  );
  return rows.map(({ key }) => key);
}

export async function readUnfinished(on: Connection): Promise<readonly string[]> {
  const rows = await on.query<{ key: string }>(
    `select key from interlock.subject
      where open and kind <> 'repository' and (verdict is null or verdict = 'in_progress')
      union
     select subject.key
       from interlock.execution join interlock.subject on subject.key = subject_key
      where execution.state in ('intended', 'running') and open`,
  );
  return rows.map(({ key }) => key);
}

/**
 * Those whose repository is gone are left out. What is due later than anything is ever set to was set while
 * the store's clock was ahead, and would be waited for until then.
 */
export async function readDue(on: Connection, time: number | null): Promise<readonly JobData[]> {
  return on.query<JobData>(
    `select subject.key, repository.installation
       from interlock.subject join interlock.repository using (owner, name)
      where subject.open and repository.present
        and (due_at <= ${storeNow(1)} or due_at > ${storeNow(1)} + $2::bigint)
      order by subject.key`,
    [time, limit.look.due_max_ms],
  );
}

export async function readNextDue(on: Connection, time: number | null): Promise<number | null> {
  const [row] = await on.query<{ at: number | null }>(
    `select min(due_at) as at from interlock.subject where open and due_at > ${storeNow(1)}`,
    [time],
  );
  return row?.at ?? null;
}

/**
 * The other open subjects whose head is the commit, pull requests and landed commits alike, but not
 * those that looked at it and have nothing to say. What was said of a landed commit stands for good.
 */
export async function readSiblings(
  on: Pick<Connection, "query">,
  key: string,
  repository: Repository,
  sha: string,
): Promise<readonly Sibling[]> {
  const params = [repository.owner, repository.name, key, sha];
  return (await on.query<SiblingRow>(selectSiblings, params)).map(siblingOf);
}

type SiblingRow = Pick<Sibling, "key" | "base" | "verdict"> & {
  readonly ownBranch: boolean;
  readonly silentFor: string | null;
};

function siblingOf({ ownBranch, silentFor, ...sibling }: SiblingRow): Sibling {
  return {
    ...sibling,
    ...(ownBranch && { ownBranch }),
    ...(silentFor !== null && { silentFor }),
  };
}

const selectSiblings = `
  select key, coalesce(base, branch, '?') as base,
         case when verdict_sha = $4 then verdict end as verdict,
         own_branch is true as "ownBranch",
         case when verdict_sha = $4 then silent_for end as "silentFor"
    from interlock.subject
   where owner = $1 and name = $2 and head = $4 and key <> $3
     and (open or kind = 'commit' and verdict is not null)
     and (verdict is not null or verdict_sha is distinct from $4 or silent_for is not null)
   order by key`;

/** Everything at one moment: in one statement. */
export async function readCurrentState(
  on: Connection,
  { key, epoch }: Lease,
  of: { readonly repository: Repository; readonly sha: string; readonly time: number | null },
): Promise<CurrentState> {
  const [row] = await on.query<{ held: boolean; now: number; siblings: string | null }>(
    `select exists (select from interlock.subject where key = $3 and epoch = $5) as held,
            ${storeNow(6)} as now,
            (select json_agg(sibling order by sibling.key) from (${selectSiblings}) as sibling)::text
              as siblings`,
    [of.repository.owner, of.repository.name, key, of.sha, epoch, of.time],
  );
  if (row === undefined) throw new Error("A statement without a row");
  const siblings = JSON.parse(row.siblings ?? "[]") as readonly SiblingRow[];
  return { ...row, siblings: siblings.map(siblingOf) };
}

/** One statement where nothing is handed over. A repository that went away during the look stays closed. */
export async function writeReconcileResult(
  tx: Connection,
  look: ReconcileResult,
  snapshot: SnapshotWrite,
): Promise<Written> {
  const params: readonly Param[] = [
    look.key,
    look.open,
    look.head,
    look.base,
    look.open ? look.dueAt : null,
    look.failures,
    look.verdict,
    look.verdictSha,
    look.at,
    look.epoch,
    look.ownBranch,
    look.silentFor,
  ];
  const step = snapshotStep(snapshot, { at: look.at, first: params.length + 1 });
  const rows = await tx.query(
    `with looked as (
       update interlock.subject
          set open = $2 and exists (select from interlock.repository
                                     where repository.owner = subject.owner
                                       and repository.name = subject.name and present),
              head = coalesce($3, head), base = coalesce($4, base), due_at = $5, failures = $6,
              verdict = $7, verdict_sha = $8, own_branch = coalesce($11, own_branch),
              silent_for = $12,
              touched_at = greatest(touched_at, $9)
        where key = $1 and epoch = $10
       returning key
     )${step === null ? "" : `, snapshot as (${step.text})`}
     select key from looked`,
    [...params, ...(step?.params ?? [])],
  );
  if (rows.length === 0) return "lost";
  for (const handover of look.handovers ?? []) await handOverCheck(tx, look.key, handover);
  return "written";
}

/**
 * Opens those that were closed while a run of theirs, or a rollback that they asked for or that takes
 * out a release of theirs, was under way. Returns their keys.
 */
export async function openUnfinished(
  tx: Connection,
  { owner, name }: Repository,
  at: number,
): Promise<readonly string[]> {
  const live = "state in ('intended', 'running')";
  const rows = await tx.query<{ key: string }>(
    `with unfinished as (
       select subject_key as key from interlock.execution
        where owner = $1 and name = $2 and ${live}
        union
       select subject_key from interlock.rollback
        where owner = $1 and name = $2 and ${live}
        union
       select execution.subject_key
         from interlock.rollback join interlock.execution on execution.key = execution_key
        where rollback.owner = $1 and rollback.name = $2 and rollback.${live}
     )
     update interlock.subject
        set open = true, heard_at = greatest(heard_at, $3), heard = nextval('interlock.moment'),
            touched_at = greatest(touched_at, $3),
            -- One that is opened again has a say until it has been looked at.
            verdict_sha = case when verdict is not null then verdict_sha end
      where key in (select subject.key
                      from interlock.subject join unfinished using (key)
                           join interlock.repository using (owner, name)
                     where not open and present
                     order by subject.key for update of subject)
     returning key`,
    [owner, name, at],
  );
  return rows.map(({ key }) => key);
}

/** Somebody spoke of them. */
export async function hear(
  on: Connection,
  keys: readonly string[],
  time: number | null,
): Promise<void> {
  await on.query(
    `update interlock.subject
        set heard_at = greatest(heard_at, ${storeNow(2)}), heard = nextval('interlock.moment')
      where key in (select key from interlock.subject where key = any($1::text[])
                     order by key for update)`,
    [keys, time],
  );
}

/** Open until it has been looked at, also where it was at rest and somebody woke it. */
export async function postpone(
  on: Connection,
  { key, epoch }: Lease,
  dueAt: number,
  failures: number,
): Promise<Written> {
  const rows = await on.query(
    `update interlock.subject set due_at = $3, failures = $4, open = repository.present
       from interlock.repository
      where key = $1 and epoch = $2
        and repository.owner = subject.owner and repository.name = subject.name
     returning key`,
    [key, epoch, dueAt, failures],
  );
  return rows.length === 1 ? "written" : "lost";
}

const selectSubject = `
  select subject.*, repository.installation, repository.id, repository.owner_id,
         repository.default_branch
    from interlock.subject join interlock.repository using (owner, name)`;

interface Row {
  readonly key: string;
  readonly epoch: number;
  readonly kind: Subject["kind"];
  readonly installation: number;
  readonly id: number | null;
  readonly owner_id: number | null;
  readonly default_branch: string | null;
  readonly arrival: "first" | "known" | null;
  readonly owner: string;
  readonly name: string;
  readonly number: number | null;
  readonly branch: string | null;
  readonly sha: string | null;
  readonly head: string | null;
  readonly before: string | null;
  readonly base: string | null;
  readonly open: boolean;
  readonly created_at: number;
  readonly heard_at: number;
  readonly heard: number;
  readonly due_at: number | null;
  readonly failures: number;
  readonly verdict: GateState | null;
  readonly verdict_sha: string | null;
}

function subjectRow(row: Row): SubjectRow {
  return {
    key: row.key,
    epoch: row.epoch,
    subject: subjectIn(row),
    heardAt: row.heard_at,
    heard: row.heard,
    head: row.head,
    before: row.before,
    ...(row.arrival !== null && { arrival: row.arrival }),
    base: row.base,
    open: row.open,
    createdAt: row.created_at,
    dueAt: row.due_at,
    failures: row.failures,
    verdict: row.verdict,
    verdictSha: row.verdict_sha,
  };
}

function subjectIn(row: Row): Subject {
  const { kind, installation, owner, name } = row;
  const repository = {
    installation,
    owner,
    name,
    ...(row.id !== null && { id: row.id }),
    ...(row.owner_id !== null && { ownerId: row.owner_id }),
    ...(row.default_branch !== null && { defaultBranch: row.default_branch }),
  };
  switch (kind) {
    case "pull":
      return { kind, repository, number: row.number ?? 0 };
    case "commit":
      return { kind, repository, branch: row.branch ?? "", sha: row.sha ?? "" };
    case "repository":
      return { kind, repository };
  }
}
