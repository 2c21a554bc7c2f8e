// Reports that CodeBuild made of a build's tests. It has read the files itself, and keeps 500 tests of each for 30 days.

import {
  BatchGetReportsCommand,
  DescribeTestCasesCommand,
  type Report,
  type TestCase,
} from "@aws-sdk/client-codebuild";
import type { AwsFailure } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import { oneLine } from "../../aws/text.ts";
import { limit } from "../../core/model/limit.ts";
import { plain } from "../../core/model/plain.ts";
import {
  noTests,
  type ReportReading,
  type TestCounts,
  type TestProblem,
} from "../../core/model/report.ts";

export type BuildReports =
  | { readonly kind: "read"; readonly reports: readonly ReportReading[] }
  | { readonly kind: "later"; readonly why: string };

export async function readBuildReports(
  session: Session,
  arns: readonly string[],
): Promise<BuildReports> {
  const reports: ReportReading[] = [];
  for (const [region, own] of Map.groupBy(arns, regionIn)) {
    const read = await readInRegion(session, region, own);
    if (read.kind === "later") return read;
    reports.push(...read.reports);
  }
  return { kind: "read", reports };
}

async function readInRegion(
  session: Session,
  region: string,
  arns: readonly string[],
): Promise<BuildReports> {
  const reply = await session.ask({
    action: "codebuild:BatchGetReports",
    resource: groupOf(arns[0] ?? ""),
    region,
    send: ({ codebuild }) =>
      codebuild.send(
        new BatchGetReportsCommand({ reportArns: arns.slice(0, limit.codepipeline.batch) }),
      ),
    has: ({ reports, reportsNotFound }) => reports ?? reportsNotFound,
  });
  if (reply.kind === "trouble") return unread(arns, reply);
  const found = reply.value.reports ?? [];
  const reports: ReportReading[] = [];
  for (const report of found) {
    if (report.type === "CODE_COVERAGE") continue;
    if (report.status === "GENERATING")
      return { kind: "later", why: "CodeBuild is still making a report." };
    const problems = await readProblems(session, region, report);
    if ("kind" in problems && problems.is === "later") return { kind: "later", why: problems.why };
    reports.push(readingOf(report, problems));
  }
  const gone = arns.filter((arn) => !found.some((report) => report.arn === arn));
  reports.push(...gone.map((arn) => broken(arn, "CodeBuild does not have it any more")));
  return { kind: "read", reports };
}

function unread(arns: readonly string[], { is, why }: AwsFailure): BuildReports {
  if (is === "later") return { kind: "later", why };
  return { kind: "read", reports: arns.map((arn) => broken(arn, why)) };
}

/** Only what has not passed; the counts tell of the rest. */
async function readProblems(
  session: Session,
  region: string,
  report: Report,
): Promise<readonly TestCase[] | AwsFailure> {
  const counts = report.testSummary?.statusCounts ?? {};
  const cases: TestCase[] = [];
  for (const status of ["FAILED", "ERROR", "UNKNOWN"] as const) {
    if ((counts[status] ?? 0) === 0) continue;
    let token: string | undefined;
    do {
      const nextToken = token;
      const arn = report.arn ?? "";
      const reply = await session.ask({
        action: "codebuild:DescribeTestCases",
        resource: groupOf(arn),
        region,
        send: ({ codebuild }) =>
          codebuild.send(
            new DescribeTestCasesCommand({
              reportArn: arn,
              filter: { status },
              maxResults: limit.codepipeline.batch,
              ...(nextToken === undefined ? {} : { nextToken }),
            }),
          ),
        has: ({ testCases }) => testCases,
      });
      if (reply.kind === "trouble") return reply;
      cases.push(...(reply.value.testCases ?? []));
      token = reply.value.nextToken;
    } while (token !== undefined && cases.length < limit.report.problems);
  }
  return cases;
}

export function readingOf(
  report: Report,
  problems: readonly TestCase[] | AwsFailure,
): ReportReading {
  const path = nameOf(report.arn ?? "");
  if ("kind" in problems) return broken(report.arn ?? "", problems.why);
  if (report.status === "INCOMPLETE")
    return broken(report.arn ?? "", "CodeBuild did not finish it");
  if (report.status === "DELETING") return broken(report.arn ?? "", "CodeBuild is deleting it");
  const counts = countsOf(report.testSummary?.statusCounts ?? {});
  const shown = problems.slice(0, limit.report.problems).map(problemOf);
  return {
    kind: "read",
    path,
    pattern: null,
    files: 1,
    emptyFiles: 0,
    format: "codebuild",
    counts,
    duration_ms: Math.min(
      limit.report.duration_ms,
      Math.round((report.testSummary?.durationInNanoSeconds ?? 0) / 1e6),
    ),
    problems: shown,
    truncated: report.truncated === true || counts.failed > shown.length,
  };
}

function countsOf(by: Readonly<Record<string, number>>): TestCounts {
  return {
    ...noTests,
    passed: by.SUCCEEDED ?? 0,
    // What CodeBuild does not know of a test is no pass.
    failed: (by.FAILED ?? 0) + (by.ERROR ?? 0) + (by.UNKNOWN ?? 0),
    skipped: by.SKIPPED ?? 0,
  };
}

function problemOf({ prefix, testSuiteName, name, message }: TestCase): TestProblem {
  const suite = testSuiteName || prefix || "";
  const parts = [suite, name ?? ""].filter((part) => part !== "");
  return {
    name: oneLine(parts.join(" › "), limit.report.name_chars),
    status: "failed",
    message: plain(message ?? "")
      .slice(0, limit.report.message_chars)
      .toWellFormed(),
    trace: "",
    file: null,
    line: null,
    flaky: false,
  };
}

function broken(arn: string, why: string): ReportReading {
  return { kind: "broken", path: nameOf(arn), why: oneLine(why, limit.report.message_chars) };
}

/** `arn:aws:codebuild:<region>:<account>:report/<group>:<uuid>`; what people named is the group. */
function nameOf(arn: string): string {
  const [group = arn] = (arn.split(":report/")[1] ?? arn).split(":");
  return oneLine(group, limit.report.name_chars);
}

function regionIn(arn: string): string {
  return arn.split(":")[3] ?? "";
}

function groupOf(arn: string): string {
  return arn.replace(":report/", ":report-group/").replace(/(:report-group\/[^:]*):.*$/, "$1");
}
