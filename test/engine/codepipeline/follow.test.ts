// From a pipeline of the embedded AWS through a signed topic to the runs that moved.

import { expect, test } from "vitest";
import { openSnsEndpoint } from "../../../src/aws/sns-endpoint.ts";
import { ingestInto } from "../../../src/engine/codepipeline/ingest.ts";
import type { Delivery } from "../../../src/ports/store.ts";
import { smallAws } from "../../sandbox/aws/world.ts";
import { silent } from "../../store/silent.ts";
import { ingestedRuns } from "./ingested-runs.ts";

async function follow(signatureVersion: "1" | "2" = "2") {
  const { aws, clock, pipeline } = await smallAws();
  const topic = aws.sns.create({ name: "pipelines", signatureVersion });
  const ours = new Map<string, string>();
  const runs = ingestedRuns(ours);
  const stored = new Map<string, Delivery>();
  const endpoint = openSnsEndpoint({
    topics: [topic.arn],
    fetch: aws.sns.fetch,
    log: silent,
    ingest: ingestInto({
      suspect: () => {},
      clock: clock.now,
      runs,
      receive: async (delivery) => {
        if (stored.has(delivery.guid)) return "known";
        stored.set(delivery.guid, delivery);
        return "new";
      },
    }),
    clock: clock.now,
  });
  const subscription = await topic.subscribe({
    deliver: async ({ body }) => (await endpoint.take(body)).status,
  });
  aws.sns.carryEvents(topic);
  return { aws, topic, pipeline, endpoint, ours, stored, subscription };
}

test.each(["1", "2"] as const)("by version %s the subscription is confirmed", async (version) => {
  const { subscription, topic } = await follow(version);
  expect(subscription.confirmed).toBe(true);
  expect(topic.attempts.map(({ status }) => status)).toEqual([200]);
});

test("what an execution of ours does is told, in the words that its reading understands", async () => {
  const { aws, pipeline, ours, stored } = await follow();
  const { id } = pipeline.startByConsole();
  ours.set(id, "run-1");
  await aws.settled();
  const lines: string[] = [];
  for (const { event } of stored.values()) {
    expect(event).toMatchObject({ kind: "moved", what: { kind: "run", key: "run-1" } });
    if (event.kind === "moved" && event.what.kind === "run") lines.push(event.what.told);
  }
  expect(lines).toContain("execution STARTED");
  expect(lines.some((line) => /^stage STARTED \w+$/.test(line))).toBe(true);
  expect(lines.some((line) => /^action STARTED \w+$/.test(line))).toBe(true);
});

test.each(["decimal", "whole", "text"] as const)(
  "versions and attempts written as %s make no difference",
  async (numbers) => {
    const { aws, pipeline, ours, endpoint } = await follow();
    aws.events.numbers = numbers;
    ours.set(pipeline.startByConsole().id, "run-1");
    await aws.settled();
    expect([...endpoint.counts().keys()].sort()).toEqual(["stored", "subscribed"]);
  },
);

test("a message of a stranger is refused", async () => {
  const { topic, endpoint, stored } = await follow();
  const { body } = topic.compose({ Message: "{}" }, "stranger");
  expect((await endpoint.take(body)).status).toBe(403);
  expect(stored.size).toBe(0);
});
