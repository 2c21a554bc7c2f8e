// Deletes what is older than its retention.

import { limit } from "../core/limit.ts";
import type { Database } from "./database.ts";

export async function prune(database: Database, now: number): Promise<void> {
  const { keep } = limit;
  await database.query(
    `delete from interlock.delivery
      where guid in (select guid from interlock.delivery
                      where received_at < $1 order by received_at limit $2)`,
    [now - keep.deliveries_ms, keep.at_once],
  );
  await database.query("delete from interlock.withheld where received_at < $1", [
    now - keep.deliveries_ms,
  ]);
  // What belongs to a subject goes with it; a rollback goes with the release that it takes out.
  await database.query(
    `with old as materialized (
       select key from interlock.subject
        where not open and touched_at < $1 order by touched_at limit $2
     ), rollbacks as (
       delete from interlock.rollback
        where execution_key in (select execution.key from interlock.execution
                                 where subject_key in (select key from old))
     )
     delete from interlock.subject where key in (select key from old)`,
    [now - keep.subjects_ms, keep.at_once],
  );
  await database.query("delete from interlock.tip where heard_at < $1", [now - keep.tips_ms]);
  await database.query("delete from interlock.told where at < $1", [now - keep.told_ms]);
  await database.query(
    `delete from interlock.reading
      where key in (select key from interlock.reading
                     where read_at < $1 order by read_at limit $2)`,
    [now - keep.readings_ms, keep.at_once],
  );
  await database.query(
    "delete from interlock.local_run where ended_at < $1 and workspace is null",
    [now - keep.subjects_ms],
  );
  // An execution whose run is not known here is taken for somebody else's.
  await database.query(
    `delete from interlock.pipeline_run
      where started_at < $1
        and not exists (select from interlock.execution where key = token)
        and not exists (select from interlock.rollback where key = token)`,
    [now - keep.subjects_ms],
  );
  await database.query(
    "delete from interlock.audit where at < (extract(epoch from clock_timestamp()) * 1000)::bigint - $1::bigint",
    [keep.audit_ms],
  );
  // A server does this by itself. PGlite is one process and has nobody who would.
  if (database.kind === "pglite") await database.exec(`vacuum analyze ${busyTables.join(", ")}`);
}

const busyTables = [
  "interlock.delivery",
  "interlock.subject",
  "interlock.snapshot",
  "interlock.execution",
  "interlock.rollback",
  "interlock.check_run",
  "interlock.reading",
  "interlock.local_run",
  "interlock.notice",
  "interlock.pipeline_run",
  "interlock.audit",
  "pgboss.job",
];
