// What is known of a pipeline and of a commit's executions in it, at about one moment.

import type { Reply } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import type { Dated } from "../../aws/shared-readings.ts";
import type { CodePipelinePart } from "../../core/model/plan.ts";
import type { PipelineRun, PipelineRuns } from "../../ports/run.ts";
import type { Summary } from "./execution.ts";
import { type Executions, type Page, shaIn } from "./executions.ts";
import type { Marks } from "./out-of-band.ts";
import { findSource } from "./source.ts";
import { isOver } from "./stages.ts";
import type { PipelineNow } from "./state.ts";
import type { States } from "./states.ts";
import type { Structure } from "./structure.ts";
import type { Structures } from "./structures.ts";

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
  /** When the newest of these readings began: that of the page, or that of an execution behind it. */
  readonly ownAt: number;
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
  /** The execution that the view is for; it is among the commit's own in any case. */
  readonly engineId: string;
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
  const { structures, states } = tools;
  const { session, spec } = order;
  const page = await takePage(tools, order, since.page);
  if (page.kind === "trouble") return page;
  const alone = await readBehind(tools, order, page.value);
  if (alone?.kind === "trouble") return alone;
  const state = await states.since(session, spec, since.state);
  if (state.kind === "trouble") return state;
  const { version, createdAt } = state.value.value;
  const structure =
    version === null
      ? await structures.current(session, spec, 0)
      : await structures.of(session, spec, { version, createdAt, since: state.value.at });
  if (structure.kind === "trouble") return structure;
  const own = await ownOf(tools.runs, order, {
    page: page.value,
    alone: alone?.value ?? null,
    structure: structure.value,
  });
  const value = { page: page.value, state: state.value, structure: structure.value, ...own };
  return { kind: "ok", value };
}

/** One that was read before the execution began cannot have it. */
async function takePage(
  { executions, runs }: ViewTools,
  { session, spec, engineId }: ViewOrder,
  since: number,
): Promise<Reply<Dated<Page>>> {
  const page = await executions.since(session, spec, since);
  if (page.kind === "trouble" || isListed(page.value, engineId)) return page;
  const { startedAt } = (await runs.byExecution(engineId)) ?? { startedAt: 0 };
  return startedAt <= page.value.at ? page : await executions.since(session, spec, startedAt);
}

/** The execution itself, where the page does not have it; null where it does. */
async function readBehind(
  { executions }: ViewTools,
  { session, spec, engineId }: ViewOrder,
  page: Dated<Page>,
): Promise<Reply<Dated<Summary>> | null> {
  if (isListed(page, engineId)) return null;
  return await executions.one(session, spec, { id: engineId, since: page.at });
}

function isListed({ value: { summaries } }: Dated<Page>, executionId: string): boolean {
  return summaries.some(({ id }) => id === executionId);
}

/** Of what was read before, however old. Null where that is nothing; a state that was not read shows no stages. */
export async function recallView(tools: ViewTools, order: ViewOrder): Promise<View | null> {
  const { session, spec, engineId } = order;
  const page = await tools.executions.kept(session, spec);
  const state = await tools.states.kept(session, spec);
  const structure = tools.structures.kept(session, spec, {
    version: state?.value.version ?? null,
    createdAt: state?.value.createdAt ?? null,
  });
  if (page === null || structure === null) return null;
  const alone = isListed(page, engineId)
    ? null
    : await tools.executions.keptOne(session, spec, engineId);
  const own = await ownOf(tools.runs, order, { page, alone, structure });
  return { page, state: state ?? unread, structure, ...own };
}

const unread: Dated<PipelineNow> = {
  at: Number.NEGATIVE_INFINITY,
  value: { version: null, createdAt: null, updatedAt: null, stages: [] },
};

/** From when the two have to be for the marks to be right; null where they are. */
export function newerFor(outOfBandChanges: Marks, { page, state, own, ownAt }: View): Since | null {
  const { stages, updatedAt } = state.value;
  const listed = new Set([...page.value.summaries, ...own].map(({ id }) => id));
  const unlisted = stages.some(
    ({ overridden, execution }) => overridden && !listed.has(execution?.id ?? ""),
  );
  const changed = own.some(
    ({ status, startedAt }) => !isOver(status) && (updatedAt === null || updatedAt >= startedAt),
  );
  // By this list they run yet, and may have ended before the change that the state shows.
  if (page.at < state.at && (unlisted || changed)) return { page: state.at, state: state.at };
  const ended = own.some(
    (summary) => isOver(summary.status) && !outOfBandChanges.isSettled(summary),
  );
  return ownAt > state.at && ended ? { page: page.at, state: ownAt } : null;
}

async function ownOf(
  runs: PipelineRuns,
  { spec, sha, engineId }: ViewOrder,
  of: {
    readonly page: Dated<Page>;
    /** What the page does not reach back to. */
    readonly alone: Dated<Summary> | null;
    readonly structure: Structure;
  },
): Promise<Own> {
  const { page, alone, structure } = of;
  const summaries = [...page.value.summaries, ...(alone === null ? [] : [alone.value])];
  const source = findSource(spec, structure);
  const name = source.kind === "chosen" ? source.source.name : null;
  const shown = new Map(summaries.map((summary) => [summary.id, shaIn(summary, name)]));
  const maybe = summaries.filter(
    ({ id }) => id === engineId || [sha, null].includes(shown.get(id) ?? null),
  );
  const ledger = await runs.known(maybe.map(({ id }) => id));
  // AWS shows the commit of a start only when the source action is done, and the ledger knows it before.
  const own = maybe.filter(
    ({ id }) => id === engineId || (shown.get(id) ?? startedFor(ledger.get(id))) === sha,
  );
  return { own, ledger, ownAt: Math.max(page.at, alone?.at ?? page.at) };
}

function startedFor(run: PipelineRun | undefined): string | null {
  return run?.request.kind === "start" ? run.request.start.run.sha : null;
}
