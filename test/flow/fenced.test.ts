// A process that is paused for longer than its lease wakes up in the middle of a look: it writes nothing more.

import { expect, test } from "vitest";
import type { CheckWanted } from "../../src/core/model/effect.ts";
import { limit } from "../../src/core/model/limit.ts";
import { planText } from "../world/plan.ts";
import { WorldPull } from "../world/pull.ts";
import { interrupted, type PausePoint, pausedAt } from "../world/replica.ts";
import { type World, worlds } from "../world/world.ts";

const world = worlds();
const strict = planText({ shop: { verify: ["build", "test", "scan"] } }, { exempt: ["docs/**"] });
const forTwo = planText({
  shop: { verify: ["build"] },
  strict: { branches: ["release"], verify: ["audit"] },
});

/** Right before the gate of a change is opened, which is there already. */
const beforeGreen: PausePoint = {
  at: "github",
  method: "updateCheck",
  when: ([, update]) => isGreenGate((update as { check: CheckWanted }).check),
};

function isGreenGate({ name, state }: CheckWanted): boolean {
  return name === "interlock" && state.status === "completed" && state.conclusion === "success";
}

/** Conclusions of all gates of the commit, oldest first. */
function gatesOf(w: World, sha: string): readonly (string | undefined)[] {
  return [...w.shop.data.runs.values()]
    .filter((run) => run.name === "interlock" && run.headSha === sha)
    .map((run) => (run.status === "completed" ? run.conclusion : run.status));
}

test("a gate stays blocked where the plan got a stricter stage while its process was paused", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.pass(["build", "test"]);
  const paused = await pausedAt(w, /^pull:/, beforeGreen);
  w.clock.advance(20_000);
  w.changePlan(strict);
  await w.advance("1m");
  for (const run of w.engine.live())
    while (w.engine.stageOf(run) !== "scan") w.engine.passIn(run, w.engine.stageOf(run));
  w.engine.fail("scan");
  await w.advance("1m");
  expect(pull.gate).toMatch(/^failure/);
  await paused.wake();
  expect(pull.gate).toMatch(/^failure/);
  await w.advance("30m");
  await w.sweep();
  expect(pull.gate).toMatch(/^failure/);
});

test("a pull request cannot be merged at the moment in which a paused process wakes up", async () => {
  const w = await world();
  w.shop.protect("main", { checks: [{ context: "interlock", app_id: w.github.app.id }] });
  const pull = w.openPull();
  await w.settle();
  w.engine.pass(["build", "test"]);
  const paused = await pausedAt(w, /^pull:/, beforeGreen);
  w.clock.advance(20_000);
  pull.comment("dev", "/interlock verify");
  await w.settle();
  w.engine.fail("build");
  await w.advance("1m");
  await paused.wake();
  expect(pull.merge()).toMatchObject({ kind: "refused" });
  expect(gatesOf(w, pull.head)).not.toContain("success");
});

test("a gate stays blocked where the same commit was opened for a stricter branch meanwhile", async () => {
  const w = await world({ plan: forTwo });
  w.shop.commit({ branch: "release", files: { "RELEASE.md": "1" } });
  w.openPull({ branch: "feature" });
  await w.settle();
  w.engine.pass("build");
  const paused = await pausedAt(w, /#1$/, beforeGreen);
  const twin = new WorldPull(w.shop, w.shop.openPull({ head: "feature", base: "release" }));
  await w.settle();
  w.engine.fail("audit");
  await w.advance("1m");
  await paused.wake();
  await w.settle();
  expect(twin.gate).toMatch(/^failure/);
});

test("a process that lost its lease a moment ago opens no gate, though what it knows is young", async () => {
  const w = await world();
  w.shop.protect("main", { checks: [{ context: "interlock", app_id: w.github.app.id }] });
  const pull = w.openPull();
  await w.settle();
  w.engine.pass(["build", "test"]);
  const paused = await pausedAt(w, /^pull:/, beforeGreen);
  w.clock.advance(5_000);
  pull.comment("dev", "/interlock verify");
  await w.settle();
  await paused.wake();
  expect(pull.merge()).toMatchObject({ kind: "refused" });
  expect(pull.gate).toMatch(/^in_progress/);
  expect(gatesOf(w, pull.head)).not.toContain("success");
});

test("no gate opens over what another pull request with the same commit came to meanwhile", async () => {
  const w = await world({ plan: forTwo });
  w.shop.commit({ branch: "release", files: { "RELEASE.md": "1" } });
  const pull = w.openPull({ branch: "feature" });
  const twin = new WorldPull(w.shop, w.shop.openPull({ head: "feature", base: "release" }));
  await w.settle();
  w.engine.pass("audit");
  passBuild(w, /#2/);
  w.engine.fail("build");
  await w.settle();
  expect(pull.gate).toMatch(/^failure/);
  pull.comment("dev", "/interlock verify");
  await w.settle();
  w.engine.pass("build");
  await interrupted(w, /#1$/, {
    ...beforeGreen,
    act: async () => {
      twin.comment("dev", "/interlock verify");
      await w.settle();
    },
  });
  expect(pull.gate).toMatch(/^in_progress/);
  expect(gatesOf(w, pull.head)).not.toContain("success");
});

test("the gate of a release is not written over by a process that was paused", async () => {
  const w = await world({ plan: planText({ shop: { release: ["ship"] } }) });
  const sha = w.pushTo("main", { "src/a.js": "2" });
  await w.settle();
  w.engine.pass("ship");
  const paused = await pausedAt(w, /^commit:/, beforeGreen);
  const run = w.shop.checks(sha).get("interlock");
  if (run === undefined) throw new Error("There is no gate");
  w.shop.rerequest(run, "dev");
  await w.settle();
  w.engine.fail("ship");
  await w.advance("1m");
  await paused.wake();
  await w.advance("10m");
  expect(w.gateOf(sha)).toMatch(/^failure/);
});

test("one process alone opens no gate after an hour's pause, and looks again at once", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.pass(["build", "test"]);
  const { ports } = w;
  if (ports === undefined) throw new Error("Interlock is not up");
  const { updateCheck } = ports.github;
  // A machine that is suspended leases no subject to anybody else.
  let at: string | null = null;
  ports.github.updateCheck = async (repository, update, terms) => {
    if (at !== null || !isGreenGate(update.check))
      return await updateCheck(repository, update, terms);
    w.clock.advance(3_600_000);
    w.changePlan(strict);
    const sent = await updateCheck(repository, update, terms);
    at = `${sent.kind} ${pull.gate}`;
    return sent;
  };
  await w.settle();
  expect(at).toMatch(/^withheld in_progress/);
  expect(pull.gate).toMatch(/^in_progress/);
});

test("a green that arrives too late is written over at once, though the ledger says that it is red", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.pass(["build", "test"]);
  // Paused when GitHub has the green, before the ledger has it.
  const paused = await pausedAt(w, /^pull:/, {
    at: "store",
    method: "recordCheck",
    when: ([, check]) => isGreenGate(check as CheckWanted),
  });
  pull.comment("dev", "/interlock verify");
  await w.settle();
  w.engine.fail("build");
  await w.settle();
  expect(pull.gate).toMatch(/^failure/);
  // GitHub was slower than all that: what stands now is the green.
  w.shop.overwrite(pull.check("interlock"), { status: "completed", conclusion: "success" });
  await paused.wake();
  await w.settle();
  expect(pull.gate).toMatch(/^failure/);
});

test("a run that a newer look had started is not forgotten by an older one that comes late", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.pass(["build", "test"]);
  const paused = await pausedAt(w, /#1$/, { at: "store", method: "record" });
  await w.settle();
  pull.comment("dev", "/interlock verify");
  await w.settle();
  expect(pull.gate).toMatch(/^in_progress/);
  await paused.wake();
  // Nobody tells of it, so that its time alone can find it.
  w.losesNotice = () => true;
  w.engine.pass(["build", "test"]);
  await w.advance("10m");
  expect(pull.gate).toBe("success (passed)");
});

test("a twin's older verdict is not recorded over its newer one", async () => {
  const w = await world({ plan: forTwo });
  w.shop.commit({ branch: "release", files: { "RELEASE.md": "1" } });
  w.openPull({ branch: "feature" });
  await w.settle();
  const two = new WorldPull(w.shop, w.shop.openPull({ head: "feature", base: "release" }));
  await w.settle();
  w.engine.pass("audit");
  const paused = await pausedAt(w, /#2$/, { at: "store", method: "record" });
  await w.settle();
  two.comment("dev", "/interlock verify");
  await w.settle();
  w.engine.fail("audit");
  await w.settle();
  await paused.wake();
  passBuild(w, /#/);
  await w.advance("30m");
  expect(two.gate).toMatch(/^failure/);
});

test("a start that was decided before a pause does not happen after it", async () => {
  const w = await world({ plan: planText({ shop: { release: ["ship"] } }) });
  w.pushTo("main", { "src/a.js": "2" });
  const paused = await pausedAt(w, /^commit:/, { at: "store", method: "currentState" });
  const { queue } = w;
  // Another process has the subject, and has not come to its end.
  const job = (await queue.take(10)).find(({ key }) => key.startsWith("commit:"));
  if (job === undefined) throw new Error("Nobody is to look at the commit");
  await w.store.lease(job.key);
  await paused.wake();
  expect(w.engine.all({ part: "release" })).toEqual([]);
  await queue.handBack(job);
  await w.settle();
  expect(w.engine.all({ part: "release" })).toHaveLength(1);
});

test("a start is not made from facts that are older than a minute", async () => {
  const w = await world();
  w.openPull();
  const { ports } = w;
  if (ports === undefined) throw new Error("Interlock is not up");
  const { intendRun } = ports.store;
  let turns = 0;
  w.ports = {
    ...ports,
    store: {
      ...ports.store,
      intendRun: async (...args) => {
        turns += 1;
        if (turns === 1) w.clock.advance(limit.look.age_ms + 1);
        return await intendRun(...args);
      },
    },
  };
  await w.settle();
  expect(turns).toBeGreaterThan(1);
  expect(w.engine.live()).toHaveLength(1);
});

/** Every pull request into another branch runs the default branch's pipeline too. */
function passBuild(w: World, keys: RegExp): void {
  for (const run of w.engine.live())
    if (keys.test(run.request.run.key) && w.engine.stageOf(run) === "build")
      w.engine.passIn(run, "build");
}
