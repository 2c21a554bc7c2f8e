// The tests check: how many, which failed and where, with annotations on file and line.

import { emptyReports } from "../decide/assess.ts";
import type { PartView } from "../decide/part.ts";
import type { Annotation } from "../model/effect.ts";
import { limit } from "../model/limit.ts";
import { cutChars, plain, plainLine } from "../model/plain.ts";
import {
  addCounts,
  badCount,
  failedText,
  noTests,
  type ReportReading,
  type TestCounts,
  type TestProblem,
} from "../model/report.ts";
import { block, cell, code, fold, prose } from "./markdown.ts";

export interface TestsPage {
  readonly title: string;
  readonly summary: string;
  readonly text: string;
  readonly annotations: readonly Annotation[];
  /** Whether every stage that names reports has shown them and none speaks against passing. */
  readonly verdict: "success" | "failure" | "in_progress";
}

/** Null while no stage has a report to show. An engine may have some that the plan does not name. */
export function testsPage(view: PartView, sha: string): TestsPage | null {
  const all = view.spec.stages.map((stage) => ({
    stage,
    fact: view.execution?.stages.find(({ name }) => name === stage.name),
  }));
  const staged = all.filter(({ stage, fact }) => stage.reports.length > 0 || fact?.reports.length);
  const named = staged.filter(({ stage }) => stage.reports.length > 0);
  const reports = staged.flatMap(({ fact }) => fact?.reports ?? []);
  if (reports.length === 0) return null;

  const total = totals(reports);
  const problems = reports.flatMap((report) => (report.kind === "read" ? report.problems : []));
  const unusable = reports.filter((report) => report.kind !== "read");
  const bad = badCount(total);
  const complete = named.every(({ fact }) => (fact?.reports.length ?? 0) > 0);
  const ended = view.execution?.endedAt !== null;
  // Each stage has to show a test of its own, as the gate demands.
  const barren = named
    .filter(({ fact }) => (fact?.reports.length ?? 0) > 0)
    .filter(({ stage, fact }) => fact !== undefined && emptyReports(stage, fact).length > 0)
    .map(({ stage }) => stage.name);
  const wrong = bad > 0 || unusable.length > 0 || barren.length > 0;
  const shown = problems.slice(0, limit.page.problems);
  const hidden = bad - shown.length;

  return {
    title: cutChars(plainLine(titleOf(total, unusable.length, barren)), limit.page.title_chars),
    summary: [
      `Commit ${code(sha.slice(0, 7))}, ${code(view.name)}, attempt ${view.execution?.attempt ?? 1}`,
      "",
      `**${countsText(total)}**${total.flaky > 0 ? `, ${total.flaky} of the passed ones only after a retry` : ""}`,
      ...reports.flatMap(emptyFilesLine),
      ...unusable.map((report) => `- ${unusableLine(report)}`),
      "",
      ...shown.map(problemLine),
      ...(hidden > 0 ? [`- … and ${hidden} more`] : []),
    ].join("\n"),
    text: shown
      .filter(({ trace }) => trace !== "")
      .map((problem) => fold(cutChars(problem.name, 200), block(problem.trace)))
      .join("\n\n"),
    annotations: shown.flatMap(annotationOf).slice(0, limit.page.annotations),
    verdict: wrong ? "failure" : complete ? "success" : ended ? "failure" : "in_progress",
  };
}

/** The first tests that failed in any part, for the gate; the check of the tests has them all. */
export function failedTestsTable(views: readonly PartView[]): readonly string[] {
  const reports = views
    .flatMap(({ execution }) => execution?.stages ?? [])
    .flatMap((stage) => stage.reports);
  const problems = reports.flatMap((report) => (report.kind === "read" ? report.problems : []));
  if (problems.length === 0) return [];
  const rows = problems
    .slice(0, limit.page.gate_tests)
    .map(
      (problem) =>
        `| ${cell(cutChars(problem.name, 120))} | ${problem.file === null ? "" : cell(placeOf(problem, problem.file))} | ${cell(cutChars(plainLine(problem.message) || "failed", 160))} |`,
    );
  const more = badCount(totals(reports)) - rows.length;
  return [
    "| test | where | message |",
    "| --- | --- | --- |",
    ...rows,
    ...(more > 0 ? ["", `… and ${more} more in the check of the tests`] : []),
  ];
}

function placeOf({ line }: TestProblem, file: string): string {
  return line === null ? file : `${file}:${line}`;
}

function titleOf(total: TestCounts, unusable: number, barren: readonly string[]): string {
  const files = unusable === 0 ? "" : `, ${unusable} unusable report${unusable === 1 ? "" : "s"}`;
  const { passed, failed, errors } = total;
  if (failed > 0 && errors === 0) return `${failed} of ${failed + passed} tests failed${files}`;
  if (badCount(total) > 0) return `${failedText(total)}${files}`;
  if (passed === 0) return `No test passed${files}`;
  const none = barren.length === 0 ? "" : `, none in a report of ${barren.join(" and ")}`;
  return `${passed} test${passed === 1 ? "" : "s"} passed${none}${files}`;
}

function countsText({ passed, failed, skipped, pending, other, errors }: TestCounts): string {
  const parts = [`${passed} passed`, `${failed} failed`, `${skipped + pending} skipped`];
  if (other > 0) parts.push(`${other} inconclusive`);
  if (errors > 0) parts.push(`${errors} ${errors === 1 ? "suite" : "suites"} failed as a whole`);
  return parts.join(", ");
}

/** Not wrong by itself, and worth a look: an import error can leave a report without tests. */
function emptyFilesLine(report: ReportReading): readonly string[] {
  if (report.kind !== "read" || report.files < 2 || report.emptyFiles === 0) return [];
  return [`- ${report.emptyFiles} of ${report.files} files of ${code(report.path)} hold no test`];
}

function problemLine(problem: TestProblem): string {
  const place = problem.file === null ? "" : ` at ${code(placeOf(problem, problem.file))}`;
  const message = plainLine(problem.message);
  return `- ${code(problem.name)}${place}${message === "" ? "" : `: ${code(cutChars(message, 300))}`}`;
}

function unusableLine(report: ReportReading): string {
  if (report.kind === "broken") return `${code(report.path)} cannot be used: ${prose(report.why)}`;
  return `${code(report.path)} was not written`;
}

/** GitHub needs a path and a line; a failure in no file that the commit is known to have is only listed. */
function annotationOf(problem: TestProblem): readonly Annotation[] {
  if (problem.file === null || problem.inTree !== true || problem.file !== plainLine(problem.file))
    return [];
  return [
    {
      path: problem.file,
      line: problem.line ?? 1,
      level: "failure",
      title: cutChars(plainLine(problem.name), limit.page.annotation_title_chars),
      message: cutChars(plain(problem.message) || "failed", limit.page.annotation_chars),
    },
  ];
}

function totals(reports: readonly ReportReading[]): TestCounts {
  return reports
    .flatMap((report) => (report.kind === "read" ? [report.counts] : []))
    .reduce(addCounts, noTests);
}
