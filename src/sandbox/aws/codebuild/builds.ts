// Builds that actions start: their record, their log, and the reports of their tests.
import type { ActionRun, Outcome, ReportCase } from "../codepipeline/model.ts";
import { append, groupArn } from "../logs/lines.ts";
import type { Build, World } from "../model.ts";

/** docs.aws.amazon.com/codebuild/latest/userguide/limits.html#reports */
const report_cases_max = 500;

export function startBuild(world: World, run: ActionRun): void {
  const { execution } = run.stage;
  const { account, region, name } = execution.pipeline;
  const isCommands = run.declaration.actionTypeId.provider === "Commands";
  const project = run.declaration.configuration?.ProjectName ?? name;
  const uuid = world.random.guid();
  const id = `${project}:${uuid}`;
  // An action of the provider Commands runs on CodeBuild too, in a project that is not the customer's.
  const group = isCommands ? `/aws/codepipeline/${name}` : `/aws/codebuild/${project}`;
  const stream = isCommands ? `${run.id}/${uuid}` : uuid;
  const logStreamArn = `${groupArn({ region, account, group })}:log-stream:${stream}`;
  const build: Build = {
    id,
    arn: `arn:aws:codebuild:${region}:${account}:build/${id}`,
    account,
    region,
    project,
    number: world.builds.size + 1,
    status: "IN_PROGRESS",
    startedAt: world.clock.now(),
    endedAt: undefined,
    sourceVersion: run.inputs[0] && `arn:aws:s3:::${run.inputs[0].bucket}/${run.inputs[0].key}`,
    group,
    stream,
    reportArns: [],
    initiator: `codepipeline/${name}`,
    failure: undefined,
  };
  world.builds.set(id, build);
  run.buildId = id;
  run.externalId = isCommands ? logStreamArn : id;
  run.externalUrl = `https://${region}.console.aws.amazon.com/codesuite/codebuild/${account}/projects/${project}/build/${encodeURIComponent(id)}/?region=${region}`;
  run.logStreamArn = logStreamArn;
  append(world, build, [
    `[Container] Running on CodeBuild for ${name}`,
    "[Container] Phase is BUILD",
  ]);
}

export function endBuild(world: World, run: ActionRun, outcome: Outcome): void {
  const build = world.builds.get(run.buildId ?? "");
  if (!build) return;
  const { kind, code = "COMMAND_EXECUTION_ERROR", message = "exit status 1" } = outcome;
  build.status = kind === "pass" ? "SUCCEEDED" : "FAILED";
  build.endedAt = world.clock.now();
  if (kind === "fail") build.failure = { code, message };
  append(world, build, outcome.log ?? []);
  append(world, build, [`[Container] Phase complete: BUILD State: ${build.status}`]);
  if (outcome.report) addReport(world, build, outcome.report);
}

function addReport(
  world: World,
  build: Build,
  wanted: { name?: string; cases: readonly ReportCase[] },
): void {
  const { region, account, project } = build;
  const group = wanted.name ?? `${project}-reports`;
  const groupArn = `arn:aws:codebuild:${region}:${account}:report-group/${group}`;
  const uuid = world.random.guid();
  const arn = `arn:aws:codebuild:${region}:${account}:report/${group}:${uuid}`;
  const failed = wanted.cases.some((c) => c.status === "FAILED" || c.status === "ERROR");
  world.reports.set(arn, {
    arn,
    groupArn,
    name: `${group}:${uuid}`,
    executionId: build.arn,
    status: failed ? "FAILED" : "SUCCEEDED",
    createdAt: world.clock.now(),
    truncated: wanted.cases.length > report_cases_max,
    cases: wanted.cases.slice(0, report_cases_max),
  });
  build.reportArns.push(arn);
}
