// The operations of CodeBuild that tell of builds and of their tests.
import type { ReportCase } from "../codepipeline/model.ts";
import type { Batch, Build, Report } from "../model.ts";
import { type Operation, operation, type Scope } from "../operation.ts";
import { pageOf } from "../page.ts";
import { Refusal, refuse } from "../refusal.ts";
import { integer, list, optional, struct, text } from "../shape.ts";
import { seconds } from "../wire/json.ts";
import { renderBatch, renderBuild, renderReport, renderTestCase } from "./render.ts";

const ids = list(text({ min: 1 }), { min: 1, max: 100 });

export const codebuildOperations: Readonly<Record<string, Operation>> = {
  BatchGetBuilds: operation({
    action: "codebuild:BatchGetBuilds",
    input: struct({ ids }),
    resource: ({ ids: [id = ""] }, { region, account }) =>
      `arn:aws:codebuild:${region}:${account}:project/${id.split("/").at(-1)?.split(":")[0]}`,
    run({ world, input, ...scope }) {
      const find = (id: string): Build | undefined =>
        [...world.builds.values()].find((b) => (b.id === id || b.arn === id) && isHere(b, scope));
      const builds = input.ids.flatMap((id) => find(id) ?? []);
      const missing = input.ids.filter((id) => !find(id));
      return {
        builds: builds.map(renderBuild),
        ...(missing.length > 0 ? { buildsNotFound: missing } : {}),
      };
    },
  }),
  BatchGetBuildBatches: operation({
    action: "codebuild:BatchGetBuildBatches",
    input: struct({ ids }),
    resource: ({ ids: [id = ""] }, { region, account }) =>
      `arn:aws:codebuild:${region}:${account}:project/${id.split("/").at(-1)?.split(":")[0]}`,
    run({ world, input, ...scope }) {
      const find = (id: string): Batch | undefined =>
        [...world.batches.values()].find((b) => (b.id === id || b.arn === id) && isHere(b, scope));
      const missing = input.ids.filter((id) => !find(id));
      return {
        buildBatches: input.ids.flatMap((id) => find(id) ?? []).map(renderBatch),
        ...(missing.length > 0 ? { buildBatchesNotFound: missing } : {}),
      };
    },
  }),
  BatchGetReports: operation({
    action: "codebuild:BatchGetReports",
    input: struct({ reportArns: ids }),
    resource: ({ reportArns: [arn = ""] }) => groupOf(arn),
    run({ world, input }) {
      const reports = input.reportArns.flatMap((arn) => world.reports.get(arn) ?? []);
      const missing = input.reportArns.filter((arn) => !world.reports.has(arn));
      // The description wants at least one in each list that is there.
      return {
        ...(reports.length > 0 ? { reports: reports.map(renderReport) } : {}),
        ...(missing.length > 0 ? { reportsNotFound: missing } : {}),
      };
    },
  }),
  DescribeTestCases: operation({
    action: "codebuild:DescribeTestCases",
    input: struct({
      reportArn: text(),
      nextToken: optional(text()),
      maxResults: optional(integer({ min: 1, max: 100 })),
      filter: optional(struct({ status: optional(text()), keyword: optional(text()) })),
    }),
    resource: ({ reportArn }) => groupOf(reportArn),
    run({ world, input }) {
      const report = world.reports.get(input.reportArn);
      if (!report)
        return refuse("ResourceNotFoundException", `Report ${input.reportArn} does not exist.`);
      const { status, keyword } = input.filter ?? {};
      const cases = numbered(report).filter(
        ({ testCase }) =>
          (status === undefined || (testCase.status ?? "SUCCEEDED") === status) &&
          (keyword === undefined || testCase.name.includes(keyword)),
      );
      const page = pageOf(cases, {
        size: input.maxResults ?? 100,
        token: input.nextToken,
        list: `${report.arn} ${status ?? ""} ${keyword ?? ""}`,
        idOf: ({ number }) => String(number),
      });
      if (page instanceof Refusal)
        return refuse("InvalidInputException", "Invalid next token provided.");
      return {
        testCases: page.items.map(({ testCase }) => renderTestCase(report, testCase)),
        nextToken: page.nextToken,
      };
    },
  }),
  StopBuild: operation({
    action: "codebuild:StopBuild",
    input: struct({ id: text({ min: 1 }) }),
    resource: ({ id }, { region, account }) =>
      `arn:aws:codebuild:${region}:${account}:project/${id.split(":")[0]}`,
    run({ world, input, ...scope }) {
      const build = world.builds.get(input.id);
      if (!build || !isHere(build, scope))
        return refuse("ResourceNotFoundException", `Build ${input.id} does not exist.`);
      if (build.status === "IN_PROGRESS") {
        build.status = "STOPPED";
        build.endedAt = world.clock.now();
      }
      return { build: renderBuild(build) };
    },
  }),
  BatchGetProjects: operation({
    action: "codebuild:BatchGetProjects",
    input: struct({ names: ids }),
    resource: ({ names: [name] }, { region, account }) =>
      `arn:aws:codebuild:${region}:${account}:project/${name}`,
    run({ world, input, ...scope }) {
      const built = [...world.builds.values()].filter((b) => isHere(b, scope));
      const known = input.names.filter((name) => built.some((b) => b.project === name));
      const missing = input.names.filter((name) => !known.includes(name));
      return {
        projects: known.map((name) => ({
          name,
          arn: `arn:aws:codebuild:${scope.region}:${scope.account}:project/${name}`,
          created: seconds(0),
        })),
        ...(missing.length > 0 ? { projectsNotFound: missing } : {}),
      };
    },
  }),
};

function isHere(thing: Build | Batch, { account, region }: Scope): boolean {
  return thing.account === account && thing.region === region;
}

function groupOf(reportArn: string): string {
  return reportArn.replace(":report/", ":report-group/").replace(/:[^:]*$/, "");
}

function numbered(report: Report): { testCase: ReportCase; number: number }[] {
  return report.cases.map((testCase, number) => ({ testCase, number }));
}
