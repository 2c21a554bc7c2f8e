// What goes wrong on purpose: throttling, errors, lost answers, and executions that are not there yet.
import {
  CodePipelineClient,
  GetPipelineCommand,
  GetPipelineStateCommand,
  ListPipelineExecutionsCommand,
  StartPipelineExecutionCommand,
} from "@aws-sdk/client-codepipeline";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { expect, test } from "vitest";
import { smallAws } from "./world.ts";

type Client = Awaited<ReturnType<typeof smallAws>>["client"];
const once = (client: Client) => new CodePipelineClient({ ...client, maxAttempts: 1 });

test("the client tries a throttled call again, and adapts", async () => {
  const { aws, client, name } = await smallAws();
  aws.faults.onRequest({ operation: "GetPipelineState", times: 1, fault: { kind: "throttled" } });
  const adaptive = new CodePipelineClient({ ...client, retryMode: "adaptive" });
  await adaptive.send(new GetPipelineStateCommand({ name }));
  expect(aws.log.all.map((r) => [r.status, r.code])).toEqual([
    [400, "ThrottlingException"],
    [200, undefined],
  ]);
});

test("each service is throttled in its own words", async () => {
  const { aws, client, s3, name } = await smallAws();
  aws.faults.onRequest({ fault: { kind: "throttled" } });
  const state = once(client).send(new GetPipelineStateCommand({ name }));
  await expect(state).rejects.toMatchObject({
    name: "ThrottlingException",
    message: "Rate exceeded",
  });
  const me = new STSClient({ ...client, maxAttempts: 1 }).send(new GetCallerIdentityCommand({}));
  await expect(me).rejects.toMatchObject({ name: "Throttling" });
  const object = s3.send(new GetObjectCommand({ Bucket: "any", Key: "any" }));
  await expect(object).rejects.toMatchObject({ name: "SlowDown" });
  aws.faults.stop();
  await once(client).send(new GetPipelineStateCommand({ name }));
});

test("a rate limit lets through what its bucket holds, and refills by the clock", async () => {
  const { aws, client, clock, name } = await smallAws();
  aws.limitRate({ service: "codepipeline", perSecond: 2, burst: 3 });
  const ask = async () => {
    const calls = Array.from({ length: 5 }, () =>
      once(client).send(new GetPipelineStateCommand({ name })),
    );
    const settled = await Promise.allSettled(calls);
    return settled.filter((s) => s.status === "fulfilled").length;
  };
  expect(await ask()).toBe(3);
  clock.advance(1_000);
  expect(await ask()).toBe(2);
});

test("an error before the effect leaves nothing behind, one after it does", async () => {
  const { aws, client, pipeline, name } = await smallAws();
  const start = () => once(client).send(new StartPipelineExecutionCommand({ name }));
  const failing = (fault: Parameters<typeof aws.faults.onRequest>[0]["fault"]) =>
    aws.faults.onRequest({ operation: "StartPipelineExecution", times: 1, fault });
  failing({ kind: "error", status: 503 });
  await expect(start()).rejects.toMatchObject({ $metadata: { httpStatusCode: 503 } });
  failing({ kind: "cut" });
  await expect(start()).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(pipeline.executions()).toHaveLength(0);
  failing({ kind: "lateError" });
  await expect(start()).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
  failing({ kind: "answerLost" });
  await expect(start()).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(pipeline.executions()).toHaveLength(2);
  failing({ kind: "refused", code: "ConflictException", message: "busy" });
  await expect(start()).rejects.toMatchObject({ name: "ConflictException", message: "busy" });
  expect(aws.log.all.map((r) => r.status)).toEqual([503, "lost", 500, "lost", 400]);
});

test("a call that hangs ends with the caller's own patience", async () => {
  const { aws, client, name } = await smallAws();
  aws.faults.onRequest({ fault: { kind: "hangs" } });
  const impatient = new CodePipelineClient({
    ...client,
    maxAttempts: 1,
    requestHandler: { requestTimeout: 50, throwOnRequestTimeout: true },
  });
  await expect(impatient.send(new GetPipelineCommand({ name }))).rejects.toMatchObject({
    name: "TimeoutError",
  });
});

test("a slow answer waits for the clock", async () => {
  const { aws, client, clock, pipeline, name } = await smallAws();
  aws.faults.onRequest({ times: 1, fault: { kind: "slow", ms: 9_000 } });
  const slow = once(client).send(new StartPipelineExecutionCommand({ name }));
  await once(client).send(new GetPipelineCommand({ name }));
  expect(pipeline.executions()).toHaveLength(0);
  clock.advance(9_000);
  await slow;
  expect(pipeline.executions()).toHaveLength(1);
});

test("an execution may not be listed yet", async () => {
  const { aws, clock, codepipeline, pipeline, name } = await smallAws();
  aws.faults.onRequest({
    operation: "ListPipelineExecutions",
    fault: { kind: "unseen", ms: 2_000 },
  });
  pipeline.startByConsole();
  const count = async () => {
    const list = new ListPipelineExecutionsCommand({ pipelineName: name });
    return (await codepipeline.send(list)).pipelineExecutionSummaries?.length;
  };
  expect(await count()).toBe(0);
  clock.advance(2_000);
  expect(await count()).toBe(1);
});

test("chance strikes the same with the same seed", async () => {
  const outcome = async (seed: number) => {
    const { aws, client, name } = await smallAws({ seed });
    aws.faults.onRequest({ chance: 0.5, fault: { kind: "throttled" } });
    for (let i = 0; i < 12; i++)
      await once(client)
        .send(new GetPipelineCommand({ name }))
        .catch(() => undefined);
    return aws.log.all.map((r) => r.status).join(" ");
  };
  const first = await outcome(7);
  expect(first).toContain("400");
  expect(first).toContain("200");
  expect(await outcome(7)).toBe(first);
  expect(await outcome(8)).not.toBe(first);
});

test("unknown operations are refused and kept in the log", async () => {
  const { aws, codepipeline, problems } = await smallAws();
  const { ListWebhooksCommand } = await import("@aws-sdk/client-codepipeline");
  await expect(codepipeline.send(new ListWebhooksCommand({}))).rejects.toMatchObject({
    name: "UnknownOperationException",
  });
  expect(aws.log.unknown().map((r) => r.operation)).toEqual(["ListWebhooks"]);
  expect(problems.splice(0)).toHaveLength(1);
});
