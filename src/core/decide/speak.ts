// Puts what is to be said of a pull request together: verdict, checks, answers, stops and times.

import { authorizeCommands, type PendingCommand } from "../command/request.ts";
import type { Decision, StopWanted } from "../model/decision.ts";
import type { Execution, Pull, PullFacts } from "../model/fact.ts";
import { verdictOf } from "../model/gate.ts";
import type { PlanProblem } from "../model/plan.ts";
import type { Reason } from "../model/reason.ts";
import type { StopReason } from "../model/stop.ts";
import { checksOf, obsoleteNames } from "../render/checks.ts";
import { isStoppable } from "./attempt.ts";
import { dueOf } from "./due.ts";
import { effectsOf } from "./intervene.ts";
import type { PartDecision } from "./part.ts";
import type { ProductionCommand } from "./production-command.ts";
import { type Ground, settle } from "./settle.ts";
import { combineSiblings, sharesGate, toWake } from "./sibling.ts";

export interface Speech {
  readonly reasons: readonly Reason[];
  readonly problems?: readonly PlanProblem[];
  readonly preview?: readonly string[];
  readonly parts?: readonly PartDecision[];
  readonly pendingCommands?: readonly PendingCommand[];
  readonly ground?: Ground;
  readonly productionCommands?: readonly ProductionCommand[];
  readonly stops?: readonly StopWanted[];
  /** Correct what stands, but say nothing where nothing was said yet. */
  readonly onlyCorrect?: true;
  /** Say it only where nobody else speaks of the commit, and have no say in what others do. */
  readonly aside?: true;
  readonly silentFor?: string;
}

/** Puts the verdict together with the checks, answers and times that follow from it. */
export function speak(facts: PullFacts, pull: Pull, speech: Speech): Decision {
  const sha = pull.head.sha;
  const parts = speech.parts ?? [];
  const views = parts.map(({ view }) => view);
  const stops = [
    ...stopsOf(facts, (execution) => execution.sha !== sha, "head_moved"),
    ...(speech.stops ?? []),
    ...parts.flatMap((part) => part.stops),
  ];

  const verdict = verdictOf(speech.reasons);
  const { shown, owner, wake } = speech.aside
    ? {
        shown: verdict,
        owner: facts.siblings.every(
          (one) => one.verdict === null || !sharesGate(facts.subject, one),
        ),
        // Once: those who counted what it said before.
        wake: facts.lastVerdict === null ? [] : toWake(facts.siblings),
      }
    : combineSiblings(facts, sha, verdict);
  const checks = checksOf({
    facts,
    sha,
    base: pull.base.ref,
    views,
    shown,
    problems: speech.problems ?? [],
    preview: speech.preview ?? [],
    gate: owner,
  });
  const { productionCommands = [] } = speech;
  const settled = settle({
    facts,
    head: sha,
    views,
    shown,
    pendingCommands: speech.pendingCommands ?? [],
    stops,
    ground: speech.ground ?? { kind: "unread" },
    productionCommands,
  });
  return {
    open: true,
    sha,
    base: pull.base.ref,
    verdict: speech.aside ? null : verdict,
    ...(speech.silentFor !== undefined && { silentFor: speech.silentFor }),
    runs: parts.flatMap(({ run }) => (run === null ? [] : [run])),
    stops,
    retries: parts.flatMap((part) => part.retries),
    ...effectsOf(productionCommands),
    checks: speech.onlyCorrect ? [] : checks,
    corrections: speech.onlyCorrect ? checks : [],
    obsolete: obsoleteNames(facts, sha, { views, ground: speech.ground }),
    end: null,
    answers: settled.answers,
    results: settled.results,
    wake: [...wake, ...facts.successors],
    dueAt: dueOf({ facts, views, reasons: shown.reasons, waits: settled.waits }),
  };
}

/** Without a valid plan commands are answered, but nothing can be started or stopped. */
export function idle(
  facts: PullFacts,
  pull: Pull,
  why: string,
): Pick<Speech, "pendingCommands" | "ground"> {
  const { requests } = facts;
  const pendingCommands = authorizeCommands({
    requests,
    head: pull.head.sha,
    fork: pull.fork,
    plan: null,
  });
  return { pendingCommands, ground: { kind: "nothing", why } };
}

/** Stops for those of the executions that can be stopped. */
export function stopsOf(
  facts: PullFacts,
  which: (execution: Execution) => boolean,
  reason: StopReason,
): readonly StopWanted[] {
  return facts.executions
    .filter((execution) => isStoppable(execution, facts.engines) && which(execution))
    .map((execution) => ({ execution: execution.key, reason }));
}
