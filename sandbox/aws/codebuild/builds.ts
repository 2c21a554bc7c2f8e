// Builds that actions start: their record, their log, and the reports of their tests.
import type { ActionRun, Outcome, ReportCase } from "../codepipeline/model.ts";
import { append, groupArn } from "../logs/lines.ts";
import type { Batch, Build, World } from "../model.ts";

/** docs.aws.amazon.com/codebuild/latest/userguide/limits.html#reports */
const report_cases_max = 500;

export function startBuild(world: World, run: ActionRun): void {
  const { execution } = run.stage;
  const { account, region, name } = execution.pipeline;
  const isCommands = run.declaration.actionTypeId.provider === "Commands";
  const project = run.declaration.configuration?.ProjectName ?? name;
  const build = addBuild(world, run, project);
  const { id } = build;
  const isBatch = run.declaration.configuration?.BatchEnabled === "true";
  const shown = isBatch ? addBatch(world, [addBuild(world, run, project), build]).id : id;
  run.buildId = id;
  run.externalId = isCommands ? logStreamArn(build) : shown;
  run.externalUrl = `https://${region}.console.aws.amazon.com/codesuite/codebuild/${account}/projects/${project}/${isBatch ? "batch" : "build"}/${encodeURIComponent(shown)}/?region=${region}`;
  // A batch has as many logs as builds.
  run.logStreamArn = isBatch ? undefined : logStreamArn(build);
}

function addBuild(world: World, run: ActionRun, project: string): Build {
  const { account, region, name } = run.stage.execution.pipeline;
  const isCommands = run.declaration.actionTypeId.provider === "Commands";
  const uuid = world.random.guid();
  const id = `${project}:${uuid}`;
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
    // An action of the provider Commands runs on CodeBuild too, in a project that is not the customer's.
    group: isCommands ? `/aws/codepipeline/${name}` : `/aws/codebuild/${project}`,
    stream: isCommands ? `${run.id}/${uuid}` : uuid,
    reportArns: [],
    initiator: `codepipeline/${name}`,
    failure: undefined,
  };
  world.builds.set(id, build);
  append(world, build, [
    `[Container] Running on CodeBuild for ${name}`,
    "[Container] Phase is BUILD",
  ]);
  return build;
}

function addBatch(world: World, builds: readonly [Build, ...Build[]]): Batch {
  const { account, region, project } = builds[0];
  const id = `${project}:${world.random.guid()}`;
  const arn = `arn:aws:codebuild:${region}:${account}:build-batch/${id}`;
  const batch: Batch = { id, arn, account, region, project, builds, reportArns: [] };
  world.batches.set(id, batch);
  return batch;
}

function logStreamArn({ account, region, group, stream }: Build): string {
  return `${groupArn({ region, account, group })}:log-stream:${stream}`;
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
  const batch = [...world.batches.values()].find(({ builds }) => builds.includes(build));
  // The others of a batch pass: how it ends is told of one.
  for (const other of batch?.builds ?? [])
    if (other !== build) {
      other.status = "SUCCEEDED";
      other.endedAt = build.endedAt;
    }
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
