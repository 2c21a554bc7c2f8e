// Texts in the forms and lengths that AWS takes them, and the other way round.

import { createHash } from "node:crypto";
import type { Repository } from "../../core/event.ts";
import { limit } from "../../core/limit.ts";
import { cutChars, plainLine } from "../../core/page/markdown.ts";

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

/** Who it is in the role's records of use. */
export function sessionName({ owner, name }: Repository): string {
  const line = `interlock-${owner}-${name}`.replace(/[^\w+=,.@-]/g, "-");
  return line.slice(0, limits.session_name_chars);
}

export function fullName({ owner, name }: Repository): string {
  return `${owner}/${name}`;
}

/** Keeps apart two repositories that had the same name one after the other. */
export function identityKey(repository: Repository): string {
  const { id, ownerId } = repository;
  return [fullName(repository), id ?? "", ownerId ?? ""].join(" ");
}

/** Foreign words for a sentence of ours. */
export function oneLine(text: string, chars: number): string {
  return cutChars(plainLine(text), chars);
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
