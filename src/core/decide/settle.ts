// Turns requests into outcomes, and outcomes into the answers that should stand under the comments.

import { isAskedBy } from "../command/asked.ts";
import type { PendingCommand } from "../command/request.ts";
import { isAbout, isWriter } from "../model/command.ts";
import type { StopWanted } from "../model/decision.ts";
import type { AnswerWanted, CommandResult } from "../model/effect.ts";
import type { CommandRequest, Execution, Facts, Outcome } from "../model/fact.ts";
import type { Verdict } from "../model/gate.ts";
import { limit } from "../model/limit.ts";
import type { Plan } from "../model/plan.ts";
import { type Reason, stateOf } from "../model/reason.ts";
import { isPersons } from "../model/stop.ts";
import { answerPage, explainText, helpText, statusText, tooManyPage } from "../render/answer.ts";
import { code, cutBytes, prose, sentence } from "../render/markdown.ts";
import { isLive } from "./attempt.ts";
import { type PartView, retryKey, retryStage } from "./part.ts";
import type { ProductionCommand } from "./production-command.ts";

export interface Settled {
  readonly answers: readonly AnswerWanted[];
  readonly results: readonly CommandResult[];
  /** Some request cannot be settled yet: a reading, an engine's answer or its turn is outstanding. */
  readonly waits: boolean;
}

/** What commands that start and stop can act on. */
export type Ground =
  | { readonly kind: "parts" }
  /** Which parts there are could not be read: the commands wait until it can. */
  | { readonly kind: "unread" }
  | { readonly kind: "nothing"; readonly why: string };

interface Scene {
  readonly facts: Facts;
  readonly head: string;
  readonly views: readonly PartView[];
  readonly shown: Verdict;
  readonly pendingCommands: readonly PendingCommand[];
  readonly stops: readonly StopWanted[];
  readonly ground: Ground;
  readonly productionCommands: readonly ProductionCommand[];
}

export function settle(scene: Scene): Settled {
  const results: CommandResult[] = [];
  let waits = false;
  for (const request of scene.facts.requests) {
    if (request.outcome !== null) continue;
    const outcome = outcomeOf(scene, request);
    if (outcome !== null) results.push({ key: request.key, outcome });
    else
      waits ||= scene.pendingCommands.some((pendingCommand) => pendingCommand.request === request);
  }
  return { answers: answersTo(scene.facts, results), results, waits };
}

/** The answers that should stand, to what was settled before and to what is settled now. */
export function answersTo(
  facts: Facts,
  results: readonly CommandResult[],
): readonly AnswerWanted[] {
  return facts.requests.flatMap((request, at) => {
    const { key, comment } = request;
    const outcome = request.outcome ?? results.find((result) => result.key === key)?.outcome;
    if (comment === null || outcome === undefined) return [];
    const before = askedBefore(facts.requests, at);
    if (before > limit.command.answers) return [];
    if (before === limit.command.answers) return [{ key, body: tooManyPage(key, request.actor) }];
    return [{ key, body: bodyOf(facts, request, outcome) }];
  });
}

/**
 * How much the person asked for in the hour before; 0 for who may write, whose every command is answered. A
 * stranger's answers would use up what an installation may write.
 */
function askedBefore(requests: readonly CommandRequest[], at: number): number {
  const one = requests[at];
  if (one === undefined || one.role.kind === "unknown" || isWriter(one.role.value)) return 0;
  const since = one.askedAt - limit.command.window_ms;
  return requests
    .slice(0, at)
    .filter(
      ({ actor, comment, askedAt }) => actor === one.actor && comment !== null && askedAt > since,
    ).length;
}

/** Null while one of its commands cannot be settled: an answer is given whole or not yet. */
function outcomeOf(scene: Scene, request: CommandRequest): readonly Outcome[] | null {
  const pendingCommands = scene.pendingCommands.filter(
    (pendingCommand) => pendingCommand.request === request,
  );
  const outcomes = pendingCommands.flatMap((pendingCommand) => {
    const become = resultOf(scene, pendingCommand);
    // What was refused is about the head that the person knew.
    const sha = become?.kind === "done" ? scene.head : (request.sha ?? scene.head);
    return become === null ? [] : [{ ...become, sha: become.sha === undefined ? sha : become.sha }];
  });
  return outcomes.length === 0 || outcomes.length < pendingCommands.length ? null : outcomes;
}

/** What became of a request; without a commit it is about the head. */
type Result = Omit<Outcome, "sha"> & Partial<Pick<Outcome, "sha">>;

function resultOf(scene: Scene, pendingCommand: PendingCommand): Result | null {
  const { authorization, command, request } = pendingCommand;
  if (authorization.kind === "unknown") return null;
  if (authorization.kind === "refused") return refused(sentence(authorization.why));
  const { facts, head, views, shown } = scene;
  switch (command.kind) {
    case "help":
      return done(helpText(planOf(facts)));
    case "status":
      return done(statusText(shown, views));
    case "explain":
      return done(explainText(shown, facts));
    case "verify":
    case "retry":
    case "stop": {
      if (scene.ground.kind === "unread") return null;
      if (scene.ground.kind === "nothing") return refused(prose(scene.ground.why));
      if (command.kind === "verify") return verified(views, head);
      const own = { ...scene, views: views.filter(({ pipeline }) => isAbout(command, pipeline)) };
      return command.kind === "stop" ? stopped(own) : retried(own, request, command.stage);
    }
    case "rollback":
    case "approve": {
      const productionCommand = scene.productionCommands.find(
        (one) => one.pendingCommand.request === request && one.pendingCommand.command === command,
      );
      if (productionCommand !== undefined) return productionCommand.become;
      if (scene.ground.kind === "unread") return null;
      return refused(
        prose(scene.ground.kind === "nothing" ? scene.ground.why : "No plan is in force."),
      );
    }
    case "unknown":
    case "invalid":
      return refused("There is no such command.");
  }
}

/** Null while a part waits in line: the request is kept until it is its turn. */
function verified(views: readonly PartView[], head: string): Result | null {
  if (views.length === 0)
    return refused(`No pipeline of the plan has anything to run for ${code(head.slice(0, 7))}.`);
  if (views.some(({ hold, reasons }) => hold !== null && inLine(hold) && reasons.includes(hold)))
    return null;
  const lines = views.map(({ name, hold, reasons, execution }) => {
    if (hold !== null && (execution === null || !isLive(execution)))
      return `- ${prose(hold.sentence)}`;
    return reasons[0]?.code === "stage_pending" || execution === null
      ? `- ${reasons.map(({ sentence }) => prose(sentence)).join(" ")}`
      : `- ${prose(name)} runs, or has run, as attempt ${execution.attempt}.`;
  });
  const kind = views.some(({ hold }) => hold === null) ? "done" : "refused";
  return { kind, text: lines.join("\n") };
}

function retried(scene: Scene, request: CommandRequest, named: string | null): Result | null {
  const lines: string[] = [];
  let some = false;
  for (const { name, spec, execution, hold, reasons } of scene.views) {
    if (execution === null) continue;
    const answer = execution.retries.find(
      ({ key }) => key === retryKey(request.key, execution.key),
    );
    if (answer !== undefined) {
      some ||= answer.state === "done";
      lines.push(
        answer.state === "done"
          ? `- ${prose(name)} runs again from its stage ${prose(answer.stage)}.`
          : `- ${prose(name)} could not be retried: ${prose(answer.why)}`,
      );
      continue;
    }
    if (isLive(execution)) {
      lines.push(`- ${prose(name)} is still running.`);
      continue;
    }
    if (hold !== null && inLine(hold)) return null;
    if (hold !== null) {
      lines.push(`- ${prose(hold.sentence)}`);
      continue;
    }
    if (execution.engineId !== null && retryStage(spec, execution, named) !== null) return null;
    lines.push(`- ${prose(name)} ${whyNoRetry(execution, reasons, named)}`);
  }
  if (lines.length === 0) return refused("Nothing has run yet, so there is nothing to retry.");
  return { kind: some ? "done" : "refused", text: lines.join("\n") };
}

function whyNoRetry(
  execution: Execution,
  reasons: readonly Reason[],
  named: string | null,
): string {
  if (reasons.every((reason) => stateOf(reason.code) === "success"))
    return "has passed; there is nothing to retry.";
  if (execution.state === "succeeded")
    return "ran to its end, so no stage of it can be retried; `/interlock verify` starts afresh.";
  if (execution.engineId === null)
    return "was never started by its engine; `/interlock verify` starts afresh.";
  return `has no stage ${code(named ?? "")} to retry.`;
}

/** Its turn comes by itself. */
function inLine(hold: Reason): boolean {
  return hold.code === "release_waits";
}

function stopped(scene: Scene): Result {
  const names = scene.views
    .filter(
      ({ execution }) =>
        scene.stops.some((stop) => stop.execution === execution?.key && isPersons(stop.reason)) ||
        isPersons(execution?.stopReason ?? null),
    )
    .map(({ name }) => prose(name));
  return names.length === 0
    ? refused("Nothing runs, so there is nothing to stop.")
    : done(`Stopping ${names.join(", ")}.`);
}

function bodyOf(facts: Facts, request: CommandRequest, outcome: readonly Outcome[]): string {
  const results = facts.executions.filter(
    (execution) => !isLive(execution) && causedBy(execution, request.key),
  );
  const rollbacks = facts.rollbacks.filter(
    (rollback) => !isLive(rollback) && isAskedBy(rollback.key, request.key),
  );
  return cutBytes(answerPage({ request, outcome, results, rollbacks }), limit.page.bytes);
}

function causedBy(execution: Execution, request: string): boolean {
  return (
    execution.cause === request ||
    execution.retries.some(
      ({ key, state }) => state === "done" && key === retryKey(request, execution.key),
    )
  );
}

function planOf(facts: Facts): Plan | null {
  return facts.plan.kind === "read" && facts.plan.parse.kind === "valid"
    ? facts.plan.parse.plan
    : null;
}

function done(text: string): Result {
  return { kind: "done", text };
}

function refused(text: string): Result {
  return { kind: "refused", text };
}
