// GitHub answers with a state that is older than the event it has sent: nothing is decided from it.

import { expect, test } from "vitest";
import { planPath } from "../../src/core/model/plan.ts";
import { ms } from "../world/clock.ts";
import { planText, released } from "../world/plan.ts";
import type { WorldPull } from "../world/pull.ts";
import { type World, worlds } from "../world/world.ts";

const world = worlds();

/** From now on whatever is read is as it was before now, for so long. */
function stale(w: World, of: { readonly path?: string | RegExp; readonly for?: string } = {}) {
  const end = w.clock.now() + ms(of.for ?? "40s");
  const started = w.clock.now();
  w.clock.advance(10);
  w.github.faults.onRequest({
    ...(of.path === undefined ? {} : { path: of.path }),
    fault: {
      kind: "stale",
      get ms() {
        const now = w.clock.now();
        return now < end ? now - started : 0;
      },
    },
  });
}

async function green(plan?: string): Promise<{ w: World; pull: WorldPull }> {
  const w = await world(plan === undefined ? {} : { plan });
  w.shop.commit({ branch: "release", files: { "RELEASE.md": "1" } });
  const pull = w.openPull();
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  await w.advance("2m");
  return { w, pull };
}

const two = planText({
  shop: { branches: ["main"], verify: ["build", "test"] },
  strict: { branches: ["release"], verify: ["audit"] },
});

test("a change of base counts, though the pull request is shown as it was before", async () => {
  const { w, pull } = await green(two);
  stale(w);
  pull.retarget("release");
  await w.settle();
  expect(pull.gate).not.toMatch(/^success/);
  await w.advance("30s");
  expect(pull.gate).not.toMatch(/^success/);
  await w.advance("2m");
  expect(pull.gate).toBe("in_progress (stage_pending)");
  w.engine.pass("audit");
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
});

test("a push is judged without a sweep, though the head before it is shown for a while", async () => {
  const { w, pull } = await green();
  stale(w);
  pull.push({ "src/a.js": "more" });
  await w.settle();
  await w.advance("3m");
  expect(pull.gate).toBe("in_progress (stage_pending)");
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
});

test.each(["main", "release"])(
  "a stricter plan on %s counts, though GitHub shows the one before it",
  async (branch) => {
    const plan = planText({ shop: { branches: ["main", "release"] } });
    const w = await world({ plan });
    w.shop.push({ branch: "release", sha: w.shop.tip() });
    const pull = w.openPull({ base: branch });
    await w.settle();
    const running = w.openPull({ base: branch });
    await w.settle();
    w.engine.pass(["build", "test"], { sha: pull.head });
    await w.settle();
    expect(pull.gate).toBe("success (passed)");
    await w.advance("2m");
    stale(w);
    const verify = ["build", "test", "scan"];
    w.changePlan(planText({ shop: { branches: ["main", "release"], verify } }), branch);
    await w.settle();
    expect(pull.gate).not.toMatch(/^success/);
    w.engine.pass(["build", "test"], { sha: running.head });
    await w.advance("20s");
    expect(running.gate).not.toMatch(/^success/);
    await w.advance("3m");
    expect([pull.gate, running.gate]).toEqual(Array(2).fill("in_progress (stage_pending)"));
  },
);

test("a first plan counts, though its commit is not to be seen yet", async () => {
  const w = await world({ plan: null });
  const pull = w.openPull();
  await w.settle();
  stale(w);
  w.changePlan(released);
  await w.settle();
  await w.advance("3m");
  expect(pull.gate).toBe("in_progress (stage_pending)");
});

test("a plan that a pull request breaks is refused, though its head is not to be seen yet", async () => {
  const { w, pull } = await green();
  stale(w, { path: /contents|trees/ });
  pull.push({ [planPath]: "version: 1\nbroken" });
  await w.settle();
  expect(pull.gate).not.toMatch(/^success/);
  await w.advance("3m");
  expect(pull.gate).toMatch(/^failure|plan_invalid/);
});

test("a landed commit is released, though its branch is shown as it was before for a while", async () => {
  const w = await world({ plan: released });
  await w.settle();
  w.pushTo("main", { "src/a.js": "known" });
  await w.settle();
  w.engine.pass(["package", "deploy"]);
  await w.advance("1m");
  stale(w);
  const sha = w.pushTo("main", { "src/a.js": "next" });
  await w.settle();
  await w.advance("3m");
  expect(w.engine.live({ sha })).toHaveLength(1);
});

test("a push back to an earlier head is believed in the end", async () => {
  const { w, pull } = await green();
  const first = pull.head;
  pull.push({ "src/a.js": "more" });
  await w.settle();
  // Nobody tells of it.
  w.github.faults.onWebhook({ fault: { kind: "lost" } });
  w.shop.push({ branch: pull.handle.data.head.ref, sha: first });
  w.github.faults.stop();
  for (let turn = 0; turn < 5; turn += 1) {
    await w.advance("3m");
    await w.sweep();
  }
  expect(pull.head).toBe(first);
  expect(pull.gate).toBe("success (passed)");
});

/** Where a governed branch has one release behind it. */
async function releasedOn(branch: string): Promise<{ w: World; first: string }> {
  const w = await world({
    plan: planText({ shop: { branches: ["main", "release/*"], release: ["deploy"] } }),
  });
  await w.settle();
  if (branch !== "main") w.shop.push({ branch, sha: w.shop.tip() });
  await w.settle();
  const first = w.pushTo(branch, { "src/a.js": "known" });
  await w.settle();
  await w.advance("5s");
  w.engine.pass("deploy");
  await w.advance("2m");
  return { w, first };
}

test.each(["main", "release/1"])(
  "a commit that was pushed away from %s is not released, though GitHub still shows it there",
  async (branch) => {
    const { w, first } = await releasedOn(branch);
    const away = w.pushTo(branch, { "src/a.js": "a secret" });
    stale(w, { path: /git\/ref/ });
    const good = w.shop.commit({ branch, onto: first, files: { "src/a.js": "good" } });
    // Both pushes arrive before anything is looked at.
    await w.hear();
    await w.settle();
    expect(w.engine.all({ sha: away })).toEqual([]);
    await w.advance("3m");
    expect(w.engine.all({ sha: away })).toEqual([]);
    expect(w.gateOf(away)).toBe("failure (landing_gone)");
    expect(w.engine.live({ sha: good })).toHaveLength(1);
  },
);

test("a commit that was pushed away is no new tip, though a list of the branches still shows it there", async () => {
  const { w, first } = await releasedOn("release/1");
  w.github.faults.onWebhook({ event: "push", times: 1, fault: { kind: "lost" } });
  const away = w.pushTo("release/1", { "src/a.js": "a secret" });
  await w.settle();
  stale(w, { for: "5m" });
  const good = w.shop.commit({ branch: "release/1", onto: first, files: { "src/a.js": "good" } });
  await w.settle();
  await w.sweep();
  await w.advance("10m");
  expect(w.engine.all({ sha: away })).toEqual([]);
  expect(w.engine.live({ sha: good })).toHaveLength(1);
});
