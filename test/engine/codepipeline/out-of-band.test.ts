// What was done from outside to executions of a commit: overridden conditions, and changes of the pipeline meanwhile.

import { describe, expect, test } from "vitest";
import type { NewPipeline } from "../../../sandbox/aws/declare.ts";
import type { OutOfBandChangeOn } from "../../../src/core/model/drift.ts";
import { oursFor } from "./ours.ts";
import { openWorld, sha, shop, type World } from "./world.ts";

async function outOfBandChanges(w: World, of: { sha?: string; since?: number } = {}) {
  w.clock.advance(1);
  const { since = w.clock.now() } = of;
  const commit = of.sha ?? sha("a");
  const engineId = await oursFor(w, commit);
  const question = { spec: w.spec, repository: shop, sha: commit, engineId, since };
  const read = await w.engine.drift(question);
  if (read.kind === "unknown") throw new Error(read.why);
  return read.value.outOfBandChanges;
}

const guarded = (slot: "beforeEntry" | "onSuccess", mode: NewPipeline["mode"] = "SUPERSEDED") => ({
  pipeline: {
    mode,
    stages: ["Build", { name: "Production", [slot]: { result: "FAIL" as const } }],
  },
});
const overridden = (engineId: string): OutOfBandChangeOn => ({
  engineId,
  mark: {
    kind: "condition_overridden",
    stage: "Production",
    sentence:
      "Somebody let this commit pass a condition of the stage Production that did not hold.",
  },
});
const changed = (engineId: string): OutOfBandChangeOn => ({
  engineId,
  mark: {
    kind: "pipeline_changed",
    stage: null,
    sentence: `The pipeline shop-release was changed while the execution ${engineId} was under way.`,
  },
});

/** As far as its condition lets it, and past that by somebody's word. */
async function forced(w: World, slot: "beforeEntry" | "onSuccess", key = "forced") {
  w.pipeline.condition("Production", slot, "fails");
  const id = await w.start({ key });
  const execution = w.pipeline.execution(id).passUntil();
  expect(execution.status).toBe("Failed");
  w.pipeline.override("Production", slot, id);
  execution.passUntil();
  expect(execution.status).toBe("Succeeded");
  w.pipeline.condition("Production", slot, "holds");
  return id;
}

describe.each(["beforeEntry", "onSuccess"] as const)("an overridden condition %s", (slot) => {
  test("is a mark on that execution alone", async () => {
    const w = await openWorld(guarded(slot));
    const good = await w.start({ key: "good" });
    w.pipeline.execution(good).passUntil();
    const other = await w.start({ key: "other", sha: sha("b") });
    w.pipeline.execution(other).passUntil();
    const id = await forced(w, slot);
    expect(await outOfBandChanges(w)).toEqual([overridden(id)]);
    expect(await outOfBandChanges(w, { sha: sha("b") })).toEqual([]);
  });

  test.each(["SUPERSEDED", "PARALLEL"] as const)(
    "is a mark also where the state of the pipeline does not show it, in %s mode",
    async (mode) => {
      const w = await openWorld(guarded(slot, mode));
      const id = await forced(w, slot);
      const next = await w.start({ key: "next", sha: sha("b") });
      w.pipeline.execution(next).passUntil();
      expect(await outOfBandChanges(w)).toEqual([overridden(id)]);
      expect(await outOfBandChanges(w, { sha: sha("b") })).toEqual([]);
      // Once known it is known.
      w.aws.log.clear();
      expect(await outOfBandChanges(w)).toEqual([overridden(id)]);
      expect(w.calls()["codepipeline:ListRuleExecutions"]).toBeUndefined();
    },
  );
});

test("an override is an out-of-band change no matter who started the execution", async () => {
  const w = await openWorld(guarded("beforeEntry"));
  w.pipeline.condition("Production", "beforeEntry", "fails");
  const { id } = w.pipeline.startByConsole("ann", sha("a")).passUntil();
  expect(await outOfBandChanges(w)).toEqual([]);
  w.pipeline.override("Production", "beforeEntry");
  expect(await outOfBandChanges(w)).toEqual([overridden(id)]);
});

test("a condition that held after a retry, or that skips its stage, is no mark", async () => {
  const w = await openWorld(guarded("beforeEntry", "PARALLEL"));
  w.pipeline.condition("Production", "beforeEntry", "fails");
  const id = await w.start();
  w.pipeline.execution(id).passUntil();
  w.pipeline.condition("Production", "beforeEntry", "holds");
  w.clock.advance(1_000);
  await w.engine.retry(id, "Production", "again");
  w.pipeline.execution(id).passUntil();
  expect(w.pipeline.execution(id).status).toBe("Succeeded");
  expect(await outOfBandChanges(w)).toEqual([]);

  const v = await openWorld({
    pipeline: {
      mode: "PARALLEL",
      stages: ["Build", { name: "Production", beforeEntry: { result: "SKIP" } }],
    },
  });
  v.pipeline.condition("Production", "beforeEntry", "fails");
  v.pipeline.execution(await v.start()).passUntil();
  expect(await outOfBandChanges(v)).toEqual([]);
});

test("an override after the state was read shows once the execution has ended", async () => {
  const w = await openWorld(guarded("beforeEntry"));
  w.pipeline.condition("Production", "beforeEntry", "fails");
  const id = await w.start();
  w.pipeline.execution(id).passUntil();
  const since = w.clock.now();
  expect(await outOfBandChanges(w, { since })).toEqual([]);
  w.pipeline.override("Production", "beforeEntry");
  w.pipeline.execution(id).passUntil();
  await w.see(id);
  expect(await outOfBandChanges(w, { since })).toEqual([overridden(id)]);
});

describe("a change of the pipeline", () => {
  test("is a mark on what was under way, and on nothing else", async () => {
    const w = await openWorld();
    const before = await w.start({ key: "before", sha: sha("b") });
    w.pipeline.execution(before).passUntil();
    w.clock.advance(1_000);
    const id = await w.start();
    w.pipeline.pass("Source");
    w.clock.advance(1_000);
    w.pipeline.data.edits = "cancel";
    w.pipeline.addStage("Smoke");
    w.clock.advance(1_000);
    const after = await w.start({ key: "after", sha: sha("c") });
    w.pipeline.execution(after).passUntil();
    expect(w.pipeline.execution(id).status).toBe("Cancelled");
    expect(await outOfBandChanges(w)).toEqual([changed(id)]);
    expect(await outOfBandChanges(w, { sha: sha("b") })).toEqual([]);
    expect(await outOfBandChanges(w, { sha: sha("c") })).toEqual([]);
    // A process that has followed none of them says the same.
    w.restart();
    expect(await outOfBandChanges(w)).toEqual([changed(id)]);
    expect(await outOfBandChanges(w, { sha: sha("b") })).toEqual([]);
    expect(await outOfBandChanges(w, { sha: sha("c") })).toEqual([]);
  });

  test("is a mark on what went on all the same, while it does and when it has succeeded", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.clock.advance(1_000);
    w.pipeline.addStage("Smoke");
    const { data } = w.pipeline.execution(id);
    data.status = "InProgress";
    expect(await outOfBandChanges(w)).toEqual([changed(id)]);
    w.clock.advance(1_000);
    data.status = "Succeeded";
    data.updatedAt = w.clock.now();
    expect(await outOfBandChanges(w)).toEqual([changed(id)]);
  });

  test("is none of what had ended, though an older list shows it under way", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.restart();
    const since = w.clock.now();
    expect((await w.glance(id)).state).toBe("running");
    w.clock.advance(60_000);
    w.pipeline.execution(id).passUntil();
    w.clock.advance(60_000);
    w.pipeline.addStage("Smoke");
    expect(await outOfBandChanges(w, { since })).toEqual([]);
  });

  test("of which only the last has a time counts as made while it ran, unless its end was seen before", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.execution(id).passUntil();
    await w.see(id);
    expect(await outOfBandChanges(w)).toEqual([]);
    for (const name of ["Smoke", "Soak"]) {
      w.clock.advance(60_000);
      w.pipeline.addStage(name);
    }
    expect(await outOfBandChanges(w)).toEqual([]);
    w.restart();
    expect(await outOfBandChanges(w)).toEqual([
      {
        engineId: id,
        mark: {
          kind: "pipeline_changed",
          stage: null,
          sentence: `The pipeline shop-release was changed since the execution ${id} began, and AWS does not tell whether that was before its end.`,
        },
      },
    ]);
  });

  test("is told by a version where times cannot: of what began at the same moment", async () => {
    const w = await openWorld();
    w.pipeline.addStage("Smoke");
    const id = await w.start();
    w.restart();
    expect(await outOfBandChanges(w)).toEqual([]);
    // Its version does not change, and is asked for once.
    expect(await outOfBandChanges(w)).toEqual([]);
    expect(w.calls()["codepipeline:GetPipelineExecution"]).toBe(1);
    w.pipeline.execution(id).passUntil();
    expect(await outOfBandChanges(w)).toEqual([]);
  });

  test("that cannot be ruled out because AWS gives no answer leaves the survey unknown", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.execution(id).passUntil();
    w.clock.advance(1_000);
    w.pipeline.addStage("Smoke");
    w.restart();
    w.aws.faults.onRequest({ operation: "GetPipelineExecution", fault: { kind: "error" } });
    await expect(outOfBandChanges(w)).rejects.toThrow("GetPipelineExecution");
    w.aws.faults.stop();
    expect(await outOfBandChanges(w)).toEqual([]);
  });
});
