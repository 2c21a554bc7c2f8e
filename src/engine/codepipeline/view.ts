// What is known of a pipeline and of a commit's executions in it, at about one moment.

import type { CodePipelinePart } from "../../core/plan.ts";
import type { PipelineRun, PipelineRuns } from "../../port.ts";
import { type Executions, type Page, type Summary, shaIn } from "./executions.ts";
import type { Marks } from "./marks.ts";
import type { Dated } from "./memory.ts";
import type { Session } from "./session.ts";
import { findSource } from "./source.ts";
import { isOver } from "./stages.ts";
import type { PipelineNow } from "./state.ts";
import type { States } from "./states.ts";
import type { Structure } from "./structure.ts";
import type { Structures } from "./structures.ts";
import type { Reply } from "./trouble.ts";

export interface View extends Own {
  readonly page: Dated<Page>;
  readonly state: Dated<PipelineNow>;
  /** As it was when the state was read. */
  readonly structure: Structure;
}

interface Own {
  /** Executions of the commit, newest first. */
  readonly own: readonly Summary[];
  /** Those of them that are in the ledger. */
  readonly ledger: ReadonlyMap<string, PipelineRun>;
}

export interface ViewTools {
  readonly runs: PipelineRuns;
  readonly structures: Structures;
  readonly states: States;
  readonly executions: Executions;
}

export interface ViewOrder {
  readonly session: Session;
  readonly spec: CodePipelinePart;
  readonly sha: string;
}

/** From when each of the two readings has to be. */
export interface Since {
  readonly page: number;
  readonly state: number;
}

/** The state names the version of the structure, which then needs no call of its own. */
export async function takeView(
  tools: ViewTools,
  order: ViewOrder,
  since: Since,
): Promise<Reply<View>> {
  const { structures, states, executions } = tools;
  const { session, spec } = order;
  const page = await executions.since(session, spec, since.page);
  if (page.kind === "trouble") return page;
  const state = await states.since(session, spec, since.state);
  if (state.kind === "trouble") return state;
  const { version } = state.value.value;
  const structure =
    version === null
      ? await structures.current(session, spec, 0)
      : await structures.of(session, spec, version);
  if (structure.kind === "trouble") return structure;
  const own = await ownOf(tools.runs, order, { page: page.value, structure: structure.value });
  const value = { page: page.value, state: state.value, structure: structure.value, ...own };
  return { kind: "ok", value };
}

/** Of what was read before, however old. Null where that is nothing; a state that was not read shows no stages. */
export async function recallView(tools: ViewTools, order: ViewOrder): Promise<View | null> {
  const { session, spec } = order;
  const page = await tools.executions.kept(session, spec);
  const state = await tools.states.kept(session, spec);
  const structure = tools.structures.kept(session, spec, state?.value.version ?? null);
  if (page === null || structure === null) return null;
  const own = await ownOf(tools.runs, order, { page, structure });
  return { page, state: state ?? unread, structure, ...own };
}

const unread: Dated<PipelineNow> = {
  at: Number.NEGATIVE_INFINITY,
  value: { version: null, updatedAt: null, stages: [] },
};

/** From when the two have to be for the marks to be right; null where they are. */
export function newerFor(marks: Marks, { page, state, own }: View): Since | null {
  const { stages, updatedAt } = state.value;
  const listed = new Set(page.value.summaries.map(({ id }) => id));
  const unlisted = stages.some(
    ({ overridden, execution }) => overridden && !listed.has(execution?.id ?? ""),
  );
  const changed = own.some(
    ({ status, startedAt }) => !isOver(status) && (updatedAt === null || updatedAt >= startedAt),
  );
  // By this list they run yet, and may have ended before the change that the state shows.
  if (page.at < state.at && (unlisted || changed)) return { page: state.at, state: state.at };
  const ended = own.some((summary) => isOver(summary.status) && !marks.isSettled(summary));
  return page.at > state.at && ended ? { page: page.at, state: page.at } : null;
}

async function ownOf(
  runs: PipelineRuns,
  { spec, sha }: ViewOrder,
  of: { readonly page: Dated<Page>; readonly structure: Structure },
): Promise<Own> {
  const { summaries } = of.page.value;
  const source = findSource(spec, of.structure);
  const name = source.kind === "chosen" ? source.source.name : null;
  const shown = new Map(summaries.map((summary) => [summary.id, shaIn(summary, name)]));
  const maybe = summaries.filter(({ id }) => [sha, null].includes(shown.get(id) ?? null));
  const ledger = await runs.known(maybe.map(({ id }) => id));
  // AWS shows the commit of a start only when the source action is done, and the ledger knows it before.
  const own = maybe.filter(({ id }) => (shown.get(id) ?? startedFor(ledger.get(id))) === sha);
  return { own, ledger };
}

function startedFor(run: PipelineRun | undefined): string | null {
  return run?.request.kind === "start" ? run.request.start.run.sha : null;
}
