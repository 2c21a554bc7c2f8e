// What happens to a commit after it has landed on a branch of the plan.

import { expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { planPath } from "../../src/core/model/plan.ts";
import { planText, released, twoStages } from "../world/plan.ts";
import { worlds } from "../world/world.ts";

const world = worlds();

test.each(["merge", "squash", "rebase"] as const)(
  "a pull request merged by %s is released as the commit that landed",
  async (method) => {
    const w = await world({ plan: released });
    const pull = w.openPull();
    await w.settle();
    w.engine.pass(["build", "test"]);
    await w.settle();
    const merged = pull.merge(method);
    if (merged.kind !== "merged") throw new Error(merged.message);
    await w.advance("5s");
    expect(w.engine.live()).toMatchObject([
      { request: { run: { part: "release", sha: merged.sha }, pull: null, branch: "main" } },
    ]);
    expect(w.checksOf(merged.sha)).toMatchObject({
      interlock: "in_progress",
      "interlock/shop/release": "in_progress",
    });
    w.engine.pass(["package", "deploy"]);
    await w.settle();
    expect(w.gateOf(merged.sha)).toBe("success (passed)");
  },
);

test("a release that fails leaves its commit red, and Re-run releases it again", async () => {
  const w = await world({ plan: released });
  const sha = w.pushTo("main", { "src/a.js": "2" });
  await w.advance("5s");
  w.engine.pass("package");
  w.engine.fail("deploy");
  await w.settle();
  expect(w.gateOf(sha)).toBe("failure (stage_failed)");
  const run = w.shop.checks(sha).get("interlock");
  if (run === undefined) throw new Error("no gate");
  w.shop.rerequest(run, "dev");
  await w.settle();
  w.engine.pass(["package", "deploy"]);
  await w.settle();
  expect(w.gateOf(sha)).toBe("success (passed)");
});

test("only branches of the plan are released, and only for their paths", async () => {
  const plan = planText(
    {
      web: { paths: ["web/**"], release: ["upload"] },
      api: { paths: ["api/**"], release: ["ship"] },
    },
    { exempt: ["docs/**"] },
  );
  const w = await world({ plan });
  const feature = w.shop.commit({ branch: "feature", files: { "web/x": "1" } });
  const web = w.pushTo("main", { "web/x": "2" });
  await w.settle();
  expect(w.gateOf(feature)).toBe("absent");
  w.engine.pass("upload");
  await w.settle();
  const docs = w.pushTo("main", { "docs/x": "1" });
  await w.settle();
  expect(w.gateOf(web)).toBe("success (passed)");
  expect(w.gateOf(docs)).toBe("success (exempt)");
  expect(w.engine.all()).toHaveLength(1);
});

test("a pipeline without a release has nothing to do on the branch", async () => {
  const w = await world();
  const sha = w.pushTo("main", { "src/a.js": "2" });
  await w.settle();
  expect(w.gateOf(sha)).toBe("success (nothing_to_release)");
});

test("two quick pushes are released in their order", async () => {
  const w = await world({ plan: released });
  const first = w.pushTo("main", { "src/a.js": "1st" });
  const second = w.pushTo("main", { "src/a.js": "2nd" });
  await w.settle();
  expect(w.engine.live()).toMatchObject([{ request: { run: { sha: first } } }]);
  expect(w.gateOf(second)).toBe("in_progress (release_waits)");
  w.engine.pass(["package", "deploy"]);
  await w.settle();
  expect(w.engine.live()).toMatchObject([{ request: { run: { sha: second } } }]);
  w.engine.pass(["package", "deploy"]);
  await w.settle();
  expect(w.gateOf(first)).toBe("success (passed)");
  expect(w.gateOf(second)).toBe("success (passed)");
});

test("the first of more pushes than a look is told of is released", async () => {
  const w = await world({ plan: released });
  w.hold();
  const first = w.pushTo("main", { "src/a.js": "1st" });
  for (let count = 0; count < limit.look.later + 2; count += 1)
    w.pushTo("main", { "src/a.js": `later ${count}` });
  await w.settle();
  expect(w.engine.live()).toMatchObject([{ request: { run: { sha: first } } }]);
});

test("a later push waits for an earlier one that failed no longer", async () => {
  const w = await world({ plan: released });
  const first = w.pushTo("main", { "src/a.js": "1st" });
  const second = w.pushTo("main", { "src/a.js": "2nd" });
  await w.settle();
  w.engine.fail("package");
  await w.settle();
  expect(w.gateOf(first)).toBe("failure (stage_failed)");
  expect(w.engine.live()).toMatchObject([{ request: { run: { sha: second } } }]);
});

test("older code never goes out after newer, even where somebody asks for it", async () => {
  const w = await world({ plan: released });
  const first = w.pushTo("main", { "src/a.js": "1st" });
  await w.settle();
  w.engine.fail("package");
  await w.settle();
  const second = w.pushTo("main", { "src/a.js": "2nd" });
  await w.settle();
  const ask = () => {
    for (const run of w.shop.checks(first).values()) {
      w.shop.rerequest(run, "dev");
      for (const { label } of run.actions) w.shop.press(run, label, "dev");
    }
  };
  ask();
  await w.settle();
  expect(w.engine.live()).toMatchObject([{ request: { run: { sha: second } } }]);
  w.engine.pass(["package", "deploy"]);
  await w.settle();
  ask();
  await w.settle();
  expect(w.engine.all({ sha: first })).toMatchObject([{ state: "failed", retries: [] }]);
  expect(w.engine.live()).toEqual([]);
  expect(w.gateOf(second)).toBe("success (passed)");
});

test("pushes that are heard of in the wrong order are carried by the later one", async () => {
  const w = await world({ plan: released });
  w.github.faults.onWebhook({ event: "push", times: 1, fault: { kind: "delayed", ms: 60_000 } });
  const first = w.pushTo("main", { "src/a.js": "1st" });
  const second = w.pushTo("main", { "src/a.js": "2nd" });
  await w.settle();
  expect(w.engine.live()).toMatchObject([{ request: { run: { sha: second } } }]);
  await w.advance("2m");
  expect(w.gateOf(first)).toBe("in_progress (carrying)");
  w.engine.pass(["package", "deploy"]);
  await w.settle();
  await w.advance("2m");
  expect(w.gateOf(first)).toBe("success (carried)");
  expect(w.engine.all()).toHaveLength(1);
});

test("a push that is heard of after two later ones is carried by the one that brought it", async () => {
  const w = await world({ plan: released });
  w.github.faults.onWebhook({ event: "push", times: 1, fault: { kind: "delayed", ms: 60_000 } });
  const first = w.pushTo("main", { "src/a.js": "1st" });
  w.pushTo("main", { "src/a.js": "2nd" });
  const third = w.pushTo("main", { "docs/x": "3rd" });
  await w.settle();
  expect(w.gateOf(third)).toBe("success (exempt)");
  await w.advance("2m");
  expect(w.gateOf(first)).toBe("in_progress (carrying)");
  w.engine.pass("package");
  w.engine.fail("deploy");
  await w.settle();
  expect(w.gateOf(first)).toBe("failure (carrier_failed)");
});

test("a push that is heard of late and starts nothing leaves the branch where it stands", async () => {
  const w = await world({ plan: twoStages });
  w.github.faults.onWebhook({ event: "push", times: 1, fault: { kind: "delayed", ms: 60_000 } });
  w.pushTo("main", { "src/b.js": "1st" });
  w.pushTo("main", { "src/b.js": "2nd" });
  const pull = w.openPull({ files: { "docs/x": "1" } });
  await w.settle();
  expect(pull.gate).toBe("success (exempt)");
  await w.advance("2m");
  const next = w.openPull({ files: { "docs/y": "1" } });
  await w.advance("10m");
  expect(next.gate).toBe("success (exempt)");
  expect(pull.gate).toBe("success (exempt)");
  expect(w.engine.all()).toEqual([]);
});

test("what a lost push brought is released with the next one", async () => {
  const plan = planText({
    web: { paths: ["web/**"], release: ["upload"] },
    api: { paths: ["api/**"], release: ["ship"] },
  });
  const w = await world({ plan });
  w.pushTo("main", { "web/x": "0" });
  await w.settle();
  w.engine.pass("upload");
  await w.settle();
  w.github.faults.onWebhook({ event: "push", times: 1, fault: { kind: "lost" } });
  w.pushTo("main", { "api/x": "1" });
  const sha = w.pushTo("main", { "web/x": "1" });
  await w.settle();
  w.engine.pass("upload");
  w.engine.pass("ship", { sha });
  await w.settle();
  expect(w.gateOf(sha)).toBe("success (passed)");
});

test("the plan that a commit brings is the one that it is released by", async () => {
  const w = await world({ plan: released });
  const sha = w.pushTo("main", {
    [planPath]: planText({ shop: { release: ["ship"] } }),
  });
  await w.settle();
  w.engine.pass("ship");
  await w.settle();
  expect(w.gateOf(sha)).toBe("success (passed)");
});

test("a branch cannot make itself governed by a plan of its own", async () => {
  const w = await world({ plan: released });
  const sha = w.shop.commit({
    branch: "mine",
    files: { [planPath]: planText({ shop: { branches: ["mine"], release: ["ship"] } }) },
  });
  await w.settle();
  expect(w.engine.all()).toEqual([]);
  expect(w.gateOf(sha)).toBe("absent");
});

test("a plan that is broken on the branch shuts its commits", async () => {
  const w = await world({ plan: released });
  const sha = w.changePlan("pipelines: 7\n");
  await w.settle();
  expect(w.gateOf(sha)).toBe("failure (plan_invalid)");
  expect(w.engine.all()).toEqual([]);
});

test("a deleted branch is no commit to release", async () => {
  const w = await world({ plan: planText({ shop: { branches: ["*"], release: ["ship"] } }) });
  w.shop.commit({ branch: "gone", files: { x: "1" } });
  await w.settle();
  w.shop.commit({ branch: "gone", files: { x: "2" } });
  await w.settle();
  w.engine.pass("ship");
  await w.settle();
  w.shop.deleteBranch("gone", "dev");
  await w.settle();
  expect(w.engine.all()).toHaveLength(1);
});

test("a release that was started goes on to its end, also where its branch is taken out of the plan meanwhile", async () => {
  const w = await world({
    plan: planText({ shop: { branches: ["main", "side"], release: ["deploy"] } }),
  });
  w.shop.commit({ branch: "side", files: { "src/a.js": "1" } });
  await w.advance("1m");
  const sha = w.shop.commit({ branch: "side", files: { "src/a.js": "2" } });
  await w.advance("1m");
  expect(w.engine.live({ sha })).toHaveLength(1);
  w.changePlan(planText({ shop: { branches: ["main"], verify: ["build"] } }));
  await w.advance("1m");
  w.engine.pass("deploy", { sha });
  await w.advance("1m");
  expect(w.engine.all({ sha })).toMatchObject([{ state: "succeeded" }]);
  expect(w.gateOf(sha)).not.toMatch(/^in_progress/);
});
