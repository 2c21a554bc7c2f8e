// Releases go one after the other in one place of production, whatever plans call the pipeline.

import { expect, test } from "vitest";
import { planText, released } from "../world/plan.ts";
import { type Landed, passed, productionPlan } from "../world/production.ts";
import { type World, worlds } from "../world/world.ts";

const world = worlds();

async function ready(plan = released): Promise<World> {
  const w = await world({ plan });
  await w.settle();
  w.pushTo("main", { "src/a.js": "known" });
  await w.settle();
  w.engine.pass(["package", "deploy"]);
  await w.advance("2m");
  return w;
}

const renamed = planText({ store: { release: ["package", "deploy"] } }, { exempt: ["docs/**"] });

test("a plan that renames the pipeline lets no release out beside the one that runs", async () => {
  const w = await ready();
  const older = w.pushTo("main", { "src/a.js": "older" });
  await w.settle();
  const newer = w.changePlan(renamed);
  await w.settle();
  await w.advance("11m");
  expect(w.engine.all({ sha: newer, part: "release" })).toEqual([]);
  expect(w.gateOf(newer)).toBe("in_progress (release_waits)");
  w.engine.pass(["package", "deploy"], { sha: older });
  await w.settle();
  expect(w.gateOf(older)).toBe("success (passed)");
  await w.advance("1m");
  expect(w.engine.live({ sha: newer })).toHaveLength(1);
});

test("what was released by the renamed pipeline is not followed by older code under the old name", async () => {
  const w = await ready();
  const older = w.pushTo("main", { "src/a.js": "older" });
  await w.settle();
  w.engine.fail("package", { sha: older });
  await w.settle();
  const newer = w.changePlan(renamed);
  await w.settle();
  w.engine.pass(["package", "deploy"], { sha: newer });
  await w.settle();
  expect(w.gateOf(newer)).toBe("success (passed)");
  for (const run of w.shop.checks(older).values()) w.shop.rerequest(run, "boss");
  await w.advance("1m");
  expect(w.engine.live()).toEqual([]);
});

test("a pipeline that the plan has beside another one is released beside it", async () => {
  const two = planText({
    shop: { paths: ["src/**"], release: ["package", "deploy"] },
    docs: { paths: ["docs/**"], release: ["package", "deploy"] },
  });
  const w = await ready(two);
  const first = w.pushTo("main", { "src/a.js": "1" });
  await w.settle();
  const second = w.pushTo("main", { "docs/a.md": "2" });
  await w.advance("11m");
  expect(w.engine.live({ sha: first })).toHaveLength(1);
  expect(w.engine.live({ sha: second })).toHaveLength(1);
});

/** Two pipelines of the plan release by one pipeline of AWS. */
const twice = `${productionPlan()}  api:
    branches: [main]
    paths: ["api/**"]
    verify: { engine: local, stages: [{ name: build, run: make }] }
    release:
      engine: codepipeline
      pipeline: shop-release
      region: eu-west-1
      stages: [OneBox, Production]
`.replace("    branches: [main]\n", '    branches: [main]\n    paths: ["src/**"]\n');

test("two pipelines of a plan that name one of AWS are released one after the other", async () => {
  const { w } = await onTwice();
  const older = w.pushTo("main", { "src/a.js": "older" });
  await w.advance("5s");
  const newer = w.pushTo("main", { "api/a.js": "newer" });
  await w.advance("11m");
  expect(w.sharedEngine.live({ sha: older })).toHaveLength(1);
  expect(w.sharedEngine.live({ sha: newer })).toEqual([]);
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  await w.advance("1m");
  expect(w.sharedEngine.live({ sha: newer })).toHaveLength(1);
});

test("no release begins in a pipeline while a rollback is under way in it, however long that takes", async () => {
  const { w, pull } = await passed(world);
  await w.advance("1m");
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  expect(w.sharedEngine.rollbacks).toHaveLength(1);
  const next = w.pushTo("main", { "src/b.js": "next" });
  await w.advance("11m");
  expect(w.sharedEngine.live()).toEqual([]);
  expect(w.gateOf(next)).toBe("in_progress (release_waits)");
  w.sharedEngine.endRollback("succeeded");
  await w.advance("2m");
  expect(w.sharedEngine.live({ sha: next })).toHaveLength(1);
});

async function onTwice(): Promise<Landed> {
  return await passed(world, twice);
}
