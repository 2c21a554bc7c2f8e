// The last lines of a log, as plain text and never more than the limits allow.

import { limit } from "../../core/model/limit.ts";
import { plain } from "../../core/model/plain.ts";

/** What CodeBuild has masked stays masked: nothing is put in its place. */
export function lastLines(messages: readonly string[]): string {
  const { log_lines, log_bytes, line_chars } = limit.codepipeline;
  const lines = messages
    .flatMap((message) => message.replace(/\r?\n$/, "").split("\n"))
    .slice(-log_lines)
    .map((line) => cut(plain(line.slice(0, 4 * line_chars)).trimEnd(), line_chars));
  const kept: string[] = [];
  let bytes = 0;
  for (const line of lines.reverse()) {
    bytes += Buffer.byteLength(line) + 1;
    if (bytes > log_bytes) break;
    kept.unshift(line);
  }
  return kept.join("\n");
}

function cut(line: string, chars: number): string {
  return line.length > chars ? `${line.slice(0, chars).toWellFormed()} …` : line;
}
