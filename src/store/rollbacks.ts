// The ledger of rollbacks: intended before the engine is called, and read by all whom one concerns.

import type { RollbackWanted } from "../core/model/effect.ts";
import type { Repository } from "../core/model/event.ts";
import type { ExecutionState } from "../core/model/execution.ts";
import type { Rollback } from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import type { Part } from "../core/model/plan.ts";
import { isSamePlace, productionPlace } from "../core/model/production-place.ts";
import type { Lease, RollbackChange, Written } from "../ports/store.ts";
import { assignments } from "./assign.ts";
import type { Connection } from "./database.ts";
import { lockOfReleases } from "./executions.ts";
import { writeUnder } from "./fence.ts";

/** Those that the subject asked for, those of its releases, and those that brought its commit back. */
export async function readRollbacks(
  on: Pick<Connection, "query">,
  key: string,
): Promise<readonly Rollback[]> {
  const rows = await on.query<Row>(
    `select rollback.* from interlock.rollback
       join interlock.subject as own on own.key = $1
      where rollback.subject_key = own.key
         or rollback.execution_key in (select key from interlock.execution
                                        where subject_key = own.key)
         or (own.kind = 'commit' and rollback.owner = own.owner and rollback.name = own.name
             and rollback.sha = own.sha)
      order by rollback.position`,
    [key],
  );
  return rows.map(rollback);
}

/** The newest, in the order in which they were asked for. */
export async function readRollbacksOf(
  on: Connection,
  { owner, name }: Repository,
): Promise<readonly Rollback[]> {
  const rows = await on.query<Row>(
    `select * from interlock.rollback where owner = $1 and name = $2
      order by position desc limit $3`,
    [owner, name, limit.look.rollbacks],
  );
  return rows.map(rollback).reverse();
}

/** Nothing where it was there before. Two of one place are asked for one after the other, by whomever. */
export async function insertRollback(
  on: Connection,
  lease: Lease,
  wanted: RollbackWanted,
  at: number,
): Promise<Written | "busy"> {
  await on.query(
    `select pg_advisory_xact_lock(hashtextextended(${lockOfReleases}, 0))
       from interlock.subject where key = $1`,
    [lease.key],
  );
  const others = await on.query<Pick<Row, "pipeline" | "spec">>(
    `select pipeline, spec from interlock.rollback
       join interlock.subject as own using (owner, name)
      where own.key = $1 and rollback.key <> $2
        and rollback.state in ('intended', 'running')
        and not exists (select from interlock.rollback where key = $2)`,
    [lease.key, wanted.key],
  );
  const place = productionPlace(wanted.pipeline, wanted.spec);
  const isBusy = others.some(({ pipeline, spec }) =>
    isSamePlace(place, productionPlace(pipeline, JSON.parse(spec) as Part)),
  );
  if (isBusy) return "busy";
  return await writeUnder(on, lease, {
    text: `
      insert into interlock.rollback
             (key, subject_key, owner, name, pipeline, stage, execution_key, from_sha, to_sha,
              actor, spec, state, created_at)
      select $3, held.key, owner, name, $4, $5, $6, $7, $8, $9, $10, 'intended', $11::bigint
        from held
          on conflict do nothing`,
    params: [
      wanted.key,
      wanted.pipeline,
      wanted.stage,
      wanted.execution,
      wanted.from,
      wanted.to,
      wanted.actor,
      JSON.stringify(wanted.spec),
      at,
    ],
  });
}

/** What has ended stays as it ended. */
export async function updateRollback(
  on: Connection,
  key: string,
  change: RollbackChange,
): Promise<void> {
  const { engineId, sha, stays, state, why, endedAt } = change;
  const set = assignments({ engine_id: engineId, sha, stays, state, why, ended_at: endedAt });
  if (set === null) return;
  await on.query(
    `update interlock.rollback set ${set.text(2)}
      where key = $1 and state in ('intended', 'running')`,
    [key, ...set.params],
  );
}

/** Anyone who asked for it, whose release it takes out, and whose commit it brings back. */
export async function readConcerned(on: Connection, key: string): Promise<readonly string[]> {
  const rows = await on.query<{ key: string }>(
    `select rollback.subject_key as key from interlock.rollback where rollback.key = $1
     union
     select execution.subject_key from interlock.rollback
       join interlock.execution on execution.key = rollback.execution_key
      where rollback.key = $1
     union
     select subject.key from interlock.rollback
       join interlock.subject on subject.kind = 'commit' and subject.owner = rollback.owner
        and subject.name = rollback.name and subject.sha = rollback.sha
      where rollback.key = $1`,
    [key],
  );
  return rows.map((row) => row.key);
}

interface Row {
  readonly key: string;
  readonly pipeline: string;
  readonly stage: string;
  readonly execution_key: string;
  readonly from_sha: string;
  readonly to_sha: string | null;
  readonly sha: string | null;
  readonly stays: boolean;
  readonly actor: string;
  readonly spec: string;
  readonly engine_id: string | null;
  readonly state: ExecutionState;
  readonly why: string;
  readonly created_at: number;
  readonly ended_at: number | null;
}

function rollback(row: Row): Rollback {
  return {
    key: row.key,
    pipeline: row.pipeline,
    stage: row.stage,
    execution: row.execution_key,
    from: row.from_sha,
    to: row.to_sha,
    sha: row.sha,
    ...(row.stays && { stays: true }),
    actor: row.actor,
    spec: JSON.parse(row.spec) as Part,
    engineId: row.engine_id,
    state: row.state,
    why: row.why,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}
