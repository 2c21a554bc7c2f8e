// Reads a comment as its reader sees it: which of its lines stand as plain lines of a paragraph.

import MarkdownIt, { type Token } from "markdown-it";
import { HtmlNesting } from "./comment-html.ts";

// Raw HTML has to be recognised to know what it hides; links are not made from bare addresses,
// because that changes no line.
const markdown = new MarkdownIt("default", { html: true, linkify: false });

/**
 * The lines that begin as plain text in a paragraph of the comment itself, in order and without
 * surrounding blanks. Not among them: quotes, lists, tables, headings, code, HTML and what stands
 * inside an HTML element, what a link, a strikethrough or a formula spans, and lines with
 * characters that a reader cannot see. Where in doubt, a line is left out.
 */
export function plainLines(body: string): readonly string[] {
  const text = body.replace(/\r\n?/g, "\n");
  const source = withoutFootnotes(text.split("\n"));
  const html = new HtmlNesting();
  const lines: string[] = [];
  let containers = 0;
  for (const token of markdown.parse(text, {})) {
    if (token.type === "html_block") html.read(token.content, containers);
    if (token.type === "inline") {
      const seen = seenLines(token.children ?? [], html, containers);
      if (containers === 0 && token.map !== null)
        lines.push(...paragraphLines(source.slice(...token.map), seen));
    }
    if (token.type !== "paragraph_open" && token.type !== "paragraph_close")
      containers += token.nesting;
  }
  return lines;
}

/** For every line the plain text that it begins with; empty where it begins with anything else. */
function seenLines(
  children: readonly Token[],
  html: HtmlNesting,
  containers: number,
): readonly string[] {
  const lines: string[] = [];
  let depth = 0;
  let started: string | null = null;
  for (const token of children) {
    if (token.type === "softbreak" || token.type === "hardbreak") {
      lines.push(started ?? "");
      started = null;
      continue;
    }
    const plain = token.type === "text" && depth === 0 && html.isClosed();
    started ??= plain ? token.content : "";
    if (token.type === "html_inline") html.read(token.content, containers);
    depth += token.nesting;
  }
  lines.push(started ?? "");
  return lines;
}

function paragraphLines(source: readonly string[], seen: readonly string[]): readonly string[] {
  // A code span, a comment or a title that spans lines has swallowed line ends, so the lines of
  // the source and of the result no longer belong together.
  if (source.length !== seen.length) return [];
  if (source.some((line) => isTableRule(line) || reorders.test(line))) return [];
  const mayBeSpanned = spannedBetween(source);
  return source.flatMap((line, index) => {
    const text = line.replace(/^ {1,3}(?! )/, "").trimEnd();
    const begins = seen[index]?.trimEnd() ?? "";
    const plain =
      /^[^ \t]/.test(text) &&
      begins !== "" &&
      text.startsWith(begins) &&
      !invisible.test(line) &&
      !mayBeSpanned(index);
    return plain ? [text] : [];
  });
}

/** GitHub also knows `~one tilde~` and `$formulas$`, which may run over several lines. */
function spannedBetween(source: readonly string[]): (index: number) => boolean {
  const ranges = ["~", "$"].map((mark) => {
    const has = (line: string) => line.includes(mark);
    return { first: source.findIndex(has), last: source.findLastIndex(has) };
  });
  return (index) =>
    ranges.some(({ first, last }) => first !== -1 && first < index && index <= last);
}

/** The line under the head of a table; GitHub is more generous than we are about what stands above. */
function isTableRule(line: string): boolean {
  return line.includes("-") && /^[|:\- \t]+$/.test(line);
}

/**
 * GitHub moves a footnote to the foot of the comment, with everything up to the next blank line.
 * To the parser it is a paragraph or the definition of a link, so its lines are emptied here.
 */
function withoutFootnotes(source: readonly string[]): readonly string[] {
  let inside = false;
  return source.map((line) => {
    inside = /^ {0,3}\[\^/.test(line) || (inside && line.trim() !== "");
    return inside ? "" : line;
  });
}

/** Controls that change the order in which a reader sees the rest of the paragraph. */
const reorders = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** What takes no ink, or looks like a space without being one. A tab and a space are seen. */
const invisible =
  /[^\P{Cc}\t]|[^\P{Zs} ]|[\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{M}\p{Default_Ignorable_Code_Point}\u2800\ufffd]/u;
