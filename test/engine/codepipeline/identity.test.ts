// Whose rights are used: the role of the plan for one repository, or Interlock's own where that is allowed.

import type { AssumeRoleCommandInput } from "@aws-sdk/client-sts";
import { describe, expect, test } from "vitest";
import { openPace, RateLimited } from "../../../src/aws/pace.ts";
import { openRole } from "../../../src/aws/role.ts";
import type { CodePipelineEngine } from "../../../src/engine/codepipeline/engine.ts";
import { openCodePipelineEngine } from "../../../src/engine/codepipeline/engine.ts";
import { readInWorker } from "../../../src/report/in-worker.ts";
import { silent } from "../../store/silent.ts";
import { noTree, openWorld, roleArn, shop, type World } from "./world.ts";

test("the role is taken on once, with the repository as external id, and its name and ids as tags", async () => {
  const w = await openWorld();
  const id = await w.start();
  w.pipeline.execution(id).passUntil();
  await w.see(id);
  expect(w.calls()["sts:AssumeRole"]).toBe(1);
  const started = w.aws.log.of("codepipeline:StartPipelineExecution")[0]?.by;
  expect(started?.assumed).toEqual({
    role: roleArn,
    sessionName: "interlock-acme-shop",
    externalId: "acme/shop",
    tags: { repository: "acme/shop", repository_id: "1296269", owner_id: "583231" },
  });
});

test("each repository has an identity of its own, and one that the role does not know has none", async () => {
  const w = await openWorld();
  await w.start();
  const theirs = { ...shop, name: "intruder" };
  const started = await w.engine.start(w.request({ key: "other", repository: theirs }));
  expect(started).toEqual({
    kind: "refused",
    why: expect.stringMatching(
      /does not let Interlock take on the role arn:aws:iam::111122223333:role\/deployer for acme\/intruder.*the external id is acme\/intruder/,
    ),
  });
  expect(w.pipeline.executions()).toHaveLength(1);
});

test.each([
  ["a new repository that has taken the name", { id: 2 }, /repository_id=2 and owner_id=583231/],
  ["a new owner who has taken the name", { ownerId: 3 }, /repository_id=1296269 and owner_id=3/],
  ["both", { id: 2, ownerId: 3 }, /repository_id=2 and owner_id=3/],
])("%s cannot use the role of the old one", async (_, ids, said) => {
  const w = await openWorld();
  // Its credentials are in the cache.
  await w.start();
  const started = await w.engine.start(w.request({ key: "x", repository: { ...shop, ...ids } }));
  expect(started).toEqual({ kind: "refused", why: expect.stringMatching(said) });
  expect(w.pipeline.executions()).toHaveLength(1);
});

test.each([["id"], ["ownerId"]] as const)(
  "while GitHub has not told the %s, no role is taken on, and it is tried again",
  async (missing) => {
    const w = await openWorld();
    const { [missing]: _, ...nameless } = shop;
    expect(await w.engine.start(w.request({ repository: nameless }))).toEqual({
      kind: "failed",
      why: `GitHub has not told the ids of acme/shop and its owner yet, so Interlock does not take on the role ${roleArn}: a name alone can have passed to another repository. It asks again.`,
    });
    expect(w.calls()).toEqual({});
    expect(await w.engine.start(w.request({}))).toMatchObject({ kind: "started" });
  },
);

test("a role that takes no tags is refused in the same words", async () => {
  const w = await openWorld({ role: { tagging: "refused" } });
  expect(await w.engine.start(w.request({}))).toEqual({
    kind: "refused",
    why: expect.stringContaining("sts:TagSession"),
  });
});

test("STS that does not answer is no refusal", async () => {
  const w = await openWorld();
  w.aws.faults.onRequest({ service: "sts", fault: { kind: "error" } });
  expect(await w.engine.start(w.request({}))).toMatchObject({ kind: "failed" });
  w.aws.faults.stop();
  expect(await w.engine.start(w.request({}))).toMatchObject({ kind: "started" });
});

test("a missing permission is named with the statement that grants it", async () => {
  const w = await openWorld({ role: { allow: ["codepipeline:Get*", "codepipeline:List*"] } });
  expect(await w.engine.start(w.request({}))).toEqual({
    kind: "refused",
    why: `The role ${roleArn} may not do codepipeline:StartPipelineExecution. Add this statement to its policy: {"Effect":"Allow","Action":"codepipeline:StartPipelineExecution","Resource":"arn:aws:codepipeline:eu-west-1:111122223333:shop-release"}`,
  });
});

test("without a role Interlock's own credentials serve where the operator allows it", async () => {
  const w = await openWorld({ spec: { role: null }, ownCredentials: true });
  const id = await w.start();
  w.pipeline.execution(id).passUntil();
  expect((await w.see(id)).state).toBe("succeeded");
  expect(w.calls()["sts:AssumeRole"]).toBeUndefined();
});

describe("credentials of a role", () => {
  const minute = 60_000;

  function fakeSts() {
    const asked: AssumeRoleCommandInput[] = [];
    let now = 0;
    const state = { fails: false };
    const sts = {
      async send(command: { input: AssumeRoleCommandInput }) {
        asked.push(command.input);
        if (state.fails) throw new Error("away");
        return {
          Credentials: {
            AccessKeyId: `key ${asked.length}`,
            SecretAccessKey: "secret",
            SessionToken: "token",
            Expiration: new Date(now + 60 * minute),
          },
        };
      },
      destroy() {},
    };
    const role = openRole({
      sts: sts as never,
      role: roleArn,
      repository: {
        ...{ installation: 1, owner: "Åcme Ünlimited", name: "x".repeat(100) },
        ...{ id: 1, ownerId: 2 },
      },
      pace: openPace({ burst: 100, calls_per_s: 100, wait_ms: 0 }),
      now: () => now,
    });
    return { asked, role, state, pass: (ms: number) => (now += ms) };
  }

  test("are asked for once by all who need them, and again shortly before their end", async () => {
    const { asked, role, pass } = fakeSts();
    await Promise.all([role.provide(), role.provide(), role.provide()]);
    pass(50 * minute);
    expect((await role.provide()).accessKeyId).toBe("key 1");
    pass(5 * minute);
    expect((await role.provide()).accessKeyId).toBe("key 2");
    expect(asked).toHaveLength(2);
  });

  test("have a session name that AWS takes", async () => {
    const { asked, role } = fakeSts();
    await role.provide();
    expect(asked[0]?.RoleSessionName).toMatch(/^[\w+=,.@-]{2,64}$/);
  });

  test("that could not be had are asked for again", async () => {
    const { role, state } = fakeSts();
    state.fails = true;
    await expect(role.provide()).rejects.toMatchObject({ name: "NoIdentity" });
    state.fails = false;
    expect((await role.provide()).accessKeyId).toBe("key 2");
  });
});

describe("the SDK's own environment", () => {
  const names = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_CODEPIPELINE",
    "AWS_ENDPOINT_URL_CODEBUILD",
    "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
  ] as const;

  async function within(
    environment: Partial<Record<(typeof names)[number], string>>,
    w: World,
    use: (engine: CodePipelineEngine) => Promise<void>,
  ): Promise<void> {
    const before = names.map((name) => [name, process.env[name]] as const);
    for (const name of names) delete process.env[name];
    Object.assign(process.env, environment);
    const engine = openCodePipelineEngine({
      runs: w.runs,
      log: silent,
      clock: w.clock.now,
      notice: () => {},
      others: () => {},
      readReport: readInWorker,
      commitPaths: noTree,
      ownCredentials: false,
    });
    try {
      await use(engine);
    } finally {
      engine.close();
      for (const [name, value] of before)
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
    }
  }

  async function wholeRun(w: World, engine: CodePipelineEngine): Promise<void> {
    const started = await engine.start(w.request({}));
    if (started.kind !== "started") throw new Error(started.why);
    w.pipeline.execution(started.engineId).passUntil("Test");
    w.pipeline.fail("Test", { log: ["boom"], files: { "j.xml": "<testsuite/>" } });
    w.clock.advance(60_000);
    const seen = await engine.observe(started.engineId);
    expect(seen).toMatchObject({ kind: "known", value: { state: "failed" } });
  }

  const credentials = (w: World) => ({
    AWS_ACCESS_KEY_ID: w.aws.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: w.aws.credentials.secretAccessKey,
  });
  const stages = [{ name: "Test", reports: ["j.xml"] }];
  const services = ["sts", "codepipeline", "logs", "s3"];

  test("AWS_ENDPOINT_URL leads every service there", async () => {
    const w = await openWorld({ spec: { stages } });
    await within({ AWS_ENDPOINT_URL: w.url, ...credentials(w) }, w, (engine) =>
      wholeRun(w, engine),
    );
    expect(new Set(w.aws.log.all.map(({ service }) => service))).toEqual(new Set(services));
  });

  test("AWS_ENDPOINT_URL_<SERVICE> leads each of them there", async () => {
    const w = await openWorld({ spec: { stages } });
    const environment = {
      AWS_ENDPOINT_URL: "http://127.0.0.1:9",
      AWS_ENDPOINT_URL_STS: w.url,
      AWS_ENDPOINT_URL_CODEPIPELINE: w.url,
      AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: w.url,
      AWS_ENDPOINT_URL_S3: w.url,
      ...credentials(w),
    };
    await within(environment, w, (engine) => wholeRun(w, engine));
    expect(new Set(w.aws.log.all.map(({ service }) => service))).toEqual(new Set(services));
  });
});

describe("the pace of calls", () => {
  test("lets a burst through, then so many a second, and nobody wait for long", async () => {
    let now = 0;
    const pace = openPace({ burst: 3, calls_per_s: 10, wait_ms: 0 }, () => now);
    for (let n = 0; n < 3; n += 1) await pace.take();
    await expect(pace.take()).rejects.toThrow(RateLimited);
    now += 100;
    await pace.take();
    await expect(pace.take()).rejects.toThrow(RateLimited);
    now += 60_000;
    for (let n = 0; n < 3; n += 1) await pace.take();
    await expect(pace.take()).rejects.toThrow(RateLimited);
  });
});
