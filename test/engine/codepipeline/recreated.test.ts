// A pipeline that was deleted and made again counts its versions from 1 again.

import { expect, test } from "vitest";
import { openWorld, sha, shop, states, type World } from "./world.ts";

/** Of the same name, with other stages. */
function recreate(
  w: World,
  stages: NonNullable<Parameters<World["aws"]["createPipeline"]>[0]["stages"]>,
) {
  w.aws.world.pipelines.delete(w.pipeline.arn);
  w.clock.advance(60_000);
  return w.aws.createPipeline({ name: "shop-release", stages });
}

const drift = (w: World, engineId: string, commit: string) => {
  const since = w.clock.now();
  return w.engine.drift({ spec: w.spec, repository: shop, sha: commit, engineId, since });
};

test("shows the stages that it has now, also to a process that knew the old ones", async () => {
  const w = await openWorld();
  const old = await w.start({ key: "old" });
  w.pipeline.execution(old).passUntil();
  await w.see(old);
  await drift(w, old, sha("a"));
  const again = recreate(w, ["Compile", "Test", "Production"]);
  // Another process starts it: this one has only read the old structure.
  const id = again.startByConsole("ann", sha("b")).id;
  await w.runs.add({
    token: "elsewhere",
    request: {
      kind: "start",
      start: w.request({ key: "elsewhere", sha: sha("b") }),
      source: "Source",
      variables: {},
    },
    executionId: id,
    startedAt: w.clock.now(),
    heard: { count: 0, last: [] },
    acts: [],
  });
  again.execution(id).passUntil();
  expect(states(await w.see(id))).toEqual({
    Source: "succeeded",
    Compile: "succeeded",
    Test: "succeeded",
    Production: "succeeded",
  });
  w.clock.advance(1);
  expect(await drift(w, id, sha("b"))).toMatchObject({
    kind: "known",
    value: { differences: [{ kind: "stage_renamed", stage: "Build", now: "Compile" }] },
  });
});

test("has conditions that the old one had not, and one that somebody overrode is seen", async () => {
  const w = await openWorld({ pipeline: { mode: "PARALLEL", stages: ["Build", "Production"] } });
  const old = await w.start({ key: "old" });
  w.pipeline.execution(old).passUntil();
  await w.see(old);
  await drift(w, old, sha("a"));
  w.aws.world.pipelines.delete(w.pipeline.arn);
  w.clock.advance(60_000);
  const again = w.aws.createPipeline({
    name: "shop-release",
    mode: "PARALLEL",
    stages: ["Build", { name: "Production", beforeEntry: { result: "FAIL" } }],
  });
  again.condition("Production", "beforeEntry", "fails");
  const { id } = again.startByConsole("ann", sha("b")).passUntil();
  again.override("Production", "beforeEntry", id);
  again.execution(id).passUntil();
  expect(again.execution(id).status).toBe("Succeeded");
  w.clock.advance(1);
  expect(await drift(w, old, sha("b"))).toMatchObject({
    kind: "unknown",
  });
  const next = await w.start({ key: "next", sha: sha("b") });
  again.condition("Production", "beforeEntry", "holds");
  again.execution(next).passUntil();
  await w.see(next);
  expect(await drift(w, next, sha("b"))).toMatchObject({
    value: {
      outOfBandChanges: [
        { engineId: id, mark: { kind: "condition_overridden", stage: "Production" } },
      ],
    },
  });
});
