// Deletes what is older than its retention.

import { limit } from "../core/model/limit.ts";
import { type Database, storeNow } from "./database.ts";

/** At most `limit.keep.at_once` rows of each kind: the rest goes with the next sweeps. */
export async function prune(database: Database, now: number): Promise<void> {
  const { keep } = limit;
  const oldest = (of: {
    readonly table: string;
    readonly time: string;
    readonly where?: string;
  }) => {
    const { table, time, where = "true" } = of;
    return `
      delete from interlock.${table}
       where ctid = any(array(select ctid from interlock.${table}
                               where ${time} < $1 and ${where} order by ${time} limit $2))`;
  };
  const statements: readonly [text: string, before: number][] = [
    [oldest({ table: "delivery", time: "received_at" }), now - keep.deliveries_ms],
    [oldest({ table: "withheld", time: "received_at" }), now - keep.deliveries_ms],
    // What belongs to a subject goes with it; a rollback goes with the release that it takes out.
    [
      `with old as materialized (
         select key from interlock.subject
          where not open and touched_at < $1 order by touched_at limit $2
       ), rollbacks as (
         delete from interlock.rollback
          where execution_key in (select execution.key from interlock.execution
                                   where subject_key in (select key from old))
       )
       delete from interlock.subject where key in (select key from old)`,
      now - keep.subjects_ms,
    ],
    [oldest({ table: "tip", time: "heard_at" }), now - keep.tips_ms],
    [oldest({ table: "told", time: "at" }), now - keep.told_ms],
    [oldest({ table: "reading", time: "read_at" }), now - keep.readings_ms],
    [
      oldest({ table: "local_run", time: "ended_at", where: "workspace is null" }),
      now - keep.subjects_ms,
    ],
    // An execution whose run is not known here is taken for somebody else's.
    [
      `delete from interlock.pipeline_run
        where ctid = any(array(
                select ctid from interlock.pipeline_run
                 where started_at < $1
                   and (select key from interlock.execution where key = token) is null
                   and (select key from interlock.rollback where key = token) is null
                 order by started_at limit $2))`,
      now - keep.subjects_ms,
    ],
  ];
  for (const [text, before] of statements) await database.query(text, [before, keep.at_once]);
  // By the clock of the database, as the rows themselves: it refuses to delete younger ones.
  const [time] = await database.query<{ now: number }>(`select ${storeNow(1)} as now`, [null]);
  await database.query(oldest({ table: "audit", time: "at" }), [
    (time?.now ?? 0) - keep.audit_ms,
    keep.at_once,
  ]);
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
