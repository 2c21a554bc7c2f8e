// Holding the pipeline against the plan, and finding what others started in it.

import { describe, expect, test } from "vitest";
import type { DriftReport } from "../../../src/core/model/drift.ts";
import { oursFor } from "./ours.ts";
import { openWorld, sha, shop, type World, type WorldOptions } from "./world.ts";

async function drift(w: World, commit = sha("a"), since = w.clock.now()): Promise<DriftReport> {
  const read = await w.engine.drift({
    spec: w.spec,
    repository: shop,
    sha: commit,
    engineId: await oursFor(w, commit),
    since,
  });
  if (read.kind === "unknown") throw new Error(read.why);
  return read.value;
}

const kinds = ({ differences }: DriftReport) =>
  differences.map((difference) =>
    "stage" in difference ? `${difference.kind} ${difference.stage}` : difference.kind,
  );

test("a pipeline that is as the plan says has no differences", async () => {
  const w = await openWorld();
  const id = await w.start();
  w.pipeline.execution(id).passUntil();
  expect(await drift(w)).toEqual({
    differences: [],
    foreignExecutions: [],
    outOfBandChanges: [],
    live: [],
  });
  // Stages that the plan does not count on are nobody's business.
  w.pipeline.addStage("Smoke", "Production");
  expect(kinds(await drift(w))).toEqual([]);
});

test("a stage that is gone, renamed or moved is a difference, with the way to fix it", async () => {
  const w = await openWorld();
  w.pipeline.removeStage("Test");
  const gone = await drift(w);
  expect(gone.differences).toEqual([
    {
      kind: "stage_missing",
      stage: "Test",
      sentence: "The pipeline shop-release has no stage Test. Bring it back, or change the plan.",
    },
  ]);
  w.pipeline.renameStage("Build", "Compile");
  w.clock.advance(1);
  expect(kinds(await drift(w))).toEqual(["stage_missing Build", "stage_missing Test"]);

  const v = await openWorld();
  v.pipeline.renameStage("Test", "Checks");
  expect((await drift(v)).differences).toMatchObject([
    { kind: "stage_renamed", stage: "Test", now: "Checks" },
  ]);

  const u = await openWorld();
  u.pipeline.change((declaration) => {
    const [source, build, check, production] = declaration.stages;
    return { ...declaration, stages: [source, production, build, check].flatMap((s) => s ?? []) };
  });
  expect((await drift(u)).differences).toEqual([
    {
      kind: "stage_reordered",
      stage: "Production",
      sentence:
        "The stage Production of the pipeline shop-release does not come where the plan has it. Move it back, or change the plan.",
    },
  ]);
});

test("a disabled stage transition is a difference, until it is open again", async () => {
  const w = await openWorld();
  w.pipeline.disableTransition("Test", "Frozen over Christmas", "eve");
  expect((await drift(w)).differences).toEqual([
    {
      kind: "transition_disabled",
      stage: "Test",
      sentence: expect.stringMatching(/closed by \S+\/eve: Frozen over Christmas$/),
    },
  ]);
  w.pipeline.enableTransition("Test");
  w.clock.advance(1);
  expect(kinds(await drift(w))).toEqual([]);
});

test("a way that was closed for a stop of ours is open again in the next survey", async () => {
  const w = await openWorld();
  const id = await w.start();
  w.pipeline.pass("Source");
  await w.engine.stop(id, "enough");
  const asked = w.clock.now();
  expect(kinds(await drift(w, sha("b"), asked))).toEqual(["transition_disabled Test"]);
  w.pipeline.pass("Build");
  await w.see(id);
  expect(kinds(await drift(w, sha("b"), asked))).toEqual([]);
});

test("a stage that a condition skipped is off", async () => {
  const w = await openWorld({
    pipeline: {
      stages: [
        "Build",
        "Test",
        { name: "Production", beforeEntry: { result: "SKIP", rule: "VariableCheck" } },
      ],
    },
  });
  w.pipeline.condition("Production", "beforeEntry", "fails");
  const id = await w.start();
  w.pipeline.execution(id).passUntil();
  expect(kinds(await drift(w))).toEqual(["stage_off Production"]);
});

test.each([
  ["starts_itself", { pipeline: { source: { detectChanges: "unset" } } }, /DetectChanges.*Source/],
  ["starts_itself", { pipeline: { source: { detectChanges: "true" } } }, /DetectChanges.*Source/],
  ["cannot_start", { pipeline: { type: "V1" } }, /pipelineType: V2/],
  ["cannot_start", { pipeline: { moreSources: ["Config"] } }, /`source` in the plan/],
] satisfies [string, WorldOptions, RegExp][])("%s is a difference", async (kind, options, how) => {
  const w = await openWorld(options);
  const { differences } = await drift(w);
  expect(differences).toMatchObject([{ kind, sentence: expect.stringMatching(how) }]);
});

test("a trigger of the pipeline's own is a difference", async () => {
  const w = await openWorld();
  w.pipeline.change((declaration) => ({
    ...declaration,
    triggers: [
      {
        providerType: "CodeStarSourceConnection",
        gitConfiguration: { sourceActionName: "Source" },
      },
    ],
  }));
  expect((await drift(w)).differences).toMatchObject([
    {
      kind: "starts_itself",
      sentence: expect.stringMatching(/starts by itself.*Remove the trigger.*Source/),
    },
  ]);
});

test("executions that others started for the commit are found, with who and how", async () => {
  const w = await openWorld();
  const ours = await w.start();
  w.pipeline.execution(ours).passUntil();
  w.clock.advance(1_000);
  const push = w.pipeline.startByPush({ sha: sha("a") }).passUntil();
  const console_ = w.pipeline.startByConsole("ann", sha("a"));
  console_.pass("Source").fail("Build");
  w.pipeline.startByConsole("ann", sha("b")).passUntil();
  const rule = w.pipeline.startByRule();
  rule.pass("Source");
  const { foreignExecutions } = await drift(w);
  expect(foreignExecutions).toEqual([
    {
      engineId: console_.id,
      kind: "standard",
      trigger: "StartPipelineExecution",
      by: expect.stringMatching(/^ann \(arn:.*assumed-role\/.*\/ann\)$/),
      state: "failed",
      why: "",
      startedAt: w.pipeline.execution(console_.id).data.startedAt,
      link: `https://eu-west-1.console.aws.amazon.com/codesuite/codepipeline/pipelines/shop-release/executions/${console_.id}/timeline?region=eu-west-1`,
    },
    expect.objectContaining({ engineId: push.id, trigger: "WebhookV2", state: "succeeded" }),
  ]);
  const [byRule] = (await drift(w, rule.sha ?? "")).foreignExecutions;
  expect(byRule).toMatchObject({
    trigger: "CloudWatchEvent",
    by: expect.stringMatching(/rule\/nightly$/),
  });
});

test("a rollback by hand is told apart from a run of the commit", async () => {
  const w = await openWorld();
  const good = await w.start();
  w.pipeline.execution(good).passUntil();
  w.pipeline.rollback("Production", good).passUntil();
  expect((await drift(w)).foreignExecutions).toMatchObject([
    { kind: "rollback", trigger: "ManualRollback", state: "succeeded" },
  ]);
});

describe("what is under way", () => {
  test("is only what Interlock started for the commit, before its source action has said so too", async () => {
    const w = await openWorld({ pipeline: { mode: "QUEUED" } });
    const id = await w.start();
    await w.start({ key: "other", sha: sha("b") });
    w.pipeline.startByConsole("ann", sha("a"));
    expect((await drift(w)).live).toEqual([id]);
    w.pipeline.execution(id).passUntil();
    w.clock.advance(1);
    expect((await drift(w)).live).toEqual([]);
  });

  test("is what was seen to end and was retried in the console, and then it is followed again", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    w.pipeline.fail("Build");
    expect((await w.see(id)).state).toBe("failed");
    expect((await drift(w)).live).toEqual([]);
    w.aws.faults.onEvent({ fault: { kind: "lost" } });
    w.clock.advance(1_000);
    w.pipeline.retry("Build");
    // Nobody has told of it.
    expect((await w.glance(id)).state).toBe("failed");
    expect((await drift(w)).live).toEqual([id]);
    expect(await w.glance(id)).toMatchObject({ state: "running" });
  });

  test("is also what has ended again since its end was read", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    w.pipeline.fail("Build");
    expect((await w.see(id)).state).toBe("failed");
    w.aws.faults.onEvent({ fault: { kind: "lost" } });
    w.clock.advance(1_000);
    w.pipeline.retry("Build").passUntil();
    // As often as it is asked, until somebody has looked.
    for (let n = 0; n < 2; n += 1) {
      w.clock.advance(1);
      expect((await drift(w)).live).toEqual([id]);
    }
    expect(await w.glance(id)).toMatchObject({ state: "succeeded" });
    w.clock.advance(1);
    expect((await drift(w)).live).toEqual([]);
  });

  test("is not what took another commit", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.execution(id).passUntil("Build");
    for (const revision of w.pipeline.execution(id).data.revisions.values()) revision.id = sha("f");
    w.restart();
    expect((await w.see(id)).state).toBe("failed");
    expect((await drift(w)).live).toEqual([]);
  });

  test("is not what the list showed and a reading meanwhile saw end", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    w.aws.faults.onRequest({
      operation: "GetPipelineState",
      times: 1,
      fault: { kind: "slow", ms: 10_000 },
    });
    const asking = drift(w);
    await expect.poll(() => w.calls()["codepipeline:ListPipelineExecutions"]).toBe(1);
    w.clock.advance(1_000);
    w.pipeline.fail("Build");
    await w.aws.settled();
    expect((await w.glance(id)).state).toBe("failed");
    w.clock.advance(20_000);
    expect((await asking).live).toEqual([]);
  });
});

describe("an execution that the list does not reach back to", () => {
  /** Somebody let it pass a condition after more have followed than the list shows. */
  async function old(): Promise<{ w: World; id: string }> {
    const w = await openWorld({
      pipeline: {
        mode: "PARALLEL",
        stages: ["Build", { name: "Production", beforeEntry: { result: "FAIL" } }],
      },
    });
    w.clock.advance(1_000);
    w.pipeline.condition("Production", "beforeEntry", "fails");
    const id = await w.start();
    const execution = w.pipeline.execution(id).passUntil();
    w.pipeline.condition("Production", "beforeEntry", "holds");
    for (let n = 0; n < 120; n += 1) {
      w.clock.advance(1_000);
      w.pipeline.startByConsole("ann", sha("b")).passUntil();
    }
    w.pipeline.override("Production", "beforeEntry", id);
    execution.passUntil();
    expect(execution.status).toBe("Succeeded");
    return { w, id };
  }
  const mark = { kind: "condition_overridden", stage: "Production" };

  test("is read by its number, and what was done to it is known", async () => {
    const { w, id } = await old();
    const { state } = await w.see(id);
    expect(state).toBe("succeeded");
    expect((await drift(w)).outOfBandChanges).toMatchObject([{ engineId: id, mark }]);
    // By a process that has not followed it, too; and from what is known, without a call.
    w.restart();
    w.clock.advance(1);
    expect((await drift(w)).outOfBandChanges).toMatchObject([{ engineId: id, mark }]);
    w.aws.log.clear();
    const question = { spec: w.spec, repository: shop, sha: sha("a"), engineId: id, since: null };
    expect(await w.engine.drift(question)).toMatchObject({
      value: { outOfBandChanges: [{ mark }] },
    });
    expect(w.calls()).toEqual({});
  });

  test("is under way where it is", async () => {
    const w = await openWorld({ pipeline: { mode: "PARALLEL" } });
    w.clock.advance(1_000);
    const id = await w.start();
    w.pipeline.execution(id).passUntil("Test");
    for (let n = 0; n < 120; n += 1) w.pipeline.startByConsole("ann", sha("b")).passUntil();
    w.restart();
    expect(await drift(w)).toMatchObject({
      live: [id],
      outOfBandChanges: [],
      foreignExecutions: [],
    });
  });

  test("is held against a state that is no older than it", async () => {
    const w = await openWorld({ pipeline: { mode: "PARALLEL" } });
    w.clock.advance(1_000);
    const id = await w.start();
    w.pipeline.execution(id).passUntil("Test");
    for (let n = 0; n < 120; n += 1) w.pipeline.startByConsole("ann", sha("c")).passUntil();
    await w.start({ key: "other", sha: sha("b") });
    const since = w.clock.now();
    await drift(w, sha("b"), since);
    w.clock.advance(1_000);
    w.pipeline.data.edits = "cancel";
    w.pipeline.addStage("Smoke");
    expect(w.pipeline.execution(id).status).toBe("Cancelled");
    expect((await drift(w, sha("a"), since)).outOfBandChanges).toMatchObject([
      { engineId: id, mark: { kind: "pipeline_changed" } },
    ]);
  });

  test("is not known where AWS does not answer that either", async () => {
    const { w, id } = await old();
    const { now } = w.clock;
    const question = { spec: w.spec, repository: shop, sha: sha("a"), engineId: id };
    for (const operation of ["GetPipelineExecution", "ListActionExecutions"]) {
      w.aws.faults.onRequest({ operation, fault: { kind: "error" } });
      w.clock.advance(1);
      expect(await w.engine.drift({ ...question, since: now() })).toMatchObject({
        kind: "unknown",
      });
      w.aws.faults.stop();
    }
    w.pipeline.data.executions.shift();
    w.clock.advance(1);
    expect(await w.engine.drift({ ...question, since: now() })).toEqual({
      kind: "unknown",
      why: `AWS does not have the execution ${id} of the pipeline shop-release any more.`,
    });
  });

  test("because the list is older than it, is found in a newer one", async () => {
    const w = await openWorld();
    const since = w.clock.now();
    await drift(w, sha("b"), since);
    w.clock.advance(60_000);
    const id = await w.start();
    w.aws.log.clear();
    expect((await drift(w, sha("a"), since)).live).toEqual([id]);
    expect(w.calls()).toEqual({ "codepipeline:ListPipelineExecutions": 1 });
  });
});

describe("calls", () => {
  const ask = async (w: World, digit: string, since: number | null) =>
    await w.engine.drift({
      spec: w.spec,
      repository: shop,
      sha: sha(digit),
      engineId: await oursFor(w, sha(digit)),
      since,
    });
  const made = (w: World) => {
    const { "sts:AssumeRole": _, ...calls } = w.calls();
    return Object.fromEntries(
      Object.entries(calls).map(([name, count]) => [name.split(":")[1], count]),
    );
  };
  const once = { GetPipeline: 1, GetPipelineState: 1, ListPipelineExecutions: 1 };

  test("are shared by all commits for five minutes, and then the structure needs none", async () => {
    const w = await openWorld();
    w.clock.advance(1_000);
    await oursFor(w, sha("a"));
    const since = w.clock.now() - 60_000;
    await Promise.all(["a", "b", "c"].map((digit) => ask(w, digit, since)));
    w.clock.advance(299_000);
    await ask(w, "d", since);
    expect(made(w)).toEqual(once);
    w.clock.advance(2_000);
    await ask(w, "d", since);
    expect(made(w)).toEqual({ ...once, GetPipelineState: 2, ListPipelineExecutions: 2 });
    w.pipeline.data.edits = "cancel";
    w.pipeline.addStage("Smoke");
    w.clock.advance(1);
    await ask(w, "d", w.clock.now());
    expect(made(w)).toEqual({
      GetPipeline: 2,
      // Whether the change was made while the execution ran.
      GetPipelineExecution: 1,
      GetPipelineState: 3,
      ListPipelineExecutions: 3,
    });
  });

  test("are made again where something older than asked for is all that is known", async () => {
    const w = await openWorld();
    await ask(w, "a", w.clock.now());
    w.clock.advance(1_000);
    w.pipeline.disableTransition("Test");
    expect(await ask(w, "a", w.clock.now() - 1_000)).toMatchObject({ value: { differences: [] } });
    expect(await ask(w, "a", w.clock.now())).toMatchObject({ value: { differences: [{}] } });
  });

  test("are one for the end of an execution that was followed here", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.clock.advance(1_000);
    w.pipeline.execution(id).passUntil();
    await w.aws.settled();
    const { endedAt } = await w.glance(id);
    w.aws.log.clear();
    expect(await ask(w, "a", endedAt ?? 0)).toMatchObject({
      kind: "known",
      value: { outOfBandChanges: [] },
    });
    expect(made(w)).toEqual({ GetPipelineState: 1 });
  });

  test("are none where what is known will do", async () => {
    const w = await openWorld();
    expect(await ask(w, "a", null)).toMatchObject({ kind: "unknown" });
    const id = await w.start();
    w.pipeline.disableTransition("Test");
    await ask(w, "a", w.clock.now());
    w.clock.advance(3_600_000);
    // A call that gives no answer takes nothing away.
    w.aws.faults.onRequest({ operation: "GetPipelineState", fault: { kind: "error" } });
    expect(await ask(w, "a", w.clock.now())).toMatchObject({ kind: "unknown" });
    w.aws.log.clear();
    expect(await ask(w, "a", null)).toMatchObject({
      value: { differences: [{ kind: "transition_disabled" }], live: [id] },
    });
    expect(made(w)).toEqual({});
  });
});

test("what cannot be read is not known", async () => {
  const w = await openWorld();
  const engineId = await oursFor(w, sha("a"));
  const ask = (since: number) =>
    w.engine.drift({ spec: w.spec, repository: shop, sha: sha("a"), engineId, since });
  for (const operation of ["GetPipeline", "GetPipelineState", "ListPipelineExecutions"]) {
    w.aws.faults.onRequest({ operation, fault: { kind: "error" } });
    w.clock.advance(1);
    expect(await ask(w.clock.now())).toMatchObject({ kind: "unknown" });
    w.aws.faults.stop();
  }
  expect(await ask(w.clock.now())).toMatchObject({ kind: "known" });
});
