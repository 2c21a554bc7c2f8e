// The lists of CodePipeline, newest first: pipelines, executions, runs of actions and of rules.
import type { Call } from "../operation.ts";
import { pageOf } from "../page.ts";
import { Refusal, refuse } from "../refusal.ts";
import type { Input } from "../shape.ts";
import { seconds } from "../wire/json.ts";
import { modeOf, versionOf } from "./executions.ts";
import type { inputs } from "./inputs.ts";
import type { Execution, Pipeline } from "./model.ts";
import { renderAction, renderRule, renderSummary } from "./render.ts";

/** docs.aws.amazon.com/codepipeline/latest/userguide/limits.html: twelve months of history. */
const history_ms = 365 * 24 * 60 * 60_000;
const page_max = 100;

export function listPipelines(call: Call<Input<typeof inputs.ListPipelines>>): object {
  const here = [...call.world.pipelines.values()]
    .filter((p) => p.account === call.account && p.region === call.region)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = pageOf(here, {
    size: call.input.maxResults ?? 1000,
    token: call.input.nextToken,
    list: "pipelines",
    idOf: (p) => p.name,
  });
  if (page instanceof Refusal) return page;
  const pipelines = page.items.map((pipeline) => ({
    name: pipeline.name,
    version: versionOf(pipeline),
    pipelineType: pipeline.declarations.at(-1)?.pipelineType ?? "V1",
    executionMode: modeOf(pipeline),
    created: seconds(pipeline.createdAt),
    updated: seconds(pipeline.updatedAt),
  }));
  return { pipelines, nextToken: page.nextToken };
}

export function listExecutions(
  call: Call<Input<typeof inputs.ListPipelineExecutions>>,
  pipeline: Pipeline,
): object {
  const { filter, maxResults = page_max, nextToken } = call.input;
  const stage = filter?.succeededInStage?.stageName;
  const all = visible(call, pipeline).filter(
    (e) => stage === undefined || hasSucceededIn(e, stage),
  );
  const page = pageOf(all, {
    size: maxResults,
    token: nextToken,
    list: `${pipeline.arn} executions ${stage ?? ""}`,
    idOf: (e) => e.id,
  });
  if (page instanceof Refusal) return page;
  return {
    pipelineExecutionSummaries: page.items.map(renderSummary),
    nextToken: page.nextToken,
  };
}

type ListRuns = Call<Input<typeof inputs.ListActionExecutions>>;

export function listActions(call: ListRuns, pipeline: Pipeline): object {
  const runs = runsOf(call, pipeline, {
    of: (e) => e.actions,
    same: (a) => `${a.stage.declaration.name}/${a.declaration.name}`,
  });
  if (runs instanceof Refusal) return runs;
  const page = pageRuns(call, runs, { name: "actions", idOf: (run) => run.id });
  if (page instanceof Refusal) return page;
  return { actionExecutionDetails: page.items.map(renderAction), nextToken: page.nextToken };
}

export function listRules(call: ListRuns, pipeline: Pipeline): object {
  const runs = runsOf(call, pipeline, {
    of: (e) =>
      e.stages.flatMap((stage) =>
        Object.values(stage.conditions).flatMap((c) => c.rules.map((rule) => ({ stage, rule, c }))),
      ),
    same: ({ stage, rule, c }) => `${stage.declaration.name}/${c.slot}/${rule.declaration.name}`,
  });
  if (runs instanceof Refusal) return runs;
  const page = pageRuns(call, runs, { name: "rules", idOf: ({ rule }) => rule.id });
  if (page instanceof Refusal) return page;
  return {
    ruleExecutionDetails: page.items.map(({ stage, rule }) => renderRule(stage, rule)),
    nextToken: page.nextToken,
  };
}

function runsOf<R>(
  call: ListRuns,
  pipeline: Pipeline,
  runs: { of(execution: Execution): R[]; same(run: R): string },
): R[] | Refusal {
  const { filter } = call.input;
  const latest = filter?.latestInPipelineExecution;
  const id = filter?.pipelineExecutionId ?? latest?.pipelineExecutionId;
  const executions = visible(call, pipeline).filter((e) => id === undefined || e.id === id);
  if (id !== undefined && executions.length === 0)
    return refuse(
      "PipelineExecutionNotFoundException",
      `The pipeline execution ${id} could not be found.`,
    );
  const all = executions.flatMap((e) => runs.of(e).toReversed());
  if (latest?.startTimeRange !== "Latest") return all;
  // Of each action its last attempt.
  const seen = new Set<string>();
  return all.filter((run) => !seen.has(runs.same(run)) && seen.add(runs.same(run)));
}

function pageRuns<R>(call: ListRuns, all: R[], of: { name: string; idOf(run: R): string }) {
  const { pipelineName, filter, maxResults = page_max, nextToken } = call.input;
  return pageOf(all, {
    size: maxResults,
    token: nextToken,
    list: [call.region, pipelineName, of.name, JSON.stringify(filter)].join(" "),
    idOf: of.idOf,
  });
}

function visible(call: Call<unknown>, pipeline: Pipeline): Execution[] {
  const now = call.world.clock.now();
  return pipeline.executions
    .filter((e) => now - e.startedAt >= call.unseenMs && now - e.startedAt <= history_ms)
    .reverse();
}

// Documented: successful in the stage, in the current version of the pipeline.
function hasSucceededIn(execution: Execution, stage: string): boolean {
  if (execution.version !== versionOf(execution.pipeline)) return false;
  return execution.stages.findLast((run) => run.declaration.name === stage)?.status === "Succeeded";
}
