// Decides about a landed commit: which pipelines release it, when, and what came of it.

import { authorizeCommands, type PendingCommand } from "../command/request.ts";
import { isProductionCommand } from "../model/command.ts";
import { type Decision, type StopWanted, silence } from "../model/decision.ts";
import { subjectKey } from "../model/event.ts";
import type { CommitFacts } from "../model/fact.ts";
import { verdictOf } from "../model/gate.ts";
import { limit } from "../model/limit.ts";
import type { Pipeline, Plan, PlanProblem } from "../model/plan.ts";
import { type Reason, type ReasonCode, stateOf } from "../model/reason.ts";
import { openSteps, type Steps } from "../plan/glob.ts";
import { coversBranch, route } from "../plan/route.ts";
import { checksOf, obsoleteNames } from "../render/checks.ts";
import { isLive, latest, mayArrive } from "./attempt.ts";
import { barOf, broughtBy, overtaken } from "./carrier.ts";
import { driftOf } from "./drift-reasons.ts";
import { dueOf, isLost } from "./due.ts";
import { effectsOf, productionCommands } from "./intervene.ts";
import { decidePart, type PartDecision } from "./part.ts";
import type { ProductionCommand } from "./production-command.ts";
import { holdOf, routeReasons, short } from "./release-reasons.ts";
import { type Ground, settle } from "./settle.ts";
import { combineSiblings, sharesGate, toWake } from "./sibling.ts";
import { costly, unlisted } from "./verify.ts";

export function decideRelease(facts: CommitFacts): Decision {
  const { defaultPlan, plan, subject, now } = facts;
  if (facts.landing?.kind === "first" && facts.executions.length === 0) {
    if (!facts.landing.noted) return silence({ open: true, dueAt: now + limit.look.again_ms });
    return ungoverned(facts, {
      code: "first_seen",
      sentence: `${subject.branch} was seen for the first time with this commit, and what is there at first is not released.`,
    });
  }
  // Only the default branch's plan makes a branch governed: a plan on any other branch could name itself.
  if (defaultPlan.kind === "unknown") return unreadPlan(facts);
  const steps = openSteps(facts.steps);
  const off = whyOff(facts, steps);
  // What was started is brought to its end by the plan that it was started by; nothing more is started.
  if (off !== null && facts.executions.length === 0) {
    if (off.code === "patterns_costly")
      return speak(facts, { reasons: [off], ...idle(facts, off.sentence) });
    if (defaultPlan.kind === "absent" || defaultPlan.parse.kind === "valid")
      return ungoverned(facts, off);
    // Which branches are governed will be known once it is fixed, so this is not the last word.
    const again = { open: true, dueAt: now + limit.look.running_ms };
    if (plan.kind === "read" && plan.parse.kind === "valid")
      if (coversBranch(plan.parse.plan, subject.branch, steps) === false)
        return { ...ungoverned(facts, off), sha: subject.sha, ...again };
    return {
      ...speak(facts, invalid(facts, "the default branch", defaultPlan.parse.problems)),
      ...again,
    };
  }

  switch (plan.kind) {
    case "unknown":
      return unreadPlan(facts);
    case "absent":
      return speak(facts, {
        reasons: [
          {
            code: "plan_missing",
            sentence: `The plan is gone at ${short(subject.sha)}, though ${subject.branch} is a branch of the default branch's plan.`,
          },
        ],
        ...idle(facts, `There is no plan at ${short(subject.sha)}, so nothing can be run by it.`),
      });
    case "read":
      if (plan.parse.kind === "invalid")
        return speak(facts, invalid(facts, short(subject.sha), plan.parse.problems));
      return underPlan({ facts, plan: plan.parse.plan, off, steps });
  }
}

/** What it may have changed about the plan counts at once: anyone who is judged by the plan waits for it too. */
function unreadPlan({ now, failures, judgedOtherwise }: CommitFacts): Decision {
  const wake = failures === 0 ? judgedOtherwise : [];
  return silence({ open: true, dueAt: now + limit.look.again_ms, wake });
}

/** Why the branch is not governed now; null where it is one. */
function whyOff({ defaultPlan, subject }: CommitFacts, steps: Steps): Reason | null {
  if (defaultPlan.kind === "read" && defaultPlan.parse.kind === "invalid")
    return {
      code: "plan_invalid",
      sentence: "The plan of the default branch is not valid, so nothing is released by it.",
    };
  if (defaultPlan.kind === "read" && defaultPlan.parse.kind === "valid") {
    const covers = coversBranch(defaultPlan.parse.plan, subject.branch, steps);
    if (covers === null) return costly("the default branch");
    if (covers) return null;
  }
  return {
    code: "plan_missing",
    sentence: `${subject.branch} is no branch of the default branch's plan any more.`,
  };
}

/** Silence about a branch that is not governed, and an end to what was said while it was. */
function ungoverned({ siblings, successors, judgedOtherwise }: CommitFacts, end: Reason): Decision {
  return silence({
    end,
    // Siblings may be waiting for a verdict that will not come.
    wake: [...toWake(siblings), ...successors, ...judgedOtherwise],
  });
}

function underPlan(given: {
  readonly facts: CommitFacts;
  readonly plan: Plan;
  readonly off: Reason | null;
  readonly steps: Steps;
}): Decision {
  const { facts, plan, off, steps } = given;
  const { subject, files, requests } = facts;
  const { sha } = subject;
  const way = route({ plan, branch: subject.branch, files, steps });
  const force = inForce(facts, off);
  const out = isTakenOut(facts);
  const takenOut = out === "no" ? {} : { takenOut: { by: force, isKnown: out === "yes" } };
  const pendingCommands = authorizeCommands({
    requests,
    head: sha,
    fork: false,
    plan,
    ...takenOut,
  }).filter(({ command }) => !isProductionCommand(command));
  if (files.kind === "unknown")
    return speak(facts, {
      reasons: [unlisted(files)],
      pendingCommands,
      ground: { kind: "unread" },
    });
  if (way.coverage === "costly")
    return speak(facts, {
      reasons: [costly(short(sha))],
      pendingCommands,
      ground: { kind: "unread" },
    });

  const heardLate = late(facts);
  if (heardLate !== null) return speak(facts, heardLate);

  const reasons: Reason[] = [...routeReasons(facts, way)];
  const parts: PartDecision[] = [];
  const bar = barOf(facts);
  for (const pipeline of way.pipelines) {
    if (pipeline.release === null) continue;
    const carried = carriedBy(facts, plan, pipeline);
    // A later commit carries only what it contains.
    if (carried !== null && bar?.code !== "landing_gone" && bar?.code !== "landing_unknown") {
      reasons.push(carried);
      continue;
    }
    parts.push(
      decidePart({
        subject: subjectKey(subject),
        generation: facts.generation,
        pipeline: pipeline.name,
        part: "release",
        spec: pipeline.release,
        sha,
        now: facts.now,
        executions: facts.executions,
        engines: facts.engines,
        pendingCommands,
        drift: driftOf(facts, pipeline.name, "release"),
        rollbacks: facts.rollbacks,
        hold: off ?? bar ?? holdOf(facts, plan, pipeline),
      }),
    );
  }
  reasons.push(...parts.flatMap(({ view }) => view.reasons));
  if (reasons.length === 0)
    reasons.push({
      code: "nothing_to_release",
      sentence: "No pipeline of the plan has a release for the changed paths.",
    });
  const acts = authorizeCommands({ requests, head: sha, fork: false, plan: force }).filter(
    ({ command }) => isProductionCommand(command),
  );
  return speak(facts, {
    reasons,
    parts,
    pendingCommands: [...pendingCommands, ...acts],
    ground: { kind: "parts" },
    productionCommands:
      force === null ? [] : productionCommands({ facts, plan: force, pendingCommands: acts }),
  });
}

/** Who may act on production, and where that is, the default branch's plan says as it is now. */
function inForce({ defaultPlan }: CommitFacts, off: Reason | null): Plan | null {
  if (off !== null || defaultPlan.kind !== "read" || defaultPlan.parse.kind !== "valid")
    return null;
  return defaultPlan.parse.plan;
}

/** Whether somebody has taken the commit out of production, by Interlock or around it; the engine may not say. */
function isTakenOut(facts: CommitFacts): "yes" | "no" | "unknown" {
  const { rollbacks, executions, driftReports, subject } = facts;
  const { sha } = subject;
  if (rollbacks.some((one) => one.from === sha && one.state !== "refused")) return "yes";
  const names = new Set(executions.map(({ pipeline }) => pipeline));
  const newest = [...names].flatMap(
    (pipeline) => latest(executions, { pipeline, part: "release", sha }) ?? [],
  );
  if (
    newest.some(({ outOfBandChanges }) =>
      outOfBandChanges.some(({ kind }) => kind === "rolled_back"),
    )
  )
    return "yes";
  const isUnread = newest.some(
    ({ pipeline, stages }) =>
      stages.some(({ state }) => state === "succeeded") &&
      driftReports.some((drift) => drift.pipeline === pipeline && drift.reading.kind === "unknown"),
  );
  return isUnread ? "unknown" : "no";
}

/** Older code never goes out after newer: where a later commit was released, it carried this one. */
function carriedBy(facts: CommitFacts, plan: Plan, pipeline: Pipeline): Reason | null {
  const own = latest(facts.executions, {
    pipeline: pipeline.name,
    part: "release",
    sha: facts.subject.sha,
  });
  return own === null ? overtaken(facts, plan, pipeline) : null;
}

/**
 * One that was heard of late has no paths of its own: they are not compared with what was there before it.
 * It takes the verdict of the commit that brought it. Null where it is judged by itself.
 */
function late(facts: CommitFacts): Speech | null {
  const bar = barOf(facts);
  if (!facts.isLate || facts.executions.length > 0 || bar === null) return null;
  const reason = broughtBy(facts) ?? bar;
  return { reasons: [reason], ...idle(facts, reason.sentence) };
}

interface Speech {
  readonly reasons: readonly Reason[];
  readonly problems?: readonly PlanProblem[];
  readonly parts?: readonly PartDecision[];
  readonly pendingCommands: readonly PendingCommand[];
  readonly ground: Ground;
  readonly productionCommands?: readonly ProductionCommand[];
}

function speak(facts: CommitFacts, speech: Speech): Decision {
  const { sha, branch } = facts.subject;
  // What never was on its way says so, and leaves what is said of the commit elsewhere alone.
  const aside = speech.reasons.some(({ code }) => isLeft(code)) && facts.executions.length === 0;
  const parts = speech.parts ?? [];
  const views = parts.map(({ view }) => view);
  const stops: StopWanted[] = [...parts.flatMap((part) => part.stops), ...left(facts)];
  const verdict = verdictOf(speech.reasons);
  const { shown, owner, wake } = aside
    ? {
        shown: verdict,
        owner: facts.siblings.every(
          (one) => one.verdict === null || !sharesGate(facts.subject, one),
        ),
        wake: [],
      }
    : combineSiblings(facts, sha, verdict);
  const checks = checksOf({
    facts,
    sha,
    base: branch,
    views,
    shown,
    problems: speech.problems ?? [],
    preview: [],
    gate: owner,
  });
  const { pendingCommands, ground, productionCommands: asked = [] } = speech;
  const scene = {
    facts,
    head: sha,
    views,
    shown,
    pendingCommands,
    stops,
    ground,
    productionCommands: asked,
  };
  const settled = settle(scene);
  const news = aside
    ? facts.lastVerdict !== null || facts.gateOwner === null
    : facts.lastVerdict?.verdict !== verdict.state;
  const dueAt = dueOf({ facts, views, reasons: shown.reasons, waits: settled.waits });
  return {
    // A commit rests once nothing of it is to come; a re-run from the Checks page opens it again.
    open:
      speech.reasons.some(({ code }) => stateOf(code) === "in_progress") ||
      facts.executions.some((one) => isLive(one) || mayArrive(one, facts.now)) ||
      facts.rollbacks.some(isLive) ||
      isLost(facts) ||
      (!aside &&
        facts.siblings.some(({ key, verdict: word }) => isPull(key) && word !== "success")) ||
      settled.waits,
    sha,
    base: branch,
    verdict: aside ? null : verdict,
    runs: parts.flatMap(({ run }) => (run === null ? [] : [run])),
    stops,
    retries: parts.flatMap((part) => part.retries),
    ...effectsOf(asked),
    checks,
    corrections: [],
    obsolete: obsoleteNames(facts, sha, { views, ground: speech.ground }),
    end: null,
    answers: settled.answers,
    results: settled.results,
    // Those that landed later may be waiting for this verdict, those before it for what carries them.
    wake: news
      ? [
          ...wake,
          ...facts.newer.map(({ key }) => key),
          ...facts.waiting,
          ...facts.carried,
          ...facts.judgedOtherwise,
        ]
      : wake,
    dueAt,
  };
}

/** What was meant to start and never did holds up whatever comes after it, unless it ends. */
function left({ landing, executions }: CommitFacts): readonly StopWanted[] {
  if (landing?.kind !== "old" && landing?.kind !== "gone") return [];
  return executions
    .filter(
      ({ state, stopReason, stopRefused }) =>
        state === "intended" ||
        // It was given up, and reached its engine all the same.
        (state === "running" && stopReason === "landing_gone" && stopRefused === null),
    )
    .map(({ key }) => ({ execution: key, reason: "landing_gone" }));
}

function isLeft(code: ReasonCode): boolean {
  return code === "landed_late" || code === "landing_gone" || code === "first_seen";
}

/** A pull request can take its word back by moving on; what was said of a landed commit stays. */
function isPull(key: string): boolean {
  return key.startsWith("pull:");
}

/** Without a valid plan nothing can be started or stopped. */
function idle(facts: CommitFacts, why: string): Pick<Speech, "pendingCommands" | "ground"> {
  const { requests, subject } = facts;
  const pendingCommands = authorizeCommands({
    requests,
    head: subject.sha,
    fork: false,
    plan: null,
  });
  return { pendingCommands, ground: { kind: "nothing", why } };
}

function invalid(facts: CommitFacts, where: string, problems: readonly PlanProblem[]): Speech {
  return {
    ...idle(facts, `The plan of ${where} is not valid, so nothing can be run by it.`),
    reasons: [
      {
        code: "plan_invalid",
        sentence: `The plan of ${where} has ${problems.length} problem${problems.length === 1 ? "" : "s"}.`,
      },
    ],
    problems,
  };
}
