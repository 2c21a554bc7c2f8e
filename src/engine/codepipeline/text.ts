// Texts in the forms and lengths that AWS takes them, and the other way round.

import { createHash } from "node:crypto";
import { oneLine } from "../../aws/text.ts";
import { limit } from "../../core/model/limit.ts";
import { plainLine } from "../../core/model/plain.ts";

/** What makes a start happen once: letters, digits and hyphens only. */
export function requestToken(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/** Marks what we did for a key, where people can see it. */
export function markOf(key: string): string {
  return requestToken(key).slice(0, 12);
}

/** The reason of a closed transition: no comma, colon, slash or anything beyond ASCII. */
export function transitionReason(text: string): string {
  const allowed = plainLine(text).replace(/[^a-zA-Z0-9!@ ().*?-]+/g, " ");
  const line = allowed.replace(/ +/g, " ").trim().slice(0, limits.transition_reason_chars).trim();
  return line === "" ? "Interlock" : line;
}

/** How the reason of a stop of ours begins. */
export const ourStop = "Interlock: ";

export function stopReason(text: string): string {
  return oneLine(`${ourStop}${text}`, limits.stop_reason_chars);
}

export function approvalSummary(text: string): string {
  return oneLine(text, limits.approval_summary_chars);
}

/** Null where there is nothing to say: a variable is never empty. */
export function variableValue(text: string): string | null {
  const value = text.slice(0, limits.variable_chars).toWellFormed();
  return value === "" ? null : value;
}

/** Who or what began an execution. AWS puts the caller of a rollback into braces. */
export function plainDetail(detail: string): string {
  return /^\{(arn:[^{}]+)\}$/.exec(detail)?.[1] ?? detail;
}

/** Where a person sees the execution. China and the government's regions have consoles of their own. */
export function consoleLink(region: string, pipeline: string, executionId: string): string {
  const host = consoleHost(region);
  return `https://${host}/codesuite/codepipeline/pipelines/${encodeURIComponent(pipeline)}/executions/${executionId}/timeline?region=${region}`;
}

function consoleHost(region: string): string {
  if (region.startsWith("cn-")) return `${region}.console.amazonaws.cn`;
  if (region.startsWith("us-gov-")) return `${region}.console.amazonaws-us-gov.com`;
  if (region.startsWith("eusc-")) return `${region}.console.amazonaws-eusc.eu`;
  return `${region}.console.aws.amazon.com`;
}

const limits = limit.codepipeline;
