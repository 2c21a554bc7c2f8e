// What a verdict rests on is known by its content: the plan's blob and the base's commit, not a name that moves.

import { expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { planPath } from "../../src/core/model/plan.ts";
import { openSteps } from "../../src/core/plan/glob.ts";
import { parsePlan } from "../../src/core/plan/parse.ts";
import { coversBranch } from "../../src/core/plan/route.ts";
import { planText, twoStages } from "../world/plan.ts";
import { worlds } from "../world/world.ts";

const world = worlds();

test("a plan that is a symlink is refused, so that nobody changes it by its exempt target", async () => {
  const weaker = planText({ shop: { verify: ["build"] } }, { exempt: ["ci/**"] });
  const w = await world({
    plan: null,
    files: { "ci/plan.yml": planText({ shop: {} }, { exempt: ["ci/**"] }) },
  });
  w.shop.commit({ branch: "main", files: { [planPath]: { link: "../ci/plan.yml" } } });
  await w.settle();
  const pull = w.openPull({ files: { "ci/plan.yml": weaker } });
  await w.settle();
  expect(pull.gate).toBe("failure (plan_invalid)");
  expect(pull.check("interlock").output.summary).toContain("Put the plan there as a plain file.");
});

test("a pull request that turns the plan into a symlink is red", async () => {
  const w = await world({ files: { "ci/plan.yml": twoStages } });
  const pull = w.openPull({ files: { [planPath]: { link: "../ci/plan.yml" } } });
  await w.settle();
  expect(pull.gate).toMatch(/^failure/);
});

test.each([
  ["Latin-1", Buffer.from(twoStages.replace("build", "größe"), "latin1")],
  ["UTF-16 of Windows", Buffer.from(`\ufeff${twoStages}`, "utf16le")],
  ["UTF-16 of the other order", Buffer.from(`\ufeff${twoStages}`, "utf16le").swap16()],
])("a plan in %s is refused, and says so", async (_, plan) => {
  const w = await world({ plan: null, files: { [planPath]: plan } });
  const pull = w.openPull();
  await w.settle();
  expect(pull.gate).toBe("failure (plan_invalid)");
  expect(pull.check("interlock").annotations?.map(({ message }) => message)).toEqual([
    "The plan is not text in UTF-8. Save it in that encoding.",
  ]);
  expect(w.engine.all()).toEqual([]);
});

test("a plan in UTF-8 with a mark at its beginning and the line ends of Windows is read", async () => {
  const w = await world({ plan: `\ufeff${twoStages.replaceAll("\n", "\r\n")}` });
  const pull = w.openPull();
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
});

test("a base branch that is put back makes a change bring what the base has lost", async () => {
  const w = await world({
    plan: planText({ web: { paths: ["web/**"] }, api: { paths: ["api/**"] } }),
    files: { "web/a": "1", "api/a": "1" },
  });
  const first = w.shop.tip();
  w.pushTo("main", { "web/a": "2" });
  const pull = w.openPull({ files: { "api/a": "2" } });
  await w.settle();
  w.engine.pass(["build", "test"], { sha: pull.head });
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  w.shop.push({ branch: "main", sha: first });
  await w.settle();
  pull.comment("dev", "/interlock status");
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
});

test("all patterns of a look share one budget of steps", async () => {
  // For a commit its branch is matched before and while it is decided: each alone would be cheap enough.
  const many = Array.from({ length: 95 }, (_, at) => `**/${"{a,b}*".repeat(6)}${at}`);
  const plan = planText({ shop: { branches: ["main", ...many], release: ["deploy"] } });
  const parse = parsePlan(plan);
  if (parse.kind === "invalid") throw new Error(JSON.stringify(parse.problems));
  const steps = openSteps();
  expect(coversBranch(parse.plan, "main", steps)).toBe(true);
  expect(limit.plan.steps - steps.left).toBeGreaterThan(limit.plan.steps / 4);
  expect(limit.plan.steps - steps.left).toBeLessThan(limit.plan.steps / 3);

  const w = await world({ plan });
  const sha = w.pushTo("main", { "src/a.js": "2" });
  await w.settle();
  expect(w.engine.all()).toEqual([]);
  expect(w.gateOf(sha)).toBe("action_required (patterns_costly)");
});
