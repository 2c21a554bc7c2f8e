// A backup that is put back knows nothing of what was released or rolled back since.

import { expect, test } from "vitest";
import type { Delivery } from "../../sandbox/github/model.ts";
import { backup } from "../world/backup.ts";
import { planText, released } from "../world/plan.ts";
import { passed, releaseCheck, releaseNext } from "../world/production.ts";
import { type World, worlds } from "../world/world.ts";

const open = worlds("pglite");
const world = worlds();

async function restart(w: World, restore: () => Promise<void>): Promise<void> {
  w.crash();
  await restore();
  await w.on.store.renewGeneration();
  await w.start();
}

test("what was rolled back after the backup is not released again", async () => {
  const { w, pull } = await passed(open);
  await w.advance("1m");
  const restore = await backup(w.on.database);
  const bad = await releaseNext(w, "bad");
  await w.advance("1m");
  w.sharedEngine.before = w.shop.tip();
  pull.comment("boss", "/interlock rollback shop");
  await w.settle();
  w.sharedEngine.endRollback("succeeded");
  await w.advance("20m");
  expect(w.gateOf(bad)).toBe("failure (rolled_back)");
  const pushed = w.github.deliveries.findLast(({ event }) => event === "push");
  await restart(w, restore);
  await again(w, pushed);
  await w.sweep();
  await w.advance("1m");
  await again(w, pushed);
  await w.advance("1m");
  expect(w.sharedEngine.live()).toEqual([]);
  // What lands from then on is released as before.
  const next = w.pushTo("main", { "src/a.js": "next" });
  await w.advance("1m");
  expect(w.sharedEngine.live({ sha: next })).toHaveLength(1);
});

test("an old push that is sent again after a restore brings no older code out after newer", async () => {
  const { w } = await passed(open);
  await w.advance("1m");
  const restore = await backup(w.on.database);
  const older = await releaseNext(w, "older");
  const pushed = w.github.deliveries.findLast(({ event }) => event === "push");
  await releaseNext(w, "newer");
  await w.advance("20m");
  await restart(w, restore);
  await again(w, pushed);
  await w.sweep();
  await w.advance("1m");
  expect(w.sharedEngine.live({ sha: older })).toEqual([]);
});

test("a re-run that was done after the backup is not done again by a replay, and a person can ask once more", async () => {
  const { w, pull, sha } = await passed(open);
  await w.advance("1m");
  const restore = await backup(w.on.database);
  w.shop.rerequest(releaseCheck(w, sha), "mia");
  await w.advance("5s");
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.advance("1m");
  pull.comment("boss", "/interlock rollback shop");
  await w.settle();
  w.sharedEngine.endRollback("succeeded");
  await w.advance("20m");
  expect(w.gateOf(sha)).toBe("failure (rolled_back)");
  await restart(w, restore);
  await w.sweep();
  await w.advance("1m");
  await w.replay("check_run", "rerequested");
  await w.advance("1m");
  expect(w.sharedEngine.live()).toEqual([]);
  w.shop.rerequest(releaseCheck(w, sha), "mia");
  await w.advance("1m");
  expect(w.sharedEngine.live({ sha })).toHaveLength(1);
});

test("what waited for its release when the backup was made is not released after a restore", async () => {
  const w = await world({ plan: released });
  await w.settle();
  const first = w.pushTo("main", { "src/a.js": "1" });
  await w.settle();
  const waiting = w.pushTo("main", { "src/a.js": "2" });
  await w.settle();
  expect(w.gateOf(waiting)).toBe("in_progress (release_waits)");
  await w.on.store.renewGeneration();
  w.engine.pass(["package", "deploy"], { sha: first });
  await w.settle();
  await w.sweep();
  await w.advance("2m");
  expect(w.gateOf(first)).toBe("success (passed)");
  expect(w.engine.all({ sha: waiting })).toEqual([]);
});

test("after a restore with nothing new at GitHub the next push is released", async () => {
  const w = await world({ plan: planText({ shop: { release: ["deploy"] } }) });
  await w.settle();
  w.pushTo("main", { "src/a.js": "1" });
  await w.settle();
  w.engine.pass("deploy");
  await w.settle();
  await w.sweep();
  await w.on.store.renewGeneration();
  await w.sweep();
  const next = w.pushTo("main", { "src/a.js": "2" });
  await w.settle();
  expect(w.engine.live({ sha: next })).toHaveLength(1);
});

/** Sent again by a person on GitHub's page, or by anyone who recorded it. */
async function again(w: World, delivery: Delivery | undefined): Promise<void> {
  if (delivery === undefined) throw new Error("Nothing was delivered");
  (w.github.deliveries as Delivery[]).push(delivery);
  await w.replay("push", delivery.action as string);
  await w.settle();
}
