// The folded part of every gate: the facts that the decision was made from, without the clock.

import { canonical } from "../model/canonical.ts";
import type { Execution, Facts, PlanReading } from "../model/fact.ts";
import { limit } from "../model/limit.ts";
import { block, fold } from "./markdown.ts";

export function saw(facts: Facts): string {
  return fold("Details for operators", block(JSON.stringify(sorted(seen(facts)), null, 2), "json"));
}

/** The facts cut to what a reader can use. Times of looks stay out: they would change each time. */
function seen(facts: Facts): object {
  const common = {
    subject: facts.subject,
    plan: planOf(facts.plan),
    files:
      facts.files.kind === "known"
        ? { count: facts.files.value.length, first: facts.files.value.slice(0, limit.page.paths) }
        : facts.files,
    executions: facts.executions.slice(-limit.page.executions).map(executionOf),
    pendingCommands: facts.requests.length,
    siblings: facts.siblings,
    ...around(facts),
    engines: facts.engines,
  };
  if ("pull" in facts)
    return {
      ...common,
      ...(facts.defaultPlan === null ? {} : { defaultPlan: planOf(facts.defaultPlan) }),
      pull: facts.pull.kind === "known" ? facts.pull.value : facts.pull,
      proposed: facts.proposed === null ? null : planOf(facts.proposed),
    };
  return { ...common, newer: facts.newer, busy: facts.busy, earlier: facts.waiting };
}

/** Left away where there is nothing, as on engines that nobody else can reach. */
function around({ driftReports, rollbacks }: Facts): object {
  return {
    ...(driftReports.length === 0
      ? {}
      : {
          driftReports: driftReports.map(({ pipeline, part, reading }) => ({
            of: `${pipeline}/${part}`,
            ...(reading.kind === "unknown"
              ? { unknown: reading.why }
              : {
                  differences: reading.value.differences.map(({ sentence }) => sentence),
                  foreignExecutions: reading.value.foreignExecutions.map(
                    ({ engineId, trigger, by, state }) => ({
                      engineId,
                      trigger,
                      by,
                      state,
                    }),
                  ),
                }),
          })),
        }),
    ...(rollbacks.length === 0
      ? {}
      : {
          rollbacks: rollbacks.map(({ pipeline, stage, from, sha, actor, state, why }) => ({
            of: `${pipeline}/${stage}`,
            from,
            to: sha,
            actor,
            state,
            why,
          })),
        }),
  };
}

function planOf(reading: PlanReading): object {
  if (reading.kind !== "read") return reading;
  return reading.parse.kind === "valid"
    ? { blob: reading.blob, pipelines: reading.parse.plan.pipelines.map(({ name }) => name) }
    : { blob: reading.blob, problems: reading.parse.problems.length };
}

function executionOf(execution: Execution): object {
  return {
    run: `${execution.pipeline}/${execution.part} #${execution.attempt}`,
    sha: execution.sha,
    cause: execution.cause,
    state: execution.state,
    stages: execution.stages.map(({ name, state }) => `${name}: ${state}`),
    ...(execution.outOfBandChanges.length === 0
      ? {}
      : { outOfBandChanges: execution.outOfBandChanges.map(({ sentence }) => sentence) }),
  };
}

function sorted(value: object): unknown {
  return JSON.parse(canonical(value));
}
