// What was asked of AWS CodePipeline, where every replica can see it.

import type { Repository } from "../core/model/event.ts";
import { limit } from "../core/model/limit.ts";
import type { Part } from "../core/model/plan.ts";
import type { PipelineAct, PipelineRequest, PipelineRun, PipelineRuns } from "../ports/run.ts";
import { assignments } from "./assign.ts";
import type { Connection } from "./database.ts";

export function pipelineRuns(on: Connection): PipelineRuns {
  return {
    add: async (run) => {
      const rows = await on.query(
        `insert into interlock.pipeline_run (token, request, execution_id, started_at, acts, place)
         values ($1, $2, $3, $4, $5, $6)
             on conflict do nothing
         returning token`,
        [
          run.token,
          JSON.stringify(run.request),
          run.executionId,
          run.startedAt,
          JSON.stringify(run.acts),
          placeOf(run.request),
        ],
      );
      return rows.length === 1;
    },
    get: async (token) => {
      const rows = await on.query<Row>("select * from interlock.pipeline_run where token = $1", [
        token,
      ]);
      return rows.map(pipelineRun)[0] ?? null;
    },
    byExecution: async (executionId) => {
      const rows = await on.query<Row>(
        "select * from interlock.pipeline_run where execution_id = $1",
        [executionId],
      );
      return rows.map(pipelineRun)[0] ?? null;
    },
    known: async (executionIds) => {
      const rows = await on.query<Row>(
        "select * from interlock.pipeline_run where execution_id = any($1::text[])",
        [executionIds],
      );
      return new Map(rows.map((row) => [row.execution_id ?? "", pipelineRun(row)]));
    },
    since: async (time, count) => {
      const rows = await on.query<Row>(
        // Place by place, so that what is read does not grow with what each of them has seen.
        `with recursive places as (
           select min(place) as place from interlock.pipeline_run where place > ''
           union all
           select (select min(place) from interlock.pipeline_run where place > places.place)
             from places where place is not null),
         ranked as (
           select of.* from (select * from places where place is not null) as places
           cross join lateral (
             select token, started_at,
                    row_number() over (order by started_at desc, token) as rank
               from (select token, started_at from interlock.pipeline_run
                      where place = places.place and started_at >= $1
                      order by started_at desc, token limit $2) as newest) as of
           union all
           select * from (
             select token, started_at, 1 as rank from interlock.pipeline_run
              where place is null and started_at >= $1
              order by started_at desc, token limit $3) as unknown),
         chosen as (
           select token from ranked where rank <= $2 order by rank, started_at desc, token limit $3)
         select run.* from chosen cross join lateral (
           select * from interlock.pipeline_run where token = chosen.token limit 1) as run
          order by run.started_at desc, token`,
        [time, count.each, count.all],
      );
      return rows.map(pipelineRun);
    },
    update: async (token, change) => {
      const set = assignments({
        execution_id: change.executionId,
        acts: change.acts && JSON.stringify(change.acts),
      });
      if (set === null) return;
      await on.query(`update interlock.pipeline_run set ${set.text(2)} where token = $1`, [
        token,
        ...set.params,
      ]);
    },
  };
}

/** Notes what was told of runs, one line each. In one order everywhere, as with deliveries. */
export async function noteTold(
  on: Connection,
  lines: readonly { readonly token: string; readonly line: string }[],
): Promise<void> {
  if (lines.length === 0) return;
  await on.query(
    `with told as (
       select token, count(*) as count, string_agg(line || chr(10), '' order by place) as text
         from unnest($1::text[], $2::text[]) with ordinality as given (token, line, place)
        group by token
     ), own as materialized (
       select run.token, told.count, told.text
         from interlock.pipeline_run as run join told on told.token = run.token
        order by run.token for update of run
     )
     update interlock.pipeline_run as run
        set heard_count = heard_count + own.count, heard = right(heard || own.text, $3)
       from own where run.token = own.token`,
    [
      lines.map(({ token }) => token),
      lines.map(({ line }) => line),
      limit.codepipeline.heard_chars,
    ],
  );
}

/** As texts, and not read out of the request by the database, which takes not every JSON. */
function placeOf(request: PipelineRequest): string {
  switch (request.kind) {
    case "start":
      return placeIn(request.start.run.spec, request.start.repository);
    case "rollback":
      return placeIn(request.rollback.spec, request.rollback.repository);
    case "approve":
      return "";
  }
}

function placeIn(spec: Part, { owner, name }: Repository): string {
  const { role, region, pipeline } =
    spec.engine === "codepipeline" ? spec : { role: null, region: "", pipeline: "" };
  return JSON.stringify([owner, name, role, region, pipeline]);
}

interface Row {
  readonly token: string;
  readonly request: string;
  readonly execution_id: string | null;
  readonly started_at: number;
  readonly heard_count: number;
  readonly heard: string;
  readonly acts: string;
}

function pipelineRun(row: Row): PipelineRun {
  const lines = row.heard.split("\n").slice(0, -1);
  // The first may be cut at its beginning.
  const whole = row.heard.length < limit.codepipeline.heard_chars ? lines : lines.slice(1);
  return {
    token: row.token,
    request: JSON.parse(row.request) as PipelineRequest,
    executionId: row.execution_id,
    startedAt: row.started_at,
    heard: { count: row.heard_count, last: whole },
    acts: JSON.parse(row.acts) as readonly PipelineAct[],
  };
}
