// One commit that several pull requests, or a pull request and a branch, speak about.

import { expect, test } from "vitest";
import { planPath } from "../../src/core/model/plan.ts";
import { planText } from "../world/plan.ts";
import { WorldPull } from "../world/pull.ts";
import { type World, worlds } from "../world/world.ts";

const world = worlds();

const plan = planText({
  shop: { branches: ["main"], verify: ["build"] },
  strict: { branches: ["release"], verify: ["audit"] },
});

/** For two branches of which neither is the default one: what that asks is asked everywhere. */
const apart = planText({
  shop: { branches: ["stable"], verify: ["build"] },
  strict: { branches: ["release"], verify: ["audit"] },
});

/** Two pull requests with one head, the first one into stable, the second one into release. */
async function twins(): Promise<{ w: World; stable: WorldPull; release: () => WorldPull }> {
  const w = await world({ plan: apart });
  w.shop.commit({ branch: "stable", files: { "STABLE.md": "1" } });
  w.shop.commit({ branch: "release", files: { "RELEASE.md": "1" } });
  const stable = w.openPull({ branch: "feature", base: "stable" });
  await w.settle();
  const release = () =>
    new WorldPull(w.shop, w.shop.openPull({ head: "feature", base: "release" }));
  return { w, stable, release };
}

const orders = [
  ["stable first", ["build", "audit"]],
  ["release first", ["audit", "build"]],
] as const;

test.each(orders)(
  "the strictest verdict stands on a head with two bases (%s)",
  async (_, order) => {
    const { w, stable, release } = await twins();
    release();
    await w.settle();
    w.engine.pass(order[0]);
    await w.settle();
    expect(stable.gate).toMatch(/^in_progress/);
    w.engine.pass(order[1]);
    await w.settle();
    expect(stable.gate).toBe("success (passed)");
  },
);

test.each(orders)("what fails for one base fails the head (%s)", async (_, order) => {
  const { w, stable, release } = await twins();
  release();
  await w.settle();
  w.engine.fail(order[0]);
  await w.settle();
  w.engine.pass(order[1]);
  await w.settle();
  expect(stable.gate).toMatch(/^failure/);
});

test("a second base shuts a gate that was open", async () => {
  const { w, stable, release } = await twins();
  w.engine.pass("build");
  await w.settle();
  expect(stable.gate).toBe("success (passed)");
  release();
  await w.settle();
  expect(stable.gate).toMatch(/^in_progress/);
  w.engine.pass("audit");
  await w.settle();
  expect(stable.gate).toBe("success (passed)");
});

test.each(["stable", "release"])(
  "when the one into %s closes, the other one decides",
  async (which) => {
    const { w, stable, release } = await twins();
    const second = release();
    await w.advance("5s");
    const [gone, left, stage] =
      which === "stable" ? [stable, second, "audit"] : [second, stable, "build"];
    gone.handle.close("dev");
    await w.advance("5s");
    expect(left.gate).toBe("in_progress (stage_pending)");
    w.engine.pass(stage);
    await w.settle();
    expect(left.gate).toBe("success (passed)");
  },
);

test.each(["build", "audit"])(
  "a failure of %s goes with the pull request it was for",
  async (stage) => {
    const { w, stable, release } = await twins();
    const second = release();
    await w.settle();
    w.engine.fail(stage);
    w.engine.pass(stage === "build" ? "audit" : "build");
    await w.settle();
    expect(stable.gate).toMatch(/^failure/);
    const [gone, left] = stage === "build" ? [stable, second] : [second, stable];
    gone.handle.close("dev");
    await w.settle();
    expect(left.gate).toBe("success (passed)");
  },
);

test("one that moves on leaves the gate to the one that stays", async () => {
  const w = await world({ plan: apart });
  w.shop.commit({ branch: "stable", files: { "STABLE.md": "1" } });
  w.shop.commit({ branch: "release", files: { "RELEASE.md": "1" } });
  const stays = w.openPull({ branch: "stays", base: "stable" });
  w.shop.push({ branch: "moves", sha: stays.head });
  const moves = new WorldPull(w.shop, w.shop.openPull({ head: "moves", base: "release" }));
  await w.settle();
  await w.advance("5s");
  w.engine.pass("build");
  await w.settle();
  expect(stays.gate).toMatch(/^in_progress/);
  moves.push({ "src/a.js": "more" });
  await w.settle();
  expect(stays.gate).toBe("success (passed)");
  expect(stays.checks).toMatchObject({ "interlock/strict/verify": "cancelled" });
  expect(moves.gate).toBe("in_progress (stage_pending)");
});

test("a base without a plan has no say", async () => {
  const w = await world({ plan });
  w.shop.commit({ branch: "pages", files: { [planPath]: null } });
  const pull = w.openPull({ branch: "feature" });
  new WorldPull(w.shop, w.shop.openPull({ head: "feature", base: "pages" }));
  await w.settle();
  w.engine.pass("build");
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
});

test("a base that becomes governed later has its say then", async () => {
  const w = await world({ plan });
  const render = { site: { branches: ["pages"], verify: ["render"] } };
  w.shop.commit({ branch: "pages", files: { [planPath]: planText(render) } });
  const pull = w.openPull({ branch: "feature" });
  w.shop.openPull({ head: "feature", base: "pages" });
  await w.settle();
  w.engine.pass("build");
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  w.changePlan(planText({ shop: { verify: ["build"] }, ...render }));
  await w.settle();
  expect(pull.gate).toMatch(/^in_progress/);
});

test("a gate that is earned for a branch that names itself does not open the default branch", async () => {
  const w = await world({ plan });
  const own = planText({ own: { branches: ["side"], verify: ["true"] } });
  w.shop.commit({ branch: "side", files: { [planPath]: own } });
  const pull = w.openPull({ branch: "evil", base: "side" });
  await w.settle();
  expect(pull.gate).toBe("action_required (branch_uncovered)");
  expect(w.engine.all()).toEqual([]);
  pull.retarget("main");
  await w.settle();
  expect(pull.gate).toMatch(/^in_progress/);
});

test("a pull request from main waits for the release of main's own commit", async () => {
  const w = await world({
    plan: planText({
      shop: { branches: ["main"], verify: ["build"], release: ["deploy"] },
      strict: { branches: ["release"], verify: ["audit"] },
    }),
  });
  w.shop.commit({ branch: "release", files: { "RELEASE.md": "1" } });
  w.pushTo("main", { "src/a.js": "landed" });
  await w.settle();
  const pull = new WorldPull(w.shop, w.shop.openPull({ head: "main", base: "release" }));
  await w.settle();
  w.engine.pass("audit");
  await w.settle();
  expect(pull.gate).toMatch(/^in_progress/);
  w.engine.fail("deploy");
  await w.settle();
  expect(pull.gate).toMatch(/^failure/);
});

test("a gate left to a branch that has nothing to say comes to its end there", async () => {
  const w = await world({ plan });
  const pull = w.openPull({ branch: "feature" });
  const { head } = pull;
  // The pull request is looked at, moves on and is looked at again before the pushed branch is.
  await w.hear();
  await work(w, /^pull:/);
  expect(w.gateOf(head)).toMatch(/^in_progress/);
  w.shop.commit({ branch: "feature", files: { "src/a.js": "more" } });
  await w.hear();
  await work(w, /^pull:/);
  await w.settle();
  expect(w.gateOf(head)).toMatch(/^failure/);
});

test("two that end do not call each other again and again", async () => {
  const { w, stable, release } = await twins();
  const second = release();
  await w.settle();
  w.engine.chance = (method) => (method === "stop" ? "failed" : null);
  stable.handle.close("dev");
  second.handle.close("dev");
  await w.settle();
  w.engine.chance = () => null;
  await w.advance("1m");
  expect(stable.gate).toBe("failure (pull_closed)");
});

test("one that is closed has no say, though its run cannot be stopped", async () => {
  const { w, stable, release } = await twins();
  const second = release();
  await w.settle();
  w.engine.pass("build");
  w.engine.chance = (method) => (method === "stop" ? "failed" : null);
  second.handle.close("dev");
  await w.settle();
  expect(stable.gate).toBe("success (passed)");
});

test("one that is opened again has a say before it is looked at", async () => {
  const { w, stable, release } = await twins();
  const second = release();
  await w.settle();
  second.handle.close("dev");
  await w.settle();
  second.handle.reopen("dev");
  await w.hear();
  w.engine.pass("build");
  await w.hear();
  await work(w, /#1$/);
  expect(stable.gate).toMatch(/^in_progress/);
});

/** Only the subjects whose keys are meant, until none of them has a job. */
async function work(w: World, keys: RegExp): Promise<void> {
  const jobs = await w.queue.take(10);
  for (const job of jobs.filter(({ key }) => keys.test(key))) await w.workOn(job);
  for (const job of jobs.filter(({ key }) => !keys.test(key))) await w.queue.handBack(job);
}
