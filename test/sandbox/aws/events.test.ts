// Events on their way out: their forms, what may happen to them, and where they go.

import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { startFauxqs } from "fauxqs";
import { expect, onTestFinished, test } from "vitest";
import { snsTarget, sqsTarget } from "../../../sandbox/aws/targets.ts";
import { sha, smallAws } from "./world.ts";

async function hearing(world: Awaited<ReturnType<typeof smallAws>>) {
  const heard: string[] = [];
  world.aws.events.deliverTo(async ({ json }) => {
    heard.push(json);
  });
  return async () => {
    await world.aws.settled();
    return heard.splice(0);
  };
}

const stateOf = (json: string) => {
  const { detail, "detail-type": type } = JSON.parse(json);
  return `${type.split(" ")[1]} ${detail.state}`;
};

test("an event has the form that EventBridge gives it", async () => {
  const world = await smallAws();
  const heard = await hearing(world);
  const execution = world.pipeline.run({ sha, until: "Build" }).fail("Build", {
    code: "JobFailed",
    message: "it broke",
  });
  const [started] = await heard().then((all) =>
    [all[0], all.at(-3)].map((j) => JSON.parse(j ?? "")),
  );
  expect(started).toEqual({
    version: "0",
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    "detail-type": "CodePipeline Pipeline Execution State Change",
    source: "aws.codepipeline",
    account: "111122223333",
    time: "2025-03-03T09:00:00Z",
    region: "eu-west-1",
    resources: ["arn:aws:codepipeline:eu-west-1:111122223333:shop-release"],
    detail: {
      pipeline: "shop-release",
      "execution-id": execution.id,
      "start-time": "2025-03-03T09:00:00.000Z",
      version: 1,
      "execution-trigger": {
        "trigger-type": "StartPipelineExecution",
        "trigger-detail": expect.stringContaining("/ann"),
      },
      state: "STARTED",
      "pipeline-execution-attempt": 1,
    },
  });
  const stage = world.aws.events.events.find((e) => e["detail-type"].includes("Stage"))?.detail;
  // A stage counts its retries, an execution its attempts.
  expect(stage).toMatchObject({ stage: "Source", "pipeline-execution-attempt": 0 });
  const failed = world.aws.events.events.find((e) => e.detail.state === "FAILED")?.detail;
  expect(failed).toMatchObject({
    action: "Build",
    stage: "Build",
    region: "eu-west-1",
    type: { owner: "AWS", provider: "CodeBuild", category: "Build", version: "1" },
    "execution-result": { "external-execution-summary": "it broke", "error-code": "JobFailed" },
    "input-artifacts": [{ name: "SourceArtifact", s3location: { bucket: expect.any(String) } }],
  });
});

test("numbers are written in all the ways that have been seen", async () => {
  const world = await smallAws();
  const heard = await hearing(world);
  world.pipeline.startByConsole();
  expect((await heard())[0]).toContain('"version":1.0');
  world.aws.events.numbers = "whole";
  world.pipeline.startByConsole();
  expect((await heard())[0]).toMatch(/"version":1[,}]/);
  world.aws.events.numbers = "text";
  world.pipeline.startByConsole();
  expect((await heard())[0]).toContain('"version":"1"');
});

test("events can be lost, doubled, late, and out of order", async () => {
  const world = await smallAws();
  const { aws, clock, pipeline } = world;
  const heard = await hearing(world);
  const states = async () => (await heard()).map(stateOf);
  const strike = (fault: Parameters<typeof aws.faults.onEvent>[0]["fault"]) => {
    aws.faults.stop();
    aws.faults.onEvent({ type: "Pipeline", state: "STARTED", fault });
    pipeline.startByConsole();
  };
  strike({ kind: "lost" });
  expect(await states()).toEqual(["Stage STARTED", "Action STARTED"]);
  pipeline.latest().passUntil();
  await heard();
  strike({ kind: "doubled" });
  expect((await states()).filter((s) => s === "Pipeline STARTED")).toHaveLength(2);
  pipeline.latest().passUntil();
  await heard();
  strike({ kind: "reordered" });
  expect(await states()).toEqual(["Stage STARTED", "Pipeline STARTED", "Action STARTED"]);
  pipeline.latest().passUntil();
  await heard();
  strike({ kind: "delayed", ms: 60_000 });
  expect(await states()).toEqual(["Stage STARTED", "Action STARTED"]);
  clock.advance(60_000);
  await new Promise(setImmediate);
  expect(await states()).toEqual(["Pipeline STARTED"]);
});

test("events reach a queue, directly and through a topic of another emulator", async () => {
  const { aws, client, pipeline } = await smallAws();
  const other = await startFauxqs({ port: 0, logger: false, defaultRegion: "eu-west-1" });
  onTestFinished(() => other.stop());
  const { queueUrl } = other.createQueue("events");
  const { topicArn } = other.createTopic("pipelines");
  other.subscribe({ topic: "pipelines", queue: "events" });
  aws.events.deliverTo(sqsTarget({ endpoint: other.address, queueUrl }));
  aws.events.deliverTo(snsTarget({ endpoint: other.address, topicArn }));
  pipeline.startByConsole();
  await aws.settled();
  // One endpoint serves for all services: ours hands these on.
  aws.world.forward = { sqs: other.address, sns: other.address };
  const sqs = new SQSClient(client);
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10 }),
  );
  const bodies = (Messages ?? []).map((m) => JSON.parse(m.Body ?? "{}"));
  expect(bodies.filter((b) => b["detail-type"] !== undefined)).toHaveLength(3);
  const wrapped = bodies.filter((b) => b.Type === "Notification" && b.TopicArn === topicArn);
  expect(wrapped.map((b) => JSON.parse(b.Message).detail.state)).toHaveLength(3);
  const sns = new SNSClient(client);
  await sns.send(
    new PublishCommand({
      TopicArn: topicArn,
      Message: "hello",
      MessageAttributes: { kind: { DataType: "String", StringValue: "halt" } },
    }),
  );
  expect(aws.log.counts()).toEqual({ "sqs:ReceiveMessage": 1, "sns:Publish": 1 });
  aws.faults.onRequest({
    service: "sns",
    fault: { kind: "refused", code: "NotFound", status: 404 },
  });
  await expect(
    sns.send(new PublishCommand({ TopicArn: topicArn, Message: "x" })),
  ).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } });
});

test("with a clock of its own a pipeline runs by itself, as it was told to", async () => {
  const { aws, clock, pipeline } = await smallAws({ actionMs: 1_000 });
  pipeline.next("Test", { kind: "fail", code: "JobFailed", message: "broken" });
  const first = pipeline.startByConsole();
  const second = () => pipeline.latest();
  for (let i = 0; i < 3; i++) {
    clock.advance(1_000);
    await new Promise(setImmediate);
  }
  expect([first.status, first.run("Test")?.status]).toEqual(["Failed", "Failed"]);
  pipeline.startByConsole();
  // Also without a timer: whatever is due happens before the next look.
  for (let i = 0; i < 4; i++) {
    clock.advance(1_000);
    aws.tick();
  }
  expect(second().status).toBe("Succeeded");
});
