// With whose credentials a topic is told: those of the plan's role for its repository, or Interlock's own where they may serve.

import { type FauxqsServer, startFauxqs } from "fauxqs";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { NewRole } from "../../../sandbox/aws/aws.ts";
import { wallClock } from "../../../sandbox/github/clock.ts";
import { counted } from "../../../src/aws/count.ts";
import { openCredentialProvider } from "../../../src/aws/credential-provider.ts";
import { openSnsNotifier } from "../../../src/notify/sns.ts";
import { smallAws } from "../../sandbox/aws/world.ts";

let server: FauxqsServer;
const region = "eu-west-1";

beforeAll(async () => {
  server = await startFauxqs({ port: 0, host: "127.0.0.1", logger: false });
});
afterAll(() => server.stop());

async function world(of: { ownCredentials?: boolean; role?: Partial<NewRole> } = {}) {
  const { ownCredentials = false, role: wanted = {} } = of;
  const { aws, url } = await smallAws({
    forward: { sns: server.address },
    // By which the SDK tells when credentials end.
    authClock: wallClock,
  });
  const role = aws.createRole({
    name: "interlock",
    externalId: "acme/shop",
    tags: { repository: "acme/shop", repository_id: "1", owner_id: "2" },
    ...wanted,
  });
  const { topicArn: target } = server.createTopic("releases", { region });
  const calls: string[] = [];
  const meter = {
    aws: (service: string, outcome: string) => void calls.push(`${service} ${outcome}`),
  };
  const credentialProvider = openCredentialProvider({
    ownCredentials,
    meter,
    environment: {
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
    },
  });
  const notifier = openSnsNotifier({
    lend: (teller) => credentialProvider.lend(teller, "SNS"),
    site: "https://github.com",
    watch: (client) => counted(client, "sns", meter),
  });
  onTestFinished(() => {
    notifier.close();
    credentialProvider.close();
  });
  const send = (as: string | null, name = "shop", id = 1) =>
    notifier.send({
      target,
      notice: {
        key: "failed|1",
        kind: "failed",
        at: 0,
        repository: { installation: 7, owner: "acme", name, id, ownerId: 2 },
        branch: "main",
        sha: "a".repeat(40),
        pipeline: "shop",
        stage: null,
        role: as,
        subject: "acme/shop: shop failed",
        sentences: ["It failed."],
      },
    });
  return { aws, role, send, target, calls };
}

test("the plan's role is taken on for its repository, once for many notices", async () => {
  const { aws, role, send, calls } = await world();
  expect(await send(role.arn)).toEqual({ kind: "sent" });
  expect(await send(role.arn)).toEqual({ kind: "sent" });
  expect(calls).toEqual(["sts ok", "sns ok", "sns ok"]);
  expect(aws.log.all.map(({ operation }) => operation)).toEqual([
    "AssumeRole",
    "Publish",
    "Publish",
  ]);
});

test("another repository cannot use the role", async () => {
  const { role, send } = await world();
  const told = await send(role.arn, "bank");
  expect(told).toMatchObject({ kind: "failed", why: expect.stringContaining(role.arn) });
  expect(JSON.stringify(told)).toContain("acme/bank");
  // Also where it has the name, and the one whose name it was has just used the role.
  expect(await send(role.arn)).toEqual({ kind: "sent" });
  expect(await send(role.arn, "shop", 3)).toMatchObject({ kind: "failed" });
});

test("a role that may not publish is told the statement that its policy lacks", async () => {
  const { role, send, target } = await world({ role: { allow: ["codepipeline:*"] } });
  expect(await send(role.arn)).toEqual({
    kind: "failed",
    why: `The role ${role.arn} may not do sns:Publish. Add this statement to its policy: {"Effect":"Allow","Action":"sns:Publish","Resource":"${target}"}`,
  });
});

test("Interlock's own credentials serve only where the operator lets them", async () => {
  const refused = await world();
  expect(await refused.send(null)).toMatchObject({
    kind: "refused",
    why: expect.stringContaining("INTERLOCK_AWS_OWN_CREDENTIALS=1"),
  });
  expect(refused.aws.log.all).toEqual([]);
  const allowed = await world({ ownCredentials: true });
  expect(await allowed.send(null)).toEqual({ kind: "sent" });
});
