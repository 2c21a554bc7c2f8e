// A branch that is put back, or holds another plan: what goes into it is judged by what it holds now.

import { expect, test } from "vitest";
import { planPath } from "../../src/core/model/plan.ts";
import { planText } from "../world/plan.ts";
import { WorldPull } from "../world/pull.ts";
import { type World, worlds } from "../world/world.ts";

const world = worlds();
const exempting = planText({ shop: { verify: ["build", "test"] } }, { exempt: ["**/*.md"] });
const exemptingBoth = planText(
  { shop: { verify: ["build"] }, audit: { branches: ["release"], verify: ["audit"] } },
  { exempt: ["**/*.md"] },
);
const strict = planText({ shop: { verify: ["build", "test", "scan"] } });

/** Somebody pushes the branch back to an older commit. */
async function putBack(w: World, sha: string, told: "told" | "untold"): Promise<void> {
  if (told === "untold") w.github.faults.onWebhook({ fault: { kind: "lost" } });
  w.shop.push({ branch: "main", sha });
  w.github.faults.stop();
  await w.settle();
  if (told === "untold") await w.sweep();
  await w.advance("1m");
}

test.each(["told", "untold"] as const)(
  "a change brings the paths that the branch lost when it was put back (%s)",
  async (told) => {
    const w = await world();
    const before = w.shop.tip();
    w.pushTo("main", { "src/b.js": "landed" });
    await w.settle();
    const pull = w.openPull({ files: { "docs/a.md": "exempt" } });
    await w.settle();
    expect(pull.gate).toMatch(/^success/);
    await w.advance("15m");
    await w.sweep();
    await putBack(w, before, told);
    expect(pull.gate).toBe("in_progress (stage_pending)");
    w.engine.pass(["build", "test"]);
    await w.settle();
    expect(pull.gate).toBe("success (passed)");
  },
);

test.each(["told", "untold"] as const)(
  "the plan of a branch that was put back counts again (%s)",
  async (told) => {
    const w = await world({ plan: strict });
    const before = w.shop.tip();
    w.changePlan(planText({ shop: { verify: ["build"] } }));
    await w.settle();
    const pull = w.openPull({ files: { "src/a.js": "2" } });
    await w.settle();
    w.engine.pass("build");
    await w.settle();
    expect(pull.gate).toBe("success (passed)");
    await w.advance("15m");
    await w.sweep();
    await putBack(w, before, told);
    expect(pull.gate).toBe("in_progress (stage_pending)");
  },
);

test("a plan that nobody told of counts with the next sweep, for every branch that it governs", async () => {
  const branches = ["main", "release"];
  const w = await world({ plan: planText({ shop: { branches, verify: ["build"] } }) });
  w.shop.push({ branch: "release", sha: w.shop.tip() });
  const pulls = [w.openPull(), w.openPull({ base: "release" })];
  await w.settle();
  for (const { head } of pulls) w.engine.pass("build", { sha: head });
  await w.settle();
  for (const pull of pulls) expect(pull.gate).toBe("success (passed)");
  await w.advance("15m");
  await w.sweep();
  w.github.faults.onWebhook({ fault: { kind: "lost" } });
  w.shop.commit({
    branch: "main",
    files: { [planPath]: planText({ shop: { branches, verify: ["build", "scan"] } }) },
  });
  w.github.faults.stop();
  await w.sweep();
  await w.advance("1m");
  for (const pull of pulls) expect(pull.gate).toBe("in_progress (stage_pending)");
});

/** The change takes away again what its base had got beside a file that is not exempt. */
function onLostCommit(w: World, lost: string, base = "main"): WorldPull {
  w.shop.commit({ branch: "change", onto: lost, files: { "X.md": null } });
  return new WorldPull(w.shop, w.shop.openPull({ head: "change", base }));
}

test("a change on a commit that its base has lost is compared with what the base holds now", async () => {
  const w = await world({ plan: exempting });
  const kept = w.pushTo("main", { "src/b.js": "1" });
  await w.settle();
  const lost = w.pushTo("main", { "src/a.js": "evil", "X.md": "1" });
  await w.settle();
  w.shop.push({ branch: "main", sha: kept });
  await w.advance("10m");
  await w.sweep();
  const pull = onLostCommit(w, lost);
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
});

test("a base that was read just before it was put back does not count any more once a sweep has found that", async () => {
  const w = await world({ plan: exemptingBoth });
  w.shop.push({ branch: "release", sha: w.shop.tip() });
  const kept = w.pushTo("release", { "src/b.js": "1" });
  await w.settle();
  const lost = w.pushTo("release", { "src/a.js": "evil", "X.md": "1" });
  await w.settle();
  await w.advance("15m");
  const pull = onLostCommit(w, lost, "release");
  await w.settle();
  await w.sweep();
  await w.advance("10m");
  w.engine.pass("build");
  pull.comment("dev", "/interlock verify");
  await w.settle();
  w.engine.pass("build");
  await w.settle();
  expect(pull.gate).toMatch(/^success/);
  w.github.faults.onWebhook({ fault: { kind: "lost" } });
  w.shop.push({ branch: "release", sha: kept });
  w.github.faults.stop();
  await w.sweep();
  await w.advance("20m");
  expect(pull.gate).toBe("in_progress (stage_pending)");
});
