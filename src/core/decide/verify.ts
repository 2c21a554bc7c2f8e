// Decides about a pull request: which pipelines must pass for its head, and whether they have.

import { authorizeCommands, forkAllowed, type PendingCommand } from "../command/request.ts";
import { canonical } from "../model/canonical.ts";
import { type Decision, type StopWanted, silence } from "../model/decision.ts";
import { subjectKey } from "../model/event.ts";
import type { Pull, PullFacts } from "../model/fact.ts";
import { limit } from "../model/limit.ts";
import type { Plan, PlanProblem } from "../model/plan.ts";
import type { Reason } from "../model/reason.ts";
import { describePlanChange } from "../plan/diff.ts";
import { openSteps, type Steps } from "../plan/glob.ts";
import { coversBranch, type Route } from "../plan/route.ts";
import { decideClosed, dismissed } from "./closed.ts";
import { driftOf } from "./drift-reasons.ts";
import { productionCommands } from "./intervene.ts";
import { authority, type Demand, demandOf, isCostly } from "./judge.ts";
import { decidePart } from "./part.ts";
import { toWake } from "./sibling.ts";
import { idle, speak, stopsOf } from "./speak.ts";

export function decideVerify(facts: PullFacts): Decision {
  const { pull, plan, now } = facts;
  if (pull.kind === "unknown") return silence({ open: true, dueAt: now + limit.look.again_ms });
  if (pull.kind === "absent" || pull.value.state === "closed") return decideClosed(facts);

  const base = pull.value.base.ref;
  const steps = openSteps(facts.steps);
  const ungovernedDecision = ungoverned(facts, pull.value, steps);
  if (ungovernedDecision !== null) return ungovernedDecision;
  switch (plan.kind) {
    case "absent":
      return facts.defaultPlan === null
        ? withoutPlan(facts, pull.value)
        : withoutOwnPlan(facts, pull.value);
    case "unknown":
      return speak(facts, pull.value, {
        reasons: [
          { code: "plan_unknown", sentence: `The plan of ${base} could not be read: ${plan.why}` },
        ],
        onlyCorrect: true,
      });
    case "read":
      if (plan.parse.kind === "valid")
        return underPlan({ facts, pull: pull.value, plan: plan.parse.plan, steps });
      return speak(facts, pull.value, {
        reasons: [
          {
            code: "plan_invalid",
            sentence: `The plan of ${base} has ${count(plan.parse.problems.length, "problem")}.`,
          },
        ],
        problems: plan.parse.problems,
        ...idle(
          facts,
          pull.value,
          `The plan of ${base} is not valid, so nothing can be run by it.`,
        ),
      });
  }
}

/**
 * A gate belongs to its commit, so a green one that was earned for any branch would open the way to
 * every other. Only the default branch's plan makes a branch governed; a plan on any other branch could
 * name itself and ask for nothing. Null where the base is governed.
 */
function ungoverned(facts: PullFacts, pull: Pull, steps: Steps): Decision | null {
  const { defaultPlan } = facts;
  const base = pull.base.ref;
  if (defaultPlan === null) return null;
  switch (defaultPlan.kind) {
    case "absent":
      return quiet(facts, pull, pull.defaultBranch);
    case "unknown":
      return speak(facts, pull, {
        reasons: [
          {
            code: "plan_unknown",
            sentence: `The plan of ${pull.defaultBranch} could not be read: ${defaultPlan.why}`,
          },
        ],
        onlyCorrect: true,
      });
    case "read":
      if (defaultPlan.parse.kind === "invalid") {
        const { problems } = defaultPlan.parse;
        return speak(facts, pull, {
          reasons: [
            {
              code: "plan_invalid",
              sentence: `The plan of ${pull.defaultBranch} has ${count(problems.length, "problem")}.`,
            },
          ],
          problems,
          ...idle(facts, pull, "The default branch's plan is not valid, so nothing can be run."),
        });
      }
      switch (coversBranch(defaultPlan.parse.plan, base, steps)) {
        case true:
          return null;
        case null:
          return speak(facts, pull, {
            reasons: [costly(pull.defaultBranch)],
            ...idle(facts, pull, `Whether ${base} is a branch of the plan is not known.`),
          });
        case false:
      }
      return speak(facts, pull, {
        reasons: [
          {
            code: "branch_uncovered",
            sentence: `No pipeline of ${pull.defaultBranch}'s plan covers the branch ${base}, so nothing can pass for it.`,
          },
        ],
        ...idle(facts, pull, `${base} is no branch of the default branch's plan, so nothing runs.`),
        aside: true,
        stops: stopsOf(facts, ({ sha }) => sha === pull.head.sha, "not_in_plan"),
      });
  }
}

/** A governed branch that holds no plan of its own has nothing by which a change could be judged. */
function withoutOwnPlan(facts: PullFacts, pull: Pull): Decision {
  const base = pull.base.ref;
  return speak(facts, pull, {
    reasons: [
      {
        code: "plan_missing",
        sentence: `${base} is a branch of ${pull.defaultBranch}'s plan, and holds no plan itself.`,
      },
    ],
    ...idle(facts, pull, `There is no plan on ${base}, so nothing can be run by it.`),
  });
}

/** Nothing to say any more: whatever was started under an earlier plan comes to its end. */
function quiet(facts: PullFacts, pull: Pull, branch: string): Decision {
  return silence({
    open: true,
    sha: pull.head.sha,
    base: pull.base.ref,
    stops: withoutPlanStops(facts, pull),
    results: dismissed(facts, `No plan is in force on ${branch}.`),
    end: {
      code: "plan_missing",
      sentence: `No plan is in force on ${branch} any more, so nothing is judged by it.`,
    },
    // They may be waiting for a verdict that will not come.
    wake: [...toWake(facts.siblings), ...facts.successors],
  });
}

function withoutPlanStops(facts: PullFacts, pull: Pull): readonly StopWanted[] {
  const { sha } = pull.head;
  return [
    ...stopsOf(facts, (execution) => execution.sha !== sha, "head_moved"),
    ...stopsOf(facts, (execution) => execution.sha === sha, "not_in_plan"),
  ];
}

/** No plan in force: silence, unless the change brings the first one. */
function withoutPlan(facts: PullFacts, pull: Pull): Decision {
  const { proposed } = facts;
  const { sha } = pull.head;
  const stops = stopsOf(facts, (execution) => execution.sha === sha, "not_in_plan");
  if (facts.files.kind === "unknown" || proposed?.kind === "unknown")
    return silence({
      open: true,
      stops: withoutPlanStops(facts, pull),
      dueAt: facts.now + limit.look.again_ms,
    });
  if (proposed === null || proposed.kind === "absent") return quiet(facts, pull, pull.base.ref);
  const none = idle(facts, pull, `No plan is in force on ${pull.base.ref}, so nothing runs.`);
  if (proposed.parse.kind === "invalid")
    return speak(facts, pull, {
      reasons: [broken(proposed.parse.problems)],
      problems: proposed.parse.problems,
      ...none,
      stops,
    });
  return speak(facts, pull, {
    ...none,
    stops,
    reasons: [
      {
        code: "first_plan",
        sentence: `No plan is in force on ${pull.base.ref}; this change brings the first one.`,
      },
    ],
    preview: describePlanChange(facts.plan, proposed),
  });
}

function underPlan(given: {
  readonly facts: PullFacts;
  readonly pull: Pull;
  readonly plan: Plan;
  readonly steps: Steps;
}): Decision {
  const { facts, pull, plan, steps } = given;
  const { proposed } = facts;
  const sha = pull.head.sha;
  const { requests } = facts;
  const force = authority(facts, plan);
  const pendingCommands = authorizeCommands({ requests, head: sha, fork: pull.fork, plan: force });
  const hold = holdOf(facts, pull, pendingCommands);
  if (hold !== null && isJudgedElsewhere(facts, pull))
    return silentCopy({ facts, pull, force, pendingCommands, hold });
  const demand = demandOf({ facts, pull, plan, steps });
  const { required } = demand;

  const isUnread = facts.files.kind === "unknown" || isCostly(demand);
  const parts = isUnread
    ? []
    : required.map(({ name: pipeline, spec }) =>
        decidePart({
          subject: subjectKey(facts.subject),
          generation: facts.generation,
          pipeline,
          part: "verify",
          spec,
          sha,
          now: facts.now,
          executions: facts.executions,
          engines: facts.engines,
          pendingCommands,
          drift: driftOf(facts, pipeline, "verify"),
          rollbacks: facts.rollbacks,
          hold,
        }),
      );

  const reasons: Reason[] = [
    ...demandReasons(facts, pull, demand),
    ...parts.flatMap(({ view }) => view.reasons),
    ...demand.reasons,
  ];
  const problems =
    proposed?.kind === "read" && proposed.parse.kind === "invalid" ? proposed.parse.problems : [];
  if (problems.length > 0) reasons.push(broken(problems));
  if (proposed?.kind === "unknown")
    reasons.push({
      code: "plan_unknown",
      sentence: `The plan at ${sha.slice(0, 7)} could not be read: ${proposed.why}`,
    });

  return speak(facts, pull, {
    reasons,
    problems,
    preview: proposed === null ? [] : describePlanChange(facts.plan, proposed),
    parts,
    pendingCommands,
    productionCommands: productionCommands({ facts, plan: force, pendingCommands }),
    ground: { kind: isUnread ? "unread" : "parts" },
    // What runs for the head without a pipeline behind it has lost its reason.
    stops: isUnread
      ? []
      : stopsOf(
          facts,
          ({ pipeline, sha: on }) => on === sha && !required.some(({ name }) => name === pipeline),
          "not_in_plan",
        ),
  });
}

/** A fork's commit runs nothing until a person who may has named it. */
function holdOf(
  facts: PullFacts,
  pull: Pull,
  pendingCommands: readonly PendingCommand[],
): Reason | null {
  if (!pull.fork || forkAllowed(facts.requests, pendingCommands, pull.head.sha)) return null;
  return {
    code: "fork_waits",
    sentence: `${pull.head.sha} comes from a fork, so nothing runs until somebody with write permission names it.`,
  };
}

/** Whether the repository itself has a pull request with the same head for the same branch: its judgement is as good. */
function isJudgedElsewhere({ siblings }: PullFacts, pull: Pull): boolean {
  return siblings.some(
    ({ key, base, ownBranch }) => key.startsWith("pull:") && ownBranch && base === pull.base.ref,
  );
}

/** A stranger who opens a pull request with the head of somebody else's neither blocks that one nor runs anything. */
function silentCopy(given: {
  readonly facts: PullFacts;
  readonly pull: Pull;
  readonly force: Plan;
  readonly pendingCommands: readonly PendingCommand[];
  readonly hold: Reason;
}): Decision {
  const { facts, pull, force, pendingCommands, hold } = given;
  return speak(facts, pull, {
    reasons: [hold],
    pendingCommands,
    productionCommands: productionCommands({ facts, plan: force, pendingCommands }),
    ground: {
      kind: "nothing",
      why: `The same commit is judged for a pull request of this repository into ${pull.base.ref}.`,
    },
    aside: true,
    silentFor: pull.base.ref,
  });
}

function demandReasons(facts: PullFacts, pull: Pull, demand: Demand): readonly Reason[] {
  const all = demand.ways.flatMap((way) => routeReasons(facts, pull, way));
  // What one plan exempts is no way around what another one asks.
  const counts = all.filter(({ code }) => code !== "exempt" || demand.required.length === 0);
  const isFirst = (reason: Reason, index: number) =>
    counts.findIndex((one) => canonical(one) === canonical(reason)) === index;
  return counts.filter(isFirst);
}

function routeReasons(facts: PullFacts, pull: Pull, way: Route): readonly Reason[] {
  if (!way.branchCovered)
    return [
      {
        code: "branch_uncovered",
        sentence: `No pipeline of the plan covers the branch ${pull.base.ref}, so nothing can pass for it.`,
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
      return [unlisted(facts.files)];
    case "costly":
      return [costly(pull.base.ref)];
  }
}

/** `where` names what holds the plan. */
export function costly(where: string): Reason {
  return {
    code: "patterns_costly",
    sentence: `Matching the changed paths and the branch with the patterns of the plan of ${where} takes too long, so which pipelines they belong to is not known.`,
  };
}

export function uncovered(paths: readonly string[]): Reason {
  const shown = paths.slice(0, limit.page.paths).join(", ");
  const more = paths.length > limit.page.paths ? ", …" : "";
  return {
    code: "path_uncovered",
    sentence: `No pipeline covers ${count(paths.length, "changed path")}: ${shown}${more}`,
  };
}

export function unlisted(files: PullFacts["files"]): Reason {
  if (files.kind === "cut")
    return { code: "files_cut", sentence: `GitHub does not list every changed path: ${files.why}` };
  return {
    code: "files_unreadable",
    sentence: `The changed paths could not be read: ${files.kind === "unknown" ? files.why : ""}`,
  };
}

function broken(problems: readonly PlanProblem[]): Reason {
  return {
    code: "plan_breaks",
    sentence: `This change would give the plan ${count(problems.length, "problem")}.`,
  };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
