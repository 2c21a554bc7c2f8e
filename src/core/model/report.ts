// The one model of test results that every report format is read into; its words follow CTRF.

import { limit } from "./limit.ts";
import { type FileTree, placeIn, type Whereabouts } from "./place.ts";

export type TestStatus = "passed" | "failed" | "skipped" | "pending" | "other";

/** One test that a reader has to hear about. Passed tests are counted, not kept. */
export interface TestProblem {
  /** Suite path and name joined with " › ", as plain text: control characters are already gone. */
  readonly name: string;
  /** `error`: a suite that failed beside its tests, such as one that could not start. */
  readonly status: "failed" | "error";
  readonly message: string;
  /** The trace as printed by the runner, cut to `limit.report.trace_chars`. */
  readonly trace: string;
  /** Repository-relative path; where the tree of the commit does not have it, as the report gave one. */
  readonly file: string | null;
  /** 1-based. */
  readonly line: number | null;
  /** Whether the tree of the commit has the file: only there it is annotated. Absent in what an earlier version stored. */
  readonly inTree?: boolean;
  readonly flaky: boolean;
}

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly pending: number;
  /** Neither passed nor failed, such as an inconclusive one. */
  readonly other: number;
  /** Suites that failed though no test of theirs did: they could not start, or claim failures that they do not show. */
  readonly errors: number;
  /** Passed only after a retry on the same commit. Also contained in `passed`. */
  readonly flaky: number;
}

export const noTests: TestCounts = {
  passed: 0,
  failed: 0,
  skipped: 0,
  pending: 0,
  other: 0,
  errors: 0,
  flaky: 0,
};

/**
 * What one pattern of the plan's `reports` found, as one reading; files that cannot be used have readings of
 * their own. A problem with a file is a reason for its stage to fail.
 */
export type ReportReading =
  | {
      readonly kind: "read";
      /** The file's, or the pattern where it matched several. */
      readonly path: string;
      /** The pattern of the plan that it was found by; null for a report of CodeBuild. */
      readonly pattern: string | null;
      /** Files that were read, and those of them without any test. */
      readonly files: number;
      readonly emptyFiles: number;
      /** `codebuild`: a report of AWS CodeBuild, which has read the files itself. */
      readonly format: "junit" | "ctrf" | "codebuild";
      readonly counts: TestCounts;
      readonly duration_ms: number;
      /** At most `limit.report.problems`; `counts` stays exact. */
      readonly problems: readonly TestProblem[];
      /** True when problems were left out. */
      readonly truncated: boolean;
    }
  | { readonly kind: "missing"; readonly path: string }
  | { readonly kind: "broken"; readonly path: string; readonly why: string };

export type ReportRead = Extract<ReportReading, { readonly kind: "read" }>;

/** As a report alone tells of it: which file of the commit is meant is still to be found. */
export interface FoundProblem extends Omit<TestProblem, "inTree"> {
  readonly whereabouts: Whereabouts;
}

type Unusable = Exclude<ReportReading, { readonly kind: "read" }>;

/** Whatever a reader of one file knows of it. */
export type FileReading = Unusable | FileRead;
export type FileRead = Omit<ReportRead, "pattern" | "files" | "emptyFiles" | "problems"> & {
  readonly problems: readonly FoundProblem[];
};

/** What one pattern found, before the files of the commit are known. */
export type FoundReading = Unusable | FoundRead;
type FoundRead = Omit<ReportRead, "problems"> & {
  readonly problems: readonly (FoundProblem & {
    /** Path of the file that it is in. */
    readonly report: string;
  })[];
};

/** Whether the files of the commit are needed to tell where something failed. */
export function asksForTree(readings: readonly FoundReading[]): boolean {
  return readings.some(
    (reading) =>
      reading.kind === "read" &&
      reading.problems.some(
        ({ whereabouts: { file, frames } }) => file !== null || frames.length > 0,
      ),
  );
}

/** @param tree Null where the files of the commit are not known: then nothing is annotated. */
export function placed(reading: FoundReading, tree: FileTree | null): ReportReading {
  if (reading.kind !== "read") return reading;
  return {
    ...reading,
    problems: reading.problems.map(({ whereabouts, report, ...problem }) => {
      const place = tree === null ? null : placeIn(tree, whereabouts, report);
      return place === null
        ? { ...problem, inTree: false }
        : { ...problem, ...place, inTree: true };
    }),
  };
}

/**
 * The readings of one pattern's files as one, and the files that cannot be used beside it. Of many of these
 * only the first `limit.report.unusable` are named.
 */
export function mergeReadings(
  pattern: string,
  readings: readonly FileReading[],
): readonly FoundReading[] {
  const unusable = readings.filter((reading) => reading.kind !== "read");
  const named = unusable.slice(0, limit.report.unusable);
  const rest = unusable.length - named.length;
  const others: Unusable[] =
    rest === 0 ? [] : [{ kind: "broken", path: pattern, why: `matches ${rest} more like these` }];
  const [first, ...more] = readings.filter((reading) => reading.kind === "read").map(withPath);
  if (first === undefined) return [...named, ...others];
  const whole: FoundRead = {
    ...more.reduce(sum, first),
    path: more.length === 0 ? first.path : pattern,
    pattern,
    files: 1 + more.length,
    emptyFiles: [first, ...more].filter(isEmpty).length,
  };
  return [whole, ...named, ...others];
}

type PathedRead = Omit<FoundRead, "pattern" | "files" | "emptyFiles">;

function withPath(read: FileRead): PathedRead {
  return { ...read, problems: read.problems.map((one) => ({ ...one, report: read.path })) };
}

function sum(one: PathedRead, other: PathedRead): PathedRead {
  const problems = [...one.problems, ...other.problems];
  return {
    ...one,
    counts: addCounts(one.counts, other.counts),
    duration_ms: Math.min(one.duration_ms + other.duration_ms, limit.report.duration_ms),
    problems: problems.slice(0, limit.report.problems),
    truncated: one.truncated || other.truncated || problems.length > limit.report.problems,
  };
}

function isEmpty({ counts }: PathedRead): boolean {
  const { passed, failed, skipped, pending, other, errors } = counts;
  return passed + failed + skipped + pending + other + errors === 0;
}

/** Counts from before `errors` was counted lack it. */
export function addCounts(one: TestCounts, other: TestCounts): TestCounts {
  const total = { ...one };
  for (const key of Object.keys(noTests) as (keyof TestCounts)[])
    total[key] = (one[key] ?? 0) + (other[key] ?? 0);
  return total;
}

/** Tests that failed, and suites that did. */
export function badCount({ failed, errors }: TestCounts): number {
  return failed + (errors ?? 0);
}

/** "2 tests failed", "1 suite failed without a failing test", or both. */
export function failedText({ failed, errors }: TestCounts): string {
  const parts = [
    failed === 0 ? "" : `${failed} ${failed === 1 ? "test" : "tests"} failed`,
    errors > 0 ? `${errors} ${errors === 1 ? "suite" : "suites"} failed as a whole` : "",
  ];
  return parts.filter((part) => part !== "").join(", ");
}
