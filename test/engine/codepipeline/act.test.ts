// Acting on executions of ours: stop and retry, each once, and each refusal as a sentence.

import { describe, expect, test } from "vitest";
import { openWorld, states, type World, type WorldOptions } from "./world.ts";

describe("stop", () => {
  test("closes the way into the next stage first and opens it again afterwards", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    w.aws.log.clear();
    expect(await w.engine.stop(id, "a newer commit is the head now")).toEqual({ kind: "done" });
    const acts = w.aws.log.all.map(({ operation }) => operation);
    expect(acts.indexOf("DisableStageTransition")).toBeGreaterThan(-1);
    expect(acts.indexOf("DisableStageTransition")).toBeLessThan(
      acts.indexOf("StopPipelineExecution"),
    );
    expect(w.pipeline.data.transitions.get("Test")).toMatchObject({
      enabled: false,
      reason: `Interlock stops ${id} - a newer commit is the head now`,
    });
    expect(w.pipeline.execution(id).data.stopReason).toBe(
      "Interlock: a newer commit is the head now",
    );
    // What runs may finish.
    expect(await w.see(id)).toMatchObject({ state: "running", why: "It is being stopped." });
    w.pipeline.pass("Build");
    const seen = await w.see(id);
    expect(seen).toMatchObject({ state: "stopped", why: "a newer commit is the head now" });
    expect(states(seen)).toMatchObject({ Test: "skipped" });
    expect(w.pipeline.data.transitions.get("Test")).toMatchObject({ enabled: true });
    // The next one goes its way.
    const next = await w.start({ key: "next" });
    w.pipeline.execution(next).passUntil();
    expect((await w.see(next)).state).toBe("succeeded");
    expect(w.noticed).toContain("pull:acme/shop#1|shop|release|1");
  });

  test("can be asked for again, and after the end", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    await w.engine.stop(id, "once");
    expect(await w.engine.stop(id, "twice")).toEqual({ kind: "done" });
    w.pipeline.pass("Build");
    expect(await w.engine.stop(id, "thrice")).toEqual({ kind: "done" });
    expect((await w.see(id)).state).toBe("stopped");
    expect(w.pipeline.data.transitions.get("Test")?.enabled ?? true).toBe(true);
  });

  test("leaves a way alone that somebody else has closed", async () => {
    const w = await openWorld();
    w.pipeline.disableTransition("Test", "Frozen by hand");
    const id = await w.start();
    w.pipeline.pass("Source");
    await w.engine.stop(id, "enough");
    w.pipeline.pass("Build");
    await w.see(id);
    expect(w.pipeline.data.transitions.get("Test")).toMatchObject({
      enabled: false,
      reason: "Frozen by hand",
    });
  });

  test("does not open what somebody has closed again meanwhile", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    await w.engine.stop(id, "enough");
    w.pipeline.disableTransition("Test", "Frozen by hand");
    w.pipeline.pass("Build");
    expect((await w.see(id)).state).toBe("stopped");
    expect(w.pipeline.data.transitions.get("Test")).toMatchObject({ enabled: false });
  });

  test("is not forgotten half-way: the end is told when the way is open again", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    await w.engine.stop(id, "enough");
    w.pipeline.pass("Build");
    w.aws.faults.onRequest({ operation: "EnableStageTransition", fault: { kind: "error" } });
    w.clock.advance(20_000);
    expect(await w.engine.observe(id)).toMatchObject({ kind: "unknown" });
    w.aws.faults.stop();
    w.restart();
    expect((await w.see(id)).state).toBe("stopped");
    expect(w.pipeline.data.transitions.get("Test")).toMatchObject({ enabled: true });
  });

  test("does not wait for an approval, and abandons nothing that works", async () => {
    const w = await openWorld({ pipeline: { stages: ["Build", "Approve", "Production"] } });
    const id = await w.start();
    w.pipeline.execution(id).passUntil("Approve");
    await w.engine.stop(id, "enough");
    expect((await w.see(id)).state).toBe("stopped");
    const how = w.aws.log
      .of("codepipeline:StopPipelineExecution")
      .map(({ input }) => (input as { abandon: boolean }).abandon);
    expect(how).toEqual([false, true]);
  });

  test("abandons nothing that an approval has let begin meanwhile", async () => {
    const actions = [
      { name: "GoLive", kind: "approval" as const, runOrder: 1 },
      { name: "Deploy", kind: "deploy" as const, runOrder: 2 },
    ];
    const w = await openWorld({
      pipeline: { stages: ["Build", { name: "Production", actions }] },
    });
    const id = await w.start();
    w.pipeline.execution(id).passUntil("Production");
    w.meanwhile("ListActionExecutions", () => w.pipeline.approve("Production"));
    expect(await w.engine.stop(id, "enough")).toEqual({ kind: "done" });
    expect(w.pipeline.execution(id).status).toBe("Stopping");
    w.pipeline.pass("Production");
    expect(await w.see(id)).toMatchObject({ state: "stopped" });
  });

  test("in the last stage has no way to close, nor in PARALLEL mode", async () => {
    for (const mode of ["SUPERSEDED", "PARALLEL"] as const) {
      const w = await openWorld({ pipeline: { mode } });
      const id = await w.start();
      w.pipeline.execution(id).passUntil(mode === "PARALLEL" ? "Build" : "Production");
      expect(await w.engine.stop(id, "enough")).toEqual({ kind: "done" });
      expect(w.calls()["codepipeline:DisableStageTransition"]).toBeUndefined();
      expect(w.pipeline.execution(id).status).toBe("Stopping");
    }
  });

  test("goes on where the role may close no way, and says what the role lacks where it may not stop", async () => {
    const w = await openWorld({
      role: {
        allow: [
          "codepipeline:Get*",
          "codepipeline:List*",
          "codepipeline:Start*",
          "codepipeline:StopPipelineExecution",
        ],
      },
    });
    const id = await w.start();
    w.pipeline.pass("Source");
    expect(await w.engine.stop(id, "enough")).toEqual({ kind: "done" });
    const v = await openWorld({
      role: { allow: ["codepipeline:Get*", "codepipeline:List*", "codepipeline:Start*"] },
    });
    const other = await v.start();
    expect(await v.engine.stop(other, "enough")).toEqual({
      kind: "refused",
      why: expect.stringContaining('"Action":"codepipeline:StopPipelineExecution"'),
    });
  });

  test("with a reason in any letters and of any length is taken", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    expect(await w.engine.stop(id, `Ärger: #1, a/b_c\n${"long ".repeat(200)}`)).toEqual({
      kind: "done",
    });
  });

  test("of what is not ours is refused", async () => {
    const w = await openWorld();
    const other = w.pipeline.startByConsole();
    expect(await w.engine.stop(other.id, "enough")).toMatchObject({ kind: "refused" });
    expect(other.status).toBe("InProgress");
  });
});

describe("retry", () => {
  async function failed(options: WorldOptions = {}): Promise<{ w: World; id: string }> {
    const w = await openWorld(options);
    const id = await w.start();
    w.pipeline.execution(id).passUntil("Test").fail("Test");
    expect((await w.see(id)).state).toBe("failed");
    return { w, id };
  }

  test("runs what failed again, in the same execution and once for each key", async () => {
    const { w, id } = await failed();
    expect(await w.engine.retry(id, "Test", "k1")).toEqual({ kind: "done" });
    expect(states(await w.see(id))).toMatchObject({ Build: "succeeded", Test: "running" });
    w.pipeline.fail("Test");
    w.restart();
    expect(await w.engine.retry(id, "Test", "k1")).toEqual({ kind: "done" });
    expect((await w.see(id)).state).toBe("failed");
    expect(w.calls()["codepipeline:RetryStageExecution"]).toBe(1);
    expect(await w.engine.retry(id, "Test", "k2")).toEqual({ kind: "done" });
    w.pipeline.execution(id).passUntil();
    expect((await w.see(id)).state).toBe("succeeded");
  });

  test("whose answer was lost is not done again", async () => {
    const { w, id } = await failed();
    w.aws.faults.onRequest({
      operation: "RetryStageExecution",
      times: 1,
      fault: { kind: "answerLost" },
    });
    expect(await w.engine.retry(id, "Test", "k1")).toMatchObject({ kind: "failed" });
    w.pipeline.fail("Test");
    w.restart();
    expect(await w.engine.retry(id, "Test", "k1")).toEqual({ kind: "done" });
    expect(w.pipeline.execution(id).data.attempt).toBe(2);
  });

  test("that never arrived is done later", async () => {
    const { w, id } = await failed();
    w.aws.faults.onRequest({ operation: "RetryStageExecution", times: 1, fault: { kind: "cut" } });
    expect(await w.engine.retry(id, "Test", "k1")).toMatchObject({ kind: "failed" });
    expect(await w.engine.retry(id, "Test", "k1")).toEqual({
      kind: "failed",
      why: "AWS may not show the retry yet.",
    });
    w.clock.advance(11_000);
    expect(await w.engine.retry(id, "Test", "k1")).toEqual({ kind: "done" });
    expect((await w.see(id)).state).toBe("running");
  });

  test("whose answer was lost is not done again while AWS's list is behind", async () => {
    const { w, id } = await failed();
    w.aws.faults.onRequest({
      operation: "RetryStageExecution",
      times: 1,
      fault: { kind: "answerLost" },
    });
    expect(await w.engine.retry(id, "Test", "k1")).toMatchObject({ kind: "failed" });
    w.pipeline.fail("Test");
    const { data } = w.pipeline.execution(id);
    const shown = data.actions.splice(-1);
    expect(await w.engine.retry(id, "Test", "k1")).toMatchObject({ kind: "failed" });
    data.actions.push(...shown);
    w.clock.advance(11_000);
    expect(await w.engine.retry(id, "Test", "k1")).toEqual({ kind: "done" });
    expect(data.attempt).toBe(2);
  });

  test("is of the stage that it was first asked for, whatever has failed since", async () => {
    const { w, id } = await failed();
    w.aws.faults.onRequest({
      operation: "RetryStageExecution",
      times: 1,
      fault: { kind: "answerLost" },
    });
    expect(await w.engine.retry(id, "Test", "k1")).toMatchObject({ kind: "failed" });
    w.pipeline.pass("Test");
    w.pipeline.fail("Production");
    w.clock.advance(11_000);
    expect(await w.engine.retry(id, "Production", "k1")).toEqual({ kind: "done" });
    expect(w.pipeline.execution(id)).toMatchObject({ status: "Failed", data: { attempt: 2 } });
    // The same where it never arrived.
    w.aws.faults.onRequest({ operation: "RetryStageExecution", times: 1, fault: { kind: "cut" } });
    expect(await w.engine.retry(id, "Production", "k2")).toMatchObject({ kind: "failed" });
    w.clock.advance(11_000);
    expect(await w.engine.retry(id, "Test", "k2")).toEqual({ kind: "done" });
    expect(w.pipeline.execution(id)).toMatchObject({ stage: "Production", data: { attempt: 3 } });
  });

  test("is not taken back by a list that is behind", async () => {
    const { w, id } = await failed();
    expect(await w.engine.retry(id, "Test", "k1")).toEqual({ kind: "done" });
    const { data } = w.pipeline.execution(id);
    // As AWS showed it before.
    data.status = "Failed";
    const again = data.actions.splice(-1);
    expect(await w.engine.observe(id)).toMatchObject({ kind: "unknown" });
    data.status = "InProgress";
    data.actions.push(...again);
    w.clock.advance(6_000);
    expect(await w.engine.observe(id)).toMatchObject({
      kind: "known",
      value: { state: "running" },
    });
  });

  test.each([
    ["another execution is in the stage", "Another execution has entered the stage Test"],
    ["the pipeline was changed", "AWS does not run the stage Test again"],
    ["the stage is gone", "has no stage Test any more"],
    ["nothing failed in it", "AWS does not run the stage Build again"],
  ])("is refused where %s", async (what, sentence) => {
    const { w, id } = await failed();
    let stage = "Test";
    if (what === "another execution is in the stage") {
      const other = await w.start({ key: "other" });
      w.pipeline.execution(other).passUntil("Production");
    }
    if (what === "the pipeline was changed") w.pipeline.addStage("Smoke");
    if (what === "the stage is gone") w.pipeline.removeStage("Test");
    if (what === "nothing failed in it") stage = "Build";
    expect(await w.engine.retry(id, stage, "k")).toEqual({
      kind: "refused",
      why: expect.stringContaining(sentence),
    });
  });
});
