// Shows builds, reports and test cases as CodeBuild's answers have them.
import type { ReportCase } from "../codepipeline/model.ts";
import { groupArn } from "../logs/lines.ts";
import type { Batch, Build, Report } from "../model.ts";
import { seconds } from "../wire/json.ts";

/** docs.aws.amazon.com/codebuild/latest/userguide/limits.html#reports: kept for 30 days. */
const report_ms = 30 * 24 * 60 * 60_000;

export function renderBuild(build: Build): object {
  const { id, arn, account, region, project, group, stream, status, endedAt } = build;
  return {
    id,
    arn,
    buildNumber: build.number,
    startTime: seconds(build.startedAt),
    ...(endedAt === undefined ? {} : { endTime: seconds(endedAt) }),
    currentPhase: endedAt === undefined ? "BUILD" : "COMPLETED",
    buildStatus: status,
    sourceVersion: build.sourceVersion,
    projectName: project,
    phases: [renderPhase(build)],
    logs: {
      groupName: group,
      streamName: stream,
      deepLink: `https://console.aws.amazon.com/cloudwatch/home?region=${region}#logsV2:log-groups/log-group/${encodeURIComponent(group)}/log-events/${encodeURIComponent(stream)}`,
      cloudWatchLogsArn: `${groupArn({ region, account, group })}:log-stream:${stream}`,
      cloudWatchLogs: { status: "ENABLED" },
    },
    buildComplete: endedAt !== undefined,
    initiator: build.initiator,
    reportArns: build.reportArns,
  };
}

export function renderBatch({ id, arn, project, builds, reportArns }: Batch): object {
  const running = builds.some(({ status }) => status === "IN_PROGRESS");
  const failed = builds.some(({ status }) => status !== "SUCCEEDED");
  return {
    id,
    arn,
    projectName: project,
    buildBatchStatus: running ? "IN_PROGRESS" : failed ? "FAILED" : "SUCCEEDED",
    complete: !running,
    reportArns,
    buildGroups: builds.map((build, number) => ({
      identifier: `build${number}`,
      dependsOn: [],
      ignoreFailure: false,
      currentBuildSummary: {
        arn: build.arn,
        requestedOn: seconds(build.startedAt),
        buildStatus: build.status,
      },
    })),
  };
}

export function renderReport(report: Report): object {
  const statusCounts: Record<string, number> = {
    SUCCEEDED: 0,
    FAILED: 0,
    ERROR: 0,
    SKIPPED: 0,
    UNKNOWN: 0,
  };
  for (const { status = "SUCCEEDED" } of report.cases)
    statusCounts[status] = (statusCounts[status] ?? 0) + 1;
  return {
    arn: report.arn,
    type: "TEST",
    name: report.name,
    reportGroupArn: report.groupArn,
    executionId: report.executionId,
    status: report.status,
    created: seconds(report.createdAt),
    expired: seconds(report.createdAt + report_ms),
    exportConfig: { exportConfigType: "NO_EXPORT" },
    truncated: report.truncated,
    testSummary: {
      total: report.cases.length,
      statusCounts,
      durationInNanoSeconds: report.cases.reduce((sum, c) => sum + nanoseconds(c), 0),
    },
  };
}

export function renderTestCase(report: Report, testCase: ReportCase): object {
  const { name, status = "SUCCEEDED", suite, prefix, message } = testCase;
  return {
    reportArn: report.arn,
    testRawDataPath: "reports/junit.xml",
    prefix: prefix ?? suite ?? "",
    name,
    status,
    durationInNanoSeconds: nanoseconds(testCase),
    message: message ?? "",
    expired: seconds(report.createdAt + report_ms),
    testSuiteName: suite ?? "",
  };
}

function renderPhase({ startedAt, endedAt, status, failure }: Build): object {
  const times =
    endedAt === undefined
      ? {}
      : { endTime: seconds(endedAt), durationInSeconds: Math.round((endedAt - startedAt) / 1000) };
  return {
    phaseType: "BUILD",
    ...(endedAt === undefined ? {} : { phaseStatus: status }),
    startTime: seconds(startedAt),
    ...times,
    contexts: failure ? [{ statusCode: failure.code, message: failure.message }] : [],
  };
}

function nanoseconds({ durationMs = 0 }: ReportCase): number {
  return durationMs * 1_000_000;
}
