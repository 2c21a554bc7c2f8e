// Starting: exactly one execution for exactly one commit, or a sentence that says what to change.

import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { CodePipelinePart } from "../../../src/core/model/plan.ts";
import { openWorld, sha, type World, type WorldOptions } from "./world.ts";

test("an execution takes the commit, and the variables that the pipeline declares", async () => {
  const w = await openWorld({
    pipeline: { variables: ["sha", "repository", "pull", { name: "colour", defaultValue: "red" }] },
  });
  const id = await w.start({ sha: sha("b") });
  const execution = w.pipeline.execution(id);
  expect(execution.pass("Source").sha).toBe(sha("b"));
  expect(execution.data.variables).toEqual([
    { name: "sha", value: sha("b") },
    { name: "repository", value: "acme/shop" },
    { name: "pull", value: "12" },
    { name: "colour", value: "red" },
  ]);
});

test("a landed commit has no pull request, and no variable is empty", async () => {
  const w = await openWorld({
    pipeline: { variables: ["pull", { name: "sha", defaultValue: "HEAD" }] },
  });
  await w.engine.start(w.request({ pull: null }));
  expect(w.pipeline.latest().data.variables).toEqual([
    { name: "pull", value: "none" },
    { name: "sha", value: sha("a") },
  ]);
});

test("asking again gives the same execution, whatever the key is made of", async () => {
  const w = await openWorld();
  const key = "pull:acme/shop#1|shop|release|Ünïcødé _/:|1";
  const id = await w.start({ key });
  expect(await w.start({ key })).toBe(id);
  w.restart();
  expect(await w.start({ key })).toBe(id);
  expect(await w.engine.find(key)).toEqual({ kind: "known", value: id });
  expect(w.pipeline.executions()).toHaveLength(1);
  expect(await w.start({ key: "another" })).not.toBe(id);
});

describe("an answer that is lost", () => {
  async function lost(): Promise<World> {
    const w = await openWorld();
    w.aws.faults.onRequest({
      operation: "StartPipelineExecution",
      fault: { kind: "answerLost" },
    });
    const started = await w.engine.start(w.request({}));
    expect(started.kind).toBe("failed");
    w.aws.faults.stop();
    return w;
  }
  const key = "pull:acme/shop#1|shop|release|1";

  test("starts nothing twice", async () => {
    const w = await lost();
    w.restart();
    const started = await w.engine.start(w.request({}));
    expect(started).toEqual({ kind: "started", engineId: w.pipeline.latest().id });
    expect(w.pipeline.executions()).toHaveLength(1);
  });

  describe("is not somebody else's", () => {
    /** The start came to nothing, and a person has started the pipeline for the same commit since. */
    async function byHand(options: WorldOptions = {}): Promise<{ w: World; theirs: string }> {
      const w = await openWorld(options);
      w.aws.faults.onRequest({ operation: "StartPipelineExecution", fault: { kind: "cut" } });
      expect(await w.engine.start(w.request({}))).toMatchObject({ kind: "failed" });
      w.aws.faults.stop();
      const theirs = w.pipeline.startByConsole("eve", sha("a")).passUntil("Build");
      w.clock.advance(60_000);
      return { w, theirs: theirs.id };
    }
    const own: WorldOptions = { ownCredentials: true, spec: { role: null } };

    test.each([
      ["by the role's session", {}],
      ["where there is no role to tell by", own],
    ] as const)("%s, so that ours is started beside it", async (_, options) => {
      const { w, theirs } = await byHand({ ...options, pipeline: { mode: "PARALLEL" } });
      expect(await w.engine.find(key)).toEqual({ kind: "absent" });
      const started = await w.engine.start(w.request({}));
      expect(started).toMatchObject({ kind: "started" });
      expect(started).not.toMatchObject({ engineId: theirs });
      expect(w.pipeline.executions()).toHaveLength(2);
    });

    test("but where nobody can tell, it may be ours once AWS may have forgotten the token", async () => {
      const { w } = await byHand(own);
      w.clock.advance(240_000);
      expect(await w.engine.find(key)).toMatchObject({ kind: "unknown" });
    });

    test("though that one uses the same role", async () => {
      const { w, theirs } = await byHand();
      const { trigger } = w.pipeline.execution(theirs).data;
      trigger.detail = "arn:aws:sts::111122223333:assumed-role/deployer/eve";
      expect(await w.engine.find(key)).toEqual({ kind: "absent" });
      w.clock.advance(240_000);
      expect(await w.engine.find(key)).toEqual({ kind: "absent" });
      trigger.detail = "in words that AWS has come up with since";
      expect(await w.engine.find(key)).toMatchObject({ kind: "unknown" });
    });
  });

  test("without a role is found by the token while AWS knows it, and is started only once", async () => {
    const w = await openWorld({ ownCredentials: true, spec: { role: null } });
    w.aws.faults.onRequest({ operation: "StartPipelineExecution", fault: { kind: "answerLost" } });
    expect(await w.engine.start(w.request({}))).toMatchObject({ kind: "failed" });
    w.aws.faults.stop();
    const { id } = w.pipeline.latest().pass("Source");
    expect(await w.engine.find(key)).toMatchObject({ kind: "unknown" });
    w.clock.advance(60_000);
    expect(await w.engine.find(key)).toEqual({ kind: "absent" });
    expect(await w.engine.start(w.request({}))).toEqual({ kind: "started", engineId: id });
  });

  test("that ended before it told its commit is not started again once AWS may have forgotten it", async () => {
    const w = await lost();
    w.pipeline.fail("Source");
    w.pipeline.latest().data.revisions.clear();
    w.clock.advance(60_000);
    expect(await w.engine.find(key)).toEqual({ kind: "absent" });
    w.clock.advance(240_000);
    expect(await w.engine.find(key)).toMatchObject({ kind: "unknown" });
  });

  test("among more executions than are read is not known", async () => {
    const w = await lost();
    w.pipeline.pass("Source");
    const { data } = w.pipeline;
    const [ours] = data.executions;
    if (ours === undefined) throw new Error("nothing was started");
    for (let n = 0; n < 1_001; n += 1)
      data.executions.push({
        ...ours,
        id: randomUUID(),
        trigger: { type: "CloudWatchEvent", detail: "" },
      });
    w.clock.advance(60_000);
    expect(await w.engine.find(key)).toMatchObject({ kind: "unknown" });
  });

  test("is found by the commit once that shows, and not known before", async () => {
    const w = await lost();
    w.restart();
    w.clock.advance(60_000);
    expect(await w.engine.find(key)).toMatchObject({ kind: "unknown" });
    w.pipeline.pass("Source");
    expect(await w.engine.find(key)).toEqual({ kind: "known", value: w.pipeline.latest().id });
    // From then on by the ledger alone.
    w.aws.log.clear();
    expect(await w.engine.find(key)).toMatchObject({ kind: "known" });
    expect(w.calls()).toEqual({});
  });

  test("is no one else's execution", async () => {
    const w = await openWorld();
    const other = await w.start({ key: "other" });
    w.pipeline.execution(other).pass("Source");
    w.aws.faults.onRequest({ operation: "StartPipelineExecution", fault: { kind: "cut" } });
    expect(await w.engine.start(w.request({}))).toMatchObject({ kind: "failed" });
    w.aws.faults.stop();
    expect(await w.engine.find(key)).toMatchObject({ kind: "unknown" });
    w.clock.advance(11_000);
    expect(await w.engine.find(key)).toEqual({ kind: "absent" });
  });

  test("is not given up while AWS does not answer either", async () => {
    const w = await lost();
    w.restart();
    w.aws.faults.onRequest({ operation: "ListPipelineExecutions", fault: { kind: "error" } });
    expect(await w.engine.find(key)).toMatchObject({ kind: "unknown" });
  });
});

test("a key that was never used is absent", async () => {
  const w = await openWorld();
  expect(await w.engine.find("never")).toEqual({ kind: "absent" });
  expect(await w.engine.observe("00000000-0000-4000-8000-000000000000")).toEqual({
    kind: "absent",
  });
});

describe("a pipeline that cannot be started for one commit is refused, with the way out", () => {
  const cases: readonly [string, WorldOptions, RegExp][] = [
    ["of type V1", { pipeline: { type: "V1" } }, /type V1.*pipelineType: V2/],
    [
      "that is not there",
      { spec: { pipeline: "shop-releas" } },
      /no pipeline shop-releas in eu-west-1 of the account 111122223333.*plan/,
    ],
    [
      "with two sources",
      { pipeline: { moreSources: ["Config"] } },
      /several source actions \(Source, Config\).*`source`/,
    ],
    [
      "without the named source",
      { spec: { source: "Sorce" } },
      /no source action Sorce; it has Source/,
    ],
    ["without a role", { spec: { role: null } }, /names no role.*INTERLOCK_AWS_OWN_CREDENTIALS/],
  ];
  test.each(cases)("%s", async (_, options, sentence) => {
    const w = await openWorld(options);
    const started = await w.engine.start(w.request({}));
    expect(started).toEqual({ kind: "refused", why: expect.stringMatching(sentence) });
    expect(w.pipeline.executions()).toEqual([]);
    expect(w.runs.all()).toEqual([]);
  });

  test("whose source takes no commit", async () => {
    const w = await openWorld();
    w.pipeline.change((declaration) => ({
      ...declaration,
      stages: declaration.stages.map((stage) => ({
        ...stage,
        actions: stage.actions.map((action) =>
          action.name === "Source"
            ? { ...action, actionTypeId: { ...action.actionTypeId, provider: "S3" } }
            : action,
        ),
      })),
    }));
    expect(await w.engine.start(w.request({}))).toEqual({
      kind: "refused",
      why: expect.stringMatching(/takes no commit: it reads from S3/),
    });
  });

  test("once it is fixed, it starts at once", async () => {
    const w = await openWorld();
    w.pipeline.removeStage("Test");
    expect(await w.engine.start(w.request({}))).toMatchObject({ kind: "refused" });
    w.pipeline.addStage({ name: "Test", kind: "test" }, "Production");
    expect(await w.engine.start(w.request({}))).toMatchObject({ kind: "started" });
  });

  test("that wants a variable which nobody gives", async () => {
    const w = await openWorld({ pipeline: { variables: ["colour"] } });
    expect(await w.engine.start(w.request({}))).toEqual({
      kind: "refused",
      why: expect.stringMatching(/does not start the pipeline shop-release: .*colour/),
    });
  });

  test("of several sources the named one takes the commit", async () => {
    const w = await openWorld({
      pipeline: { moreSources: ["Config"] },
      spec: { source: "Config" },
    });
    await w.start({ sha: sha("c") });
    const { overrides } = w.pipeline.latest().data;
    expect([...overrides]).toEqual([["Config", sha("c")]]);
  });
});

describe("a pipeline that would not run the plan's stages is not started", () => {
  const cases: readonly [string, (w: World) => void, string][] = [
    [
      "that lacks one",
      (w) => w.pipeline.removeStage("Test"),
      "The pipeline shop-release has no stage Test. Bring it back, or change the plan.",
    ],
    [
      "that calls one by another name",
      (w) => w.pipeline.renameStage("Test", "Checks"),
      "The pipeline shop-release has a stage Checks where the plan has Test. Give it its name back, or change the plan.",
    ],
    [
      "that has them in another order",
      (w) =>
        w.pipeline.change((declaration) => {
          const [source, build, check, production] = declaration.stages;
          const stages = [source, build, production, check].flatMap((stage) => stage ?? []);
          return { ...declaration, stages };
        }),
      "The stage Production of the pipeline shop-release does not come where the plan has it. Move it back, or change the plan.",
    ],
    [
      "with all that is to be fixed",
      (w) => {
        w.pipeline.removeStage("Build");
        w.pipeline.removeStage("Test");
      },
      "The pipeline shop-release has no stage Build. Bring it back, or change the plan. The pipeline shop-release has no stage Test. Bring it back, or change the plan.",
    ],
  ];
  test.each(cases)("%s", async (_, change, why) => {
    const w = await openWorld();
    // What it was like a moment ago does not count.
    await w.start({ key: "before" });
    change(w);
    expect(await w.engine.start(w.request({}))).toEqual({ kind: "refused", why });
    expect(w.pipeline.executions()).toHaveLength(1);
    expect(w.runs.all()).toHaveLength(1);
  });

  test("but one that has more of them is, and one in which only something else is amiss", async () => {
    const w = await openWorld({ pipeline: { source: { detectChanges: "unset" } } });
    w.pipeline.addStage("Smoke", "Production");
    w.pipeline.disableTransition("Test");
    expect(await w.engine.start(w.request({}))).toMatchObject({ kind: "started" });
  });

  test("though it is in the ledger already, and was changed before it could be started", async () => {
    const w = await openWorld({ pipeline: { variables: ["pull"] } });
    w.aws.faults.onRequest({ operation: "StartPipelineExecution", fault: { kind: "error" } });
    expect(await w.engine.start(w.request({}))).toMatchObject({ kind: "failed" });
    w.aws.faults.stop();
    w.pipeline.removeStage("Test");
    w.clock.advance(60_000);
    expect(await w.engine.find(w.request({}).run.key)).toEqual({ kind: "absent" });
    expect(await w.engine.start(w.request({}))).toEqual({
      kind: "refused",
      why: "The pipeline shop-release has no stage Test. Bring it back, or change the plan.",
    });
    expect(w.pipeline.executions()).toEqual([]);
    // Once it is as the plan says, it is sent as it was: AWS takes the token with nothing else.
    w.pipeline.addStage({ name: "Test", kind: "test" }, "Production");
    expect(await w.engine.start(w.request({ pull: 13 }))).toMatchObject({ kind: "started" });
    expect(w.pipeline.latest().data.variables).toEqual([{ name: "pull", value: "12" }]);
  });
});

describe("what may pass by itself is no refusal", () => {
  test.each([
    ["a limit of rate", { kind: "throttled" }],
    ["an outage", { kind: "error", status: 503 }],
    ["a broken connection", { kind: "cut" }],
    ["a conflict", { kind: "refused", code: "ConflictException" }],
    [
      "too many executions",
      { kind: "refused", code: "ConcurrentPipelineExecutionsLimitExceededException" },
    ],
    ["credentials that have just ended", { kind: "refused", code: "ExpiredTokenException" }],
  ] as const)("%s", async (_, fault) => {
    const w = await openWorld();
    w.aws.faults.onRequest({ operation: "StartPipelineExecution", fault });
    const started = await w.engine.start(w.request({}));
    expect(started).toEqual({ kind: "failed", why: expect.any(String) });
    w.aws.faults.stop();
    expect(await w.engine.start(w.request({}))).toMatchObject({ kind: "started" });
    expect(w.pipeline.executions()).toHaveLength(1);
  });

  test("one quick refusal for its rate is repeated at once", async () => {
    const w = await openWorld();
    w.aws.faults.onRequest({
      operation: "GetPipeline",
      times: 1,
      fault: { kind: "throttled" },
    });
    expect(await w.engine.start(w.request({}))).toMatchObject({ kind: "started" });
  });
});

test("another engine's part is refused", async () => {
  const w = await openWorld();
  const spec = { engine: "local", stages: [], deadline_ms: 1 } as unknown as CodePipelinePart;
  expect(await w.engine.start(w.request({ spec }))).toMatchObject({ kind: "refused" });
});
