// How many requests it takes, and that many at once keep to GitHub's limits.

import { expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { type World, worlds } from "../world/world.ts";

const world = worlds();

test("from open to green takes at most ten requests, and a further push eight", async () => {
  const w = await world();
  // Nothing that was read before helps.
  await w.advance("1h");
  const pull = w.openPull();
  await through(w, pull);
  expect(pull.gate).toBe("success (passed)");
  expect(w.requestCount).toBeLessThanOrEqual(10);

  w.github.log.clear();
  await w.advance("1h");
  pull.push({ "src/a.js": "2" });
  await through(w, pull);
  expect(pull.gate).toBe("success (passed)");
  expect(w.requestCount).toBeLessThanOrEqual(8);
});

test("a pull request that turns green was read again where the last reading is old", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.pass("build");
  await w.advance("10m");
  const reads = () =>
    w.github.log.all.filter(
      ({ template }) => template === "/repos/{owner}/{repo}/pulls/{pull_number}",
    );
  w.engine.pass("test");
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  const gate = pull.check("interlock");
  const last = reads().at(-1);
  expect((gate.completedAt ?? 0) - (last?.at ?? 0)).toBeLessThanOrEqual(limit.look.fresh_ms);
});

test("many pull requests at once get their gates first, within GitHub's limits", async () => {
  const w = await world();
  const pulls = Array.from({ length: 130 }, () => w.openPull());
  await w.advance("2m");
  for (const pull of pulls) expect(pull.gate).toBe("in_progress (stage_pending)");
  const first = [...w.shop.data.runs.values()].sort((a, b) => a.id - b.id).slice(0, 100);
  expect(new Set(first.map(({ name }) => name))).toEqual(new Set(["interlock"]));
  for (const run of w.engine.live()) {
    w.engine.passIn(run, "build");
    w.engine.passIn(run, "test");
  }
  await w.advance("5m");
  for (const pull of pulls)
    expect(pull.checks).toEqual({ interlock: "success", "interlock/shop/verify": "success" });
  expect(busiestMinute(w)).toBeLessThanOrEqual(limit.github.points);
}, 300_000);

/** The most points in any sixty seconds, as GitHub counts them. */
function busiestMinute(w: World): number {
  const spent = w.github.log.all
    .filter(({ kind, by }) => kind === "api" && by === "interlock[bot]")
    .map(({ at, method }) => ({ at, points: method === "GET" ? 1 : 5 }));
  let most = 0;
  for (const { at } of spent) {
    const within = spent.filter((other) => other.at > at - 60_000 && other.at <= at);
    most = Math.max(
      most,
      within.reduce((sum, { points }) => sum + points, 0),
    );
  }
  return most;
}

async function through(w: World, pull: { head: string }): Promise<void> {
  await w.advance("5s");
  w.engine.pass("build", { sha: pull.head });
  await w.advance("20s");
  w.engine.pass("test", { sha: pull.head });
  await w.advance("20s");
}
