// An engine that the operator has turned off while a release was under way in it.

import { expect, test } from "vitest";
import { ms } from "../world/clock.ts";
import { released } from "../world/plan.ts";
import { merged, productionPlan, releaseCheck } from "../world/production.ts";
import { type World, worlds } from "../world/world.ts";

const open = worlds();

function turn(w: World, engine: "on" | "off"): void {
  if (w.ports === undefined) throw new Error("Interlock is not up");
  const engines = new Map(w.ports.engines);
  if (engine === "on") engines.set(w.sharedEngine.name, w.sharedEngine);
  else engines.delete(w.sharedEngine.name);
  w.ports = { ...w.ports, engines };
}

/** More than a day, without the looks of each minute between. */
async function later(w: World): Promise<void> {
  w.clock.advance(ms("27h"));
  await w.advance("2m");
}

/** A release that stands in the engine that is off, and a later one that runs elsewhere. */
async function turnedOff() {
  const { w, sha: first } = await merged(open);
  turn(w, "off");
  const second = w.changePlan(released);
  await w.advance("1m");
  expect(w.gateOf(first)).toBe("action_required (engine_off)");
  expect(w.gateOf(second)).toBe("in_progress (release_waits)");
  expect(w.engine.live({ sha: second })).toEqual([]);
  return { w, first, second };
}

test("a release whose engine is turned off holds up later ones until its deadline is over", async () => {
  const { w, first, second } = await turnedOff();
  await later(w);
  expect(w.engine.live()).toMatchObject([{ request: { run: { sha: second, part: "release" } } }]);
  expect(w.gateOf(first)).toBe("action_required (engine_off)");
  expect(releaseCheck(w, first).output.summary).toContain(
    "releases of later commits do not wait for it any more",
  );
  w.engine.pass(["package", "deploy"]);
  await w.settle();
  expect(w.gateOf(second)).toBe("success (passed)");
  expect(w.gateOf(first)).toBe("action_required (engine_off)");
});

test("what the engine still has of it is stopped once it is back, and asking for it changes nothing", async () => {
  const { w, first, second } = await turnedOff();
  await later(w);
  w.engine.pass(["package", "deploy"]);
  await w.settle();
  turn(w, "on");
  await w.store.wake([`commit:acme/shop@${first}:main`]);
  await w.advance("2m");
  expect(w.sharedEngine.all({ sha: first, part: "release" })).toMatchObject([{ state: "stopped" }]);
  expect(w.gateOf(first)).not.toMatch(/^success/);
  for (const run of w.shop.checks(first).values()) w.shop.rerequest(run, "boss");
  await w.advance("5m");
  expect(w.sharedEngine.live()).toEqual([]);
  expect(w.engine.live()).toEqual([]);
  expect(w.gateOf(second)).toBe("success (passed)");
});

test("a start that the engine never had is given up once it is back, and holds up nothing", async () => {
  const w = await open({ plan: released, sharedEngine: true });
  w.sharedEngine.fault("start", ...Array.from({ length: 50 }, () => "failed" as const));
  const first = w.changePlan(productionPlan());
  await w.settle();
  turn(w, "off");
  const second = w.changePlan(released);
  await later(w);
  expect(w.engine.live()).toMatchObject([{ request: { run: { sha: second } } }]);
  w.engine.pass(["package", "deploy"]);
  await w.settle();
  turn(w, "on");
  await w.store.wake([`commit:acme/shop@${first}:main`]);
  const third = w.pushTo("main", { "src/a.js": "3rd" });
  await w.advance("5m");
  expect(w.sharedEngine.all()).toEqual([]);
  expect(w.engine.live()).toMatchObject([{ request: { run: { sha: third } } }]);
});
