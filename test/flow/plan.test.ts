// The plan of the base branch is the one that is obeyed; what a change does to it is shown.

import { expect, test } from "vitest";
import { planPath } from "../../src/core/model/plan.ts";
import { planText, twoStages } from "../world/plan.ts";
import { worlds } from "../world/world.ts";

const world = worlds();
const broken = "version: 1\npipelines: 7\n";

test("nothing is posted for a repository without a plan", async () => {
  const w = await world({ plan: null });
  const pull = w.openPull();
  await w.settle();
  pull.comment("dev", "/interlock status");
  await w.settle();
  w.pushTo("main", { "src/b.js": "1" });
  await w.settle();
  await w.sweep();
  await w.advance("1h");
  expect(pull.checks).toEqual({});
  expect(pull.answers).toEqual([]);
  expect(w.shop.data.runs.size).toBe(0);
  expect(w.engine.all()).toEqual([]);
});

test("a change that drops a stage is judged by the plan with the stage", async () => {
  const w = await world();
  const pull = w.openPull({
    files: { [planPath]: planText({ shop: { verify: ["build"] } }), "src/a.js": "2" },
  });
  await w.settle();
  expect(pull.check("interlock").output.summary).toContain('stage "test" would be removed');
  w.engine.pass("build");
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  w.engine.pass("test");
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  expect(pull.check("interlock").output.summary).toContain("This change edits the plan.");
});

test("a change that would break the plan is blocked, with the line", async () => {
  const w = await world();
  const pull = w.openPull({ files: { [planPath]: broken } });
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("failure (plan_breaks)");
  expect(pull.check("interlock").annotations).toMatchObject([
    { path: planPath, start_line: 2, annotation_level: "failure" },
  ]);

  pull.push({ [planPath]: twoStages });
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
});

test("the first plan is previewed, and a broken first plan is blocked", async () => {
  const w = await world({ plan: null });
  const good = w.openPull({ files: { [planPath]: twoStages } });
  const bad = w.openPull({ files: { [planPath]: broken } });
  const other = w.openPull();
  await w.settle();
  expect(good.gate).toBe("success (first_plan)");
  expect(good.check("interlock").output.summary).toContain('Pipeline "shop" would be added');
  expect(bad.gate).toBe("failure (plan_breaks)");
  expect(other.gate).toBe("absent");
  expect(w.engine.all()).toEqual([]);
});

test("once the first plan is merged, every open pull request is judged by it", async () => {
  const w = await world({ plan: null });
  const first = w.openPull({ files: { [planPath]: twoStages } });
  const other = w.openPull();
  await w.settle();
  first.merge();
  await w.settle();
  expect(other.gate).toBe("in_progress (stage_pending)");
  w.engine.pass(["build", "test"], { sha: other.head });
  await w.settle();
  expect(other.gate).toBe("success (passed)");
});

test("a plan that changes on the base re-judges open pull requests", async () => {
  const w = await world();
  const green = w.openPull();
  const running = w.openPull();
  await w.settle();
  w.engine.pass(["build", "test"], { sha: green.head });
  w.engine.pass("build", { sha: running.head });
  await w.settle();
  expect(green.gate).toBe("success (passed)");

  w.changePlan(planText({ shop: { verify: ["build", "test", "scan"] } }));
  await w.settle();
  expect(green.gate).toBe("in_progress (stage_pending)");
  expect(running.gate).toBe("in_progress (stage_pending)");
  for (const pull of [green, running]) w.engine.pass(["build", "test", "scan"], { sha: pull.head });
  await w.settle();
  expect(green.gate).toBe("success (passed)");
  expect(running.gate).toBe("success (passed)");
});

test("a plan that could not be read again is not obeyed as it was before", async () => {
  const plan = planText({ shop: { branches: ["main", "release"], verify: ["build"] } });
  const w = await world({ plan });
  w.shop.push({ branch: "release", sha: w.shop.tip() });
  const pull = w.openPull({ base: "release" });
  await w.settle();
  w.engine.pass("build");
  await w.settle();
  expect(pull.gate).toBe("success (passed)");

  // After the default branch.
  w.github.faults.onRequest({
    path: "/repos/{owner}/{repo}/git/ref/{ref}",
    skip: 1,
    times: 1,
    fault: { kind: "error", status: 503 },
  });
  w.changePlan(planText({ shop: { branches: ["main", "release"], verify: ["scan"] } }), "release");
  await w.settle();
  expect(w.github.log.all.filter(({ status }) => status === 503)).toHaveLength(1);
  expect(pull.gate).toBe("in_progress (stage_pending)");
});

test("a run under the old plan has ended before the one under the new plan begins", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.fault("stop", "late");
  w.changePlan(planText({ shop: { verify: ["build", "scan"] } }));
  await w.settle();
  expect(w.engine.live({ sha: pull.head, part: "verify" })).toMatchObject([
    { stopAsked: "the plan changed, so it runs again by the new one" },
  ]);
  for (const run of w.engine.live()) w.engine.halt(run);
  await w.advance("1m");
  w.engine.pass(["build", "scan"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
});

test("a plan that breaks on the base shuts every gate until it is fixed", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  w.changePlan(broken);
  await w.settle();
  expect(pull.gate).toBe("failure (plan_invalid)");
  pull.comment("dev", "/interlock status");
  pull.comment("dev", "/interlock verify");
  await w.settle();
  expect(pull.answers).toHaveLength(2);
  expect(pull.answers[0]).toContain("plan_invalid");
  expect(pull.answers[1]).toContain("🚫");

  w.changePlan(twoStages);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  expect(pull.answers).toHaveLength(2);
});

test("a plan that is removed ends what was under way and leaves silence", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.advance("5s");
  w.changePlan(null);
  await w.advance("5s");
  expect(w.engine.live()).toEqual([]);
  expect(pull.checks).toEqual({ interlock: "failure", "interlock/shop/verify": "cancelled" });
  expect(pull.check("interlock").output.title).toBe(
    "No plan is in force on main any more, so nothing is judged by it.",
  );
  const later = w.openPull();
  await w.settle();
  expect(later.gate).toBe("absent");
});

test("a path that nothing covers shuts the gate, and an exempt one needs nothing", async () => {
  const plan = planText({ web: { paths: ["web/**"] } }, { exempt: ["docs/**"] });
  const w = await world({ plan });
  const uncovered = w.openPull({ files: { "tools/x.sh": "1" } });
  const exempt = w.openPull({ files: { "docs/a.md": "1" } });
  await w.settle();
  expect(uncovered.gate).toBe("failure (path_uncovered)");
  expect(uncovered.check("interlock").output.title).toContain("tools/x.sh");
  expect(exempt.gate).toBe("success (exempt)");
  expect(w.engine.all()).toEqual([]);
});

const many = Object.fromEntries(Array.from({ length: 3_001 }, (_, i) => [`f/${i}`, `${i}`]));

test("more files than GitHub lists pass where a pipeline covers whatever there may be", async () => {
  const w = await world();
  const pull = w.openPull({ files: many });
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
});

test("more files than GitHub lists are blocked where no pipeline covers everything", async () => {
  const w = await world({ plan: planText({ f: { paths: ["f/**"] } }) });
  const pull = w.openPull({ files: many });
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("action_required (files_cut)");
});

test("a list of files that is shorter than GitHub says decides nothing", async () => {
  const w = await world();
  w.rewrite = (path, body) =>
    path.includes("/compare/") ? { ...(body as object), files: [] } : body;
  const pull = w.openPull({ files: { "docs/a.md": "1", "src/a.js": "2" } });
  await w.settle();
  expect(pull.gate).toBe("in_progress (files_unreadable)");
  expect(w.engine.all()).toEqual([]);
  w.rewrite = null;
  await w.advance("1m");
  expect(pull.gate).toBe("in_progress (stage_pending)");
});
