// Replicas whose clocks differ: order comes from the store, and so do ages.

import { pino } from "pino";
import { expect, test } from "vitest";
import { openSharedClock } from "../../src/flow/shared-clock.ts";
import { openGitHub } from "../../src/github/app.ts";
import { plainReader } from "../../src/github/plan-reader.ts";
import { silent } from "../store/silent.ts";
import { ms } from "../world/clock.ts";
import { planText, released } from "../world/plan.ts";
import { type World, worlds } from "../world/world.ts";

const world = worlds();
const strict = planText({ shop: { verify: ["build", "test", "scan"] } }, { exempt: ["docs/**"] });

/** From here on another replica does the work, whose clock is ahead by so much. */
async function otherReplica(w: World, by: number): Promise<void> {
  if (w.ports === undefined) throw new Error("Interlock is not up");
  const clock = () => w.clock.now() + by;
  const { github } = await openGitHub({
    appId: w.github.app.id,
    privateKey: w.github.privateKey,
    webhookSecret: "a secret of the tests",
    apiUrl: "https://api.github.com",
    store: w.store,
    plans: plainReader,
    share: null,
    clock,
    log: pino({ level: "silent" }),
    fetch: (input, init) => w.github.fetch(new Request(input, init)),
  });
  w.ports = { ...w.ports, github, clock };
}

test.each([
  [500, "100ms"],
  [5_000, "2s"],
  [60_000, "30s"],
  [-60_000, "100ms"],
])(
  "a stricter plan counts at once, though a replica read the older one by a clock %i ms ahead",
  async (by, after) => {
    const w = await world();
    const pull = w.openPull();
    await w.settle();
    const own = w.ports;
    await w.advance("1m");
    w.clock.advance(35_000);
    await otherReplica(w, by);
    w.engine.pass(["build", "test"]);
    await w.settle();
    expect(pull.gate).toBe("success (passed)");
    w.ports = own;
    w.clock.advance(ms(after));
    w.changePlan(strict);
    await w.settle();
    expect(pull.gate).toMatch(/^in_progress/);
  },
);

test.each([-60_000, 60_000])(
  "a replica whose clock is %i ms ahead looks again when it said it would",
  async (by) => {
    const w = await world();
    const pull = w.openPull();
    await otherReplica(w, by);
    await w.settle();
    // Nobody tells of it, so that the time alone can find it.
    w.losesNotice = () => true;
    w.engine.pass(["build", "test"]);
    await w.advance("90s");
    expect(pull.gate).toBe("success (passed)");
  },
);

test("a reading that is dated in the future is not fresh", async () => {
  const w = await world();
  w.openPull();
  await w.settle();
  // The store's clock was set back.
  w.on.time.now = () => w.clock.now() - 3_600_000;
  w.github.log.clear();
  await w.sweep();
  w.openPull();
  await w.settle();
  expect(
    w.github.log
      .notModified()
      .map(({ template }) => template)
      .join(),
  ).toContain("/git/ref/");
});

test("the clock of a process follows the store's", async () => {
  let [store, wall] = [10_000, 3_000];
  const shared = await openSharedClock({
    store: { moment: async () => ({ number: 1, at: store }) },
    wall: () => wall,
    log: silent,
  });
  try {
    expect(shared.clock()).toBe(10_000);
    [store, wall] = [11_000, 4_000];
    expect(shared.clock()).toBe(11_000);
  } finally {
    await shared.stop();
  }
});

test("what was timed while the store's clock was a month ahead is looked at once that is right again", async () => {
  const w = await world({ plan: released });
  const pull = w.openPull();
  await w.settle();
  const now = w.on.time.now;
  const month = ms("720h");
  w.on.time.now = () => w.clock.now() + month;
  w.skews[0] = month;
  pull.push({ "src/a.js": "more" });
  const sha = w.pushTo("main", { "src/b.js": "1" });
  await w.settle();
  w.on.time.now = now;
  w.skews[0] = 0;
  w.losesNotice = () => true;
  await w.advance("1m");
  w.engine.pass(["build", "test"], { sha: pull.head });
  w.engine.pass(["package", "deploy"], { sha });
  await w.advance("10m");
  expect(w.gateOf(sha)).toBe("success (passed)");
  expect(pull.gate).toBe("success (passed)");
  const next = w.pushTo("main", { "src/b.js": "2" });
  await w.settle();
  await w.advance("1m");
  expect(w.engine.live({ sha: next })).toHaveLength(1);
});
