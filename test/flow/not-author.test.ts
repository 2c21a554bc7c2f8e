// Nobody alone decides that what they wrote goes to production, by whatever way they ask.

import { expect, test } from "vitest";
import { applyChanges, commitOf, filesOf, writeCommit } from "../../sandbox/github/objects.ts";
import { liveRun, productionPlan, releaseNext } from "../world/production.ts";
import { type World, worlds } from "../world/world.ts";

const open = worlds();

test("who asks twice in one comment does not bring back what they wrote", async () => {
  const w = await open({ plan: productionPlan(), sharedEngine: true });
  const own = w.shop.commit({ branch: "main", files: { "src/a.js": "1" }, author: "mia" });
  await w.advance("5s");
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  await releaseNext(w, "2");
  w.sharedEngine.before = own;
  const pull = w.openPull();
  await w.settle();
  pull.comment("mia", "/interlock rollback shop\n/interlock rollback shop");
  await w.settle();
  expect(w.sharedEngine.rollbacks).toEqual([]);
  expect(pull.answers[0]?.match(/so somebody else has to say rollback/g)).toHaveLength(2);
});

test("no rollback begins without naming what it brings back", async () => {
  const w = await open({ plan: productionPlan(), sharedEngine: true });
  const first = await releaseNext(w, "1");
  await releaseNext(w, "2");
  w.sharedEngine.before = first;
  const pull = w.openPull();
  await w.settle();
  const target = w.sharedEngine.target.bind(w.sharedEngine);
  let away = 1;
  w.sharedEngine.target = async (request) =>
    away-- > 0 ? { kind: "failed", why: "no answer" } : await target(request);
  pull.comment("boss", "/interlock rollback shop\n/interlock rollback shop");
  await w.settle();
  expect(w.sharedEngine.rollbacks.map(({ to }) => to)).toEqual([first]);
});

test("an engine that does not say what it would bring back brings back nothing", async () => {
  const w = await open({ plan: productionPlan(), sharedEngine: true });
  await releaseNext(w, "1");
  await releaseNext(w, "2");
  Object.assign(w.sharedEngine, { target: undefined });
  const pull = w.openPull();
  await w.settle();
  pull.comment("boss", "/interlock rollback shop");
  await w.settle();
  expect(w.sharedEngine.rollbacks).toEqual([]);
  expect(pull.answers).toEqual([expect.stringContaining("does not say beforehand")]);
});

/** The release of the commit waits in OneBox; what mia is told who approves it there. */
async function approvedByMia(w: World, sha: string): Promise<string> {
  w.sharedEngine.wait(liveRun(w, sha));
  const pull = w.openPull();
  await w.settle();
  pull.comment("mia", "/interlock approve shop OneBox");
  await w.settle();
  return pull.answers[0] ?? "";
}

test("an author does not approve what they wrote by way of the next commit", async () => {
  const w = await open({ plan: productionPlan(), sharedEngine: true });
  await releaseNext(w, "0");
  w.shop.commit({ branch: "main", files: { "src/a.js": "1" }, author: "mia" });
  await w.advance("5s");
  w.sharedEngine.fail("OneBox");
  await w.settle();
  const next = w.shop.commit({ branch: "main", files: { "src/b.js": "1" }, author: "dev" });
  await w.advance("5s");
  expect(await approvedByMia(w, next)).toContain("mia wrote a part");
  expect(w.sharedEngine.approvals).toEqual([]);
});

test("what a later stage does not have yet goes out with it too", async () => {
  const w = await open({ plan: productionPlan(), sharedEngine: true });
  await releaseNext(w, "0");
  w.shop.commit({ branch: "main", files: { "src/a.js": "1" }, author: "mia" });
  await w.advance("5s");
  w.sharedEngine.pass("OneBox");
  w.sharedEngine.fail("Production");
  await w.settle();
  const next = w.shop.commit({ branch: "main", files: { "src/b.js": "1" }, author: "dev" });
  await w.advance("5s");
  expect(await approvedByMia(w, next)).toContain("mia wrote a part");
});

test("what was rolled back is new again with the next commit", async () => {
  const w = await open({ plan: productionPlan(), sharedEngine: true });
  const first = await releaseNext(w, "0");
  w.shop.commit({ branch: "main", files: { "src/a.js": "1" }, author: "mia" });
  await w.advance("5s");
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  w.sharedEngine.before = first;
  const pull = w.openPull({ branch: "asks" });
  await w.settle();
  pull.comment("boss", "/interlock rollback shop OneBox");
  await w.settle();
  w.sharedEngine.endRollback("succeeded");
  await w.advance("1m");
  const next = w.shop.commit({ branch: "main", files: { "src/b.js": "1" }, author: "dev" });
  await w.advance("10s");
  expect(await approvedByMia(w, next)).toContain("mia wrote a part");
});

test("an author does not approve what they wrote where no release before is known", async () => {
  const w = await open({ plan: productionPlan(), sharedEngine: true });
  await releaseNext(w, "0");
  await w.on.clear();
  w.shop.commit({ branch: "main", files: { "src/m.js": "mia" }, author: "mia" });
  await w.advance("5s");
  await w.sweep();
  const next = w.shop.commit({ branch: "main", files: { "src/b.js": "1" }, author: "dev" });
  await w.advance("10s");
  expect(await approvedByMia(w, next)).toMatch(/mia wrote a part|`not_author: false`/);
  expect(w.sharedEngine.approvals).toEqual([]);
});

test.each(["author", "committer"] as const)(
  "nobody approves a commit whose %s has an address that no account has",
  async (who) => {
    const w = await open({ plan: productionPlan(), sharedEngine: true });
    await releaseNext(w, "0");
    w.hold();
    const own = w.shop.commit({ branch: "main", files: { "src/a.js": "1" }, author: "dev" });
    const commit = w.shop.data.store.commits.get(own);
    const nobody = { name: "x", email: "nobody@nowhere.example", login: undefined };
    Object.assign(commit?.[who] ?? {}, nobody);
    await w.advance("5s");
    const answer = await approvedByMia(w, own);
    expect(answer).toContain(`of ${own.slice(0, 7)}`);
    expect(answer).toContain("`not_author: false`");
    expect(w.sharedEngine.approvals).toEqual([]);
  },
);

test("a rollback to a merge is not decided by who wrote what it merged", async () => {
  const w = await open({ plan: productionPlan(), sharedEngine: true });
  await releaseNext(w, "0");
  const change = w.openPull({ branch: "mias" });
  w.shop.commit({ branch: "mias", files: { "src/m.js": "mia" }, author: "mia" });
  await w.settle();
  w.engine.pass("build");
  await w.settle();
  const landing = change.merge();
  if (landing.kind !== "merged") throw new Error("not merged");
  await w.advance("5s");
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  await releaseNext(w, "2");
  w.sharedEngine.before = landing.sha;
  const pull = w.openPull();
  await w.settle();
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  expect(w.sharedEngine.rollbacks).toEqual([]);
  expect(pull.answers[0]).toContain("mia wrote a part");
});

test("who loses the role while a rollback waits does not roll back", async () => {
  const w = await open({ plan: productionPlan(), sharedEngine: true });
  const first = await releaseNext(w, "1");
  await releaseNext(w, "2");
  w.sharedEngine.before = first;
  const pull = w.openPull();
  await w.settle();
  const target = w.sharedEngine.target.bind(w.sharedEngine);
  w.sharedEngine.target = async () => ({ kind: "failed", why: "no answer" });
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  w.shop.setPermission("mia", "write");
  w.sharedEngine.target = target;
  await w.advance("10m");
  expect(w.sharedEngine.rollbacks).toEqual([]);
  expect(pull.answers[0]).toContain("You need one of these roles");
});

test("who commits in the name of GitHub's own account does not approve it", async () => {
  const w = await open({ plan: productionPlan(), sharedEngine: true });
  const first = await releaseNext(w, "0");
  const { store } = w.shop.data;
  const { date } = commitOf(store, first).author;
  // git commit --author "GitHub <noreply@github.com>", which GitHub shows as its account web-flow.
  const by = { name: "GitHub", email: "noreply@github.com", login: "web-flow", date };
  const files = applyChanges(store, filesOf(store, first), { "src/a.js": "evil" });
  const made = writeCommit(store, {
    files,
    parents: [first],
    message: "x",
    author: by,
    committer: by,
  });
  w.shop.push({ branch: "main", sha: made.sha, author: "mia" });
  await w.advance("5s");
  expect(await approvedByMia(w, made.sha)).toContain("no account has the address");
  expect(w.sharedEngine.approvals).toEqual([]);
});

test("who opened an earlier pull request that goes out does not approve it", async () => {
  const w = await open({ plan: productionPlan(), sharedEngine: true });
  await releaseNext(w, "0");
  const one = w.openPull({ author: "mia" });
  await w.settle();
  w.engine.pass("build");
  await w.settle();
  expect(one.merge().kind).toBe("merged");
  await w.advance("5s");
  w.sharedEngine.fail("OneBox");
  await w.settle();
  const next = w.shop.commit({ branch: "main", files: { "src/b.js": "1" }, author: "dev" });
  await w.advance("5s");
  expect(await approvedByMia(w, next)).toContain("mia wrote a part");
  expect(w.sharedEngine.approvals).toEqual([]);
});
