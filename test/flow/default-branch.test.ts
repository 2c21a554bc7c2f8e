// A check belongs to a commit: what is earned for one branch must not open the default branch.

import { expect, test } from "vitest";
import { planPath } from "../../src/core/model/plan.ts";
import { planText } from "../world/plan.ts";
import { WorldPull } from "../world/pull.ts";
import { type World, worlds } from "../world/world.ts";

const world = worlds();
const branches = ["main", "release/*"];

async function worldOf(plan: string): Promise<World> {
  const w = await world({ plan });
  w.shop.protect("main", { checks: [{ context: "interlock", app_id: w.github.app.id }] });
  return w;
}

/** Opens it into main, and merges before Interlock has heard of that. */
function mergeAtOnce(w: World, head: string): string {
  w.hold();
  return new WorldPull(w.shop, w.shop.openPull({ head, base: "main" })).merge().kind;
}

test("a weaker pipeline of the same plan for another branch does not open the default branch", async () => {
  const w = await worldOf(
    planText({
      shop: { branches: ["main"], verify: ["build", "test"] },
      next: { branches: ["release/*"], verify: ["nothing"] },
    }),
  );
  w.shop.commit({ branch: "release/x", from: "main", files: { "README.md": "1" } });
  await w.settle();
  const pull = w.openPull({ branch: "evil", base: "release/x", files: { "src/a.js": "evil" } });
  await w.settle();
  w.engine.pass("nothing");
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  expect(pull.check("interlock").output.summary).toContain("`default_branch_too`");
  expect(mergeAtOnce(w, "evil")).not.toBe("merged");
});

test("once the default branch's pipelines have passed too, the gate of another branch opens", async () => {
  const w = await worldOf(
    planText({
      shop: { branches: ["main"], verify: ["build", "test"] },
      next: { branches: ["release/*"], verify: ["nothing"] },
    }),
  );
  w.shop.commit({ branch: "release/x", from: "main", files: { "README.md": "1" } });
  await w.settle();
  const pull = w.openPull({ branch: "good", base: "release/x", files: { "src/a.js": "1" } });
  await w.settle();
  w.engine.pass("nothing");
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
});

test("exempt paths on top of what nobody has verified do not open the default branch", async () => {
  const w = await worldOf(
    planText({ shop: { branches, verify: ["build", "test"] } }, { exempt: ["**/*.md"] }),
  );
  w.shop.commit({ branch: "release/x", from: "main", files: { "src/a.js": "evil" } });
  await w.settle();
  w.shop.commit({ branch: "evil", from: "release/x", files: { "NOTES.md": "1" } });
  const pull = new WorldPull(w.shop, w.shop.openPull({ head: "evil", base: "release/x" }));
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  expect(mergeAtOnce(w, "evil")).not.toBe("merged");
});

test("the gate of what landed on another branch has another name and opens no pull request", async () => {
  const w = await worldOf(
    planText(
      { shop: { branches, verify: ["build", "test"], release: ["deploy"] } },
      { exempt: ["**/*.md"] },
    ),
  );
  w.shop.commit({ branch: "release/x", from: "main", files: { "src/a.js": "evil" } });
  await w.settle();
  const sha = w.pushTo("release/x", { "NOTES.md": "1" });
  await w.settle();
  expect(w.checksOf(sha)).toEqual({ "interlock/landed": "success" });
  expect(mergeAtOnce(w, "release/x")).not.toBe("merged");
  await w.settle();
  expect(w.checksOf(sha)).toMatchObject({
    interlock: "in_progress",
    "interlock/landed": "success",
  });
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(w.checksOf(sha)).toMatchObject({ interlock: "success", "interlock/landed": "success" });
});

test("a release from another branch has passed by its own name alone", async () => {
  const w = await worldOf(
    planText({ shop: { branches, verify: ["build", "test"], release: ["deploy"] } }),
  );
  w.shop.commit({ branch: "release/x", from: "main", files: { "src/a.js": "1" } });
  await w.settle();
  const sha = w.pushTo("release/x", { "src/a.js": "2" });
  await w.settle();
  w.engine.pass("deploy");
  await w.settle();
  expect(w.checksOf(sha)).toEqual({
    "interlock/landed": "success",
    "interlock/shop/release": "success",
  });
  expect(mergeAtOnce(w, "release/x")).not.toBe("merged");
});

test("the gate of what landed goes on under its other name once another branch is the default one", async () => {
  const w = await worldOf(
    planText({ shop: { branches: ["main", "trunk"], verify: ["build"], release: ["deploy"] } }),
  );
  w.shop.commit({ branch: "trunk", from: "main", files: { "src/b.js": "1" } });
  await w.settle();
  const onMain = w.shop.commit({ branch: "main", files: { "src/a.js": "1" }, author: "boss" });
  await w.advance("5s");
  expect(w.checksOf(onMain)).toMatchObject({ interlock: "in_progress" });
  w.shop.data.defaultBranch = "trunk";
  await w.sweep();
  await w.advance("1m");
  expect(w.checksOf(onMain)).toMatchObject({
    interlock: "failure",
    "interlock/landed": "in_progress",
  });
  expect(w.shop.checks(onMain).get("interlock")?.output.title).toContain("has another name");
  w.shop.data.defaultBranch = "main";
  await w.sweep();
  await w.advance("1m");
  w.engine.pass("deploy");
  await w.settle();
  expect(w.checksOf(onMain)).toMatchObject({ interlock: "success", "interlock/landed": "failure" });
});

// ---------------------------------------------------------------- closed, and opened again

test("a pull request that is opened again is not open by the plan of before", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  pull.handle.close("dev");
  await w.settle();
  expect(pull.gate).toBe("failure (pull_closed)");
  w.changePlan(planText({ shop: { verify: ["build", "test", "scan"] } }));
  await w.settle();
  w.shop.protect("main", { checks: [{ context: "interlock", app_id: w.github.app.id }] });
  w.hold();
  pull.handle.reopen("dev");
  expect(pull.merge().kind).not.toBe("merged");
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
});

test("opened again under the same plan it is open again without a second run", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  pull.handle.close("dev");
  await w.settle();
  pull.handle.reopen("dev");
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  expect(w.engine.all()).toHaveLength(1);
});

test("a merge leaves the gate of the pull request open", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.merge("squash").kind).toBe("merged");
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
});

test("of two with the same head the one that stays keeps its gate when the other one is closed", async () => {
  const w = await world({ plan: planText({ shop: { branches, verify: ["build"] } }) });
  w.shop.commit({ branch: "release/x", from: "main", files: { "README.md": "1" } });
  const first = w.openPull({ branch: "both" });
  const second = new WorldPull(w.shop, w.shop.openPull({ head: "both", base: "release/x" }));
  await w.settle();
  for (const run of w.engine.live()) w.engine.passIn(run, "build");
  await w.settle();
  for (const [gone, stays] of [
    [first, second],
    [second, first],
  ] as const) {
    gone.handle.close("dev");
    await w.settle();
    expect(stays.gate).toBe("success (passed)");
    gone.handle.reopen("dev");
    await w.settle();
    expect(stays.gate).toBe("success (passed)");
  }
});

// ---------------------------------------------------------------- plans that no gate has seen

test("a plan that was pushed past every gate is not passed by the gate of something else", async () => {
  const weak = planText({ rel: { branches: ["release/*"], verify: ["nothing"] } });
  const w = await world({
    plan: planText({
      shop: { branches: ["main"], verify: ["build"] },
      rel: { branches: ["release/*"], verify: ["audit"] },
    }),
  });
  w.shop.commit({ branch: "release/x", from: "main", files: { [planPath]: weak } });
  await w.settle();
  const first = w.openPull({ branch: "notes", base: "release/x", files: { "NOTES.md": "1" } });
  await w.settle();
  for (const run of w.engine.live())
    while (run.state === "running") w.engine.passIn(run, w.engine.stageOf(run));
  await w.settle();
  expect(first.merge().kind).toBe("merged");
  await w.settle();
  const pull = w.openPull({ branch: "evil", base: "release/x", files: { "src/a.js": "evil" } });
  await w.settle();
  w.engine.pass(["nothing", "build"]);
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  w.engine.pass("audit");
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
});
