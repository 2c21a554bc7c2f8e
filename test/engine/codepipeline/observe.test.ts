// Following an execution: its state and its stages, in every mode and whatever others do to it.

import { describe, expect, test } from "vitest";
import type { NewStage } from "../../../sandbox/aws/declare.ts";
import { standingOf } from "../../../src/engine/codepipeline/status.ts";
import { openWorld, sha, states, type World } from "./world.ts";

test("a release goes through its stages in the pipeline's order", async () => {
  const w = await openWorld({ spec: { stages: [{ name: "Test", reports: [] }] } });
  const id = await w.start();
  expect(states(await w.glance(id))).toEqual({
    Source: "running",
    Build: "pending",
    Test: "pending",
    Production: "pending",
  });
  w.clock.advance(5_000);
  w.pipeline.pass("Source");
  const building = await w.see(id);
  expect(building).toMatchObject({ state: "running", why: "", endedAt: null });
  expect(states(building)).toMatchObject({ Source: "succeeded", Build: "running" });
  const [source] = building.stages;
  expect((source?.endedAt ?? 0) - (source?.startedAt ?? 0)).toBe(5_000);
  w.pipeline.execution(id).passUntil();
  const done = await w.see(id);
  expect(done).toMatchObject({ state: "succeeded", why: "", endedAt: expect.any(Number) });
  expect(done.stages.map(({ name, state }) => [name, state])).toEqual([
    ["Source", "succeeded"],
    ["Build", "succeeded"],
    ["Test", "succeeded"],
    ["Production", "succeeded"],
  ]);
  w.restart();
  expect(await w.see(id)).toEqual(done);
});

test("a failed action says what went wrong and where to read on", async () => {
  const w = await openWorld();
  const id = await w.start();
  w.pipeline.execution(id).passUntil("Test");
  w.pipeline.fail("Test", {
    code: "JobFailed",
    message: "Build terminated with state: FAILED.\u001b[31m\nPhase: BUILD",
  });
  const seen = await w.see(id);
  expect(seen.state).toBe("failed");
  expect(states(seen)).toMatchObject({ Build: "succeeded", Test: "failed", Production: "skipped" });
  expect(seen.stages.find(({ name }) => name === "Test")?.why).toMatch(
    /^Action Test failed: JobFailed: Build terminated with state: FAILED\. Phase: BUILD\. See https:\/\/eu-west-1\.console\.aws\.amazon\.com\/\S+$/,
  );
});

test("a stage with several actions is not over before all of them are", async () => {
  const w = await openWorld({
    pipeline: {
      stages: [
        {
          name: "Test",
          kind: "test",
          actions: [{ name: "Unit" }, { name: "Lint" }, { name: "Load", runOrder: 2 }],
        },
        "Production",
      ],
    },
  });
  const id = await w.start();
  const { pipeline } = w;
  pipeline.pass("Source");
  pipeline.execution(id).pass("Test", { action: "Unit" });
  expect(states(await w.see(id))).toMatchObject({ Test: "running" });
  pipeline.execution(id).pass("Test", { action: "Lint" });
  expect(states(await w.see(id))).toMatchObject({ Test: "running", Production: "pending" });
  pipeline.execution(id).pass("Test", { action: "Load" });
  expect(states(await w.see(id))).toMatchObject({ Test: "succeeded", Production: "running" });
});

describe("what others did", () => {
  test("a superseded execution points to the one that carried its commit", async () => {
    const w = await openWorld();
    const first = await w.start({ key: "one", sha: sha("a") });
    w.pipeline.disableTransition("Build");
    w.pipeline.execution(first).pass("Source");
    const second = await w.start({ key: "two", sha: sha("b") });
    w.pipeline.execution(second).pass("Source");
    const third = await w.start({ key: "three", sha: sha("c") });
    w.pipeline.execution(third).pass("Source");
    for (const id of [first, second])
      expect(await w.see(id)).toMatchObject({
        state: "failed",
        why: `It was superseded by the execution ${third} for commit ${sha("c")}, which carries its changes.`,
      });
    expect(await w.see(third)).toMatchObject({ state: "running" });
  });

  test("a stop in the console keeps its reason", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    w.pipeline.stop(id, "wait", "Black Friday");
    expect(await w.see(id)).toMatchObject({ state: "running", why: "It is being stopped." });
    w.pipeline.pass("Build");
    const seen = await w.see(id);
    expect(seen).toMatchObject({ state: "stopped", why: "It was stopped in AWS: Black Friday" });
    expect(states(seen)).toMatchObject({ Source: "succeeded", Test: "skipped" });
  });

  test("an abandoned action leaves its stage stopped", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    w.pipeline.stop(id, "abandon");
    const seen = await w.see(id);
    expect(seen.state).toBe("stopped");
    expect(states(seen)).toMatchObject({ Build: "stopped" });
  });

  test("a change of the pipeline that cancels it leaves its stages as they were", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    w.pipeline.data.edits = "cancel";
    w.pipeline.removeStage("Test");
    const seen = await w.see(id);
    expect(seen).toMatchObject({
      state: "stopped",
      why: expect.stringMatching(/pipeline was changed/),
    });
    expect(states(seen)).toEqual({
      Source: "succeeded",
      Build: "stopped",
      Test: "skipped",
      Production: "skipped",
    });
  });

  test("a retry in the console brings it back", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    w.pipeline.fail("Build");
    w.pipeline.retry("Build");
    const seen = await w.see(id);
    expect(seen.state).toBe("running");
    expect(states(seen)).toMatchObject({ Build: "running", Test: "pending" });
    w.pipeline.pass("Build");
    expect(states(await w.see(id))).toMatchObject({ Build: "succeeded", Test: "running" });
  });

  test("a rollback by AWS itself leaves the failed execution failed", async () => {
    const w = await openWorld({
      pipeline: { stages: ["Build", { name: "Production", onFailure: { result: "ROLLBACK" } }] },
    });
    const good = await w.start({ key: "good", sha: sha("a") });
    w.pipeline.execution(good).passUntil();
    const bad = await w.start({ key: "bad", sha: sha("b") });
    w.pipeline.execution(bad).passUntil("Production").fail("Production");
    const rollback = w.pipeline.latest();
    rollback.passUntil();
    const seen = await w.see(bad);
    expect(seen).toMatchObject({
      state: "failed",
      why: `AWS rolled it back by itself to commit ${sha("a")}, with the execution ${rollback.id}.`,
    });
    expect(states(seen)).toMatchObject({ Production: "failed" });
    expect(await w.engine.observe(rollback.id)).toEqual({ kind: "absent" });
  });

  test("a rollback is never taken for an execution of ours", async () => {
    const w = await openWorld();
    const good = await w.start({ key: "good", sha: sha("a") });
    w.pipeline.execution(good).passUntil();
    const rollback = w.pipeline.rollback("Production", good);
    await w.runs.update("good", { executionId: rollback.id });
    w.restart();
    expect(await w.engine.observe(rollback.id)).toEqual({ kind: "absent" });
  });
});

describe("conditions", () => {
  test("a stage that its entry condition skips has not passed, though the pipeline succeeds", async () => {
    const w = await openWorld({
      pipeline: {
        stages: [
          "Build",
          { name: "Production", beforeEntry: { result: "SKIP", rule: "VariableCheck" } },
        ],
      },
    });
    w.pipeline.condition("Production", "beforeEntry", "fails");
    const id = await w.start();
    w.pipeline.execution(id).passUntil();
    const seen = await w.see(id);
    expect(seen.state).toBe("succeeded");
    expect(states(seen)).toMatchObject({ Build: "succeeded", Production: "skipped" });
  });

  test("a stage that its entry condition keeps out has failed", async () => {
    const w = await openWorld({
      pipeline: { stages: ["Build", { name: "Production", beforeEntry: { result: "FAIL" } }] },
    });
    w.pipeline.condition("Production", "beforeEntry", "fails");
    const id = await w.start();
    w.pipeline.execution(id).passUntil();
    const seen = await w.see(id);
    expect(seen.state).toBe("failed");
    expect(seen.stages.at(-1)).toMatchObject({
      state: "failed",
      why: "Its entry condition did not hold.",
    });
  });

  test("a stage whose actions are done runs on until its last condition is judged", async () => {
    const w = await openWorld({
      pipeline: { stages: ["Build", { name: "Production", onSuccess: { result: "FAIL" } }] },
    });
    w.pipeline.condition("Production", "onSuccess", "waits");
    const id = await w.start();
    w.pipeline.execution(id).passUntil();
    expect(states(await w.see(id))).toMatchObject({ Production: "running" });
    w.pipeline.condition("Production", "onSuccess", "fails");
    const seen = await w.see(id);
    expect(seen.state).toBe("failed");
    expect(seen.stages.at(-1)).toMatchObject({
      state: "failed",
      why: "The condition after its actions did not hold.",
    });
  });
});

test("in PARALLEL mode each execution has stages of its own", async () => {
  const w = await openWorld({ pipeline: { mode: "PARALLEL" } });
  const one = await w.start({ key: "one", sha: sha("a") });
  const two = await w.start({ key: "two", sha: sha("b") });
  w.pipeline.execution(one).passUntil("Test").fail("Test");
  w.pipeline.execution(two).passUntil("Production");
  expect(states(await w.see(one))).toMatchObject({ Build: "succeeded", Test: "failed" });
  expect(states(await w.see(two))).toMatchObject({ Test: "succeeded", Production: "running" });
});

test("an approval that nobody has given is said, and its rejection is a failure with its reason", async () => {
  const w = await openWorld({ pipeline: { stages: ["Build", "Approve", "Production"] } });
  const id = await w.start();
  w.pipeline.execution(id).passUntil("Approve");
  const seen = await w.see(id);
  expect(seen).toMatchObject({
    state: "running",
    why: "Its stage Approve waits for the approval Approve.",
  });
  expect(seen.stages.find(({ name }) => name === "Approve")).toMatchObject({
    state: "waiting",
    why: "Waits for the approval Approve.",
    startedAt: expect.any(Number),
    endedAt: null,
  });
  w.pipeline.reject("Approve");
  const rejected = await w.see(id);
  expect(rejected.stages.find(({ name }) => name === "Approve")?.why).toMatch(
    /^Approval Approve was not given/,
  );
});

describe("a stage waits", () => {
  const gate = (...actions: NonNullable<NewStage["actions"]>) => ({
    stages: [{ name: "Gate", actions }, "Production"],
  });

  test("only while nothing but approvals of it goes on, told by events or not", async () => {
    const w = await openWorld({
      pipeline: gate(
        { name: "Scan" },
        { name: "Legal", kind: "approval" },
        { name: "Go", runOrder: 2, kind: "approval" },
        { name: "Last", runOrder: 3 },
      ),
    });
    const id = await w.start();
    const gateNow = async () => {
      await w.aws.settled();
      return (await w.glance(id)).stages.find(({ name }) => name === "Gate");
    };
    w.pipeline.execution(id).pass("Source");
    expect(await gateNow()).toMatchObject({ state: "running", why: "" });
    w.pipeline.execution(id).pass("Gate", { action: "Scan" });
    expect(await gateNow()).toMatchObject({
      state: "waiting",
      why: "Waits for the approval Legal.",
    });
    w.pipeline.approve("Gate");
    expect(await gateNow()).toMatchObject({ state: "waiting", why: "Waits for the approval Go." });
    w.pipeline.approve("Gate");
    expect(await gateNow()).toMatchObject({ state: "running", why: "" });
    w.pipeline.execution(id).pass("Gate", { action: "Last" });
    expect(await gateNow()).toMatchObject({ state: "succeeded", why: "" });
  });

  test("also where the approval begins after the reading that saw the action before it end", async () => {
    const w = await openWorld({
      pipeline: gate({ name: "Scan" }, { name: "Go", runOrder: 2, kind: "approval" }),
    });
    const id = await w.start();
    w.pipeline.execution(id).pass("Source").pass("Gate");
    const { data } = w.pipeline.execution(id);
    // As it is for a moment.
    const [asking] = data.actions.splice(-1);
    await w.aws.settled();
    expect(states(await w.glance(id))).toMatchObject({ Gate: "running" });
    if (asking !== undefined) data.actions.push(asking);
    await w.runs.hear(id, "action STARTED Gate");
    expect(states(await w.glance(id))).toMatchObject({ Gate: "running" });
    await w.runs.hear(id, "action STARTED Gate approval");
    expect(states(await w.glance(id))).toMatchObject({ Gate: "waiting" });
    w.aws.log.clear();
    await w.runs.hear(id, "action STARTED Gate approval");
    expect(states(await w.glance(id))).toMatchObject({ Gate: "waiting" });
    expect(w.calls()).toEqual({});
  });

  test("in PARALLEL mode too", async () => {
    const w = await openWorld({
      pipeline: { mode: "PARALLEL", stages: ["Build", "Approve", "Production"] },
    });
    const id = await w.start();
    w.pipeline.execution(id).passUntil("Approve");
    expect(states(await w.see(id))).toMatchObject({ Approve: "waiting", Production: "pending" });
  });
});

describe("what AWS does not say", () => {
  async function running(): Promise<{ w: World; id: string }> {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    w.clock.advance(60_000);
    return { w, id };
  }

  test.each([
    ["a limit of rate", { kind: "throttled" }],
    ["an outage", { kind: "error" }],
    ["a missing permission", { kind: "refused", code: "AccessDeniedException" }],
  ] as const)("for %s is not known", async (_, fault) => {
    const { w, id } = await running();
    w.aws.faults.onRequest({ service: "codepipeline", fault });
    expect(await w.engine.observe(id)).toMatchObject({ kind: "unknown" });
    w.aws.faults.stop();
    expect(await w.engine.observe(id)).toMatchObject({ kind: "known" });
  });

  test("about what was just started is not known yet, and later it is absent", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.restart();
    w.aws.faults.onRequest({
      fault: { kind: "refused", code: "PipelineExecutionNotFoundException" },
      operation: "GetPipelineExecution",
    });
    w.pipeline.data.executions.length = 0;
    expect(await w.engine.observe(id)).toMatchObject({ kind: "unknown" });
    w.clock.advance(60_000);
    expect(await w.engine.observe(id)).toEqual({ kind: "absent" });
  });

  test("in words that are known is no end", () => {
    const summary = {
      id: "1",
      status: "Pondering",
      startedAt: 1,
      updatedAt: 2,
      revisions: [],
      trigger: { type: "", detail: "" },
      note: "",
      stopReason: "",
      type: "STANDARD",
      target: null,
    } as const;
    expect(standingOf(summary, [])).toMatchObject({ state: "running", endedAt: null });
  });
});

test("an execution behind the first page of the list is found by its number", async () => {
  const w = await openWorld({ pipeline: { mode: "QUEUED" } });
  const id = await w.start();
  w.pipeline.execution(id).passUntil("Test");
  w.pipeline.disableTransition("Build");
  const { startedAt } = w.pipeline.execution(id).data;
  for (let n = 0; n < 130; n += 1) {
    const other = w.pipeline.startByConsole("ann", sha("d"));
    other.data.status = "Succeeded";
    other.data.position = { kind: "over" };
    other.data.startedAt = startedAt + 1;
  }
  w.restart();
  expect(states(await w.see(id))).toMatchObject({ Build: "succeeded", Test: "running" });
});
