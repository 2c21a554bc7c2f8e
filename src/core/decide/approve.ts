// Answers an approval that a stage of a release waits for.

import type { Command } from "../model/command.ts";
import type { Execution, Facts } from "../model/fact.ts";
import type { Plan } from "../model/plan.ts";
import { code, prose } from "../render/markdown.ts";
import { isLive } from "./attempt.ts";
import type { Ask, ProductionCommand } from "./production-command.ts";
import {
  authorship,
  isCalled,
  keyOf,
  noPipeline,
  nothing,
  refused,
  short,
  stageCalled,
} from "./production-command.ts";

export function approve(
  facts: Facts,
  plan: Plan,
  { pendingCommand, command }: Ask<"approve">,
): ProductionCommand {
  const refuse = (why: string) => refused(pendingCommand, why);
  const { request } = pendingCommand;
  const pipeline = plan.pipelines.find(({ name }) => isCalled(name, command.pipeline));
  if (pipeline === undefined) return refuse(noPipeline(plan, command.pipeline));
  const { name } = pipeline;
  const all = [...facts.executions, ...facts.releases].filter((one) => one.pipeline === name);
  const key = keyOf(pendingCommand);
  for (const execution of all) {
    const answer = execution.approvals.find((approval) => approval.key === key);
    if (answer?.state === "refused") return refuse(answer.why);
    if (answer !== undefined) {
      const text = `Approved ${prose(answer.stage)} of ${prose(`${name}/${execution.part}`)} for ${code(short(execution.sha))}, attempt ${execution.attempt}.`;
      return { ...nothing(pendingCommand), become: { kind: "done", text, sha: execution.sha } };
    }
  }
  const candidates =
    "shown" in command ? shownIn(facts, command, request.sha) : meantIn(all, command.stage);
  const waiting = candidates.filter(({ execution, stage }) =>
    execution.stages.some((fact) => fact.name === stage && fact.state === "waiting"),
  );
  const [chosen, other] = waiting.length > 0 ? waiting : candidates;
  if (chosen === undefined || ("shown" in command && waiting.length === 0))
    return refuse(
      "shown" in command
        ? "What the check showed does not wait for an approval any more."
        : `Nothing of ${name} runs that has a stage ${command.stage}, so there is nothing to approve.`,
    );
  const { execution, stage } = chosen;
  if (other !== undefined && other.execution.key !== execution.key)
    return refuse(
      `${execution.pipeline}/${execution.part} of ${short(execution.sha)} and ${other.execution.pipeline}/${other.execution.part} of ${short(other.execution.sha)} both wait in ${stage}. Approve with the button on the check of the one that is meant.`,
    );
  if (!facts.engineCapabilities.approve.includes(execution.spec.engine))
    return refuse(`The engine ${execution.spec.engine} knows no approvals.`);
  // What is approved is what the person could see, and no execution that began after.
  if (execution.createdAt > request.askedAt)
    return refuse(
      `The execution that waits in ${stage} began after this was asked for; repeat it if it is meant for ${short(execution.sha)}.`,
    );
  const own = authorship(facts, plan, { pendingCommand, verb: "approve", sha: execution.sha });
  if (own !== null) return own;
  const approval = { key, execution: execution.key, stage, actor: request.actor };
  return { ...nothing(pendingCommand), approval };
}

export interface Waiting {
  readonly execution: Execution;
  readonly stage: string;
}

/** What the check with the button showed: of this very subject, commit and attempt. */
export function shownIn(
  { executions }: Facts,
  { pipeline, shown }: Extract<Command, { shown: unknown }>,
  sha: string | null,
): readonly Waiting[] {
  return executions.flatMap((execution) => {
    const { part, attempt } = execution;
    const isShown = part === shown.part && attempt === shown.attempt && execution.sha === sha;
    const stage = execution.stages[shown.stage]?.name;
    if (!isShown || execution.pipeline !== pipeline || stage === undefined) return [];
    return isLive(execution) && execution.engineId !== null ? [{ execution, stage }] : [];
  });
}

export function meantIn(all: readonly Execution[], named: string | null): readonly Waiting[] {
  return all.flatMap((execution) => {
    if (!isLive(execution) || execution.engineId === null || named === null) return [];
    // The engine may have more stages than the plan, and one of them may wait.
    const stage =
      stageCalled(execution.spec, named) ??
      execution.stages.find(({ name }) => isCalled(name, named))?.name;
    return stage === undefined ? [] : [{ execution, stage }];
  });
}
