// What an execution came to, and whose doing that was.

import { oneLine } from "../../aws/text.ts";
import { limit } from "../../core/model/limit.ts";
import type { Observation } from "../../ports/engine.ts";
import type { ActionRun } from "./actions.ts";
import type { Cause } from "./cause.ts";
import type { Summary } from "./execution.ts";
import { ourStop } from "./text.ts";

export interface ExecutionStatus {
  readonly state: Exclude<Observation["state"], "lost">;
  readonly why: string;
  readonly endedAt: number | null;
}

/** `newer`: what the pipeline has started since, newest first. `cause`: of a failure that no action shows. */
export function standingOf(
  summary: Summary,
  newer: readonly Summary[],
  cause: Cause = { kind: "shown" },
): ExecutionStatus {
  const over = { endedAt: summary.updatedAt };
  switch (summary.status) {
    case "InProgress":
      return { state: "running", why: "", endedAt: null };
    case "Stopping":
      return { state: "running", why: "It is being stopped.", endedAt: null };
    case "Succeeded":
      return { state: "succeeded", why: "", ...over };
    case "Failed":
      return { state: "failed", why: failed(summary, newer, cause), ...over };
    case "Superseded":
      return { state: "failed", why: superseded(newer), ...over };
    case "Stopped":
      return { state: "stopped", why: stopped(summary), ...over };
    case "Cancelled":
      return {
        state: "stopped",
        why: "AWS cancelled it, because the pipeline was changed while it ran.",
        ...over,
      };
    default:
      // A status that AWS has come up with since: it does not pass, and is looked at again.
      return { state: "running", why: "AWS tells a state that is not known.", endedAt: null };
  }
}

/** What a person has to do before it goes on; empty where that is nothing. */
export function waitsFor(runs: readonly ActionRun[]): string {
  return runs
    .filter(({ category, status }) => category === "Approval" && status === "InProgress")
    .map(({ stage, action }) => `Its stage ${stage} waits for the approval ${action}.`)
    .join(" ");
}

/** The one that carried the commit: the next that was not superseded itself. */
function superseded(newer: readonly Summary[]): string {
  const followers = newer.filter(({ type }) => type === "STANDARD");
  const carrier = followers.findLast(({ status }) => status !== "Superseded") ?? followers.at(-1);
  if (carrier === undefined) return "It was superseded by a newer execution.";
  const commit = carrier.revisions[0]?.id;
  const of = commit === undefined ? "" : ` for commit ${oneLine(commit, 64)}`;
  return `It was superseded by the execution ${carrier.id}${of}, which carries its changes.`;
}

function failed(summary: Summary, newer: readonly Summary[], cause: Cause): string {
  const back = rolledBack(summary, newer);
  const note = oneLine(summary.note, limit.codepipeline.why_chars);
  const own =
    cause.kind === "edited"
      ? "AWS failed it, because the pipeline was changed while it ran."
      : cause.kind === "untold" && note !== ""
        ? `AWS failed it: ${note}`
        : "";
  return [own, back].filter((sentence) => sentence !== "").join(" ");
}

/** A rollback is an execution of its own and makes nothing of this one good. */
function rolledBack({ id }: Summary, newer: readonly Summary[]): string {
  const rollback = newer.find(
    ({ type, trigger }) =>
      type === "ROLLBACK" && trigger.type === "AutomatedRollback" && trigger.detail.includes(id),
  );
  if (rollback === undefined) return "";
  const commit = rollback.revisions[0]?.id;
  const to = commit === undefined ? "" : ` to commit ${oneLine(commit, 64)}`;
  return `AWS rolled it back by itself${to}, with the execution ${rollback.id}.`;
}

function stopped({ stopReason }: Summary): string {
  if (stopReason.startsWith(ourStop))
    return oneLine(stopReason.slice(ourStop.length), limit.codepipeline.stop_reason_chars);
  const reason = oneLine(stopReason, limit.codepipeline.stop_reason_chars);
  return reason === "" ? "It was stopped in AWS." : `It was stopped in AWS: ${reason}`;
}
