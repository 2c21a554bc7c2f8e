// The life of a pull request, as its author sees it.

import { expect, test } from "vitest";
import { planText, released } from "../world/plan.ts";
import { worlds } from "../world/world.ts";

const world = worlds();

test("the gate waits for the stages of the plan and opens when they have passed", async () => {
  const w = await world();
  w.shop.protect("main", { checks: [{ context: "interlock", app_id: w.github.app.id }] });
  const pull = w.openPull();
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  expect(pull.merge()).toMatchObject({ kind: "refused" });

  await w.advance("3s");
  expect(pull.checks).toEqual({ interlock: "in_progress", "interlock/shop/verify": "in_progress" });
  w.engine.pass("build");
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  w.engine.pass("test");
  await w.settle();
  expect(pull.checks).toEqual({ interlock: "success", "interlock/shop/verify": "success" });
  expect(pull.gate).toBe("success (passed)");
  expect(pull.merge()).toMatchObject({ kind: "merged" });
});

test("the run is for exactly the head commit and what the plan says", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  expect(w.engine.live()).toMatchObject([
    {
      request: {
        run: { pipeline: "shop", part: "verify", sha: pull.head, attempt: 1, cause: "auto" },
        repository: { owner: "acme", name: "shop" },
        pull: pull.number,
        branch: "change-1",
      },
    },
  ]);
  expect(
    w.engine.live()[0]?.request.run.spec.stages.map((stage) => "run" in stage && stage.run),
  ).toEqual(["make build", "make test"]);
});

test("a stage that fails shuts the gate and says which", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.pass("build");
  w.engine.fail("test", { why: "2 tests are red" });
  await w.settle();
  expect(pull.gate).toBe("failure (stage_failed)");
  expect(pull.check("interlock").output.title).toBe(
    "shop/verify failed in its stage test: 2 tests are red",
  );
  expect(pull.checks).toEqual({ interlock: "failure", "interlock/shop/verify": "failure" });
});

test("a push while the stages run stops the old run and judges the new head", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.advance("5s");
  const old = pull.head;
  pull.push({ "src/a.js": "better" });
  await w.advance("5s");

  expect(w.engine.all({ sha: old })).toMatchObject([
    { state: "stopped", stopAsked: "a newer commit is the head now" },
  ]);
  expect(w.engine.live()).toMatchObject([{ request: { run: { sha: pull.head } } }]);
  const left = w.shop.checks(old);
  expect(left.get("interlock")).toMatchObject({ status: "completed", conclusion: "failure" });
  expect(left.get("interlock")?.output.title).toBe(
    `The head moved on to ${pull.head.slice(0, 7)}.`,
  );
  expect(left.get("interlock/shop/verify")).toMatchObject({ conclusion: "cancelled" });

  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
});

test("a head that comes back after a force push is judged again", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  const first = pull.head;
  pull.push({ "src/a.js": "second thought" });
  await w.settle();
  w.shop.push({ branch: "change-1", sha: first });
  await w.settle();
  expect(w.engine.live()).toMatchObject([{ request: { run: { sha: first, attempt: 2 } } }]);
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
});

test("a head whose stages have passed already needs no second run", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  const first = pull.head;
  w.engine.pass(["build", "test"]);
  await w.settle();
  pull.push({ "src/a.js": "second thought" });
  await w.settle();
  w.shop.push({ branch: "change-1", sha: first });
  await w.settle();
  expect(w.engine.live()).toEqual([]);
  expect(pull.gate).toBe("success (passed)");
});

test("closing stops what runs and ends the checks; reopening starts again", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.advance("5s");
  pull.handle.close("dev");
  await w.settle();
  expect(w.engine.live()).toEqual([]);
  expect(pull.checks).toEqual({ interlock: "failure", "interlock/shop/verify": "cancelled" });
  expect(pull.check("interlock").output.title).toBe("The pull request was closed.");

  pull.handle.reopen("dev");
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
});

test("a draft is judged like any other", async () => {
  const w = await world();
  const pull = w.openPull({ draft: true });
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  pull.handle.markReady("dev");
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  expect(w.engine.all()).toHaveLength(1);
});

test("a new title or text changes nothing", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  const before = w.requestCount;
  pull.handle.edit("dev", { title: "better", body: "words" });
  await w.settle();
  expect(w.requestCount).toBe(before);
});

test("a new base brings its own plan", async () => {
  const w = await world();
  w.changePlan(
    planText({ shop: {}, strict: { branches: ["release"], verify: ["build", "audit"] } }),
  );
  await w.settle();
  w.shop.commit({ branch: "release", files: { x: "1" } });
  const pull = w.openPull();
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");

  pull.retarget("release");
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  w.engine.pass(["build", "audit"], { pipeline: "strict" });
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  expect(pull.check("interlock").output.summary).toContain("for `release`");
});

test("a branch that no pipeline is for cannot be merged into", async () => {
  const w = await world();
  w.shop.commit({ branch: "attic", files: { x: "1" } });
  const pull = w.openPull({ base: "attic" });
  await w.settle();
  expect(pull.gate).toBe("action_required (branch_uncovered)");
});

test("paths decide which pipelines must pass", async () => {
  const plan = planText({
    web: { paths: ["web/**"], verify: ["bundle"] },
    api: { paths: ["api/**"], verify: ["compile"] },
  });
  const w = await world({ plan });
  const pull = w.openPull({ files: { "web/index.js": "1" } });
  const both = w.openPull({ files: { "web/index.js": "2", "api/main.go": "2" } });
  await w.settle();
  w.engine.pass("bundle", { sha: pull.head });
  w.engine.pass("bundle", { sha: both.head });
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  expect(both.gate).toBe("in_progress (stage_pending)");
  w.engine.pass("compile");
  await w.settle();
  expect(both.gate).toBe("success (passed)");
  expect(Object.keys(both.checks).sort()).toEqual([
    "interlock",
    "interlock/api/verify",
    "interlock/web/verify",
  ]);
});

test("tests of a stage are counted and the failing ones named on their lines", async () => {
  const w = await world({
    plan: planText({
      shop: { verify: ["build", { name: "test", run: "make test", reports: ["junit.xml"] }] },
    }),
  });
  const pull = w.openPull();
  await w.settle();
  w.engine.pass("build");
  const counts = { passed: 3, failed: 1, skipped: 0, pending: 0, other: 0, errors: 0, flaky: 0 };
  const problem = {
    name: "adds up",
    status: "failed",
    message: "2 is not 3",
    trace: "",
    file: "src/a.js",
    line: 7,
    inTree: true,
    flaky: false,
  } as const;
  w.engine.fail("test", {
    reports: [
      {
        kind: "read",
        path: "junit.xml",
        pattern: "junit.xml",
        files: 1,
        emptyFiles: 0,
        format: "junit",
        counts,
        duration_ms: 5,
        problems: [problem],
        truncated: false,
      },
    ],
  });
  await w.settle();
  expect(pull.gate).toBe("failure (tests_failed)");
  expect(pull.checks).toEqual({
    interlock: "failure",
    "interlock/shop/verify": "failure",
    "interlock/shop/tests": "failure",
  });
  expect(pull.check("interlock/shop/tests").output.title).toBe("1 of 4 tests failed");
  expect(pull.check("interlock/shop/tests").annotations).toMatchObject([
    { path: "src/a.js", start_line: 7, message: "2 is not 3", annotation_level: "failure" },
  ]);
});

test("merging the head's own commit leaves its verdict alone", async () => {
  const w = await world({ plan: released });
  const pull = w.openPull();
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  pull.merge("merge");
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  expect(pull.checks).toMatchObject({ "interlock/shop/verify": "success" });
});
