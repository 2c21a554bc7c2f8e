// Counts what a report says and keeps as many problems as a reader can use.

import { limit } from "../core/model/limit.ts";
import { withoutLast } from "../core/model/plain.ts";
import {
  type FoundProblem,
  noTests,
  type TestCounts,
  type TestProblem,
  type TestStatus,
} from "../core/model/report.ts";
import { locate, whereabouts } from "./location.ts";
import { plainLine, plainText } from "./plain.ts";

export interface Tally {
  /** The folder that absolute paths are below; empty when it is not known. */
  readonly root: string;
  readonly counts: { -readonly [K in keyof TestCounts]: number };
  readonly problems: FoundProblem[];
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
  /** What the test printed, for want of a trace. */
  readonly output: string;
  readonly file: string | undefined;
  readonly line: string | number | undefined;
  readonly flaky: boolean;
}

export function emptyTally(root: string): Tally {
  return { root, counts: { ...noTests }, problems: [], truncated: false };
}

/**
 * Counts one test; `problem` is only asked where a reader has to hear about it.
 * @returns What was kept of it, or null.
 */
export function countTest(
  tally: Tally,
  status: TestStatus,
  problem: () => RawProblem,
): FoundProblem | null {
  tally.counts[status] += 1;
  return status === "failed" ? keep(tally, problem) : null;
}

/** Counts a suite that failed beside its tests. */
export function countError(tally: Tally, problem: () => Omit<RawProblem, "status" | "flaky">) {
  tally.counts.errors += 1;
  keep(tally, () => ({ ...problem(), status: "error", flaky: false }));
}

/** A test that failed and then passed on the same commit: a pass, and flaky. */
export function forgiveTest(tally: Tally, { times, kept }: Failed) {
  tally.counts.failed -= times;
  tally.counts.flaky += 1;
  for (const problem of kept) {
    const at = tally.problems.indexOf(problem);
    if (at >= 0) tally.problems.splice(at, 1);
  }
}

/** The failures of one test so far. */
export interface Failed {
  times: number;
  readonly kept: FoundProblem[];
}

/** What a suite or summary claims and no test shows. */
export function claimed(names: readonly string[], message: string) {
  const nowhere = { file: undefined, line: undefined };
  return { names, message, kind: "", trace: "", output: "", ...nowhere };
}

function keep(tally: Tally, problem: () => RawProblem): FoundProblem | null {
  if (tally.problems.length >= limit.report.problems) {
    tally.truncated = true;
    return null;
  }
  const kept = plainProblem(problem(), tally.root);
  tally.problems.push(kept);
  return kept;
}

function plainProblem(raw: RawProblem, root: string): FoundProblem {
  const { message_chars, trace_chars, text_chars } = limit.report;
  const text = plainText(raw.trace, text_chars) || plainText(raw.output, text_chars);
  const said = plainText(raw.message, message_chars);
  const at = whereabouts({
    file: raw.file === undefined ? undefined : plainLine(raw.file, message_chars),
    line: raw.line,
    trace: `${text}\n${said}`,
    root,
  });
  const place = locate(at);
  // A cut string keeps the whole report in memory for as long as it lives; a clone does not.
  return structuredClone({
    name: plainName(raw.names, root),
    status: raw.status,
    message: isGeneric(said, raw)
      ? firstLines(text) || said || plainLine(raw.kind, message_chars)
      : said,
    trace: plainText(text, trace_chars),
    file: place?.file ?? null,
    line: place?.line ?? null,
    flaky: raw.flaky,
    whereabouts: at,
  });
}

/** A message that says no more than that the test failed. */
function isGeneric(said: string, { kind, names }: RawProblem): boolean {
  return (
    said === "" ||
    said === kind ||
    said === names.at(-1) ||
    /^(?:the )?(?:test|assertion|step|scenario|suite)?s? ?(?:has )?(?:failed|failure|error|crash(?:ed)?)[.!:]?$/i.test(
      said,
    )
  );
}

/**
 * Runners like to begin a name with all the names around it; those are said once. What is too long loses its
 * outer part: the test's own name is what tells it from its neighbours.
 */
function plainName(names: readonly string[], root: string): string {
  const { name_chars } = limit.report;
  const base = `${withoutLast(root, "/\\")}/`;
  const parts = names
    .map((name) => plainLine(name, limit.report.message_chars))
    .map((name) => (root !== "" && name.startsWith(base) ? name.slice(base.length) : name))
    .filter((name, at, all) => name !== "" && !continues(name, all[at + 1]));
  const whole = parts.join(" › ");
  if (whole.length <= name_chars) return whole || "(no name)";
  const own = plainLine(parts.at(-1) ?? "", name_chars);
  const outer = parts.slice(0, -1).join(" › ");
  const room = name_chars - own.length - " › ".length - 1;
  return room < 1 ? own : `…${outer.slice(-room).replace(/^[\udc00-\udfff]/, "")} › ${own}`;
}

function continues(name: string, next: string | undefined): boolean {
  return next?.startsWith(name) === true && /^[\s.:/\\]/.test(next.slice(name.length));
}

/** What a trace says before its frames, without the lines in which Go tells which test runs. */
function firstLines(text: string): string {
  const lines = text
    .split("\n", 50)
    .map((line) => line.trim())
    .filter((line) => !/^(?:=== (?:RUN|PAUSE|CONT|NAME)|--- FAIL:) /.test(line));
  const start = lines.findIndex((line) => line !== "" && !line.startsWith("at "));
  if (start < 0) return "";
  const shown = lines.slice(start, start + 3);
  const end = shown.findIndex((line) => line === "" || line.startsWith("at "));
  return plainText(shown.slice(0, end < 0 ? 3 : end).join("\n"), limit.report.message_chars);
}
