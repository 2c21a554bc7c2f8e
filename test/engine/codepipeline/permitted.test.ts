// An act that waits before it is sent asks for permission once more.

import { expect, test } from "vitest";
import type { Permission, Permit } from "../../../src/ports/permit.ts";
import { openWorld, sha, shop } from "./world.ts";

/** Says go so often, and then something else. */
function permits(go: number, then: Permission): Permit & { readonly asked: () => number } {
  let asked = 0;
  const permit = async () => {
    asked += 1;
    return asked <= go ? "go" : then;
  };
  return Object.assign(permit, { asked: () => asked });
}

const denied = [
  ["lost", "another process answers"],
  ["overtaken", "too old"],
] as const;

test.each(denied)("nothing starts where the permission is %s by then", async (then, why) => {
  const w = await openWorld();
  const under = w.engine.under?.(permits(0, then)) ?? expect.fail();
  expect(await under.start(w.request({}))).toEqual({
    kind: "failed",
    why: expect.stringContaining(why),
  });
  expect(w.pipeline.executions()).toEqual([]);
  // Anyone who has the subject by now begins it.
  expect((await w.engine.start(w.request({}))).kind).toBe("started");
  expect(w.pipeline.executions()).toHaveLength(1);
});

test("each attempt of a start asks for itself", async () => {
  const w = await openWorld();
  w.aws.faults.onRequest({
    operation: "StartPipelineExecution",
    times: 1,
    fault: { kind: "error", status: 503 },
  });
  const permit = permits(1, "lost");
  const under = w.engine.under?.(permit) ?? expect.fail();
  expect((await under.start(w.request({}))).kind).toBe("failed");
  expect(permit.asked()).toBe(2);
  expect(w.pipeline.executions()).toEqual([]);
});

test("what is permitted is done, and reading asks nobody", async () => {
  const w = await openWorld();
  const permit = permits(1, "lost");
  const under = w.engine.under?.(permit) ?? expect.fail();
  const started = await under.start(w.request({ sha: sha("b") }));
  if (started.kind !== "started") expect.fail(started.kind);
  expect(await under.observe(started.engineId)).toMatchObject({ value: { state: "running" } });
  expect(permit.asked()).toBe(1);
  expect(await under.stop(started.engineId, "because")).toMatchObject({ kind: "failed" });
  expect(w.pipeline.execution(started.engineId).data.status).toBe("InProgress");
});

test("no stage runs again where the permission is lost by then", async () => {
  const w = await openWorld();
  const id = await w.start({});
  w.pipeline.execution(id).pass("Source").fail("Build");
  w.clock.advance(60_000);
  const under = w.engine.under?.(permits(0, "lost")) ?? expect.fail();
  expect(await under.retry(id, "Build", "k")).toMatchObject({ kind: "failed" });
  expect(w.pipeline.execution(id).data.status).toBe("Failed");
});

test("nothing is rolled back where the permission is lost by then", async () => {
  const w = await openWorld();
  for (const [turn, digit] of ["a", "b"].entries()) {
    w.clock.advance(60_000);
    const id = await w.start({ key: `release ${turn}`, sha: sha(digit) });
    w.pipeline.execution(id).passUntil();
  }
  const wanted = {
    spec: w.spec,
    repository: shop,
    stage: "Production",
    from: sha("b"),
    to: sha("a"),
    among: [sha("a")],
    key: "comment:1",
  };
  const before = w.pipeline.executions().length;
  const under = w.engine.under?.(permits(0, "lost")) ?? expect.fail();
  expect(await under.rollback?.(wanted)).toMatchObject({ kind: "failed" });
  expect(w.pipeline.executions()).toHaveLength(before);
  // Anyone who has the subject by now does it, once AWS's list is sure to show that nothing was sent.
  w.clock.advance(120_000);
  expect(await w.engine.rollback(wanted)).toMatchObject({ kind: "started", sha: sha("a") });
  expect(w.pipeline.executions()).toHaveLength(before + 1);
});

test("nothing is approved where the permission is lost by then", async () => {
  const w = await openWorld({ pipeline: { stages: ["Build", "Approve", "Production"] } });
  const engineId = await w.start();
  w.pipeline.execution(engineId).passUntil("Approve");
  const approval = { engineId, stage: "Approve", actor: "ada", key: "comment:7" };
  const under = w.engine.under?.(permits(0, "overtaken")) ?? expect.fail();
  expect(await under.approve?.(approval)).toMatchObject({ kind: "failed" });
  expect(w.pipeline.execution(engineId).run("Approve")?.status).toBe("InProgress");
  expect(await w.engine.approve(approval)).toEqual({ kind: "done" });
});
