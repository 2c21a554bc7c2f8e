// Turns foreign text into Markdown that shows it and does nothing else.

import { beginning, plain, plainLine, withoutLast } from "../model/plain.ts";

/** A code span: nothing inside it is Markdown, HTML, a mention or a link. */
export function code(text: string): string {
  const line = plainLine(text) || " ";
  const fence = "`".repeat(longestRun(line) + 1);
  const space = line.startsWith("`") || line.endsWith("`") ? " " : "";
  return fence + space + line + space + fence;
}

/** A code span for a table cell, where a bar would end the cell even inside code. */
export function cell(text: string): string {
  return code(text).replaceAll("|", "\\|");
}

/** A link to an address that an engine of ours has made, never one from outside; what is not plain stays code. */
export function link(text: string, address: string): string {
  const isPlain = /^https:\/\/[\w.-]+\/[\w./?=&%#:-]*$/.test(address);
  return isPlain ? `[${prose(text)}](<${address}>)` : code(text);
}

/** A fenced block. */
export function block(text: string, language = ""): string {
  const body = withoutLast(plain(text), "\n");
  const fence = "`".repeat(Math.max(3, longestRun(body) + 1));
  return `${fence}${language}\n${body}\n${fence}`;
}

/** A sentence with foreign words in it, which stay words: backslashes take their meaning from Markdown's characters. */
export function prose(text: string): string {
  return still(
    plainLine(text)
      .replace(/[\\`*_{}[\]|~]/g, "\\$&")
      .replace(/^[-+#]/, "\\$&")
      .replace(/^(\d+)([.)])/, "$1\\$2"),
  );
}

/** A sentence of ours in which code stands between backticks. */
export function sentence(text: string): string {
  const parts = text.split("`");
  if (parts.length % 2 === 0) return prose(text);
  return parts.map((part, index) => (index % 2 === 1 ? code(part) : keepSpaces(part))).join("");
}

/** `prose` takes the spaces at the ends away, where code follows. */
function keepSpaces(text: string): string {
  const [, before = "", , after = ""] = /^(\s*)(.*?)(\s*)$/s.exec(text) ?? [];
  return `${before && " "}${prose(text)}${after && " "}`;
}

/** A part that opens on demand. The title stands in HTML, where backslashes would be seen. */
export function fold(title: string, body: string): string {
  return `<details><summary>${still(plainLine(title))}</summary>\n\n${body}\n\n</details>`;
}

/**
 * Words without HTML. Mentions, references and addresses are found in the text after Markdown is
 * done with it, so they get spaces without width in their middle.
 */
function still(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replace(/@|#(?=\w)/g, "\u200b$&\u200b")
    .replace(/\bGH-(?=\d)/gi, "$&\u200b")
    .replace(/:\/\//g, ":\u200b//")
    .replace(/www\./gi, "$&\u200b");
}

/**
 * Cuts at the end of a line where there is one, and says so: half a code span would let the rest of
 * it out. `bytes` counts UTF-8, as GitHub does.
 */
export function cutBytes(text: string, bytes: number): string {
  if (byteLength(text) <= bytes) return text;
  const mark = "\n\n… cut: too long for GitHub.";
  let end = Math.min(text.length, bytes);
  while (byteLength(text.slice(0, end)) > bytes - byteLength(mark))
    end -= Math.max(1, Math.ceil((byteLength(text.slice(0, end)) - bytes + byteLength(mark)) / 4));
  const line = text.lastIndexOf("\n", end);
  return beginning(text, line > 0 ? line : end) + mark;
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

function longestRun(text: string): number {
  return (text.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 0);
}
