// What a topic gets, with a topic and a queue that others wrote.

import { type FauxqsServer, startFauxqs } from "fauxqs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import type { Notification } from "../../src/core/render/notification.ts";
import { type LentClient, openSnsNotifier, type Principal } from "../../src/notify/sns.ts";

let server: FauxqsServer;

beforeAll(async () => {
  server = await startFauxqs({ port: 0, host: "127.0.0.1", logger: false });
});
afterAll(() => server.stop());

const region = "us-east-1";
const credentials = { accessKeyId: "AKIATEST", secretAccessKey: "a-secret" };
const notice: Notification = {
  key: "failed|commit:acme/shop@1:main|shop|release|1|1|0",
  kind: "failed",
  at: Date.UTC(2030, 4, 1),
  repository: { installation: 7, owner: "acme", name: "shop" },
  branch: "main",
  sha: "1a9ded0000000000000000000000000000000003",
  pipeline: "shop",
  stage: "Production",
  role: "arn:aws:iam::111122223333:role/interlock",
  subject: "acme/shop: shop release of 1a9ded0 failed in Production",
  sentences: ["shop/release failed in its stage Production: exit code 1", "Next: Fix the cause."],
};

function open(lend: (teller: Principal) => LentClient = () => lent) {
  const notifier = openSnsNotifier({ lend, site: "https://github.example" });
  return { ...notifier, [Symbol.dispose]: () => notifier.close() };
}

const lent: LentClient = {
  kind: "lent",
  credentials,
  get endpoint() {
    return server.address;
  },
};

/** The server hands on what was published whole; SNS itself gives each subscriber the form for it. */
function formOf(body: Record<string, unknown> | undefined, form: "default" | "email"): string {
  return (JSON.parse(String(body?.Message)) as Record<string, string>)[form] ?? "";
}

const fieldsOf = (body: Record<string, unknown> | undefined): unknown =>
  JSON.parse(formOf(body, "default"));

let names = 0;

/** A topic with a queue behind it. `attributes` are those of the subscription. */
function topicWithQueue(suffix = "", attributes: Record<string, string> = {}) {
  names += 1;
  const name = `releases-${names}${suffix}`;
  const fifo: Record<string, string> = suffix === ".fifo" ? { FifoTopic: "true" } : {};
  const { topicArn } = server.createTopic(name, { region, attributes: fifo });
  const queue = `queue-${names}${suffix}`;
  server.createQueue(queue, {
    region,
    attributes: suffix === ".fifo" ? { FifoQueue: "true" } : {},
  });
  server.subscribe({ topic: name, queue, region, attributes });
  const bodies = () => {
    const messages = server.inspectQueue(queue)?.messages.ready ?? [];
    return messages.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  };
  return { target: topicArn, bodies };
}

test("programs get JSON, and attributes to filter by", async () => {
  const { target, bodies } = topicWithQueue();
  using notifier = open();
  expect(await notifier.send({ target, notice })).toEqual({ kind: "sent" });
  const [body, ...more] = bodies();
  expect(more).toEqual([]);
  expect(body).toMatchObject({
    Subject: notice.subject,
    MessageAttributes: {
      kind: { Type: "String", Value: "failed" },
      repository: { Type: "String", Value: "acme/shop" },
      pipeline: { Type: "String", Value: "shop" },
      stage: { Type: "String", Value: "Production" },
    },
  });
  expect(fieldsOf(body)).toEqual({
    version: 1,
    id: notice.key,
    kind: "failed",
    time: "2030-05-01T00:00:00.000Z",
    repository: "acme/shop",
    branch: "main",
    commit: notice.sha,
    pipeline: "shop",
    stage: "Production",
    subject: notice.subject,
    sentences: notice.sentences,
    url: `https://github.example/acme/shop/commit/${notice.sha}`,
  });
});

test("people get the sentences, and where to look", async () => {
  const { target, bodies } = topicWithQueue();
  using notifier = open();
  await notifier.send({ target, notice });
  expect(formOf(bodies()[0], "email").split("\n\n")).toEqual([
    ...notice.sentences,
    `https://github.example/acme/shop/commit/${notice.sha}`,
  ]);
});

test("a filter policy of a subscriber sees the kind", async () => {
  const policy = { FilterPolicy: JSON.stringify({ kind: ["bypass"] }) };
  const { target, bodies } = topicWithQueue("", policy);
  using notifier = open();
  await notifier.send({ target, notice });
  const bypass = { ...notice, kind: "bypass", pipeline: null, stage: null } as const;
  await notifier.send({ target, notice: bypass });
  expect(bodies().map(fieldsOf)).toMatchObject([{ kind: "bypass", pipeline: null }]);
});

test("a FIFO topic takes the same fact once", async () => {
  const { target, bodies } = topicWithQueue(".fifo");
  using notifier = open();
  for (const key of ["a", "a", "b"])
    expect(await notifier.send({ target, notice: { ...notice, key } })).toEqual({ kind: "sent" });
  expect(bodies().map(fieldsOf)).toMatchObject([{ id: "a" }, { id: "b" }]);
});

test("the largest notice there can be is taken", async () => {
  const { target, bodies } = topicWithQueue();
  using notifier = open();
  // Each of them takes six characters in JSON, and seven in JSON in JSON.
  const sentences = Array.from({ length: 3 }, () => "\u0001".repeat(limit.notify.sentence_chars));
  expect(await notifier.send({ target, notice: { ...notice, sentences } })).toEqual({
    kind: "sent",
  });
  const [body] = bodies();
  expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThan(limit.notify.message_bytes);
});

test("a topic is written to in its own region, on behalf of the notice's role and repository", async () => {
  const asked: Principal[] = [];
  using notifier = open((teller) => {
    asked.push(teller);
    return { kind: "refused", why: "Not here." };
  });
  const target = "arn:aws-cn:sns:cn-north-1:111122223333:releases";
  expect(await notifier.send({ target, notice })).toEqual({ kind: "refused", why: "Not here." });
  expect(asked).toEqual([
    { role: notice.role, region: "cn-north-1", repository: notice.repository },
  ]);
});

test("a topic that is not there is a failure, which another time may be none", async () => {
  using notifier = open();
  const target = `arn:aws:sns:${region}:000000000000:nowhere`;
  const told = await notifier.send({ target, notice });
  expect(told).toMatchObject({ kind: "failed", why: expect.stringMatching(/NotFound/) });
  expect(JSON.stringify(told)).not.toContain(credentials.secretAccessKey);
});

test("credentials that cannot be had are a failure, and so is a place where nobody answers", async () => {
  const { target } = topicWithQueue();
  using none = open(() => ({
    kind: "lent",
    credentials: async () => {
      throw new Error("AWS does not let Interlock take on the role.");
    },
    endpoint: server.address,
  }));
  expect(await none.send({ target, notice })).toEqual({
    kind: "failed",
    why: "Error: AWS does not let Interlock take on the role.",
  });
  using away = open(() => ({ kind: "lent", credentials, endpoint: "http://127.0.0.1:9" }));
  expect(await away.send({ target, notice })).toMatchObject({ kind: "failed" });
});

test("a try ends in time, whatever it waits for, and sends nothing after that", async () => {
  const { target, bodies } = topicWithQueue();
  let give: (given: typeof credentials) => void = () => {};
  const given = new Promise<typeof credentials>((resolve) => {
    give = resolve;
  });
  using slow = open(() => ({
    kind: "lent",
    credentials: () => given,
    endpoint: server.address,
  }));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const told = slow.send({ target, notice });
    await vi.advanceTimersByTimeAsync(limit.notify.try_ms);
    expect(await told).toEqual({
      kind: "failed",
      why: "TimeoutError: AWS did not answer in time.",
    });
  } finally {
    vi.useRealTimers();
  }
  give(credentials);
  using other = open();
  await other.send({ target, notice: { ...notice, key: "other" } });
  expect(bodies().map(fieldsOf)).toMatchObject([{ id: "other" }]);
});
