// The stages of an execution as facts, made from the runs of its actions.

import { oneLine } from "../../aws/text.ts";
import type { StageState } from "../../core/model/fact.ts";
import { limit } from "../../core/model/limit.ts";
import { type ActionRun, latestRuns } from "./actions.ts";
import type { Cause } from "./cause.ts";
import type { Stage, Structure } from "./structure.ts";

export interface StageView {
  readonly name: string;
  readonly state: StageState;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly why: string;
  /** Of each of its actions the newest run. */
  readonly runs: readonly ActionRun[];
}

export interface StagesQuestion {
  readonly structure: Structure;
  readonly runs: readonly ActionRun[];
  /** Of the execution, as AWS has it; null where it surely has not ended. */
  readonly status: string | null;
  /** Why it failed, where that was looked for. */
  readonly cause?: Cause;
}

/** In the pipeline's order, with the names that AWS has for them. */
export function stagesOf({
  structure,
  runs,
  status,
  cause = untold,
}: StagesQuestion): readonly StageView[] {
  const latest = latestRuns(runs);
  const byStage = structure.stages.map(({ name }) => latest.filter((run) => run.stage === name));
  const last = byStage.findLastIndex((own) => own.length > 0);
  const hasFailure = latest.some((run) => run.status === "Failed");
  return structure.stages.map((stage, index) => {
    const own = byStage[index] ?? [];
    const verdict =
      own.length === 0
        ? notStarted({
            stage,
            status,
            cause,
            passedBy: last > index,
            next: index === last + 1,
            hasFailure,
          })
        : started({ stage, own, status, cause, passedBy: last > index, hasFailure });
    return { name: stage.name, ...verdict, ...times(own, verdict.state), runs: own };
  });
}

const untold: Cause = { kind: "untold" };

export interface EndQuestion extends StagesQuestion {
  /** A rollback is in one stage only. */
  readonly type: "STANDARD" | "ROLLBACK";
}

/** Whether actions that were read before an end show less than what led to it. */
export function isBehind(question: EndQuestion): boolean {
  const { runs, status } = question;
  if (!isOver(status)) return false;
  const latest = latestRuns(runs);
  if (latest.some((run) => run.status === "InProgress")) return true;
  if (status === "Succeeded") return unpassed(question).length > 0;
  return status !== "Failed" || latest.every((run) => run.status !== "Failed");
}

/** Whether actions that were read after an end cannot all be as they were at that end. */
export function isContradictory(question: EndQuestion): boolean {
  const { structure, runs, status } = question;
  if (!isOver(status)) return false;
  if (latestRuns(runs).some((run) => run.status === "InProgress")) return true;
  if (status !== "Succeeded") return false;
  const skips = structure.stages.filter(({ entry }) => entry === "skips").map(({ name }) => name);
  return unpassed(question).some(({ name, state }) => state !== "skipped" || !skips.includes(name));
}

function unpassed(question: EndQuestion): readonly StageView[] {
  const views = stagesOf(question);
  const started = views.filter(({ runs }) => runs.length > 0);
  const owed = question.type === "ROLLBACK" && started.length > 0 ? started : views;
  return owed.filter(({ state }) => state !== "succeeded");
}

/** Whether AWS will do nothing more about an execution with this status. */
export function isOver(status: string | null): boolean {
  return status !== null && status !== "InProgress" && status !== "Stopping";
}

interface Verdict {
  readonly state: StageState;
  readonly why: string;
}

function notStarted(question: {
  readonly stage: Stage;
  readonly status: string | null;
  readonly cause: Cause;
  /** A later stage has started. */
  readonly passedBy: boolean;
  /** The one before has started, and this one was to follow. */
  readonly next: boolean;
  readonly hasFailure: boolean;
}): Verdict {
  const { stage, status, cause, passedBy, next, hasFailure } = question;
  if (passedBy || status === "Succeeded") {
    const why = stage.entry === "skips" ? "Its entry condition skipped it." : "AWS skipped it.";
    return { state: "skipped", why };
  }
  if (status === "Failed" && next && !hasFailure && stage.entry === "fails") {
    if (isUnheld(cause, stage))
      return { state: "failed", why: "Its entry condition did not hold." };
    if (cause.kind === "untold") return { state: "failed", why: `${notTold} the entry condition.` };
  }
  return { state: isOver(status) ? "skipped" : "pending", why: "" };
}

function started(question: {
  readonly stage: Stage;
  readonly own: readonly ActionRun[];
  readonly status: string | null;
  readonly cause: Cause;
  readonly passedBy: boolean;
  readonly hasFailure: boolean;
}): Verdict {
  const { stage, own, status, cause, passedBy, hasFailure } = question;
  const over = isOver(status);
  const failed = own.filter((run) => run.status === "Failed");
  if (failed.length > 0 && !over) return goingOnAfter(failed, own);
  if (failed.length > 0) return { state: "failed", why: failed.map(failureOf).join(" ") };
  if (own.some((run) => run.status === "Abandoned")) return over ? stopped : going;
  const running = own.filter((run) => run.status === "InProgress");
  if (running.length > 0) return over ? unknown : goingOn(running);
  const all = stage.actions.every(({ name }) =>
    own.some((run) => run.action === name && run.status === "Succeeded"),
  );
  if (all && (passedBy || status === "Succeeded" || !stage.judged)) return passed;
  if (!over) return going;
  if (all && status === "Failed" && !hasFailure) {
    if (isUnheld(cause, stage))
      return { state: "failed", why: "The condition after its actions did not hold." };
    if (cause.kind === "untold")
      return { state: "failed", why: `${notTold} the condition after its actions.` };
    return { state: "stopped", why: "The condition after its actions was not asked any more." };
  }
  return status === "Stopped" || status === "Cancelled" ? stopped : unknown;
}

function isUnheld(cause: Cause, { name }: Stage): boolean {
  return cause.kind === "condition" && cause.stages.includes(name);
}

const notTold = "AWS does not say why it failed here; it may have been";

/**
 * What runs beside it is completed, and the stage ends with that. Where nothing runs beside it, it is being
 * run again itself.
 */
function goingOnAfter(failed: readonly ActionRun[], own: readonly ActionRun[]): Verdict {
  const running = own.filter(({ status }) => status === "InProgress");
  if (running.length === 0) return going;
  const names = running.map(({ action }) => action).join(", ");
  const runs = running.length === 1 ? "still runs" : "still run";
  return {
    state: "running",
    why: `${failed.map(failureOf).join(" ")} ${names} ${runs}, and the stage ends with that.`,
  };
}

/** Where only people are asked, nothing of it runs. */
function goingOn(running: readonly ActionRun[]): Verdict {
  if (running.some(({ category }) => category !== "Approval")) return going;
  const names = running.map(({ action }) => action).join(", ");
  const approvals = running.length === 1 ? "approval" : "approvals";
  return { state: "waiting", why: `Waits for the ${approvals} ${names}.` };
}

const going: Verdict = { state: "running", why: "" };
const passed: Verdict = { state: "succeeded", why: "" };
const stopped: Verdict = { state: "stopped", why: "" };
const unknown: Verdict = { state: "unknown", why: "AWS does not say what became of it." };

/** With the link where a person reads on. */
export function failureOf({ action, error, link, category }: ActionRun): string {
  const { code = "", message = "" } = error ?? {};
  const said = oneLine(
    [code, message].filter((part) => part !== "").join(": "),
    limit.codepipeline.why_chars,
  );
  const head =
    category === "Approval" ? `Approval ${action} was not given` : `Action ${action} failed`;
  const sentence = said === "" ? `${head}.` : `${head}: ${said.replace(/\.$/, "")}.`;
  return link === null
    ? sentence
    : `${sentence} See ${oneLine(link, limit.codepipeline.why_chars)}`;
}

function times(own: readonly ActionRun[], state: StageState) {
  const ended = state === "succeeded" || state === "failed" || state === "stopped";
  return {
    startedAt: own.length === 0 ? null : Math.min(...own.map((run) => run.startedAt)),
    endedAt: own.length === 0 || !ended ? null : Math.max(...own.map((run) => run.updatedAt)),
  };
}
