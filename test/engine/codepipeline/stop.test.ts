// A stop that was asked for twice: every way that it has closed is opened again.

import { expect, test } from "vitest";
import { openWorld, type World } from "./world.ts";

function closedWays({ pipeline }: World): readonly string[] {
  return [...pipeline.data.transitions].flatMap(([stage, way]) => (way.enabled ? [] : [stage]));
}

/** At the very moment when the way into a stage is closed, the execution is through it already. */
function slipThrough({ pipeline }: World, stage: string): void {
  const { transitions } = pipeline.data;
  const close = transitions.set.bind(transitions);
  transitions.set = (name, way) => {
    transitions.set = close;
    pipeline.pass(stage);
    return close(name, way);
  };
}

test("opens the way of an earlier stop too, through which the execution had slipped", async () => {
  const w = await openWorld({
    pipeline: { mode: "QUEUED", stages: ["Build", "Test", "Gamma", "Production"] },
  });
  const id = await w.start();
  w.pipeline.pass("Source");
  slipThrough(w, "Build");
  w.aws.faults.onRequest({ operation: "StopPipelineExecution", fault: { kind: "cut" } });
  expect(await w.engine.stop(id, "enough")).toMatchObject({ kind: "failed" });
  w.aws.faults.stop();
  expect(await w.engine.stop(id, "enough")).toEqual({ kind: "done" });
  expect(closedWays(w)).toEqual(["Test", "Gamma"]);
  w.pipeline.pass("Test");
  expect((await w.see(id)).state).toBe("stopped");
  expect(closedWays(w)).toEqual([]);
});

const onStages = "codepipeline:*Transition";
const reading = ["codepipeline:Get*", "codepipeline:List*", "codepipeline:Start*"];

test("a stop that the role may not make leaves no way closed, for this release or the next", async () => {
  const w = await openWorld({ role: { allow: [...reading, onStages] } });
  const id = await w.start();
  w.pipeline.pass("Source");
  for (let time = 0; time < 3; time += 1) {
    expect(await w.engine.stop(id, "a newer push")).toMatchObject({
      kind: "refused",
      why: expect.stringContaining("codepipeline:StopPipelineExecution"),
    });
    expect(closedWays(w)).toEqual([]);
  }
  // What cannot be stopped is asked again, and nothing is closed and opened for that each time.
  expect(w.calls()["codepipeline:DisableStageTransition"]).toBe(1);
  w.pipeline.execution(id).passUntil();
  expect((await w.see(id)).state).toBe("succeeded");
});

test("a stop that AWS refuses leaves no way closed, and works once AWS takes it", async () => {
  const w = await openWorld();
  const id = await w.start();
  w.pipeline.pass("Source");
  w.aws.faults.onRequest({
    operation: "StopPipelineExecution",
    times: 1,
    fault: { kind: "refused", code: "ValidationException" },
  });
  expect(await w.engine.stop(id, "enough")).toMatchObject({ kind: "refused" });
  expect(closedWays(w)).toEqual([]);
  expect(await w.engine.stop(id, "enough")).toEqual({ kind: "done" });
  w.pipeline.pass("Build");
  expect((await w.see(id)).state).toBe("stopped");
});

test("an execution that AWS has no more leaves no way closed", async () => {
  const w = await openWorld();
  const id = await w.start();
  w.pipeline.pass("Source");
  await w.engine.stop(id, "enough");
  w.pipeline.data.executions.splice(0);
  w.clock.advance(3_600_000);
  expect(await w.engine.observe(id)).toEqual({ kind: "absent" });
  expect(closedWays(w)).toEqual([]);
});

test("a pipeline that is gone has no way to open", async () => {
  const w = await openWorld();
  const id = await w.start();
  w.pipeline.pass("Source");
  await w.engine.stop(id, "enough");
  w.aws.world.pipelines.clear();
  w.clock.advance(3_600_000);
  expect(await w.engine.observe(id)).toEqual({ kind: "absent" });
});

test("a stop that never came to AWS and that nobody repeats does not hold the execution up for ever", async () => {
  const w = await openWorld();
  const id = await w.start();
  w.pipeline.pass("Source");
  w.aws.faults.onRequest({ operation: "StopPipelineExecution", fault: { kind: "cut" } });
  expect(await w.engine.stop(id, "enough")).toMatchObject({ kind: "failed" });
  w.aws.faults.stop();
  w.pipeline.pass("Build");
  expect((await w.see(id)).state).toBe("running");
  expect(closedWays(w)).toEqual(["Test"]);
  w.clock.advance(11 * 60_000);
  await w.see(id);
  expect(closedWays(w)).toEqual([]);
});

test("what is being stopped for hours keeps its way closed meanwhile", async () => {
  const w = await openWorld();
  const id = await w.start();
  w.pipeline.pass("Source");
  await w.engine.stop(id, "enough");
  w.clock.advance(3 * 3_600_000);
  expect(await w.see(id)).toMatchObject({ state: "running", why: "It is being stopped." });
  expect(closedWays(w)).toEqual(["Test"]);
});

test("a role that may close a way and not open it says so until it may", async () => {
  const w = await openWorld({
    role: { allow: [...reading, "codepipeline:Disable*", "codepipeline:Stop*"] },
  });
  const id = await w.start();
  w.pipeline.pass("Source");
  await w.engine.stop(id, "enough");
  w.pipeline.pass("Build");
  w.clock.advance(20_000);
  expect(await w.engine.observe(id)).toMatchObject({
    kind: "unknown",
    why: expect.stringContaining("codepipeline:EnableStageTransition"),
  });
  w.pipeline.enableTransition("Test");
  expect((await w.see(id)).state).toBe("stopped");
});
