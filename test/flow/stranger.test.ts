// What somebody who may push, and nothing more, tries in order to reach production.

import { expect, test } from "vitest";
import { planPath } from "../../src/core/model/plan.ts";
import { planText } from "../world/plan.ts";
import { liveRun, productionPlan, releaseNext } from "../world/production.ts";
import { WorldPull } from "../world/pull.ts";
import { type World, worlds } from "../world/world.ts";

const world = worlds();

const branches = ["main", "release/*"];
const strict = planText({ shop: { branches, verify: ["build", "test"], release: ["deploy"] } });
const weak = planText({ shop: { branches, verify: ["nothing"], release: ["own"] } });

function newBranch(w: World, branch: string, files: Record<string, string>): string {
  return w.shop.commit({ branch, files, from: "main" });
}

test("a branch that somebody creates releases nothing, whatever plan it brings", async () => {
  const w = await world({ plan: strict });
  const sha = newBranch(w, "release/x", { [planPath]: weak, "src/a.js": "evil" });
  await w.settle();
  await w.sweep();
  expect(w.engine.all()).toEqual([]);
  expect(w.gateOf(sha)).toBe("absent");
  for (const run of w.shop.checks(sha).values()) w.shop.rerequestSuite(run.suite, "dev");
  await w.settle();
  expect(w.engine.all()).toEqual([]);
});

test("a branch that is deleted and created again is seen for the first time again", async () => {
  const w = await world({ plan: strict });
  newBranch(w, "release/x", { "src/a.js": "1" });
  await w.settle();
  w.shop.deleteBranch("release/x", "dev");
  await w.settle();
  newBranch(w, "release/x", { "src/a.js": "evil" });
  await w.settle();
  await w.sweep();
  expect(w.engine.all()).toEqual([]);
});

test("what lands on a branch later is released where the default branch's plan says", async () => {
  const plan = productionPlan({ branches: 'main, "release/*"' });
  const w = await world({ plan, sharedEngine: true });
  newBranch(w, "release/x", {
    [planPath]: productionPlan({ branches: '"release/*"', place: "other-production" }),
  });
  await w.settle();
  const sha = w.pushTo("release/x", { "src/a.js": "1" });
  await w.settle();
  expect(w.sharedEngine.all()).toMatchObject([
    { request: { run: { sha, spec: { engine: "codepipeline", pipeline: "shop-release" } } } },
  ]);
});

test("a pull request into a branch is judged by the default branch's plan too", async () => {
  const w = await world({ plan: strict });
  newBranch(w, "release/x", { [planPath]: weak });
  await w.settle();
  const pull = w.openPull({ base: "release/x" });
  await w.settle();
  w.engine.pass("nothing");
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
});

test("a gate that is earned by a weaker plan never opens the default branch", async () => {
  const w = await world({ plan: strict });
  w.shop.protect("main", { checks: [{ context: "interlock", app_id: w.github.app.id }] });
  newBranch(w, "release/x", { "RELEASE.md": "1" });
  await w.settle();
  // The weak plan comes in by a pull request whose gate passes, as it must.
  const first = w.openPull({ base: "release/x", files: { [planPath]: weak } });
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(first.merge().kind).toBe("merged");
  await w.settle();
  const pull = w.openPull({ branch: "evil", base: "release/x", files: { "src/a.js": "evil" } });
  await w.settle();
  w.engine.pass("nothing");
  await w.settle();
  expect(pull.gate).toMatch(/^in_progress/);
  w.hold();
  const second = new WorldPull(w.shop, w.shop.openPull({ head: "evil", base: "main" }));
  expect(second.merge().kind).not.toBe("merged");
  await w.settle();
  expect(second.merge().kind).not.toBe("merged");
  for (const run of w.engine.live())
    while (run.state === "running") w.engine.passIn(run, w.engine.stageOf(run));
  await w.settle();
  expect(second.gate).toBe("success (passed)");
});

test("no plan but the default branch's starts a pipeline of AWS for a pull request", async () => {
  const plan = productionPlan({ branches: 'main, "release/*"' });
  const w = await world({ plan, sharedEngine: true });
  const production = `version: 1
pipelines:
  shop:
    branches: ["release/*"]
    verify: { engine: codepipeline, pipeline: shop-release, region: eu-west-1, stages: [OneBox] }
`;
  newBranch(w, "release/x", { [planPath]: production });
  await w.settle();
  const pull = w.openPull({ base: "release/x" });
  await w.settle();
  w.engine.pass("build");
  await w.settle();
  expect(w.sharedEngine.all()).toEqual([]);
  expect(pull.gate).toBe("failure (plan_place)");
});

test("who may act on production is not said by a branch's own plan", async () => {
  const plan = productionPlan({ branches: 'main, "release/*"' });
  const w = await world({ plan, sharedEngine: true });
  const sha = await releaseNext(w, "1");
  newBranch(w, "release/x", {
    [planPath]: productionPlan({
      branches: '"release/*"',
      commands: "commands: { rollback: [read], approve: [read] }\n",
    }),
  });
  await w.settle();
  const pull = w.openPull({ base: "release/x" });
  await w.settle();
  pull.comment("ria", "/interlock rollback shop");
  await w.settle();
  expect(w.sharedEngine.rollbacks).toEqual([]);
  expect(pull.answers).toEqual([expect.stringContaining("You need one of these roles")]);
  expect(w.gateOf(sha)).toBe("success (passed)");
});

// ---------------------------------------------------------------- older code after newer

/** Every delivery of a push once more, by the hand of anyone who kept it, the oldest first. */
async function replayPushes(w: World): Promise<void> {
  for (const delivery of w.github.deliveries.filter(
    (one) => one.event === "push" && !one.redelivery,
  ))
    w.github.world.outbox.redeliver(delivery);
  await w.settle();
}

async function release(w: World, text: string): Promise<string> {
  const sha = w.pushTo("main", { "src/a.js": text });
  await w.settle();
  w.engine.pass("deploy");
  await w.settle();
  return sha;
}

test("pushes that are replayed after the store was lost release nothing", async () => {
  const w = await world({ plan: strict });
  await release(w, "1");
  await release(w, "2");
  await w.on.clear();
  await replayPushes(w);
  await w.advance("10m");
  await w.sweep();
  await replayPushes(w);
  expect(w.engine.live()).toEqual([]);
  expect(w.engine.all()).toHaveLength(2);
});

test("pushes that are replayed after a quarter release nothing", async () => {
  const w = await world({ plan: strict });
  const first = await release(w, "1");
  await release(w, "2");
  await release(w, "3");
  await w.advance("91d");
  await w.sweep();
  expect(await w.store.subject(`commit:acme/shop@${first}:main`)).toBeNull();
  await replayPushes(w);
  await w.advance("10m");
  await w.sweep();
  await replayPushes(w);
  expect(w.engine.live()).toEqual([]);
  expect(w.engine.all()).toHaveLength(3);
  // What lands next goes out, with all that lies before it.
  const next = await release(w, "4");
  expect(w.gateOf(next)).toBe("success (passed)");
});

test("a check of a commit that is forgotten starts nothing when it is pressed", async () => {
  const w = await world({ plan: strict });
  const first = await release(w, "1");
  await release(w, "2");
  await w.advance("91d");
  await w.sweep();
  for (const run of w.shop.checks(first).values()) w.shop.rerequest(run, "dev");
  await w.settle();
  await w.advance("10m");
  expect(w.engine.live()).toEqual([]);
  const next = await release(w, "3");
  expect(w.gateOf(next)).toBe("success (passed)");
});

test("failed deliveries are asked for once the tips of the branches are known", async () => {
  const w = await world({ plan: strict });
  w.github.faults.onWebhook({ event: "push", times: 1, fault: { kind: "unanswered" } });
  const first = await release(w, "1");
  await release(w, "2");
  await w.on.clear();
  await w.sweep();
  await w.advance("10m");
  expect(w.engine.live()).toEqual([]);
  expect(w.engine.all({ sha: first })).toHaveLength(1);
});

// ---------------------------------------------------------------- what a branch holds no longer

test("a commit that was pushed away again is not released", async () => {
  const w = await world({ plan: strict });
  const base = w.shop.tip();
  w.hold();
  const evil = w.pushTo("main", { "src/a.js": "evil" });
  const good = w.shop.commit({ branch: "main", onto: base, files: { "src/a.js": "good" } });
  await w.settle();
  expect(w.engine.live()).toMatchObject([{ request: { run: { sha: good } } }]);
  w.engine.pass("deploy");
  await w.settle();
  await w.advance("20m");
  expect(w.engine.all({ sha: evil })).toEqual([]);
  expect(w.gateOf(evil)).toBe("failure (landing_gone)");
  expect(w.gateOf(good)).toBe("success (passed)");
});

test("a commit that was pushed away is not released though that was not heard of", async () => {
  const w = await world({ plan: strict });
  const base = w.shop.tip();
  w.hold();
  const evil = w.pushTo("main", { "src/a.js": "evil" });
  w.github.faults.onWebhook({ event: "push", fault: { kind: "lost" } });
  const good = w.shop.commit({ branch: "main", onto: base, files: { "src/a.js": "good" } });
  await w.advance("1m");
  expect(w.engine.all({ sha: evil })).toEqual([]);
  expect(w.engine.live()).toMatchObject([{ request: { run: { sha: good } } }]);
});

test("a commit waits while GitHub does not say what its branch holds", async () => {
  const w = await world({ plan: strict });
  const path = "/repos/{owner}/{repo}/git/ref/{ref}";
  // After the plan has been read there.
  w.github.faults.onRequest({ path, skip: 1, times: 2, fault: { kind: "error", status: 503 } });
  const sha = w.pushTo("main", { "src/a.js": "1" });
  await w.settle();
  expect(w.engine.all()).toEqual([]);
  expect(w.gateOf(sha)).toBe("in_progress (landing_unknown)");
  await w.advance("2m");
  expect(w.engine.live()).toMatchObject([{ request: { run: { sha } } }]);
});

test("a tag of the branch's name says nothing of what the branch holds", async () => {
  const w = await world({ plan: strict });
  const base = w.shop.tip();
  w.hold();
  const evil = w.pushTo("main", { "src/a.js": "evil" });
  w.shop.data.refs.set("tags/main", evil);
  w.shop.commit({ branch: "main", onto: base, files: { "src/a.js": "good" } });
  await w.settle();
  expect(w.engine.all({ sha: evil })).toEqual([]);
});

// ---------------------------------------------------------------- rollbacks and approvals

const aws = productionPlan();

/** Three releases on main, and somebody's pull request that has nothing to do with them. */
async function threeReleases() {
  const w = await world({ plan: aws, sharedEngine: true });
  const first = await releaseNext(w, "1");
  const second = await releaseNext(w, "2");
  const third = await releaseNext(w, "3");
  w.sharedEngine.before = second;
  const pull = w.openPull();
  await w.settle();
  return { w, pull, first, second, third };
}

test("a rollback that is asked for twice goes back once, and says to what", async () => {
  const { w, pull, second, third } = await threeReleases();
  pull.comment("mia", "/interlock rollback shop");
  w.openPull().comment("boss", "/interlock rollback shop");
  await w.settle();
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  w.sharedEngine.endRollback("succeeded");
  await w.advance("1m");
  pull.comment("boss", "/interlock rollback shop");
  await w.settle();
  expect(w.sharedEngine.rollbacks).toMatchObject([{ from: third, to: second }]);
  expect(pull.answers[0]).toContain(`to \`${second.slice(0, 7)}\``);
  expect(pull.answers[1]).toContain("is being rolled back in Production already");
  expect(pull.answers[2]).toContain("has just rolled shop back in Production");
});

test("a writer does not roll production back", async () => {
  const { w, pull } = await threeReleases();
  pull.comment("dev", "/interlock rollback shop");
  await w.settle();
  expect(w.sharedEngine.rollbacks).toEqual([]);
  expect(pull.answers[0]).toContain(
    "You need one of these roles on the repository: maintain, admin",
  );
});

test("nobody brings back or approves what they wrote themselves, unless the plan says so", async () => {
  const w = await world({ plan: aws, sharedEngine: true });
  const own = w.shop.commit({ branch: "main", files: { "src/a.js": "1" }, author: "mia" });
  await w.advance("5s");
  const run = liveRun(w, own);
  w.sharedEngine.wait(run);
  const pull = w.openPull();
  await w.settle();
  pull.comment("mia", "/interlock approve shop OneBox");
  await w.settle();
  expect(w.sharedEngine.approvals).toEqual([]);
  expect(pull.answers[0]).toContain("mia wrote a part of what would go out");
  pull.comment("boss", "/interlock approve shop OneBox");
  await w.settle();
  expect(w.sharedEngine.approvals).toMatchObject([{ actor: "boss" }]);
  w.sharedEngine.goOn(run);
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  await releaseNext(w, "2");
  w.sharedEngine.before = own;
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  expect(w.sharedEngine.rollbacks).toEqual([]);
  w.changePlan(
    productionPlan({ commands: "commands: { rollback: { roles: [write], not_author: false } }\n" }),
  );
  await w.advance("5s");
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  expect(w.sharedEngine.rollbacks).toMatchObject([{ to: own }]);
});

test("a re-run of a fork's check is no consent to its commit", async () => {
  const w = await world({ plan: strict });
  const pull = w.openForkPull("eve", { "src/a.js": "evil" });
  await w.settle();
  w.shop.rerequest(pull.check("interlock"), "dev");
  await w.settle();
  w.shop.rerequestSuite(pull.check("interlock").suite, "dev");
  await w.settle();
  expect(w.engine.all()).toEqual([]);
  pull.comment("dev", `/interlock verify ${pull.head}`);
  await w.settle();
  expect(w.engine.live()).toHaveLength(1);
});
