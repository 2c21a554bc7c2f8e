// Why an execution ended: what AWS tells comes before what its stages let one guess.

import { describe, expect, test } from "vitest";
import type { NewPipeline } from "../../../sandbox/aws/declare.ts";
import { openWorld, states } from "./world.ts";

const edited = "AWS failed it, because the pipeline was changed while it ran.";

describe("a pipeline that is edited while an execution runs", () => {
  const pipelines: Readonly<Record<string, Partial<NewPipeline>>> = {
    "without conditions": {},
    "whose next stage has an entry condition": {
      stages: ["Build", "Test", { name: "Production", beforeEntry: { result: "FAIL" } }],
    },
    "whose stage has a condition after its actions": {
      stages: ["Build", { name: "Test", onSuccess: { result: "FAIL" } }, "Production"],
    },
  };

  test.each(Object.entries(pipelines))(
    "%s fails it for that, and not for a condition",
    async (_name, pipeline) => {
      const w = await openWorld({ pipeline });
      const id = await w.start();
      w.pipeline.execution(id).passUntil("Test");
      w.clock.advance(60_000);
      w.pipeline.change((declaration) => declaration);
      // What runs is completed first.
      expect((await w.see(id)).state).toBe("running");
      w.pipeline.execution(id).pass("Test");
      const seen = await w.see(id);
      expect(seen).toMatchObject({ state: "failed", why: edited });
      expect(states(seen).Production).toBe("skipped");
      expect(JSON.stringify(seen.stages)).not.toContain("condition did not hold");
    },
  );

  test("may also cancel it", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.data.edits = "cancel";
    w.pipeline.change((declaration) => declaration);
    expect(await w.see(id)).toMatchObject({
      state: "stopped",
      why: "AWS cancelled it, because the pipeline was changed while it ran.",
    });
  });
});

test.each([
  ["beforeEntry", "Its entry condition did not hold."],
  ["onSuccess", "The condition after its actions did not hold."],
] as const)("a condition %s that did not hold is told as what it is", async (slot, why) => {
  const w = await openWorld({
    pipeline: { stages: ["Build", { name: "Production", [slot]: { result: "FAIL" } }] },
  });
  w.pipeline.condition("Production", slot, "fails");
  const id = await w.start();
  w.pipeline.execution(id).passUntil();
  const seen = await w.see(id);
  expect(seen.stages.find(({ name }) => name === "Production")).toMatchObject({
    state: "failed",
    why,
  });
});

test("a condition that held is not accused where nothing tells the cause", async () => {
  const w = await openWorld({
    pipeline: { stages: ["Build", { name: "Production", beforeEntry: { result: "FAIL" } }] },
  });
  const id = await w.start();
  w.pipeline.execution(id).passUntil("Build");
  const { data } = w.pipeline.execution(id);
  data.statusSummary = "Something went wrong inside";
  data.edited = true;
  w.pipeline.execution(id).pass("Build");
  const seen = await w.see(id);
  expect(seen).toMatchObject({
    state: "failed",
    why: "AWS failed it: Something went wrong inside",
  });
  expect(JSON.stringify(seen)).not.toContain("did not hold");
});

test("a rollback that AWS made by itself is named beside what failed", async () => {
  const w = await openWorld({
    pipeline: {
      mode: "QUEUED",
      stages: ["Build", { name: "Production", onFailure: { result: "ROLLBACK" } }],
    },
  });
  w.pipeline.execution(await w.start({ key: "good" })).passUntil();
  const id = await w.start({ key: "bad", sha: "b".repeat(40) });
  w.pipeline.execution(id).passUntil("Production").fail("Production");
  const seen = await w.see(id);
  const rollback = w.pipeline.latest();
  expect(rollback.data.trigger).toEqual({
    type: "AutomatedRollback",
    detail: JSON.stringify({ FailedPipelineExecutionId: id }),
  });
  expect(seen.stages.find(({ name }) => name === "Production")?.why).toMatch(
    new RegExp(`^Action Production failed.*AWS rolled it back by itself.*${rollback.id}`),
  );
});

test("of parallel actions one that failed is told while another still runs", async () => {
  const w = await openWorld({
    pipeline: { stages: [{ name: "Test", actions: [{ name: "Unit" }, { name: "Slow" }] }] },
  });
  const id = await w.start();
  w.pipeline.pass("Source");
  w.pipeline.fail("Test", { action: "Unit", message: "2 tests failed" });
  const during = await w.see(id);
  expect(during.state).toBe("running");
  const stage = () => during.stages.find(({ name }) => name === "Test");
  expect(stage()?.state).toBe("running");
  expect(stage()?.why).toMatch(/Action Unit failed.*2 tests failed.* Slow still runs/);
  w.pipeline.pass("Test", { action: "Slow" });
  const after = await w.see(id);
  expect(after.state).toBe("failed");
  expect(states(after).Test).toBe("failed");
});
