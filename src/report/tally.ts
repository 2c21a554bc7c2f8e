// Counts what a report says and keeps as many problems as a reader can use.

import { limit } from "../core/limit.ts";
import type { TestCounts, TestProblem, TestStatus } from "../core/report.ts";
import { locate } from "./location.ts";
import { plainLine, plainText } from "./plain.ts";

export interface Tally {
  /** The folder that absolute paths are below; empty when it is not known. */
  readonly root: string;
  readonly counts: { -readonly [K in keyof TestCounts]: number };
  readonly problems: TestProblem[];
  truncated: boolean;
}

/** A problem as the report gave it. */
export interface RawProblem {
  /** Suites from the outside in, then the test. */
  readonly names: readonly string[];
  readonly status: TestProblem["status"];
  readonly message: string;
  /** The kind of the failure, for want of a message. */
  readonly kind: string;
  readonly trace: string;
  readonly file: string | undefined;
  readonly line: string | number | undefined;
  readonly flaky: boolean;
}

export function emptyTally(root: string): Tally {
  const counts = { passed: 0, failed: 0, skipped: 0, pending: 0, other: 0, flaky: 0 };
  return { root, counts, problems: [], truncated: false };
}

/** Counts one test; `problem` is only asked where a reader has to hear about it. */
export function countTest(tally: Tally, status: TestStatus, problem: () => RawProblem) {
  tally.counts[status] += 1;
  if (status === "failed" || status === "other") keep(tally, problem);
}

/** Failures that a summary claims and no test shows: never a pass, and said as what they are. */
export function countClaimed(
  tally: Tally,
  claim: { readonly names: readonly string[]; readonly claimed: number; readonly missing: number },
) {
  tally.counts.failed += claim.missing;
  const message = `The report counts ${claim.claimed} failed here, ${claim.missing} more than it shows.`;
  keep(tally, () => ({
    names: [...claim.names, "(not shown)"],
    status: "failed",
    message,
    kind: "",
    trace: "",
    file: undefined,
    line: undefined,
    flaky: false,
  }));
}

function keep(tally: Tally, problem: () => RawProblem) {
  if (tally.problems.length >= limit.report.problems) {
    tally.truncated = true;
    return;
  }
  tally.problems.push(plainProblem(problem(), tally.root));
}

function plainProblem(raw: RawProblem, root: string): TestProblem {
  const { message_chars, trace_chars, text_chars } = limit.report;
  const text = plainText(raw.trace, text_chars);
  const said = plainText(raw.message, message_chars);
  const place = locate({
    file: raw.file === undefined ? undefined : plainLine(raw.file, message_chars),
    line: raw.line,
    trace: `${text}\n${said}`,
    root,
  });
  // A cut string keeps the whole report in memory for as long as it lives; a clone does not.
  return structuredClone({
    name: plainName(raw.names, root),
    status: raw.status,
    message: /^(?:failed)?$/i.test(said)
      ? firstLines(text) || said || plainLine(raw.kind, message_chars)
      : said,
    trace: plainText(text, trace_chars),
    file: place?.file ?? null,
    line: place?.line ?? null,
    flaky: raw.flaky,
  });
}

/** Runners like to begin a name with all the names around it; those are said once. */
function plainName(names: readonly string[], root: string): string {
  const { name_chars } = limit.report;
  const base = `${root.replace(/[\\/]+$/, "")}/`;
  const parts = names
    .map((name) => plainLine(name, name_chars))
    .map((name) => (root !== "" && name.startsWith(base) ? name.slice(base.length) : name))
    .filter((name, at, all) => name !== "" && !continues(name, all[at + 1]));
  return plainLine(parts.join(" › "), name_chars) || "(no name)";
}

function continues(name: string, next: string | undefined): boolean {
  return next?.startsWith(name) === true && /^[\s.:/\\]/.test(next.slice(name.length));
}

/** What a trace says before its frames. */
function firstLines(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  const end = lines.findIndex((line) => line === "" || line.startsWith("at "));
  return plainText(
    lines.slice(0, Math.min(3, end < 0 ? 3 : end)).join("\n"),
    limit.report.message_chars,
  );
}
