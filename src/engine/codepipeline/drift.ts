// Holds a pipeline of AWS against the part of the plan that names it, and finds what others did in it for a commit.

import type { Reply } from "../../aws/failure.ts";
import { oneLine } from "../../aws/text.ts";
import type { DriftReport, ForeignExecution, OutOfBandChangeOn } from "../../core/model/drift.ts";
import type { Known } from "../../core/model/fact.ts";
import { limit } from "../../core/model/limit.ts";
import type { CodePipelinePart } from "../../core/model/plan.ts";
import type { Clock } from "../../ports/log.ts";
import { readActions } from "./actions.ts";
import { differencesOf } from "./differences.ts";
import type { Summary } from "./execution.ts";
import { remember } from "./kept.ts";
import { openMarks } from "./out-of-band.ts";
import type { Readings } from "./readings.ts";
import { takenOut } from "./rolled-back.ts";
import { isOver } from "./stages.ts";
import { standingOf } from "./status.ts";
import { consoleLink } from "./text.ts";
import {
  newerFor,
  recallView,
  takeView,
  type View,
  type ViewOrder,
  type ViewTools,
} from "./view.ts";

export interface DriftTools extends ViewTools {
  readonly readings: Readings;
  readonly clock: Clock;
}

export interface DriftReports {
  /** `since`: nothing that was read before will do; null for what is known, without any call. */
  drift(order: ViewOrder, since: number | null): Promise<Known<DriftReport>>;
}

/**
 * The list is the one that the readings of executions have made, and the state serves all commits of
 * the pipeline for a while.
 */
export function openDriftReports(tools: DriftTools): DriftReports {
  const { readings, clock } = tools;
  const outOfBandChanges = openMarks(tools);
  /** The stages of rollbacks, by their ids. */
  const rollbacks = new Map<string, string>();

  async function look(order: ViewOrder, since: number): Promise<Reply<View>> {
    const oldest = Math.max(since, clock() - limit.codepipeline.survey_ms);
    let view = await takeView(tools, order, { page: oldest, state: oldest });
    // What is read again is of this moment, so that twice is enough.
    for (let turn = 0; turn < 2 && view.kind === "ok"; turn += 1) {
      const newer = newerFor(outOfBandChanges, view.value);
      if (newer === null) break;
      view = await takeView(tools, order, newer);
    }
    return view;
  }

  function driftOf(
    { spec }: ViewOrder,
    view: View,
    found: readonly OutOfBandChangeOn[],
  ): Known<DriftReport> {
    const { page, state, structure, own, ownAt, ledger } = view;
    const started = own.filter(({ id }) => ledger.get(id)?.request.kind === "start");
    const value = {
      differences: differencesOf({ spec, structure, state: state.value.stages }),
      foreignExecutions: own
        .filter(({ id }) => !ledger.has(id))
        .map((summary) => foreignExecutionsOf(spec, summary, page.value.summaries)),
      outOfBandChanges: found,
      live: started.filter((summary) => isGoingOn(summary, ownAt)).map(({ id }) => id),
    };
    return { kind: "known", value };
  }

  async function outOf(
    { spec }: ViewOrder,
    { own, ledger, page, structure }: View,
    stageOf: (rollback: Summary) => Promise<Reply<string | null>>,
  ): Promise<Reply<readonly OutOfBandChangeOn[]>> {
    return await takenOut({
      runs: tools.runs,
      own: own.filter(({ id }) => ledger.get(id)?.request.kind === "start"),
      summaries: page.value.summaries,
      structure,
      planned: spec.stages.map(({ name }) => name),
      stageOf,
    });
  }

  /** The list does not tell it, and the actions of a rollback are all of one stage. */
  async function askStage({ session, spec }: ViewOrder, id: string): Promise<Reply<string | null>> {
    const known = rollbacks.get(id);
    if (known !== undefined) return { kind: "ok", value: known };
    const actions = await readActions(session, spec, id);
    if (actions.kind === "trouble") return actions;
    const stage = actions.value[0]?.stage ?? null;
    if (stage !== null)
      remember(rollbacks, { id, value: stage, count: limit.codepipeline.readings });
    return { kind: "ok", value: stage };
  }

  async function recallStage({ id }: Summary): Promise<Reply<string | null>> {
    return { kind: "ok", value: rollbacks.get(id) ?? unplanned };
  }

  /** Or it went on since its end was read, and has ended again. */
  function isGoingOn(summary: Summary, at: number): boolean {
    const shown = readings.listed(summary, at);
    return isOver(summary.status) ? shown === "news" : shown !== "outdated";
  }

  return {
    async drift(order, since) {
      if (since === null) {
        const view = await recallView(tools, order);
        if (view === null) return { kind: "unknown", why: "Nothing was read of the pipeline yet." };
        const out = await outOf(order, view, recallStage);
        const known = out.kind === "ok" ? out.value : [];
        return driftOf(order, view, [...outOfBandChanges.kept(view.own), ...known]);
      }
      const view = await look(order, since);
      if (view.kind === "trouble") return { kind: "unknown", why: view.why };
      const found = await outOfBandChanges.of({ ...order, ...view.value });
      if (found.kind === "trouble") return { kind: "unknown", why: found.why };
      const out = await outOf(order, view.value, ({ id }) => askStage(order, id));
      if (out.kind === "trouble") return { kind: "unknown", why: out.why };
      return driftOf(order, view.value, [...found.value, ...out.value]);
    },
  };
}

/** No stage has this name: what was not read yet is not said of any. */
const unplanned = "";

/** People know themselves by the last part of an ARN; the whole of it says where it is from. */
function personIn(detail: string): string {
  const name = /^arn:[^:]*:(?:iam|sts)::.*\/([^/]+)$/.exec(detail)?.[1];
  return name === undefined ? detail : `${name} (${detail})`;
}

function foreignExecutionsOf(
  { region, pipeline }: CodePipelinePart,
  summary: Summary,
  all: readonly Summary[],
): ForeignExecution {
  const { id, type, trigger, startedAt } = summary;
  const { state, why } = standingOf(summary, all.slice(0, all.indexOf(summary)));
  return {
    engineId: id,
    kind: type === "ROLLBACK" ? "rollback" : "standard",
    trigger: oneLine(trigger.type, limit.codepipeline.why_chars),
    by: personIn(oneLine(trigger.detail, limit.codepipeline.why_chars)),
    state,
    why,
    startedAt: startedAt === 0 ? null : startedAt,
    link: consoleLink(region, pipeline, id),
  };
}
