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
