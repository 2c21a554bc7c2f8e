// Turns wishes into outcomes, and outcomes into the answers that should stand under the comments.

import { isAskedBy } from "../command/asked.ts";
import type { Wish } from "../command/wish.ts";
import { isAbout, isWriter } from "../model/command.ts";
import type { StopWanted } from "../model/decision.ts";
import type { AnswerWanted, Settlement } from "../model/effect.ts";
import type { Execution, Facts, Intention, Outcome } from "../model/fact.ts";
import type { Verdict } from "../model/gate.ts";
import { limit } from "../model/limit.ts";
import type { Plan } from "../model/plan.ts";
import { type Reason, stateOf } from "../model/reason.ts";
import { isPersons } from "../model/stop.ts";
import { answerPage, explainText, helpText, statusText, tooManyPage } from "../render/answer.ts";
import { code, cutBytes, prose } from "../render/markdown.ts";
import { isLive } from "./attempt.ts";
import type { Intervention } from "./intervene.ts";
import { type PartView, retryKey, retryStage } from "./part.ts";

export interface Settled {
  readonly answers: readonly AnswerWanted[];
  readonly settlements: readonly Settlement[];
  /** Some wish cannot be settled yet: a reading, an engine's answer or its turn is outstanding. */
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
  readonly wishes: readonly Wish[];
  readonly stops: readonly StopWanted[];
  readonly ground: Ground;
  readonly interventions: readonly Intervention[];
}

export function settle(scene: Scene): Settled {
  const settlements: Settlement[] = [];
  let waits = false;
  for (const intention of scene.facts.intentions) {
    if (intention.outcome !== null) continue;
    const outcome = outcomeOf(scene, intention);
    if (outcome !== null) settlements.push({ key: intention.key, outcome });
    else waits ||= scene.wishes.some((wish) => wish.intention === intention);
  }
  return { answers: answersTo(scene.facts, settlements), settlements, waits };
}

/** The answers that should stand, to what was settled before and to what is settled now. */
export function answersTo(
  facts: Facts,
  settlements: readonly Settlement[],
): readonly AnswerWanted[] {
  return facts.intentions.flatMap((intention, at) => {
    const { key, comment } = intention;
    const outcome =
      intention.outcome ?? settlements.find((settlement) => settlement.key === key)?.outcome;
    if (comment === null || outcome === undefined) return [];
    const before = askedBefore(facts.intentions, at);
    if (before > limit.command.answers) return [];
    if (before === limit.command.answers) return [{ key, body: tooManyPage(key, intention.actor) }];
    return [{ key, body: bodyOf(facts, intention, outcome) }];
  });
}

/**
 * How much the person asked for in the hour before; 0 for who may write, whose every command is answered. A
 * stranger's answers would use up what an installation may write.
 */
function askedBefore(intentions: readonly Intention[], at: number): number {
  const one = intentions[at];
  if (one === undefined || one.role.kind === "unknown" || isWriter(one.role.value)) return 0;
  const since = one.askedAt - limit.command.window_ms;
  return intentions
    .slice(0, at)
    .filter(
      ({ actor, comment, askedAt }) => actor === one.actor && comment !== null && askedAt > since,
    ).length;
}

/** Null while one of its commands cannot be settled: an answer is given whole or not yet. */
function outcomeOf(scene: Scene, intention: Intention): readonly Outcome[] | null {
  const wishes = scene.wishes.filter((wish) => wish.intention === intention);
  const outcomes = wishes.flatMap((wish) => {
    const become = outcomeOfWish(scene, wish);
    // What was refused is about the head that the person knew.
    const sha = become?.kind === "done" ? scene.head : (intention.sha ?? scene.head);
    return become === null ? [] : [{ ...become, sha: become.sha === undefined ? sha : become.sha }];
  });
  return outcomes.length === 0 || outcomes.length < wishes.length ? null : outcomes;
}

/** What became of a wish; without a commit it is about the head. */
type Become = Omit<Outcome, "sha"> & Partial<Pick<Outcome, "sha">>;

function outcomeOfWish(scene: Scene, wish: Wish): Become | null {
  const { ruling, command, intention } = wish;
  if (ruling.kind === "unknown") return null;
  if (ruling.kind === "refused") return refused(prose(ruling.why));
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
      return command.kind === "stop" ? stopped(own) : retried(own, intention, command.stage);
    }
    case "rollback":
    case "approve": {
      const intervention = scene.interventions.find(
        (one) => one.wish.intention === intention && one.wish.command === command,
      );
      if (intervention !== undefined) return intervention.become;
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

/** Null while a part waits in line: the wish is kept until it is its turn. */
function verified(views: readonly PartView[], head: string): Become | null {
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

function retried(scene: Scene, intention: Intention, named: string | null): Become | null {
  const lines: string[] = [];
  let some = false;
  for (const { name, spec, execution, hold, reasons } of scene.views) {
    if (execution === null) continue;
    const answer = execution.retries.find(
      ({ key }) => key === retryKey(intention.key, execution.key),
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
    return "was never begun by its engine; `/interlock verify` starts afresh.";
  return `has no stage ${code(named ?? "")} to retry.`;
}

/** Its turn comes by itself. */
function inLine(hold: Reason): boolean {
  return hold.code === "release_waits";
}

function stopped(scene: Scene): Become {
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

function bodyOf(facts: Facts, intention: Intention, outcome: readonly Outcome[]): string {
  const results = facts.executions.filter(
    (execution) => !isLive(execution) && causedBy(execution, intention.key),
  );
  const rollbacks = facts.rollbacks.filter(
    (rollback) => !isLive(rollback) && isAskedBy(rollback.key, intention.key),
  );
  return cutBytes(answerPage({ intention, outcome, results, rollbacks }), limit.page.bytes);
}

function causedBy(execution: Execution, intention: string): boolean {
  return (
    execution.cause === intention ||
    execution.retries.some(
      ({ key, state }) => state === "done" && key === retryKey(intention, execution.key),
    )
  );
}

function planOf(facts: Facts): Plan | null {
  return facts.plan.kind === "read" && facts.plan.parse.kind === "valid"
    ? facts.plan.parse.plan
    : null;
}

function done(text: string): Become {
  return { kind: "done", text };
}

function refused(text: string): Become {
  return { kind: "refused", text };
}
