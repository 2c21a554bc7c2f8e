// Runs of the local engine, where every replica can see them.

import type { StageFact } from "../core/model/fact.ts";
import type { StartRequest } from "../ports/engine.ts";
import type { LocalRun, LocalRuns } from "../ports/run.ts";
import { assignments } from "./assign.ts";
import type { Connection } from "./database.ts";

export function localRuns(on: Connection): LocalRuns {
  return {
    add: async (run) => {
      const rows = await on.query(
        `insert into interlock.local_run
                (token, request, instance, beat_at, state, why, stages, created_at, ended_at,
                 process, stop_requested, retries, workspace)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             on conflict do nothing
         returning token`,
        [
          run.token,
          JSON.stringify(run.request),
          run.instance,
          run.beatAt,
          run.state,
          run.why,
          JSON.stringify(run.stages),
          run.createdAt,
          run.endedAt,
          run.process && JSON.stringify(run.process),
          run.stopRequested,
          JSON.stringify(run.retries),
          run.workspace,
        ],
      );
      return rows.length === 1;
    },
    get: async (token) => {
      const rows = await on.query<Row>("select * from interlock.local_run where token = $1", [
        token,
      ]);
      return rows.map(localRun)[0] ?? null;
    },
    update: async (token, change) => {
      const set = assignments({
        request: change.request && JSON.stringify(change.request),
        instance: change.instance,
        beat_at: change.beatAt,
        state: change.state,
        why: change.why,
        stages: change.stages && JSON.stringify(change.stages),
        created_at: change.createdAt,
        ended_at: change.endedAt,
        process: change.process && JSON.stringify(change.process),
        stop_requested: change.stopRequested,
        retries: change.retries && JSON.stringify(change.retries),
        workspace: change.workspace,
      });
      if (set === null) return;
      await on.query(`update interlock.local_run set ${set.text(2)} where token = $1`, [
        token,
        ...set.params,
      ]);
    },
    live: async () => {
      const rows = await on.query<Row>(
        "select * from interlock.local_run where ended_at is null order by created_at, token",
      );
      return rows.map(localRun);
    },
    kept: async (instance) => {
      const rows = await on.query<Row>(
        `select * from interlock.local_run
          where instance = $1 and ended_at is not null and workspace is not null
          order by ended_at, token`,
        [instance],
      );
      return rows.map(localRun);
    },
  };
}

interface Row {
  readonly token: string;
  readonly request: string;
  readonly instance: string;
  readonly beat_at: number;
  readonly state: LocalRun["state"];
  readonly why: string;
  readonly stages: string;
  readonly created_at: number;
  readonly ended_at: number | null;
  readonly process: string | null;
  readonly stop_requested: string | null;
  readonly retries: string;
  readonly workspace: string | null;
}

function localRun(row: Row): LocalRun {
  return {
    token: row.token,
    request: JSON.parse(row.request) as StartRequest,
    instance: row.instance,
    beatAt: row.beat_at,
    state: row.state,
    why: row.why,
    stages: JSON.parse(row.stages) as readonly StageFact[],
    createdAt: row.created_at,
    endedAt: row.ended_at,
    process: row.process === null ? null : (JSON.parse(row.process) as LocalRun["process"]),
    stopRequested: row.stop_requested,
    retries: JSON.parse(row.retries) as readonly string[],
    workspace: row.workspace,
  };
}
