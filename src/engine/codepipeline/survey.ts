// Holds a pipeline of AWS against the part of the plan that names it, and finds what others started in it.

import type { Known } from "../../core/fact.ts";
import { limit } from "../../core/limit.ts";
import type { CodePipelinePart } from "../../core/plan.ts";
import type { Adopted, Survey } from "../../core/survey.ts";
import type { Clock, PipelineRuns } from "../../port.ts";
import { differencesOf } from "./differences.ts";
import type { Executions, Summary } from "./executions.ts";
import { shaIn } from "./rollback-target.ts";
import type { Session } from "./session.ts";
import { findSource } from "./source.ts";
import { readState, type StageNow } from "./state.ts";
import { standingOf } from "./status.ts";
import type { Structures } from "./structures.ts";
import { consoleLink, oneLine } from "./text.ts";
import type { Reply } from "./trouble.ts";

export interface SurveyTools {
  readonly runs: PipelineRuns;
  readonly structures: Structures;
  readonly executions: Executions;
  readonly clock: Clock;
}

export interface Surveys {
  survey(session: Session, spec: CodePipelinePart, sha: string): Promise<Known<Survey>>;
}

/** Structure and state serve all commits of a pipeline for a while; its executions are those of the last list. */
export function openSurveys(tools: SurveyTools): Surveys {
  const { runs, structures, executions, clock } = tools;
  const states = new Map<
    string,
    { readonly at: number; readonly reply: Promise<Reply<readonly StageNow[]>> }
  >();

  async function stateOf(
    session: Session,
    spec: CodePipelinePart,
  ): Promise<Reply<readonly StageNow[]>> {
    const key = `${session.key} ${spec.region} ${spec.pipeline}`;
    const at = clock();
    for (const [old, kept] of states)
      if (at - kept.at >= limit.codepipeline.survey_ms) states.delete(old);
    const kept = states.get(key) ?? { at, reply: readState(session, spec) };
    states.set(key, kept);
    const reply = await kept.reply;
    if (reply.kind === "trouble" && states.get(key) === kept) states.delete(key);
    return reply;
  }

  return {
    async survey(session, spec, sha) {
      const age_ms = limit.codepipeline.survey_ms;
      const structure = await structures.current(session, spec, age_ms);
      if (structure.kind === "trouble") return { kind: "unknown", why: structure.why };
      const state = await stateOf(session, spec);
      if (state.kind === "trouble") return { kind: "unknown", why: state.why };
      const page = await executions.recent(session, spec, "recent");
      if (page.kind === "trouble") return { kind: "unknown", why: page.why };
      const { summaries } = page.value;
      const source = findSource(spec, structure.value);
      const name = source.kind === "chosen" ? source.source.name : null;
      const own = summaries.filter((summary) => shaIn(summary, name) === sha);
      const known = await runs.known(own.map(({ id }) => id));
      const differences = differencesOf({
        spec,
        structure: structure.value,
        state: state.value,
        own,
      });
      const adopted = own
        .filter(({ id }) => !known.has(id))
        .map((summary) => adoptedOf(spec, summary, summaries));
      return { kind: "known", value: { differences, adopted } };
    },
  };
}

function adoptedOf(
  { region, pipeline }: CodePipelinePart,
  summary: Summary,
  all: readonly Summary[],
): Adopted {
  const { id, type, trigger, startedAt } = summary;
  const { state, why } = standingOf(summary, all.slice(0, all.indexOf(summary)));
  return {
    engineId: id,
    kind: type === "ROLLBACK" ? "rollback" : "standard",
    trigger: oneLine(trigger.type, limit.codepipeline.why_chars),
    by: oneLine(trigger.detail, limit.codepipeline.why_chars),
    state,
    why,
    startedAt: startedAt === 0 ? null : startedAt,
    link: consoleLink(region, pipeline, id),
  };
}
