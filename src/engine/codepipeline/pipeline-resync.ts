// Looks for what others did in pipelines that Interlock used lately, where nobody told of it.

import type { Session } from "../../aws/session.ts";
import type { Dated } from "../../aws/shared-readings.ts";
import { limit } from "../../core/model/limit.ts";
import type { CodePipelinePart } from "../../core/model/plan.ts";
import type { Clock } from "../../ports/log.ts";
import type { PipelineRun, PipelineRuns } from "../../ports/run.ts";
import { type Executions, type Page, shaIn } from "./executions.ts";
import type { Readings } from "./readings.ts";
import { takenBy } from "./rolled-back.ts";
import { isOver } from "./stages.ts";

export interface PipelineResyncTools {
  readonly runs: PipelineRuns;
  readonly executions: Executions;
  readonly readings: Readings;
  readonly clock: Clock;
}

/** With whose rights a run's pipeline is read; null where there are none any more. */
export type OpenRun = (
  run: PipelineRun,
) => { readonly session: Session; readonly spec: CodePipelinePart } | null;

export interface PipelineResync {
  /** Tokens of runs about which there is news. */
  round(): Promise<readonly string[]>;
  /** Others do something in the pipeline: the next round looks at it, however lately one has. */
  suspect(place: Place): void;
}

/** Events tell of a pipeline by no more than this. */
export interface Place {
  readonly pipeline: string;
  readonly region: string;
}

/**
 * Gives the tokens of runs whose commit has an execution that is in no ledger, or that run again though
 * they had ended, even where they have ended again; each once. Its lists are those of the readings, where these are young.
 */
export function openPipelineResync(tools: PipelineResyncTools, open: OpenRun): PipelineResync {
  const { runs, executions, clock } = tools;
  const looked = new Map<string, number>();
  const reported = new Set<string>();
  const suspected = new Map<string, number>();

  async function round(): Promise<readonly string[]> {
    const now = clock();
    const { patrol_ms, patrol_since_ms, patrol_list_ms } = limit.codepipeline;
    const { patrol_runs: each, patrol_runs_all: all } = limit.codepipeline;
    for (const [key, at] of looked) if (now - at >= patrol_ms) looked.delete(key);
    const beats = beatsOf(await runs.since(now - patrol_since_ms, { each, all }), open);
    const found = new Set<string>();
    const silent = new Set<string>();
    for (const [key, beat] of beats) {
      const { session, spec } = beat;
      const place = `${session.owner.account} ${session.scope.region}`;
      const since = suspected.get(nameOf(spec));
      if ((looked.has(key) && since === undefined) || silent.has(place)) continue;
      const oldest = clock() - patrol_list_ms;
      const page = await executions.since(session, spec, Math.max(oldest, since ?? oldest));
      if (page.kind === "trouble" && page.is === "later") {
        // What is out of order or out of calls is so for all pipelines there: they wait for the next round.
        silent.add(place);
        continue;
      }
      looked.set(key, now);
      // Told of again meanwhile, it is looked at again.
      if (suspected.get(nameOf(spec)) === since) suspected.delete(nameOf(spec));
      if (page.kind === "ok")
        for (const token of await newsIn(tools, { ...beat, page: page.value, reported }))
          found.add(token);
    }
    // What Interlock does not use is nobody's business here.
    const used = new Set([...beats.values()].map(({ spec }) => nameOf(spec)));
    for (const name of suspected.keys()) if (!used.has(name)) suspected.delete(name);
    while (reported.size > limit.codepipeline.readings) {
      const [oldest = ""] = reported;
      reported.delete(oldest);
    }
    return [...found];
  }

  return {
    round,
    suspect(place) {
      suspected.set(nameOf(place), clock());
    },
  };
}

function nameOf({ region, pipeline }: Place): string {
  return `${region} ${pipeline}`;
}

interface Beat {
  readonly session: Session;
  readonly spec: CodePipelinePart;
  /** Newest first. */
  readonly own: readonly PipelineRun[];
}

/** By pipeline and by who may read it. */
function beatsOf(all: readonly PipelineRun[], open: OpenRun): ReadonlyMap<string, Beat> {
  const beats = new Map<string, Beat>();
  for (const run of all) {
    const opened = open(run);
    if (opened === null) continue;
    const { session, spec } = opened;
    const key = `${session.key} ${spec.region} ${spec.pipeline}`;
    beats.set(key, { session, spec, own: [...(beats.get(key)?.own ?? []), run] });
  }
  return beats;
}

async function newsIn(
  { runs, readings }: PipelineResyncTools,
  of: Beat & { readonly page: Dated<Page>; readonly reported: Set<string> },
): Promise<readonly string[]> {
  const { own, page, reported } = of;
  const { summaries } = page.value;
  const ledger = await runs.known(summaries.map(({ id }) => id));
  const tokens: string[] = [];
  for (const summary of summaries) {
    const { id, status, updatedAt } = summary;
    const ours = ledger.get(id);
    if (ours === undefined) {
      // Those that it takes out hear of its end, those that it brings back of its beginning.
      const end = `${id} ${status}`;
      if (summary.type === "ROLLBACK" && status === "Succeeded" && !reported.has(end)) {
        const out = takenBy(summary, summaries).flatMap((one) => ledger.get(one.id) ?? []);
        tokens.push(...out.map(({ token }) => token));
        reported.add(end);
      }
      if (reported.has(id)) continue;
      const same = own.filter(
        ({ request }) =>
          request.kind === "start" && shaIn(summary, request.source) === request.start.run.sha,
      );
      // Which commit it takes may show later.
      if (same.length === 0) continue;
      tokens.push(...same.map(({ token }) => token));
      reported.add(id);
      continue;
    }
    if (isOver(status)) reported.delete(id);
    const news = isOver(status) ? `${id} ${status} ${updatedAt}` : id;
    if (readings.listed(summary, page.at) === "news" && !reported.has(news)) {
      tokens.push(ours.token);
      reported.add(news);
    }
  }
  return tokens;
}
