// Decides about a landed commit: which pipelines release it, when, and what came of it.

import { openWishes, type Wish } from "../command/wish.ts";
import { isIntervention } from "../model/command.ts";
import { type Decision, type StopWanted, silence } from "../model/decision.ts";
import { subjectKey } from "../model/event.ts";
import type { CommitFacts } from "../model/fact.ts";
import { verdictOf } from "../model/gate.ts";
import { limit } from "../model/limit.ts";
import type { Pipeline, Plan, PlanProblem } from "../model/plan.ts";
import { isSamePlace, mayBeRenamed } from "../model/production-place.ts";
import { type Reason, type ReasonCode, stateOf } from "../model/reason.ts";
import { openSteps, type Steps } from "../plan/glob.ts";
import { coversBranch, type Route, route } from "../plan/route.ts";
import { checksOf, obsoleteNames } from "../render/checks.ts";
import { isLive, latest, mayArrive } from "./attempt.ts";
import { barOf, broughtBy, overtaken, ownPlace } from "./carrier.ts";
import { dueOf, isLost } from "./due.ts";
import { effectsOf, type Intervention, interventions } from "./intervene.ts";
import { surveyOf } from "./outside.ts";
import { decidePart, type PartDecision } from "./part.ts";
import { type Ground, settle } from "./settle.ts";
import { sharesGate, standing, toWake } from "./sibling.ts";
import { costly, uncovered, unlisted } from "./verify.ts";

export function decideRelease(facts: CommitFacts): Decision {
  const { roads, plan, subject, now } = facts;
  if (facts.landing?.kind === "first" && facts.executions.length === 0) {
    if (!facts.landing.noted) return silence({ open: true, dueAt: now + limit.look.again_ms });
    return offRoad(facts, {
      code: "first_seen",
      sentence: `${subject.branch} was seen for the first time with this commit, and what is there at first is not released.`,
    });
  }
  // Only the default branch's plan makes a branch a road: a plan on any other branch could name itself.
  if (roads.kind === "unknown") return unreadPlan(facts);
  const steps = openSteps(facts.steps);
  const off = whyOff(facts, steps);
  // What was begun is brought to its end by the plan that it was begun by; nothing more is begun.
  if (off !== null && facts.executions.length === 0) {
    if (off.code === "patterns_costly")
      return speak(facts, { reasons: [off], ...idle(facts, off.sentence) });
    if (roads.kind === "absent" || roads.parse.kind === "valid") return offRoad(facts, off);
    // Which branches are roads will be known once it is mended, so this is not the last word.
    const again = { open: true, dueAt: now + limit.look.running_ms };
    if (plan.kind === "read" && plan.parse.kind === "valid")
      if (coversBranch(plan.parse.plan, subject.branch, steps) === false)
        return { ...offRoad(facts, off), sha: subject.sha, ...again };
    return {
      ...speak(facts, invalid(facts, "the default branch", roads.parse.problems)),
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

/** What it may have changed about the plan counts at once: whoever is judged by the plan waits for it too. */
function unreadPlan({ now, failures, judgedOtherwise }: CommitFacts): Decision {
  const wake = failures === 0 ? judgedOtherwise : [];
  return silence({ open: true, dueAt: now + limit.look.again_ms, wake });
}

/** Why the branch is no road now; null where it is one. */
function whyOff({ roads, subject }: CommitFacts, steps: Steps): Reason | null {
  if (roads.kind === "read" && roads.parse.kind === "invalid")
    return {
      code: "plan_invalid",
      sentence: "The plan of the default branch is not valid, so nothing is released by it.",
    };
  if (roads.kind === "read" && roads.parse.kind === "valid") {
    const covers = coversBranch(roads.parse.plan, subject.branch, steps);
    if (covers === null) return costly("the default branch");
    if (covers) return null;
  }
  return {
    code: "plan_missing",
    sentence: `${subject.branch} is no branch of the default branch's plan any more.`,
  };
}

/** Silence about a branch that is no road, and an end to what was said while it was one. */
function offRoad({ siblings, heirs, judgedOtherwise }: CommitFacts, end: Reason): Decision {
  return silence({
    end,
    // Siblings may be waiting for a verdict that will not come.
    wake: [...toWake(siblings), ...heirs, ...judgedOtherwise],
  });
}

function underPlan(given: {
  readonly facts: CommitFacts;
  readonly plan: Plan;
  readonly off: Reason | null;
  readonly steps: Steps;
}): Decision {
  const { facts, plan, off, steps } = given;
  const { subject, files, intentions } = facts;
  const { sha } = subject;
  const way = route({ plan, branch: subject.branch, files, steps });
  const force = inForce(facts, off);
  const out = isTakenOut(facts);
  const takenOut = out === "no" ? {} : { takenOut: { by: force, isKnown: out === "yes" } };
  const wishes = openWishes({ intentions, head: sha, fork: false, plan, ...takenOut }).filter(
    ({ command }) => !isIntervention(command),
  );
  if (files.kind === "unknown")
    return speak(facts, { reasons: [unlisted(files)], wishes, ground: { kind: "unread" } });
  if (way.coverage === "costly")
    return speak(facts, { reasons: [costly(short(sha))], wishes, ground: { kind: "unread" } });

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
        wishes,
        survey: surveyOf(facts, pipeline.name, "release"),
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
  const acts = openWishes({ intentions, head: sha, fork: false, plan: force }).filter(
    ({ command }) => isIntervention(command),
  );
  return speak(facts, {
    reasons,
    parts,
    wishes: [...wishes, ...acts],
    ground: { kind: "parts" },
    interventions: force === null ? [] : interventions({ facts, plan: force, wishes: acts }),
  });
}

/** Who may act on production, and where that is, the default branch's plan says as it is now. */
function inForce({ roads }: CommitFacts, off: Reason | null): Plan | null {
  if (off !== null || roads.kind !== "read" || roads.parse.kind !== "valid") return null;
  return roads.parse.plan;
}

/** Whether somebody has taken the commit out of production, by Interlock or around it; the engine may not say. */
function isTakenOut(facts: CommitFacts): "yes" | "no" | "unknown" {
  const { rollbacks, executions, surveys, subject } = facts;
  const { sha } = subject;
  if (rollbacks.some((one) => one.from === sha && one.state !== "refused")) return "yes";
  const names = new Set(executions.map(({ pipeline }) => pipeline));
  const newest = [...names].flatMap(
    (pipeline) => latest(executions, { pipeline, part: "release", sha }) ?? [],
  );
  if (newest.some(({ marks }) => marks.some(({ kind }) => kind === "rolled_back"))) return "yes";
  const isUnread = newest.some(
    ({ pipeline, stages }) =>
      stages.some(({ state }) => state === "succeeded") &&
      surveys.some((survey) => survey.pipeline === pipeline && survey.reading.kind === "unknown"),
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

/** One release in a place at a time, in the order in which the commits landed; who asks is no matter. */
function holdOf(facts: CommitFacts, plan: Plan, pipeline: Pipeline): Reason | null {
  const after = overtaken(facts, plan, pipeline);
  if (after !== null) return after;
  const own = ownPlace(pipeline);
  const busy = facts.busy.find((other) => {
    const place = { pipeline: other.pipeline, at: other.at ?? "" };
    return isSamePlace(own, place) || mayBeRenamed(own, place, plan);
  });
  if (busy !== undefined)
    return {
      code: "release_waits",
      sentence: busy.isRollback
        ? `${short(busy.sha)} is being rolled back in ${busy.pipeline}.`
        : `${busy.pipeline}/release of ${short(busy.sha)} is still running.`,
    };
  const earlier = facts.waiting[0];
  if (earlier === undefined) return null;
  return {
    code: "release_waits",
    sentence: `An earlier commit of ${facts.subject.branch} has no verdict yet (${earlier.replace(/^commit:/, "")}).`,
  };
}

function routeReasons(facts: CommitFacts, way: Route): readonly Reason[] {
  if (!way.branchCovered)
    return [
      {
        code: "branch_uncovered",
        sentence: `The plan at ${short(facts.subject.sha)} has no pipeline for ${facts.subject.branch}.`,
      },
    ];
  switch (way.coverage) {
    case "all":
      return [];
    case "exempt":
      return [{ code: "exempt", sentence: "Every changed path is exempt by the plan." }];
    case "uncovered":
      return [uncovered(way.uncovered)];
    case "unknown":
      // A push whose paths GitHub does not list is released by every pipeline of its branch.
      return facts.files.kind === "cut" ? [] : [unlisted(facts.files)];
    default:
      return [];
  }
}

interface Speech {
  readonly reasons: readonly Reason[];
  readonly problems?: readonly PlanProblem[];
  readonly parts?: readonly PartDecision[];
  readonly wishes: readonly Wish[];
  readonly ground: Ground;
  readonly interventions?: readonly Intervention[];
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
    : standing(facts, sha, verdict);
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
  const { wishes, ground, interventions: asked = [] } = speech;
  const scene = { facts, head: sha, views, shown, wishes, stops, ground, interventions: asked };
  const settled = settle(scene);
  const news = aside
    ? facts.said !== null || facts.gateBy === null
    : facts.said?.verdict !== verdict.state;
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
    settlements: settled.settlements,
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
function idle(facts: CommitFacts, why: string): Pick<Speech, "wishes" | "ground"> {
  const { intentions, subject } = facts;
  const wishes = openWishes({ intentions, head: subject.sha, fork: false, plan: null });
  return { wishes, ground: { kind: "nothing", why } };
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

function short(sha: string): string {
  return sha.slice(0, 7);
}
