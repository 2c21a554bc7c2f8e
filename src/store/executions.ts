// The ledger of executions: intended before the engine is called, settled once.

import type { OutOfBandChange } from "../core/model/drift.ts";
import type { RunWanted } from "../core/model/effect.ts";
import type { Repository } from "../core/model/event.ts";
import type { ExecutionState } from "../core/model/execution.ts";
import type { ActFact, Execution, StageFact } from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import type { Part, PartName } from "../core/model/plan.ts";
import { isSamePlace, productionPlace } from "../core/model/production-place.ts";
import type { ExecutionChange, Lease, Written } from "../ports/store.ts";
import { assignments } from "./assign.ts";
import type { Connection, Database } from "./database.ts";
import { hold, writeUnder } from "./fence.ts";

export async function readExecutions(
  on: Pick<Connection, "query">,
  key: string,
): Promise<readonly Execution[]> {
  const rows = await on.query<Row>(
    "select * from interlock.execution where subject_key = $1 order by position",
    [key],
  );
  return rows.map(execution);
}

/** Those that ended because nobody wanted them any more say nothing. */
export async function readPreviousReleases(
  on: Connection,
  key: string,
): Promise<readonly Execution[]> {
  const rows = await on.query<Row>(
    `select before.*
       from (select owner, name, pipeline, max(created_at) as begun_at
               from interlock.execution
              where subject_key = $1 and part = 'release'
              group by owner, name, pipeline) as own
            cross join lateral (
              select * from interlock.execution
               where owner = own.owner and name = own.name and pipeline = own.pipeline
                 and part = 'release' and subject_key <> $1
                 and ended_at is not null and ended_at <= own.begun_at
                 and (state <> 'stopped' or stop_reason = 'deadline_passed'
                      or stop_reason like 'person:%')
               order by ended_at desc, position desc limit 1) as before
      order by before.pipeline`,
    [key],
  );
  return rows.map(execution);
}

/** Of each pipeline those that its engine took last for commits of the branch, newest first. */
export async function readReleases(
  on: Connection,
  { owner, name }: Repository,
  branch: string,
): Promise<readonly Execution[]> {
  const rows = await on.query<Row>(
    `with recursive pipelines as (
       (select min(pipeline) as pipeline from interlock.execution where ${released})
       union all
       select (select min(pipeline) from interlock.execution
                where ${released} and pipeline > pipelines.pipeline)
         from pipelines where pipeline is not null
     )
     select newest.* from (select * from pipelines where pipeline is not null) as pipelines
            cross join lateral (
       select * from interlock.execution
        where ${released} and engine_id is not null and pipeline = pipelines.pipeline
        order by landed desc limit $4) as newest
      order by newest.position desc`,
    [owner, name, branch, limit.look.releases],
  );
  return rows.map((row) => withoutOutput(execution(row)));
}

const released =
  "part = 'release' and branch is not null and owner = $1 and name = $2 and branch = $3";

/** Of so many, that would be far more than all else that a look keeps. */
function withoutOutput(one: Execution): Execution {
  return { ...one, stages: one.stages.map((stage) => ({ ...stage, output: "", reports: [] })) };
}

/** Nothing where it is there already. */
export async function insertExecution(
  on: Connection,
  lease: Lease,
  run: RunWanted,
  at: number,
): Promise<Written> {
  return await writeUnder(on, lease, {
    text: `
      insert into interlock.execution
             (key, subject_key, owner, name, pipeline, part, sha, attempt, cause, spec, state, created_at,
              branch, landed)
      select $3, held.key, held.owner, held.name, $4, $5, $6, $7::integer, $8, $9, 'intended',
             $10::bigint, subject.branch, case when kind = 'commit' then position end
        from held join interlock.subject on subject.key = held.key
          on conflict do nothing`,
    params: [
      run.key,
      run.pipeline,
      run.part,
      run.sha,
      run.attempt,
      run.cause,
      JSON.stringify(run.spec),
      at,
    ],
  });
}

/** Of one repository, by columns of `interlock.subject`: whatever begins in its production takes the lock. */
export const lockOfReleases = "concat_ws('/', owner, name, '|release')";

/**
 * Of two releases of one place that begin at once only one gets through: the lock is of the releases of one
 * repository, and the second sees the first one's row. A rollback that has started there counts as one. What is
 * older than `limit.look.engine_gone_ms` the facts have held, and decided that it does not matter.
 */
export async function insertRelease(
  on: Database,
  lease: Lease,
  run: RunWanted,
  at: number,
): Promise<Written | "taken"> {
  return await on.transaction(async (tx) => {
    if ((await hold(tx, lease)) === "lost") return "lost";
    await tx.query(
      `select pg_advisory_xact_lock(hashtextextended(${lockOfReleases}, 0))
         from interlock.subject where key = $1`,
      [lease.key],
    );
    const others = await tx.query<Pick<Row, "pipeline" | "spec">>(
      `select other.pipeline, other.spec from interlock.execution as other
         join interlock.subject as own on own.owner = other.owner and own.name = other.name
        where own.key = $1 and other.subject_key <> own.key
          and other.part = 'release' and other.state in ('intended', 'running')
          and other.created_at > $2::bigint
        union all
       select rollback.pipeline, rollback.spec from interlock.rollback
         join interlock.subject as own on own.owner = rollback.owner and own.name = rollback.name
        where own.key = $1 and rollback.state = 'running'
          and rollback.created_at > $2::bigint`,
      [lease.key, at - limit.look.engine_gone_ms],
    );
    const place = productionPlace(run.pipeline, run.spec);
    const isTaken = others.some(({ pipeline, spec }) =>
      isSamePlace(place, productionPlace(pipeline, JSON.parse(spec) as Part)),
    );
    return isTaken ? "taken" : await insertExecution(tx, lease, run, at);
  });
}

/**
 * What an observation says about the outcome is dropped where the execution has ended and the
 * observation says that it still runs: it was made before the end and came late.
 */
export async function updateExecution(
  on: Connection,
  lease: Lease,
  executionKey: string,
  change: ExecutionChange,
): Promise<Written> {
  const {
    state,
    why,
    stages,
    endedAt,
    engineId,
    stopReason,
    stopRefused,
    retries,
    outOfBandChanges,
    surveyedAt,
  } = change;
  const late = state !== undefined && !ended.includes(state);
  const outcome = assignments({
    state,
    why,
    stages: stages && JSON.stringify(stages),
    ended_at: endedAt,
  });
  const rest = assignments({
    engine_id: engineId,
    stop_reason: stopReason,
    stop_refused: stopRefused,
    retries: retries && JSON.stringify(retries),
    marks: outOfBandChanges && JSON.stringify(outOfBandChanges),
    surveyed_at: surveyedAt,
  });
  const one = "where key = $3 and exists (select from held)";
  if (outcome !== null) {
    const written = await writeUnder(on, lease, {
      text: `update interlock.execution set ${outcome.text(4)} ${one}
             ${late ? `and state in ('intended', 'running')` : ""}`,
      params: [executionKey, ...outcome.params],
    });
    if (written === "lost" || rest === null) return written;
  }
  if (rest === null) return "written";
  return await writeUnder(on, lease, {
    text: `update interlock.execution set ${rest.text(4)} ${one}`,
    params: [executionKey, ...rest.params],
  });
}

/** Anyone who comes second finds the first one's answer: the row is locked in between. */
export async function insertApproval(
  tx: Connection,
  lease: Lease,
  executionKey: string,
  answer: ActFact,
): Promise<Written> {
  if ((await hold(tx, lease)) === "lost") return "lost";
  const [row] = await tx.query<Pick<Row, "approvals">>(
    "select approvals from interlock.execution where key = $1 for update",
    [executionKey],
  );
  if (row === undefined) return "written";
  const present = JSON.parse(row.approvals) as readonly ActFact[];
  if (present.some(({ key }) => key === answer.key)) return "written";
  await tx.query("update interlock.execution set approvals = $2 where key = $1", [
    executionKey,
    JSON.stringify([...present, answer]),
  ]);
  return "written";
}

/** It runs again, in the same place: the one way back from an end. */
export async function reopenExecution(
  on: Connection,
  lease: Lease,
  executionKey: string,
): Promise<Written> {
  return await writeUnder(on, lease, {
    text: `
      update interlock.execution
         set state = 'running', why = '', ended_at = null, stop_reason = null,
             stop_refused = null,
             surveyed_at = null
       where key = $3 and exists (select from held)`,
    params: [executionKey],
  });
}

export async function readSubjectOfExecution(
  on: Connection,
  executionKey: string,
): Promise<string | null> {
  const [row] = await on.query<{ key: string }>(
    "select subject_key as key from interlock.execution where key = $1",
    [executionKey],
  );
  return row?.key ?? null;
}

const ended: readonly ExecutionState[] = ["succeeded", "failed", "stopped", "lost", "refused"];

interface Row {
  readonly key: string;
  readonly pipeline: string;
  readonly part: PartName;
  readonly sha: string;
  readonly attempt: number;
  readonly cause: string;
  readonly spec: string;
  readonly engine_id: string | null;
  readonly state: ExecutionState;
  readonly why: string;
  readonly stages: string;
  readonly created_at: number;
  readonly ended_at: number | null;
  readonly stop_reason: string | null;
  readonly stop_refused: string | null;
  readonly retries: string;
  readonly approvals: string;
  readonly marks: string;
  readonly surveyed_at: number | null;
}

function execution(row: Row): Execution {
  return {
    key: row.key,
    pipeline: row.pipeline,
    part: row.part,
    sha: row.sha,
    attempt: row.attempt,
    cause: row.cause,
    spec: JSON.parse(row.spec) as Part,
    engineId: row.engine_id,
    state: row.state,
    why: row.why,
    stages: JSON.parse(row.stages) as readonly StageFact[],
    createdAt: row.created_at,
    endedAt: row.ended_at,
    stopReason: row.stop_reason,
    stopRefused: row.stop_refused,
    retries: JSON.parse(row.retries) as readonly ActFact[],
    approvals: JSON.parse(row.approvals) as readonly ActFact[],
    outOfBandChanges: JSON.parse(row.marks) as readonly OutOfBandChange[],
    surveyedAt: row.surveyed_at,
  };
}
