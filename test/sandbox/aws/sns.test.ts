// Topics with HTTP endpoints: confirmation, signatures that can be checked, repetitions, refusals.
import { createVerify, X509Certificate } from "node:crypto";
import { createServer } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import type { SnsPost } from "../../../sandbox/aws/sns/message.ts";
import { smallAws } from "./world.ts";

/** Written from AWS's page on signatures, and not from the code that signs. */
async function isGenuine(post: SnsPost, visit: typeof fetch): Promise<boolean> {
  const fields: Record<string, string> = JSON.parse(post.body);
  const names =
    fields.Type === "Notification"
      ? ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
      : ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
  let text = "";
  for (const name of names) if (name in fields) text += `${name}\n${fields[name]}\n`;
  const pem = await (await visit(fields.SigningCertURL ?? "")).text();
  const { publicKey } = new X509Certificate(pem);
  const algorithm = fields.SignatureVersion === "1" ? "RSA-SHA1" : "RSA-SHA256";
  return createVerify(algorithm)
    .update(text)
    .verify(publicKey, fields.Signature ?? "", "base64");
}

async function subscribed(options: { signatureVersion?: "1" | "2" } = {}) {
  const world = await smallAws();
  const { sns } = world.aws;
  const topic = sns.create({ name: "pipelines", ...options });
  const posts: SnsPost[] = [];
  const statuses: number[] = [];
  await topic.subscribe({
    async deliver(post) {
      posts.push(post);
      return statuses.shift() ?? 200;
    },
  });
  return { ...world, sns, topic, posts, statuses };
}

test("an endpoint hears nothing until it visits the link it was sent", async () => {
  const { sns, topic, posts } = await subscribed();
  await topic.publish({ message: "early" });
  expect(posts.map((p) => p.headers["x-amz-sns-message-type"])).toEqual([
    "SubscriptionConfirmation",
  ]);
  const [confirmation] = posts;
  if (!confirmation) throw new Error("nothing came");
  expect(await isGenuine(confirmation, sns.fetch)).toBe(true);
  const { SubscribeURL, Token } = JSON.parse(confirmation.body);
  expect(SubscribeURL).toContain(Token);
  expect(new URL(SubscribeURL).hostname).toBe("sns.eu-west-1.amazonaws.com");
  expect((await sns.fetch(`${SubscribeURL}x`)).status).toBe(400);
  expect((await sns.fetch(SubscribeURL)).status).toBe(200);
  await topic.publish({ message: "now" });
  expect(posts.map((p) => JSON.parse(p.body).Message)).toEqual([expect.any(String), "now"]);
});

for (const signatureVersion of ["1", "2"] as const)
  test(`events come in signed notifications, version ${signatureVersion}`, async () => {
    const { aws, sns, topic, posts, pipeline } = await subscribed({ signatureVersion });
    await sns.fetch(JSON.parse(posts[0]?.body ?? "").SubscribeURL);
    sns.carryEvents(topic);
    pipeline.startByConsole();
    await aws.settled();
    const [, notification] = posts;
    if (!notification) throw new Error("nothing came");
    expect(notification.headers).toMatchObject({
      "content-type": "text/plain; charset=UTF-8",
      "x-amz-sns-message-type": "Notification",
      "x-amz-sns-topic-arn": topic.arn,
      "x-amz-sns-subscription-arn": expect.stringContaining(`${topic.arn}:`),
    });
    const fields = JSON.parse(notification.body);
    expect(fields).toMatchObject({ SignatureVersion: signatureVersion, TopicArn: topic.arn });
    expect(fields).not.toHaveProperty("Subject");
    expect(JSON.parse(fields.Message).detail.state).toBe("STARTED");
    expect(await isGenuine(notification, sns.fetch)).toBe(true);
    const forged = { ...notification, body: notification.body.replace("STARTED", "SUCCEEDED") };
    expect(await isGenuine(forged, sns.fetch)).toBe(false);
  });

test("a subject is signed with the rest", async () => {
  const { sns, topic } = await subscribed();
  const post = topic.compose({
    Message: "hello",
    Subject: "ALARM",
    Timestamp: "2020-01-01T00:00:00.000Z",
  });
  expect(await isGenuine(post, sns.fetch)).toBe(true);
  const other = { ...post, body: post.body.replace("ALARM", "calm") };
  expect(await isGenuine(other, sns.fetch)).toBe(false);
});

test("what fails is sent again under the same id, what is refused is not", async () => {
  const { aws, sns, topic, posts, statuses } = await subscribed();
  await sns.fetch(JSON.parse(posts[0]?.body ?? "").SubscribeURL);
  topic.attempts.length = 0;
  statuses.push(503, 200);
  await topic.publish({ message: "one" });
  statuses.push(403);
  await topic.publish({ message: "two" });
  aws.faults.onMessage({ times: 1, fault: { kind: "doubled" } });
  await topic.publish({ message: "three" });
  expect(topic.attempts.map((a) => a.status)).toEqual([503, 200, 403, 200, 200]);
  const ids = topic.attempts.map((a) => a.messageId);
  expect([ids[0] === ids[1], ids[3] === ids[4], ids[1] === ids[2]]).toEqual([true, true, false]);
});

test("what a stranger signs does not fit the certificate", async () => {
  const { sns, topic } = await subscribed();
  expect(await isGenuine(topic.compose({ Message: "hello" }, "stranger"), sns.fetch)).toBe(false);
});

test("only SNS's own hosts are there to be visited", async () => {
  const { sns } = await subscribed();
  await expect(
    sns.fetch("https://evil.example.com/SimpleNotificationService-1.pem"),
  ).rejects.toThrow();
  expect(sns.visited.at(-1)).toContain("evil.example.com");
});

test("over HTTP the posts arrive as they are, and the server shows the certificate too", async () => {
  const { aws, url } = await smallAws();
  const arrived: { type: string | undefined; body: string }[] = [];
  const receiver = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(Buffer.from(part));
    arrived.push({ type: request.headers["content-type"], body: Buffer.concat(parts).toString() });
    response.end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void receiver.close());
  const address = receiver.address();
  const port = typeof address === "object" ? address?.port : 0;
  const topic = aws.sns.create({ name: "pipelines" });
  await topic.subscribe({ url: `http://127.0.0.1:${port}/aws/sns` });
  expect(arrived[0]?.type).toBe("text/plain; charset=UTF-8");
  const { SigningCertURL } = JSON.parse(arrived[0]?.body ?? "{}");
  const pem = await (await fetch(url + new URL(SigningCertURL).pathname)).text();
  expect(new X509Certificate(pem).subject).toBe("CN=sns.amazonaws.com");
});
