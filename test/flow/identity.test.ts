// A repository is known by its id: what somebody tries with the name of another one, and what goes on after a rename.

import { expect, test } from "vitest";
import type { RepositoryHandle } from "../../sandbox/github/repository-handle.ts";
import { planPath } from "../../src/core/model/plan.ts";
import { planText } from "../world/plan.ts";
import { merged, passed, productionPlan, releaseNext } from "../world/production.ts";
import { gateText, WorldPull } from "../world/pull.ts";
import { type World, worlds } from "../world/world.ts";

const world = worlds();
const slug = "acme/shop";
const verified = planText({ shop: { verify: ["build"], release: ["deploy"] } });

/** Without a word: nothing of it is heard of by an event. */
function silently<T>(w: World, what: () => T): T {
  w.github.faults.onWebhook({ fault: { kind: "lost" } });
  const made = what();
  w.github.faults.stop();
  return made;
}

/** The name goes to somebody's copy, which has the same commits and another id. */
function replaceByCopy(w: World): { old: RepositoryHandle; copy: RepositoryHandle } {
  const old = w.shop;
  const copy = old.fork("eve");
  copy.setPermission("dev", "write");
  copy.setPermission("boss", "admin");
  old.rename("shop-old", "boss");
  copy.transfer("acme", "eve");
  expect(w.shop.id).toBe(copy.id);
  return { old, copy };
}

function gateIn(repository: RepositoryHandle, sha: string): string {
  return gateText(repository.checks(sha).get("interlock"));
}

test("a new repository with the name of another one has nothing of its past", async () => {
  const { w, sha } = await passed(world);
  const second = await releaseNext(w, "2");
  const started = w.sharedEngine.all().length;
  const oldId = w.shop.id;
  w.shop.rename("shop-old", "boss");
  const plan = productionPlan({ pipeline: "other", place: "shop-release" });
  const fresh = w.addRepository({ name: "shop", files: { [planPath]: plan, "src/a.js": "evil" } });
  await w.settle();
  await w.sweep();
  expect(w.sharedEngine.all()).toHaveLength(started);
  expect(await w.store.releases({ installation: 0, owner: "acme", name: "shop" }, "main")).toEqual(
    [],
  );
  expect(
    await w.store.landed({ installation: 0, owner: "acme", name: "shop" }, "main", sha),
  ).toBeNull();

  // There is nothing to go back to, though the pipeline at the engine is the same.
  const pull = w.openPull({ repository: fresh });
  await w.settle();
  pull.comment("boss", "/interlock rollback other OneBox");
  pull.comment("boss", `/interlock rollback other OneBox to ${sha}`);
  pull.comment("boss", "/interlock approve other Production");
  await w.settle();
  expect(w.sharedEngine.rollbacks).toEqual([]);
  expect(w.sharedEngine.approvals).toEqual([]);

  // What lands there is released under its own id, which the role's trust policy asks for.
  const evil = fresh.commit({ branch: "main", files: { "src/a.js": "more" } });
  await w.advance("1m");
  const runs = w.sharedEngine.all().slice(started);
  expect(runs.map(({ request }) => request.run.sha)).toEqual([evil]);
  expect(runs.map(({ request }) => request.repository.id)).toEqual([fresh.id]);
  expect(fresh.id).not.toBe(oldId);
  expect(second).not.toBe(evil);
});

test("a copy with the same commits finds no run of the one whose name it has", async () => {
  const w = await world({ plan: verified });
  const pull = w.openPull({ branch: "change" });
  await w.settle();
  w.engine.pass("build");
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  const keys = new Set(w.engine.all().map(({ request }) => request.run.key));

  const { copy } = replaceByCopy(w);
  const same = new WorldPull(copy, copy.openPull({ head: "change", base: "main" }));
  expect(same.head).toBe(pull.head);
  expect(same.number).toBe(pull.number);
  await w.settle();
  await w.sweep();
  expect(gateIn(copy, same.head)).toMatch(/^in_progress/);
  const run = w.engine.live().at(-1);
  expect(run?.request.run.sha).toBe(pull.head);
  expect(keys.has(run?.request.run.key ?? "")).toBe(false);
  expect(run?.request.repository.id).toBe(copy.id);
});

test("a gate that was about to open is not opened for the copy that has the name by now", async () => {
  const w = await world({ plan: verified });
  const pull = w.openPull({ branch: "change" });
  await w.settle();
  silently(w, () => {
    const { copy } = replaceByCopy(w);
    copy.openPull({ head: "change", base: "main" });
  });
  // The run of the old repository passes, and its pull request has a job.
  w.engine.pass("build");
  await w.settle();
  expect(gateIn(w.shop, pull.head)).not.toMatch(/^success/);
  await w.sweep();
  await w.advance("1m");
  expect(gateIn(w.shop, pull.head)).not.toMatch(/^success/);
});

test("a commit that was about to be released does not start what the new repository brings", async () => {
  const w = await world({ plan: productionPlan(), sharedEngine: true });
  w.hold();
  const sha = w.pushTo("main", { "src/a.js": "1" });
  // The push is taken in, and nobody has looked at it yet.
  await w.hear();
  const id = w.shop.id;
  silently(w, () => replaceByCopy(w));
  await w.settle();
  await w.sweep();
  await w.advance("2m");
  // It landed in the repository that has another name now, and is released as that one's.
  expect(w.sharedEngine.all().map(({ request }) => request)).toMatchObject([
    { run: { sha }, repository: { id, name: "shop-old" } },
  ]);
  expect(gateIn(w.shop, sha)).toBe("absent");
});

test("nothing is started or opened while GitHub does not say whose the name is", async () => {
  const w = await world({ plan: verified });
  w.github.faults.onRequest({
    method: "GET",
    path: "/repos/{owner}/{repo}",
    fault: { kind: "error", status: 503 },
  });
  const sha = w.pushTo("main", { "src/a.js": "1" });
  await w.advance("1m");
  expect(w.engine.all()).toEqual([]);
  w.github.faults.stop();
  await w.advance("6m");
  expect(w.engine.live()).toMatchObject([{ request: { run: { sha } } }]);
});

test("a repository that is deleted and created again begins without a past", async () => {
  const w = await world({ plan: verified });
  const sha = w.pushTo("main", { "src/a.js": "1" });
  await w.settle();
  w.engine.pass("deploy");
  await w.settle();
  expect(w.gateOf(sha)).toBe("success (passed)");
  const started = w.engine.all().length;
  w.shop.delete("boss");
  w.addRepository({ name: "shop", files: { [planPath]: verified, "src/a.js": "0" } });
  await w.settle();
  await w.sweep();
  expect(w.engine.all()).toHaveLength(started);
  const next = w.pushTo("main", { "src/a.js": "2" });
  await w.settle();
  expect(w.engine.live()).toMatchObject([{ request: { run: { sha: next } } }]);
});

test("old events of the one before change nothing of the one that has the name now", async () => {
  const w = await world({ plan: verified });
  w.pushTo("main", { "src/a.js": "1" });
  await w.settle();
  w.engine.pass("deploy");
  await w.settle();
  const recorded = [...w.github.deliveries];
  const { copy } = replaceByCopy(w);
  await w.settle();
  await w.sweep();
  const next = copy.commit({ branch: "main", files: { "src/a.js": "2" } });
  await w.settle();
  const [run] = w.engine.live();
  expect(run?.request.run.sha).toBe(next);
  for (const delivery of recorded) w.github.world.outbox.redeliver(delivery);
  await w.settle();
  await w.sweep();
  expect(w.engine.live()).toEqual([run]);
  w.engine.pass("deploy");
  await w.settle();
  expect(gateIn(copy, next)).toBe("success (passed)");
});

test("a repository that is renamed goes on under its new name", async () => {
  const { w, pull, sha } = await merged(world);
  const started = w.sharedEngine.all().length;
  const shop = w.shop;
  const open = w.openPull({ branch: "other" });
  await w.settle();
  shop.rename("store", "boss");
  await w.sweep();
  expect(await w.store.openSubjects({ installation: 0, owner: "acme", name: "shop" })).toEqual([]);
  // What runs is followed, and started once.
  w.sharedEngine.pass(["OneBox", "Production"]);
  w.engine.pass("build");
  await w.advance("2m");
  expect(gateIn(shop, sha)).toBe("success (passed)");
  expect(gateIn(shop, open.head)).toBe("success (passed)");
  expect(w.sharedEngine.all()).toHaveLength(started);
  expect(w.engine.all({ sha: open.head })).toHaveLength(1);
  // What lands next is released, and a rollback knows what was before.
  const next = shop.commit({ branch: "main", files: { "src/a.js": "next" } });
  await w.advance("5s");
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  expect(gateIn(shop, next)).toBe("success (passed)");
  pull.comment("boss", `/interlock rollback shop OneBox to ${sha}`);
  await w.advance("1m");
  expect(w.sharedEngine.rollbacks).toMatchObject([
    { from: next, to: sha, repository: { id: shop.id } },
  ]);
});

test("what is told under a new name before anybody asked GitHub is not lost", async () => {
  const w = await world({ plan: verified });
  const first = w.pushTo("main", { "src/a.js": "1" });
  await w.settle();
  w.engine.pass("deploy");
  await w.settle();
  const shop = w.shop;
  shop.rename("store", "boss");
  const next = shop.commit({ branch: "main", files: { "src/a.js": "2" } });
  await w.settle();
  expect(w.engine.live()).toMatchObject([{ request: { run: { sha: next } } }]);
  expect(w.engine.all({ sha: first })).toHaveLength(1);
  expect(await w.store.subject(`commit:${slug}@${next}:main`)).toBeNull();
});

test("a command that reaches us by its old name after a rename is carried out under the new one", async () => {
  const w = await world({ plan: verified });
  const shop = w.shop;
  const pull = w.openPull();
  await w.settle();
  w.github.faults.onWebhook({ event: "issue_comment", times: 1, fault: { kind: "failed" } });
  pull.comment("dev", "/interlock status");
  await w.settle();
  shop.rename("store", "boss");
  await w.sweep();
  await w.advance("1m");
  expect(pull.answers).toHaveLength(1);
});

test("a push that reaches us by the old name after a rename is released, also where a copy has that name", async () => {
  const w = await world({ plan: verified });
  const shop = w.shop;
  shop.commit({ branch: "main", files: { "src/a.js": "1" } });
  await w.settle();
  w.engine.pass("deploy");
  await w.settle();
  w.github.faults.onWebhook({ event: "push", times: 1, fault: { kind: "failed" } });
  const sha = shop.commit({ branch: "main", files: { "src/a.js": "2" } });
  await w.settle();
  const { copy } = replaceByCopy(w);
  await w.sweep();
  await w.advance("1m");
  expect(w.engine.live()).toMatchObject([
    { request: { run: { sha }, repository: { id: shop.id } } },
  ]);
  expect(gateIn(copy, sha)).toBe("absent");
});

test("what a check shows comes to its end after a rename, where its pull request is closed", async () => {
  const w = await world({ plan: verified });
  const shop = w.shop;
  const pull = w.openPull();
  await w.advance("5s");
  expect(pull.checks).toEqual({ interlock: "in_progress", "interlock/shop/verify": "in_progress" });
  silently(w, () => pull.handle.close("dev"));
  shop.rename("store", "boss");
  await w.sweep();
  await w.advance("2m");
  expect(pull.checks).toEqual({ interlock: "failure", "interlock/shop/verify": "cancelled" });
});

test("what is gone under a name that a copy has is not written there once more", async () => {
  const w = await world({ plan: verified });
  const pull = w.openPull();
  pull.comment("dev", "/interlock status");
  await w.advance("10m");
  const { old, copy } = silently(w, () => {
    pull.handle.close("dev");
    return replaceByCopy(w);
  });
  // The old name shows no such pull request, and neither its checks nor its answers.
  w.engine.pass("build");
  await w.settle();
  expect([...copy.data.runs.values()].map(({ name }) => name)).toEqual([]);
  expect(copy.data.comments.size).toBe(0);
  await w.sweep();
  await w.advance("2m");
  expect(pull.checks).toEqual({ interlock: "failure", "interlock/shop/verify": "cancelled" });
  expect([...old.data.runs.values()].filter(({ status }) => status !== "completed")).toEqual([]);
});

test("requests by the old name lead to the repository while nobody else has it", async () => {
  const w = await world({ plan: verified });
  const pull = w.openPull();
  await w.settle();
  silently(w, () => w.shop.rename("store", "boss"));
  w.engine.pass("build");
  await w.advance("1m");
  expect(pull.gate).toBe("success (passed)");
  expect(w.engine.all()).toHaveLength(1);
});

// ---------------------------------------------------------------- another default branch

/** `trunk` is the default branch now, which no sweep has found yet, and nothing else is said of it. */
async function switchDefault(plan: string): Promise<World> {
  const w = await world({ plan, sharedEngine: true });
  await releaseNext(w, "1");
  w.shop.commit({ branch: "trunk", from: "main", files: { "src/b.js": "1" } });
  await w.settle();
  await w.sweep();
  w.shop.data.defaultBranch = "trunk";
  await w.advance("1m");
  return w;
}

test("who pushes to what was the default branch does not say where it is released", async () => {
  const w = await switchDefault(productionPlan({ branches: "main, trunk" }));
  const sha = w.pushTo("main", {
    [planPath]: productionPlan({ branches: "main, trunk", place: "writers-production" }),
    "src/a.js": "evil",
  });
  await w.settle();
  await w.advance("30s");
  const places = w.sharedEngine.all({ sha }).map(({ request }) => request.run.spec);
  expect(places).toMatchObject([{ pipeline: "shop-release" }]);
});

test("a pull request that is green by the plan of what was the default branch is judged by that of the one now", async () => {
  const w = await world({
    plan: planText({ shop: { branches: ["main", "trunk"], verify: ["build"] } }),
  });
  w.shop.commit({
    branch: "trunk",
    from: "main",
    files: {
      [planPath]: planText({ shop: { branches: ["main", "trunk"], verify: ["build", "scan"] } }),
    },
  });
  await w.settle();
  const pull = w.openPull();
  await w.settle();
  w.engine.pass("build");
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  await w.advance("1m");
  w.shop.data.defaultBranch = "trunk";
  // Any event tells it, before a sweep finds it.
  w.shop.commit({ branch: "elsewhere", from: "main", files: { x: "1" } });
  await w.advance("30s");
  expect(pull.gate).toBe("in_progress (stage_pending)");
});
