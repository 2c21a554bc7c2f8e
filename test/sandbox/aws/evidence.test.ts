// What runs leave behind: builds, logs, test reports, and artifacts with files in them.

import { Agent } from "node:http";
import type { LookupFunction } from "node:net";
import { Readable } from "node:stream";
import { FilterLogEventsCommand, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  BatchGetBuildsCommand,
  BatchGetReportsCommand,
  DescribeTestCasesCommand,
  paginateDescribeTestCases,
} from "@aws-sdk/client-codebuild";
import { ListActionExecutionsCommand } from "@aws-sdk/client-codepipeline";
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { fromBufferPromise } from "yauzl";
import { smallAws } from "./world.ts";

const junit = `<testsuite name="shop" tests="1"><testcase name="adds – ümläut"/></testsuite>`;

async function failedTest() {
  const world = await smallAws();
  const execution = world.pipeline.run({ until: "Test" }).fail("Test", {
    code: "JobFailed",
    message: "Build terminated with state: FAILED",
    log: ["npm test", "", "1 failing", "token ***"],
    report: {
      name: "shop-unit",
      cases: [
        { name: "adds", suite: "Cart", durationMs: 5 },
        { name: "removes", suite: "Cart", status: "FAILED", message: "expected 1" },
      ],
    },
    files: { "reports/junit.xml": junit },
  });
  const { actionExecutionDetails } = await world.codepipeline.send(
    new ListActionExecutionsCommand({
      pipelineName: world.name,
      filter: { pipelineExecutionId: execution.id },
    }),
  );
  const action = actionExecutionDetails?.[0];
  if (!action?.output) throw new Error("the action left nothing behind");
  return { ...world, action: action.output };
}

test("a failed action leads to its build, and the build to its log", async () => {
  const { action, codebuild, logs } = await failedTest();
  const id = action.executionResult?.externalExecutionId ?? "";
  expect(action.executionResult).toMatchObject({
    errorDetails: { code: "JobFailed", message: "Build terminated with state: FAILED" },
    externalExecutionUrl: expect.stringContaining(encodeURIComponent(id)),
  });
  const { builds, buildsNotFound } = await codebuild.send(
    new BatchGetBuildsCommand({ ids: [id, "shop:nothing"] }),
  );
  expect(buildsNotFound).toEqual(["shop:nothing"]);
  const [build] = builds ?? [];
  expect(build).toMatchObject({ buildStatus: "FAILED", projectName: "shop-release-test" });
  const place = { logGroupName: build?.logs?.groupName, logStreamName: build?.logs?.streamName };
  expect(action.executionResult?.logStreamARN).toBe(
    `arn:aws:logs:eu-west-1:111122223333:log-group:${place.logGroupName}:log-stream:${place.logStreamName}`,
  );
  const last = await logs.send(new GetLogEventsCommand({ ...place, limit: 3 }));
  expect(last.events?.map((e) => e.message)).toEqual([
    "1 failing\n",
    "token ***\n",
    "[Container] Phase complete: BUILD State: FAILED\n",
  ]);
  const before = await logs.send(
    new GetLogEventsCommand({ ...place, limit: 2, nextToken: last.nextBackwardToken }),
  );
  expect(before.events?.map((e) => e.message)).toEqual(["npm test\n", "\n"]);
  // At the end the same token comes back, for ever.
  const end = await logs.send(
    new GetLogEventsCommand({ ...place, nextToken: last.nextForwardToken }),
  );
  expect(end).toMatchObject({ events: [], nextForwardToken: last.nextForwardToken });
  const found = await logs.send(
    new FilterLogEventsCommand({ logGroupName: place.logGroupName, filterPattern: '"failing"' }),
  );
  expect(found.events?.map((e) => e.message)).toEqual(["1 failing\n"]);
  await expect(
    logs.send(new GetLogEventsCommand({ logGroupName: "/none", logStreamName: "x" })),
  ).rejects.toMatchObject({ name: "ResourceNotFoundException" });
});

test("an action of the provider Commands shows its log in place of a build", async () => {
  const { pipeline, codepipeline, logs, name } = await smallAws({
    pipeline: { stages: [{ name: "Check", kind: "commands" }] },
  });
  pipeline.run({ until: "Check" }).fail("Check", { log: ["exit 1"] });
  const { actionExecutionDetails } = await codepipeline.send(
    new ListActionExecutionsCommand({ pipelineName: name }),
  );
  const result = actionExecutionDetails?.[0]?.output?.executionResult;
  expect(result?.externalExecutionId).toBe(result?.logStreamARN);
  const [, group, stream] =
    /log-group:(.+):log-stream:(.+)$/.exec(result?.logStreamARN ?? "") ?? [];
  const { events } = await logs.send(
    new GetLogEventsCommand({ logGroupName: group, logStreamName: stream }),
  );
  expect(events?.map((e) => e.message)).toContain("exit 1\n");
});

test("a build's reports tell each test case", async () => {
  const { action, codebuild } = await failedTest();
  const { builds } = await codebuild.send(
    new BatchGetBuildsCommand({ ids: [action.executionResult?.externalExecutionId ?? ""] }),
  );
  const reportArns = builds?.[0]?.reportArns ?? [];
  const { reports, reportsNotFound } = await codebuild.send(
    new BatchGetReportsCommand({ reportArns: [...reportArns, "arn:none"] }),
  );
  expect(reportsNotFound).toEqual(["arn:none"]);
  expect(reports).toMatchObject([
    {
      type: "TEST",
      status: "FAILED",
      truncated: false,
      testSummary: { total: 2, statusCounts: { SUCCEEDED: 1, FAILED: 1 } },
    },
  ]);
  const reportArn = reportArns[0] ?? "";
  const failed = await codebuild.send(
    new DescribeTestCasesCommand({ reportArn, filter: { status: "FAILED" } }),
  );
  expect(failed.testCases).toMatchObject([
    { name: "removes", testSuiteName: "Cart", message: "expected 1" },
  ]);
  await expect(
    codebuild.send(new DescribeTestCasesCommand({ reportArn: "arn:none" })),
  ).rejects.toMatchObject({ name: "ResourceNotFoundException" });
});

test("CodeBuild keeps 500 cases of a report and says that it cut the rest", async () => {
  const { pipeline, codebuild, aws } = await smallAws();
  const cases = Array.from({ length: 620 }, (_, i) => ({ name: `case ${i}` }));
  pipeline.run({ until: "Test" }).pass("Test", { report: { cases } });
  const [reportArn = ""] = aws.world.reports.keys();
  const { reports } = await codebuild.send(new BatchGetReportsCommand({ reportArns: [reportArn] }));
  expect(reports?.[0]?.truncated).toBe(true);
  const names: (string | undefined)[] = [];
  for await (const page of paginateDescribeTestCases({ client: codebuild }, { reportArn }))
    names.push(...(page.testCases ?? []).map((c) => c.name));
  expect(names).toEqual(cases.slice(0, 500).map((c) => c.name));
  expect(aws.log.counts()["codebuild:DescribeTestCases"]).toBe(5);
});

test("an output artifact is a zip file that other programs can read", async () => {
  const { action, s3 } = await failedTest();
  const [artifact] = action.outputArtifacts ?? [];
  expect(artifact).toMatchObject({ name: "TestArtifact" });
  const at = { Bucket: artifact?.s3location?.bucket, Key: artifact?.s3location?.key };
  const head = await s3.send(new HeadObjectCommand(at));
  const { Body, ContentType } = await s3.send(new GetObjectCommand(at));
  const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
  expect([head.ContentLength, ContentType]).toEqual([bytes.length, "application/zip"]);
  expect(await unzip(Buffer.from(bytes))).toEqual({ "reports/junit.xml": junit });
});

test("objects are put, listed and partly read; what is missing is said", async () => {
  const { aws, s3, client } = await smallAws();
  aws.putObject({ bucket: "files", key: "seed", body: Buffer.from("x") });
  const put = (Key: string, Body: string | Readable, more: object = {}) =>
    s3.send(new PutObjectCommand({ Bucket: "files", Key, Body, ...more }));
  await put("a/ü 1.txt", "hello world", { Metadata: { sha: "abc" } });
  // A stream goes over the wire in chunks with a checksum behind them.
  await put("a/2", Readable.from([Buffer.from("streamed")]), { ContentLength: 8 });
  const first = await s3.send(
    new ListObjectsV2Command({ Bucket: "files", Prefix: "a/", MaxKeys: 1 }),
  );
  expect(first).toMatchObject({
    IsTruncated: true,
    KeyCount: 1,
    Contents: [{ Key: "a/2", Size: 8 }],
  });
  const second = await s3.send(
    new ListObjectsV2Command({
      Bucket: "files",
      Prefix: "a/",
      ContinuationToken: first.NextContinuationToken,
    }),
  );
  expect(second.Contents?.map((o) => o.Key)).toEqual(["a/ü 1.txt"]);
  const read = async (Key: string, Range?: string) => {
    const answer = await s3.send(new GetObjectCommand({ Bucket: "files", Key, Range }));
    return { text: await answer.Body?.transformToString(), metadata: answer.Metadata };
  };
  expect(await read("a/2")).toMatchObject({ text: "streamed" });
  expect(await read("a/ü 1.txt", "bytes=0-4")).toEqual({ text: "hello", metadata: { sha: "abc" } });
  expect(await read("a/ü 1.txt", "bytes=-5")).toMatchObject({ text: "world" });
  await expect(read("nothing")).rejects.toMatchObject({ name: "NoSuchKey" });
  await expect(
    s3.send(new HeadObjectCommand({ Bucket: "files", Key: "nothing" })),
  ).rejects.toMatchObject({ name: "NotFound" });
  await expect(
    s3.send(new GetObjectCommand({ Bucket: "no-bucket", Key: "x" })),
  ).rejects.toMatchObject({ name: "NoSuchBucket" });
  // Virtual-host style: the bucket is part of the name, which leads here all the same.
  const lookup: LookupFunction = (_, __, done) => done(null, [{ address: "127.0.0.1", family: 4 }]);
  const hosted = new S3Client({
    ...client,
    endpoint: client.endpoint.replace("127.0.0.1", "s3.example.com"),
    requestHandler: { httpAgent: new Agent({ lookup }) },
  });
  const answer = await hosted.send(new GetObjectCommand({ Bucket: "files", Key: "a/2" }));
  expect(await answer.Body?.transformToString()).toBe("streamed");
});

async function unzip(bytes: Buffer): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const zip = await fromBufferPromise(bytes);
  for await (const entry of zip.eachEntry()) {
    const parts: Buffer[] = [];
    for await (const part of await zip.openReadStreamPromise(entry)) parts.push(Buffer.from(part));
    files[entry.fileName] = Buffer.concat(parts).toString();
  }
  return files;
}
