// Every check run that should stand on a commit, from the views of its parts and the verdict.

import { isLive } from "../decide/attempt.ts";
import type { PartView } from "../decide/part.ts";
import type { Ground } from "../decide/settle.ts";
import type { Annotation, CheckAction, CheckState, CheckWanted } from "../model/effect.ts";
import { type Subject, subjectKey } from "../model/event.ts";
import type { Facts, GateState } from "../model/fact.ts";
import { type Verdict, verdictOf } from "../model/gate.ts";
import { limit } from "../model/limit.ts";
import { cutChars, plain, plainLine } from "../model/plain.ts";
import { type PartName, type PlanProblem, planPath } from "../model/plan.ts";
import {
  type Reason,
  type ReasonCode,
  stateOf as stateOfReason,
  whoActs,
} from "../model/reason.ts";
import { gatePage } from "./gate.ts";
import { cutBytes } from "./markdown.ts";

import { stagesPage } from "./stages.ts";
import { testsPage } from "./tests.ts";

/** The name of the one required check. */
export const gateName = "interlock";

/**
 * The gate of a commit that landed on another branch than the default one. It says how its release went, and
 * GitHub would take it for the verdict on a pull request with the same head if it had the required name.
 */
const landedName = "interlock/landed";

export function gateNameOf(subject: Subject): string {
  return isElsewhere(subject) ? landedName : gateName;
}

export function isGateName(name: string): boolean {
  return name === gateName || name === landedName;
}

function isElsewhere(subject: Subject): boolean {
  return subject.kind === "commit" && subject.branch !== subject.repository.defaultBranch;
}

const retry: CheckAction = {
  label: "Retry",
  description: "Run again from the first failed stage",
  identifier: "retry",
};
const stop: CheckAction = {
  label: "Stop",
  description: "Stop this execution",
  identifier: "stop",
};

const rollback: CheckAction = {
  label: "Roll back",
  description: "Bring the commit before back",
  identifier: "rollback",
};

/** Bound to what the check shows: another execution or stage may be waiting when it is pressed. */
function approve(attempt: number, stage: number): CheckAction {
  return {
    label: "Approve",
    description: "Answer the approval that is waited for",
    identifier: `approve:${attempt}:${stage}`,
  };
}

/** What a check with buttons is about, by its name; undefined where it has none. */
export function placeOfCheck(
  name: string,
): { readonly pipeline: string; readonly part: PartName } | undefined {
  const [gate, pipeline = "", part] = name.split("/");
  if (gate !== gateName || (part !== "verify" && part !== "release")) return undefined;
  return { pipeline, part };
}

export function checksOf(question: {
  readonly facts: Facts;
  readonly sha: string;
  readonly base: string;
  readonly views: readonly PartView[];
  readonly shown: Verdict;
  readonly problems: readonly PlanProblem[];
  readonly preview: readonly string[];
  /** Whether this subject writes the gate of the commit. */
  readonly gate: boolean;
}): readonly CheckWanted[] {
  const { facts, sha, views } = question;
  const externalId = subjectKey(facts.subject);
  const checks: CheckWanted[] = [];
  if (question.gate)
    checks.push(
      sized({
        sha,
        name: gateNameOf(facts.subject),
        externalId,
        state: stateOf(question.shown.state),
        ...gatePage(question),
        annotations: question.problems.slice(0, limit.page.annotations).map(problemAnnotation),
        actions: [],
        awaits: awaitedIn(question.shown.reasons),
      }),
    );

  for (const view of views) {
    const { execution } = view;
    if (execution === null) continue;
    const state = partState(view);
    // A run that ends at once is shown once, with its result.
    const quiet = facts.now - execution.createdAt < limit.page.quiet_ms;
    if (state.status === "in_progress" && quiet) continue;
    checks.push(
      sized({
        sha,
        name: `${gateName}/${view.name}`,
        externalId,
        state,
        ...stagesPage(view, sha, facts),
        annotations: [],
        actions: actionsOf(facts, view, state),
        awaits: awaitedIn(view.reasons),
      }),
    );
    const tests = testsPage(view, sha);
    if (tests === null || (tests.verdict === "in_progress" && quiet)) continue;
    const { verdict, ...page } = tests;
    checks.push(
      sized({
        sha,
        name: `${gateName}/${view.pipeline}/tests`,
        externalId,
        state:
          verdict === "in_progress"
            ? { status: "in_progress" }
            : { status: "completed", conclusion: verdict },
        ...page,
        actions: [],
        awaits: null,
      }),
    );
  }
  return checks;
}

/** Names of checks that may have been started for the commit and that no part stands behind now. */
export function obsoleteNames(
  facts: Facts,
  sha: string,
  of: { readonly views: readonly PartView[]; readonly ground: Ground | undefined },
): readonly string[] {
  const { views, ground } = of;
  // Where the parts are not known, whatever is shown of them stays.
  if (ground === undefined || ground.kind === "unread") return [];
  // Written while another branch was the default one, or by an earlier version.
  const misnamed =
    facts.subject.kind === "commit" ? [isElsewhere(facts.subject) ? gateName : landedName] : [];
  const gone = facts.executions
    .filter((execution) => execution.sha === sha)
    // Without a plan to hold it against, a run is shown for as long as it is under way.
    .filter((execution) => ground.kind === "parts" || !isLive(execution))
    .filter(({ pipeline }) => !views.some((view) => view.pipeline === pipeline))
    .flatMap(({ pipeline, part }) => [`${pipeline}/${part}`, `${pipeline}/tests`]);
  const untested = views
    .filter((view) => view.execution !== null && testsPage(view, sha) === null)
    .map(({ pipeline }) => `${pipeline}/tests`);
  const parts = [...new Set([...gone, ...untested])].map((name) => `${gateName}/${name}`);
  return [...misnamed, ...parts];
}

function awaitedIn(reasons: readonly Reason[]): ReasonCode | null {
  const waits = reasons.find(
    ({ code }) => stateOfReason(code) === "in_progress" && whoActs(code) !== "nobody",
  );
  return waits?.code ?? null;
}

/** Never neutral or skipped: GitHub counts those as passing. */
function stateOf(state: GateState): CheckState {
  return state === "in_progress"
    ? { status: "in_progress" }
    : { status: "completed", conclusion: state };
}

function partState(view: PartView): CheckState {
  const { state } = verdictOf(view.reasons);
  if (state === "action_required") return { status: "completed", conclusion: "cancelled" };
  return stateOf(state);
}

/** Only what would be carried out. */
function actionsOf(
  facts: Facts,
  { execution, hold, part, pipeline, spec, reasons }: PartView,
  state: CheckState,
): readonly CheckAction[] {
  const { engineCapabilities } = facts;
  if (execution === null || execution.engineId === null) return [];
  if (isLive(execution)) {
    if (state.status !== "in_progress") return [];
    const waits = execution.stages.findIndex((stage) => stage.state === "waiting");
    if (waits < 0 || !engineCapabilities.approve.includes(spec.engine)) return [stop];
    return [stop, approve(execution.attempt, waits)];
  }
  if (hold !== null) return [];
  const ended = execution.state === "failed" || execution.state === "stopped";
  const isBack = reasons.some(({ code }) => code === "rolled_back" || code === "rolling_back");
  const isNewest =
    !("newer" in facts) || !facts.newer.some(({ released }) => released.includes(pipeline));
  const hasStarted = execution.stages.some(({ startedAt }) => startedAt !== null);
  const isOut = part === "release" && isNewest && hasStarted;
  const canGoBack = isOut && !isBack && engineCapabilities.rollback.includes(spec.engine);
  return [...(ended ? [retry] : []), ...(canGoBack ? [rollback] : [])];
}

function problemAnnotation(problem: PlanProblem): Annotation {
  return {
    path: planPath,
    line: problem.line,
    level: "failure",
    title: cutChars(plainLine(problem.path) || "plan", limit.page.annotation_title_chars),
    message: cutChars(plain(problem.message), limit.page.annotation_chars),
  };
}

/** Keeps every text below what GitHub accepts. */
function sized(check: CheckWanted): CheckWanted {
  return {
    ...check,
    summary: cutBytes(check.summary, limit.page.bytes),
    text: cutBytes(check.text, limit.page.bytes),
  };
}
