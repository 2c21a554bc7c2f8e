// A branch that is moved by force: what it loses is released too, and the next landing is compared with what was there.

import { expect, test } from "vitest";
import { commitOf, filesOf, writeCommit } from "../../sandbox/github/objects.ts";
import { planText } from "../world/plan.ts";
import { type World, worlds } from "../world/world.ts";

const world = worlds();
const plan = planText({
  web: { paths: ["web/**"], verify: ["lint"], release: ["ship web"] },
  api: { paths: ["api/**"], verify: ["lint"], release: ["ship api"] },
});
const withDocs = planText(
  {
    web: { paths: ["web/**"], verify: ["lint"], release: ["ship web"] },
    api: { paths: ["api/**"], verify: ["lint"], release: ["ship api"] },
  },
  { exempt: ["docs/**"] },
);
const files = { "web/a": "1", "api/a": "1" };

function runs(w: World, sha: string): readonly string[] {
  return w.engine
    .all({ sha })
    .map(({ request }) => request.run.pipeline)
    .sort();
}

test("a force push that drops a released commit releases what it undoes", async () => {
  const w = await world({ plan, files });
  const first = w.shop.tip();
  await w.sweep();
  w.pushTo("main", { "web/a": "2" });
  await w.settle();
  w.engine.pass("ship web");
  await w.settle();
  const forced = w.shop.commit({ branch: "main", onto: first, files: { "api/a": "2" } });
  await w.settle();
  w.engine.pass("ship api");
  await w.settle();
  expect(runs(w, forced)).toEqual(["api", "web"]);
  expect(w.gateOf(forced)).not.toMatch(/^success/);
  w.engine.pass("ship web");
  await w.settle();
  expect(w.gateOf(forced)).toBe("success (passed)");
});

test("a branch that is put back to an ancestor which was never released by itself releases what that undoes", async () => {
  const w = await world({ plan, files });
  const first = w.shop.tip();
  await w.sweep();
  w.pushTo("main", { "web/a": "2" });
  await w.settle();
  w.engine.pass("ship web");
  await w.settle();
  w.shop.push({ branch: "main", sha: first });
  await w.settle();
  expect(runs(w, first)).toEqual(["web"]);
  expect(w.gateOf(first)).toBe("in_progress (stage_pending)");
});

test.each(["heard", "lost"] as const)(
  "what lands after a branch was put back to a released commit is compared with what was released last (%s)",
  async (kind) => {
    const w = await world({ plan, files });
    await w.sweep();
    const older = w.pushTo("main", { "web/a": "2" });
    await w.settle();
    w.engine.pass("ship web");
    await w.settle();
    w.pushTo("main", { "web/a": "3" });
    await w.settle();
    w.engine.pass("ship web");
    await w.settle();
    if (kind === "lost")
      w.github.faults.onWebhook({ event: "push", times: 1, fault: { kind: "lost" } });
    w.shop.push({ branch: "main", sha: older });
    await w.settle();
    await w.sweep();
    const next = w.pushTo("main", { "api/a": "2" });
    await w.settle();
    w.engine.pass("ship api");
    await w.settle();
    expect(runs(w, next)).toEqual(["api", "web"]);
    expect(w.gateOf(next)).not.toMatch(/^success/);
  },
);

test("a branch that was put back without a word right after another push is found once GitHub's answer is believed", async () => {
  const w = await world({ plan, files });
  const first = w.shop.tip();
  await w.sweep();
  w.pushTo("main", { "web/a": "2" });
  await w.settle();
  w.engine.pass("ship web");
  await w.advance("5s");
  w.github.faults.onWebhook({ event: "push", times: 1, fault: { kind: "lost" } });
  w.shop.push({ branch: "main", sha: first });
  // Until then GitHub may only show what was there before the push that was told.
  await w.sweep();
  expect(runs(w, first)).toEqual([]);
  await w.advance("20m");
  expect(runs(w, first)).toEqual(["web"]);
  expect(w.gateOf(first)).toBe("in_progress (stage_pending)");
});

test("a creation of the branch that is sent again after its commit was forgotten holds up no release", async () => {
  const both = planText({ shop: { branches: ["main", "release/*"], release: ["deploy"] } });
  const w = await world({ plan: both });
  await w.settle();
  w.shop.commit({ branch: "release/2", files: { "src/a.js": "two" } });
  await w.settle();
  const created = w.github.deliveries.findLast(({ event }) => event === "push");
  w.pushTo("release/2", { "src/a.js": "1" });
  await w.settle();
  await w.advance("5s");
  w.engine.pass("deploy");
  await w.settle();
  w.clock.advance(93 * 24 * 60 * 60_000);
  await w.sweep();
  await w.sweep();
  // A release of another branch is under way, so that the next one waits in line.
  const other = w.pushTo("main", { "src/b.js": "1" });
  await w.settle();
  await w.advance("5s");
  const next = w.pushTo("release/2", { "src/a.js": "2" });
  await w.settle();
  expect(w.gateOf(next)).toBe("in_progress (release_waits)");
  if (created === undefined) throw new Error("Nothing was delivered");
  (w.github.deliveries as (typeof created)[]).push(created);
  await w.replay("push", created.action as string);
  await w.settle();
  w.engine.pass("deploy", { sha: other });
  await w.settle();
  await w.advance("15m");
  expect(w.engine.live({ sha: next })).toHaveLength(1);
});

test("a branch that is deleted and created again at other code has no past", async () => {
  const both = planText({ shop: { branches: ["main", "release/*"], release: ["deploy"] } });
  const w = await world({ plan: both });
  await w.settle();
  const root = w.shop.tip();
  w.shop.push({ branch: "release/2", sha: root });
  await w.settle();
  const old = w.pushTo("release/2", { "src/a.js": "1" });
  await w.settle();
  w.engine.pass("deploy");
  await w.advance("1m");
  w.shop.deleteBranch("release/2", "dev");
  await w.advance("20m");
  const again = w.shop.commit({ branch: "release/2", onto: root, files: { "src/a.js": "2" } });
  await w.advance("1m");
  expect(w.engine.all({ sha: again })).toEqual([]);
  const repository = { installation: 1, owner: "acme", name: "shop" };
  expect(await w.on.store.floor(repository, "release/2")).toBe(again);
  expect(old).not.toBe(again);
  const next = w.pushTo("release/2", { "src/a.js": "3" });
  await w.advance("1m");
  expect(w.engine.live({ sha: next })).toHaveLength(1);
});

test("a merge that takes back what main has judged is no change of its documents alone, though GitHub lists only those", async () => {
  const w = await world({ files: { "src/a.js": "unsafe" } });
  await w.settle();
  const { store } = w.shop.data;
  const base = w.shop.tip();
  // A1: docs, twice, so that this is the merge base that is the further one.
  w.shop.commit({ branch: "feature", files: { "docs/a.md": "1" } });
  const a1 = w.shop.commit({ branch: "feature", files: { "docs/a.md": "2" } });
  const first = w.shop.openPull({ head: "feature" });
  // Main gets a fix of src, judged by every pipeline.
  const m1 = w.pushTo("main", { "src/a.js": "safe" });
  expect(commitOf(store, m1).parents).toEqual([base]);
  await w.settle();
  await w.advance("1m");
  expect(first.merge("dev", "merge").kind).toBe("merged");
  await w.settle();
  // The feature merges the fix and keeps its own files ("git merge -s ours"), then adds to docs.
  const by = commitOf(store, a1).author;
  const f2 = writeCommit(store, {
    files: filesOf(store, a1),
    parents: [a1, m1],
    message: "Merge main",
    author: by,
    committer: by,
  });
  w.shop.push({ branch: "feature", sha: f2.sha });
  w.shop.commit({ branch: "feature", files: { "docs/b.md": "1" } });
  const second = w.shop.openPull({ head: "feature" });
  await w.settle();
  await w.advance("1m");
  const run = w.shop.checks(second.head).get("interlock");
  expect(run?.conclusion).not.toBe("success");
});

test.each(["heard", "lost"] as const)(
  "a branch that comes back to a commit for the second time releases what has been released meanwhile (%s)",
  async (kind) => {
    const w = await world({ plan: withDocs, files });
    const first = w.shop.tip();
    await w.sweep();
    w.pushTo("main", { "docs/a": "2" });
    await w.settle();
    w.shop.push({ branch: "main", sha: first });
    await w.settle();
    expect(w.gateOf(first)).toBe("success (exempt)");
    w.pushTo("main", { "web/a": "2" });
    await w.settle();
    w.engine.pass("ship web");
    await w.settle();
    await w.advance("15m");
    if (kind === "lost")
      w.github.faults.onWebhook({ event: "push", times: 1, fault: { kind: "lost" } });
    w.shop.push({ branch: "main", sha: first });
    await w.settle();
    await w.sweep();
    expect(runs(w, first)).toEqual(["web"]);
    expect(w.gateOf(first)).toBe("in_progress (stage_pending)");
    // What lands next does not change what this one has to undo.
    w.pushTo("main", { "docs/a": "3" });
    await w.settle();
    expect(w.gateOf(first)).toBe("in_progress (stage_pending)");
    w.engine.pass("ship web");
    await w.settle();
    expect(w.gateOf(first)).toBe("success (passed)");
  },
);

test.each(["in line", "failed"] as const)(
  "what came in place of a commit that was dropped before it was released undoes what that would have undone (%s)",
  async (kind) => {
    const w = await world({ plan: withDocs, files });
    const first = w.shop.tip();
    await w.sweep();
    w.pushTo("main", { "web/a": "2" });
    await w.settle();
    w.engine.pass("ship web");
    await w.settle();
    for (let count = 2; count < 4; count += 1) {
      const dropped = w.shop.commit({
        branch: "main",
        onto: first,
        files: { "api/a": `${count}` },
      });
      if (kind === "in line") continue;
      await w.settle();
      w.engine.fail("ship web", { sha: dropped });
      w.engine.pass("ship api", { sha: dropped });
      await w.settle();
    }
    const last = w.shop.commit({ branch: "main", onto: first, files: { "docs/a": "2" } });
    await w.settle();
    await w.advance("15m");
    expect(runs(w, last)).toEqual(["api", "web"]);
    w.engine.pass("ship api");
    await w.settle();
    expect(w.gateOf(last)).not.toMatch(/^success/);
    w.engine.pass("ship web");
    await w.settle();
    expect(w.gateOf(last)).toBe("success (passed)");
  },
);

test("a commit that is heard of late wakes the pull requests into its branch once, not with each pass over it", async () => {
  const w = await world({ plan: withDocs, files });
  await w.sweep();
  const pull = w.openPull({ files: { "web/b": "1" } });
  await w.settle();
  w.engine.pass("lint");
  await w.settle();
  w.github.faults.onWebhook({ event: "push", times: 1, fault: { kind: "failed" } });
  w.pushTo("main", { "web/a": "2" });
  await w.settle();
  w.pushTo("main", { "web/a": "3" });
  await w.settle();
  // GitHub is asked for what failed, and delivers it again.
  await w.sweep();
  const seen: string[] = [];
  w.tell = (fields) => seen.push((fields as { subject?: string }).subject ?? "");
  await w.advance("5m");
  // The late one is looked at while the one that brought it is on its way.
  expect(seen.filter((key) => key.startsWith("commit:")).length).toBeGreaterThan(3);
  expect(seen.filter((key) => key.endsWith(`#${pull.number}`))).toEqual([]);
});
