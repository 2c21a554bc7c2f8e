// An act that waits before it is sent asks for permission once more.

import { expect, test } from "vitest";
import type { Permission, Permit } from "../../../src/port.ts";
import { openWorld, sha } from "./world.ts";

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
  // Whoever has the subject by now begins it.
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
