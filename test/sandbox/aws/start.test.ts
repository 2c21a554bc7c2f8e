// Starting executions and following them, through the real client.
import {
  CodePipelineClient,
  GetPipelineCommand,
  GetPipelineExecutionCommand,
  GetPipelineStateCommand,
  ListActionExecutionsCommand,
  ListPipelineExecutionsCommand,
  StartPipelineExecutionCommand,
} from "@aws-sdk/client-codepipeline";
import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { expect, onTestFinished, test, vi } from "vitest";
import { other, sha, smallAws, told } from "./world.ts";

const forCommit = (revisionValue: string) => [
  { actionName: "Source", revisionType: "COMMIT_ID" as const, revisionValue },
];

test("an execution goes through all stages with the commit it was started for", async () => {
  const { aws, codepipeline, pipeline, name } = await smallAws();
  const { pipelineExecutionId } = await codepipeline.send(
    new StartPipelineExecutionCommand({ name, sourceRevisions: forCommit(sha) }),
  );
  const execution = pipeline.execution(pipelineExecutionId ?? "");
  const list = async () => {
    const { pipelineExecutionSummaries } = await codepipeline.send(
      new ListPipelineExecutionsCommand({ pipelineName: name }),
    );
    return pipelineExecutionSummaries;
  };
  // Until the source action is done, the lists do not know the commit.
  expect(await list()).toMatchObject([{ status: "InProgress", sourceRevisions: [] }]);
  execution.pass("Source");
  expect(await list()).toMatchObject([
    {
      pipelineExecutionId,
      sourceRevisions: [{ actionName: "Source", revisionId: sha }],
      trigger: {
        triggerType: "StartPipelineExecution",
        triggerDetail: "arn:aws:iam::111122223333:user/interlock",
      },
      executionMode: "SUPERSEDED",
      executionType: "STANDARD",
    },
  ]);
  execution.passUntil();
  const found = await codepipeline.send(
    new GetPipelineExecutionCommand({ pipelineName: name, pipelineExecutionId }),
  );
  expect(found.pipelineExecution).toMatchObject({
    status: "Succeeded",
    pipelineVersion: 1,
    artifactRevisions: [{ name: "SourceArtifact", revisionId: sha }],
  });
  expect(told(aws)).toEqual([
    "Pipeline STARTED",
    "Stage Source STARTED",
    "Action Source/Source STARTED",
    "Action Source/Source SUCCEEDED",
    "Stage Source SUCCEEDED",
    ...["Build", "Test", "Production"].flatMap((s) => [
      `Stage ${s} STARTED`,
      `Action ${s}/${s} STARTED`,
      `Action ${s}/${s} SUCCEEDED`,
      `Stage ${s} SUCCEEDED`,
    ]),
    "Pipeline SUCCEEDED",
  ]);
});

test("the same token starts once, with other parameters it is refused", async () => {
  const { codepipeline, pipeline, name } = await smallAws();
  const start = (revision: string) =>
    codepipeline.send(
      new StartPipelineExecutionCommand({
        name,
        sourceRevisions: forCommit(revision),
        clientRequestToken: "key-1",
      }),
    );
  const first = await start(sha);
  expect((await start(sha)).pipelineExecutionId).toBe(first.pipelineExecutionId);
  await expect(start(other)).rejects.toMatchObject({ name: "ValidationException" });
  expect(pipeline.executions()).toHaveLength(1);
});

test("an answer that was lost is found again by its token", async () => {
  const { aws, codepipeline, pipeline, name } = await smallAws();
  aws.faults.onRequest({
    operation: "StartPipelineExecution",
    times: 1,
    fault: { kind: "answerLost" },
  });
  // The client's own retry comes with the same token.
  const started = await codepipeline.send(
    new StartPipelineExecutionCommand({ name, clientRequestToken: "key-1" }),
  );
  expect(pipeline.executions().map((e) => e.id)).toEqual([started.pipelineExecutionId]);
});

test("requests outside of the limits are refused with AWS's sentences", async () => {
  const { codepipeline, name, problems } = await smallAws();
  const refusal = async (input: object) => {
    try {
      await codepipeline.send(new StartPipelineExecutionCommand({ name, ...input }));
      return "accepted";
    } catch (error) {
      return error instanceof Error ? `${error.name}: ${error.message}` : "";
    }
  };
  expect(await refusal({ clientRequestToken: "a_b" })).toBe(
    "ValidationException: 1 validation error detected: Value at 'clientRequestToken' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9-]+$",
  );
  expect(await refusal({ variables: [{ name: "sha", value: "" }] })).toContain(
    "'variables.1.member.value' failed to satisfy constraint: Member must have length greater than or equal to 1",
  );
  expect(await refusal({ variables: [{ name: "sha", value: sha }] })).toContain("not declared");
  expect(
    await refusal({ sourceRevisions: [{ ...forCommit(sha)[0], actionName: "Nowhere" }] }),
  ).toContain("no source action Nowhere");
  expect(await refusal({ name: "nothing-there" })).toContain("PipelineNotFoundException");
  // The description says the same of the first two.
  expect(problems.splice(0)).toHaveLength(2);
});

test("a pipeline of type V1 takes neither revisions nor variables", async () => {
  const { codepipeline, name } = await smallAws({ pipeline: { type: "V1" } });
  const start = (input: object) =>
    codepipeline.send(new StartPipelineExecutionCommand({ name, ...input }));
  await expect(start({ sourceRevisions: forCommit(sha) })).rejects.toMatchObject({
    name: "ValidationException",
    message: expect.stringContaining("V2"),
  });
  await expect(start({})).resolves.toMatchObject({ pipelineExecutionId: expect.any(String) });
});

test("variables get their values or their defaults", async () => {
  const { codepipeline, name } = await smallAws({
    pipeline: { variables: [{ name: "pull", defaultValue: "none" }, "sha"] },
  });
  await expect(
    codepipeline.send(new StartPipelineExecutionCommand({ name })),
  ).rejects.toMatchObject({ message: expect.stringContaining("sha has no default") });
  const { pipelineExecutionId } = await codepipeline.send(
    new StartPipelineExecutionCommand({ name, variables: [{ name: "sha", value: sha }] }),
  );
  const found = await codepipeline.send(
    new GetPipelineExecutionCommand({ pipelineName: name, pipelineExecutionId }),
  );
  expect(found.pipelineExecution?.variables).toEqual([
    { name: "pull", resolvedValue: "none" },
    { name: "sha", resolvedValue: sha },
  ]);
});

test("the structure tells what would start by itself", async () => {
  const { codepipeline, name } = await smallAws({
    pipeline: { source: { detectChanges: "unset" } },
  });
  const { pipeline, metadata } = await codepipeline.send(new GetPipelineCommand({ name }));
  const source = pipeline?.stages?.[0]?.actions?.[0];
  expect(source?.configuration).toMatchObject({ FullRepositoryId: "acme/shop" });
  expect(source?.configuration).not.toHaveProperty("DetectChanges");
  expect(pipeline).toMatchObject({ version: 1, pipelineType: "V2", executionMode: "SUPERSEDED" });
  expect(metadata?.pipelineArn).toBe("arn:aws:codepipeline:eu-west-1:111122223333:shop-release");
});

test("the state shows what is in each stage, and a failed action says why", async () => {
  const { codepipeline, pipeline, name } = await smallAws();
  const execution = pipeline.startByConsole("ann", sha).passUntil("Test");
  execution.fail("Test", { code: "JobFailed", message: "3 tests failed" });
  const { stageStates } = await codepipeline.send(new GetPipelineStateCommand({ name }));
  expect(stageStates?.map((s) => s.latestExecution?.status)).toEqual([
    "Succeeded",
    "Succeeded",
    "Failed",
    undefined,
  ]);
  expect(stageStates?.[2]?.actionStates?.[0]?.latestExecution).toMatchObject({
    status: "Failed",
    errorDetails: { code: "JobFailed", message: "3 tests failed" },
  });
  const { actionExecutionDetails } = await codepipeline.send(
    new ListActionExecutionsCommand({
      pipelineName: name,
      filter: { pipelineExecutionId: execution.id },
    }),
  );
  expect(actionExecutionDetails?.map((a) => [a.stageName, a.status])).toEqual([
    ["Test", "Failed"],
    ["Build", "Succeeded"],
    ["Source", "Succeeded"],
  ]);
  expect(execution.status).toBe("Failed");
});

test("who started it and how is told", async () => {
  const { codepipeline, pipeline, aws, name } = await smallAws();
  pipeline.startByConsole("bea");
  pipeline.startByPush({ sha: other });
  pipeline.startByRule("nightly");
  const { pipelineExecutionSummaries } = await codepipeline.send(
    new ListPipelineExecutionsCommand({ pipelineName: name }),
  );
  expect(pipelineExecutionSummaries?.map((e) => e.trigger?.triggerType)).toEqual([
    "CloudWatchEvent",
    "WebhookV2",
    "StartPipelineExecution",
  ]);
  expect(pipelineExecutionSummaries?.[2]?.trigger?.triggerDetail).toContain(
    ":assumed-role/AWSReservedSSO_Developer_0123456789abcdef/bea",
  );
  const started = aws.events.events.filter(
    (e) => e.detail.state === "STARTED" && !("stage" in e.detail),
  );
  // Only the event of a push tells the commit.
  expect(started.map((e) => e.detail["execution-trigger"])).toMatchObject([
    { "trigger-type": "StartPipelineExecution" },
    { "commit-id": other, "full-repository-name": "acme/shop", "branch-name": "main" },
    { "trigger-type": "CloudWatchEvent" },
  ]);
});

test("long lists come in pages, and a token fits only its list", async () => {
  const { codepipeline, pipeline, name } = await smallAws({ pipeline: { mode: "PARALLEL" } });
  for (let i = 0; i < 5; i++) pipeline.startByConsole().passUntil();
  const list = (input: object) =>
    codepipeline.send(new ListPipelineExecutionsCommand({ pipelineName: name, ...input }));
  const first = await list({ maxResults: 2 });
  // What comes to the front meanwhile moves nothing.
  pipeline.startByConsole();
  const second = await list({ maxResults: 2, nextToken: first.nextToken });
  const third = await list({ maxResults: 2, nextToken: second.nextToken });
  const ids = [first, second, third].flatMap((page) =>
    (page.pipelineExecutionSummaries ?? []).map((e) => e.pipelineExecutionId),
  );
  const expected = pipeline
    .executions()
    .map((e) => e.id)
    .slice(0, 5);
  expect(ids).toEqual(expected.reverse());
  expect(third.nextToken).toBeUndefined();
  await expect(list({ nextToken: "nonsense" })).rejects.toMatchObject({
    name: "InvalidNextTokenException",
  });
  const otherList = list({
    nextToken: first.nextToken,
    filter: { succeededInStage: { stageName: "Build" } },
  });
  await expect(otherList).rejects.toMatchObject({ name: "InvalidNextTokenException" });
});

test("clients that only know the environment come here for every service", async () => {
  const { aws, url, name } = await smallAws();
  vi.stubEnv("AWS_ENDPOINT_URL", url);
  vi.stubEnv("AWS_REGION", "eu-west-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", aws.credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", aws.credentials.secretAccessKey);
  onTestFinished(() => void vi.unstubAllEnvs());
  await new CodePipelineClient().send(new GetPipelineCommand({ name }));
  await new STSClient().send(new GetCallerIdentityCommand({}));
  await new S3Client().send(
    new ListObjectsV2Command({ Bucket: "codepipeline-eu-west-1-111122223333" }),
  );
  expect(aws.log.all.map((r) => [r.service, r.status])).toEqual([
    ["codepipeline", 200],
    ["sts", 200],
    ["s3", 200],
  ]);
});

test("an event may tell of an execution before the answer does", async () => {
  const { aws, clock, codepipeline, name } = await smallAws();
  aws.faults.onRequest({ times: 1, fault: { kind: "slowAnswer", ms: 5_000 } });
  const heard: string[] = [];
  const first = new Promise<void>((resolve) =>
    aws.events.deliverTo(async ({ event }) => {
      heard.push(String(event.detail["execution-id"]));
      resolve();
    }),
  );
  let answered = false;
  const starting = codepipeline.send(new StartPipelineExecutionCommand({ name })).then((answer) => {
    answered = true;
    return answer;
  });
  await first;
  await new Promise(setImmediate);
  expect(answered).toBe(false);
  clock.advance(5_000);
  expect((await starting).pipelineExecutionId).toBe(heard[0]);
});

test("a commit that is not there fails the source action", async () => {
  const { pipeline } = await smallAws({ sources: () => undefined });
  const execution = pipeline.startByConsole("ann", sha).pass("Source");
  expect([execution.status, execution.sha]).toEqual(["Failed", undefined]);
  expect(execution.data.actions[0]?.error?.code).toBe("ConfigurationError");
});
