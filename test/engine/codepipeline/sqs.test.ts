// The queue of notices, against a queue that others wrote.

import { setTimeout as sleep } from "node:timers/promises";
import { type FauxqsServer, startFauxqs } from "fauxqs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type QueueReader, queueClient, readQueue, regionOf } from "../../../src/aws/sqs.ts";
import { ingestInto } from "../../../src/engine/codepipeline/ingest.ts";
import type { Delivery } from "../../../src/ports/store.ts";
import { type HearingLog, hearing } from "../../store/silent.ts";
import { event, executionId } from "./events.ts";
import { ingestedRuns } from "./ingested-runs.ts";

let server: FauxqsServer;
let queues = 0;

beforeAll(async () => {
  server = await startFauxqs({ port: 0, host: "127.0.0.1", logger: false });
});
afterAll(() => server.stop());

interface World extends AsyncDisposable {
  readonly queue: string;
  readonly stored: Delivery[];
  /** Requests to SQS as they were counted. */
  readonly calls: readonly string[];
  readonly log: HearingLog;
  storeWorks: boolean;
  /** Bodies that no store would take. */
  readonly poison: Set<string>;
  /** Milliseconds of each pause that the reader made. */
  readonly pauses: number[];
  reader: QueueReader;
  left(): number;
}

function open(): World {
  queues += 1;
  const queue = `notices-${queues}`;
  // What was not stored is shown again at once.
  const { queueUrl } = server.createQueue(queue, { attributes: { VisibilityTimeout: "0" } });
  const calls: string[] = [];
  const client = queueClient(
    queueUrl,
    {
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_ENDPOINT_URL_SQS: server.address,
    },
    { aws: (service, outcome) => calls.push(`${service} ${outcome}`) },
  );
  const stored: Delivery[] = [];
  const runs = ingestedRuns(new Map([[executionId, "run-1"]]));
  const log = hearing();
  const poison = new Set<string>();
  const pauses: number[] = [];
  const world = {
    queue,
    stored,
    calls,
    log,
    poison,
    pauses,
    storeWorks: true,
    reader: readQueue({
      client,
      queueUrl,
      log,
      wait: async (ms, signal) => {
        pauses.push(ms);
        await sleep(ms, null, { signal }).catch(() => {});
      },
      ingest: ingestInto({
        suspect: () => {},
        clock: () => 1,
        runs,
        receive: async (delivery) => {
          if (!world.storeWorks) throw new Error("The database is away");
          if (poison.has(delivery.guid)) throw new Error("The database refuses it");
          if (stored.some(({ guid }) => guid === delivery.guid)) return "known";
          stored.push(delivery);
          return "new";
        },
      }),
    }),
    left: () => {
      const { messages } = server.inspectQueue(queue) ?? {};
      return (messages?.ready.length ?? 0) + (messages?.inflight.length ?? 0);
    },
    async [Symbol.asyncDispose]() {
      await world.reader.stop();
      client.destroy();
    },
  };
  return world;
}

/** The limit is for a failure; a success comes within milliseconds. */
const soon = <T>(ask: () => T) => expect.poll(ask, { timeout: 120_000, interval: 20 });

const moved = {
  kind: "moved",
  what: { kind: "run", key: "run-1", told: "execution STARTED", resumed: false },
};

test("an event of the queue wakes the run it speaks of, and is deleted then", async () => {
  await using world = open();
  server.sendMessage(world.queue, JSON.stringify(event()));
  await soon(() => world.left()).toBe(0);
  expect(world.stored.map((delivery) => delivery.event)).toEqual([moved]);
});

test("a topic's wrapping is taken off, and its id is the one that counts", async () => {
  await using world = open();
  const { topicArn } = server.createTopic(`topic-${queues}`);
  server.subscribe({ topic: `topic-${queues}`, queue: world.queue });
  expect(topicArn).toContain("sns");
  const { messageId } = server.publish(`topic-${queues}`, JSON.stringify(event()));
  await soon(() => world.stored).toHaveLength(1);
  expect(world.stored[0]).toMatchObject({ guid: `sns:${messageId}`, event: moved });
});

test("what makes no sense is deleted and counted", async () => {
  await using world = open();
  for (const body of ["hello", "{}", JSON.stringify(event({ detail: { "execution-id": 1 } }))])
    server.sendMessage(world.queue, body);
  await soon(() => world.left()).toBe(0);
  expect(Object.fromEntries(world.reader.counts())).toEqual({ malformed: 3 });
});

test("what was not stored stays in the queue until it is", async () => {
  await using world = open();
  world.storeWorks = false;
  server.sendMessage(world.queue, JSON.stringify(event()));
  await soon(() => world.reader.counts().get("failed")).toBeGreaterThan(0);
  expect(world.left()).toBe(1);
  world.storeWorks = true;
  await soon(() => world.left()).toBe(0);
  expect(world.stored).toHaveLength(1);
});

test("messages that cannot be stored make nobody wait for them", async () => {
  await using world = open();
  const send = () => server.sendMessage(world.queue, JSON.stringify(event())).messageId;
  // They are shown again and again, beside what comes meanwhile.
  for (let count = 0; count < 4; count += 1) world.poison.add(`sqs:${send()}`);
  await soon(() => world.reader.counts().get("failed")).toBeGreaterThan(8);
  const before = world.pauses.length;
  for (let count = 0; count < 30; count += 1) {
    send();
    if (count % 5 === 0) world.poison.add(`sqs:${send()}`);
  }
  await soon(() => world.stored).toHaveLength(30);
  expect(world.pauses.slice(before)).toEqual([]);
  // What is stored is deleted right after.
  await soon(() => world.left()).toBe(10);
});

test("more than a batch arrives whole", async () => {
  await using world = open();
  for (let count = 0; count < 35; count += 1)
    server.sendMessage(world.queue, JSON.stringify(event()));
  await soon(() => world.left()).toBe(0);
  expect(world.stored).toHaveLength(35);
});

test("a stop does not wait for the long poll", async () => {
  const world = open();
  server.sendMessage(world.queue, JSON.stringify(event()));
  await soon(() => world.left()).toBe(0);
  // The next poll, of 20 seconds, is under way; the test's own limit is longer, the stop's is not.
  await Promise.race([
    world.reader.stop(),
    new Promise((_, reject) => setTimeout(reject, 10_000, new Error("It waits")).unref()),
  ]);
  await world[Symbol.asyncDispose]();
});

test("a queue that is not there is asked for again, and can still be stopped", async () => {
  await using world = open();
  server.deleteQueue(world.queue);
  await soon(() => world.log.heard.length).toBeGreaterThan(0);
  server.createQueue(world.queue);
  server.sendMessage(world.queue, JSON.stringify(event()));
  await soon(() => world.stored).toHaveLength(1);
});

test.each([
  ["https://sqs.eu-west-1.amazonaws.com/111122223333/notices", "eu-west-1"],
  ["https://sqs-fips.us-gov-west-1.amazonaws.com/111122223333/notices", "us-gov-west-1"],
  ["https://sqs.cn-north-1.amazonaws.com.cn/111122223333/notices", "cn-north-1"],
  ["https://sqs.eusc-de-east-1.amazonaws.eu/111122223333/notices", "eusc-de-east-1"],
  ["https://sqs.eu-west-1.api.aws/111122223333/notices", "eu-west-1"],
  ["https://vpce-0ab-1cd.sqs.eu-west-1.vpce.amazonaws.com/111122223333/notices", "eu-west-1"],
  ["https://eu-west-1.queue.amazonaws.com/111122223333/notices", "eu-west-1"],
  ["https://cn-north-1.queue.amazonaws.com.cn/111122223333/notices", "cn-north-1"],
  ["https://queue.amazonaws.com/111122223333/notices", "us-east-1"],
  ["http://sqs.us-east-1.127.0.0.1:4566/000000000000/notices", "us-east-1"],
  ["http://127.0.0.1:4566/000000000000/notices", null],
  ["http://localhost:4566/000000000000/sqs.eu-west-1.notices", null],
])("the queue %s is in the region %s", async (queueUrl, region) => {
  expect(regionOf(queueUrl)).toBe(region);
  if (region === null) return;
  const client = queueClient(queueUrl, {});
  expect(await client.config.region()).toBe(region);
  client.destroy();
});
