// GitHub, the engine or we ourselves are out of order for a while.

import { expect, test } from "vitest";
import { planText, released, twoStages } from "../world/plan.ts";
import { worlds } from "../world/world.ts";

const world = worlds();
const runs = "/repos/{owner}/{repo}/check-runs";
const run = `${runs}/{check_run_id}`;
const pullPath = "/repos/{owner}/{repo}/pulls/{pull_number}";

test("a pull request that GitHub does not show yet is judged once it does", async () => {
  const w = await world();
  w.github.faults.onRequest({ method: "GET", fault: { kind: "unseen", ms: 20_000 } });
  const pull = w.openPull();
  await w.settle();
  expect(pull.gate).toBe("absent");
  await w.advance("1m");
  expect(pull.gate).toBe("in_progress (stage_pending)");
});

test("a secondary limit delays everything and fails nothing", async () => {
  const w = await world();
  w.github.faults.onRequest({
    method: "POST",
    path: runs,
    times: 1,
    fault: { kind: "secondaryLimit", status: 403, retryAfterSeconds: 90 },
  });
  const pull = w.openPull();
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.advance("80s");
  expect(pull.gate).toBe("absent");
  expect(w.github.log.all.filter(({ at }) => at > w.clock.now() - 70_000)).toEqual([]);
  await w.advance("1m");
  expect(pull.gate).toBe("success (passed)");
});

test.each([403, 429] as const)("a %i with retry-after on a read only delays", async (status) => {
  const w = await world();
  w.github.faults.onRequest({
    method: "GET",
    path: pullPath,
    times: 1,
    fault: { kind: "secondaryLimit", status, retryAfterSeconds: 60 },
  });
  const pull = w.openPull();
  await w.settle();
  await w.advance("2m");
  expect(pull.gate).toBe("in_progress (stage_pending)");
});

test("a spent hour is waited for", async () => {
  const w = await world();
  if (w.installation === undefined) throw new Error("not installed");
  w.github.limitRequests(w.installation, 1);
  const pull = w.openPull();
  await w.settle();
  await w.advance("30m");
  expect(pull.gate).toBe("absent");
  expect(w.requestCount).toBeLessThan(10);
  w.github.limitRequests(w.installation, 5_000);
  await w.advance("40m");
  expect(pull.gate).toBe("in_progress (stage_pending)");
});

test.each([
  ["an error before it took effect", { kind: "error", status: 502 }],
  ["an error after it took effect", { kind: "lateError", status: 500 }],
  ["a broken connection", { kind: "answerLost" }],
] as const)("%s does not double a check", async (_, fault) => {
  const w = await world();
  w.github.faults.onRequest({ method: "POST", path: runs, times: 2, fault });
  w.github.faults.onRequest({ method: "PATCH", path: run, times: 1, fault });
  const pull = w.openPull();
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  await w.advance("3m");
  expect(pull.gate).toBe("success (passed)");
  const names = [...w.shop.data.runs.values()].map(({ name }) => name);
  expect(names.sort()).toEqual(["interlock", "interlock/shop/verify"]);
});

test("a verdict that is as before is said again where the one between may have arrived", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.fail("build");
  await w.settle();
  expect(pull.gate).toBe("failure (stage_failed)");
  w.github.faults.onRequest({ method: "PATCH", path: run, fault: { kind: "lateError" } });
  w.changePlan(planText({ shop: {} }, { exempt: ["src/**"] }));
  await w.settle();
  expect(pull.gate).toBe("success (exempt)");
  w.github.faults.stop();
  w.changePlan(twoStages);
  await w.settle();
  expect(pull.gate).toBe("failure (stage_failed)");
});

test("a gate that was ended without an answer is not left in progress by a head that moves", async () => {
  const w = await world();
  w.github.faults.onRequest({
    method: "POST",
    path: runs,
    times: 1,
    fault: { kind: "answerLost" },
  });
  const pull = w.openPull();
  const { head } = pull;
  await w.settle();
  w.github.faults.onRequest({ method: "PATCH", path: run, times: 1, fault: { kind: "error" } });
  w.engine.fail("build");
  await w.settle();
  expect(pull.gate).toMatch(/^in_progress/);
  pull.push({ "src/a.js": "more" });
  await w.advance("1m");
  expect(w.gateOf(head)).toBe("failure (stage_failed)");
});

test("a gate whose opening got no answer is not opened once nothing is decided any more", async () => {
  const w = await world();
  const pull = w.openPull({ files: { "docs/y.md": "1" } });
  w.github.faults.onRequest({ method: "POST", path: runs, fault: { kind: "error" } });
  await w.settle();
  expect(pull.gate).toBe("absent");
  pull.handle.close("dev");
  w.github.faults.stop();
  await w.advance("1m");
  expect(pull.gate).toBe("failure (pull_closed)");
});

test("files and plans that cannot be read for a while decide nothing", async () => {
  const w = await world();
  const path = "/repos/{owner}/{repo}/compare/{basehead}";
  w.github.faults.onRequest({ path, fault: { kind: "error", status: 503 } });
  const pull = w.openPull();
  await w.advance("2m");
  expect(pull.gate).toBe("in_progress (files_unreadable)");
  expect(w.engine.all()).toEqual([]);
  w.github.faults.stop();
  await w.advance("5m");
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
});

test("what stays unreadable is asked for ever less often", async () => {
  const w = await world();
  w.github.faults.onRequest({ path: pullPath, fault: { kind: "error", status: 503 } });
  w.openPull();
  await w.advance("1h");
  expect(w.requests[`GET ${pullPath}`]).toBeLessThan(25);
});

test("a start whose answer was lost does not start twice", async () => {
  const w = await world();
  w.engine.fault("start", "answer_lost");
  const pull = w.openPull();
  await w.advance("1m");
  expect(w.engine.all()).toHaveLength(1);
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  expect(w.engine.all()).toMatchObject([{ request: { run: { attempt: 1 } } }]);
});

test("a start that did not come about is made again under its own key", async () => {
  const w = await world();
  w.engine.fault("start", "failed", "failed");
  const pull = w.openPull();
  await w.advance("1m");
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  expect(w.engine.all()).toMatchObject([{ request: { run: { attempt: 1 } } }]);
});

test("a start that the engine refuses shuts the gate with its words, until somebody asks again", async () => {
  const w = await world();
  w.engine.fault("start", "refused");
  const pull = w.openPull();
  await w.settle();
  expect(pull.gate).toBe("failure (engine_refused)");
  expect(pull.check("interlock").output.title).toContain("the engine is full");
  pull.comment("dev", "/interlock verify");
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
});

test("a run that its engine lost is told as lost", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  const [live] = w.engine.live();
  if (live === undefined) throw new Error("nothing runs");
  w.engine.lose(live);
  await w.settle();
  expect(pull.gate).toBe("failure (engine_lost)");
});

test("an engine that does not answer leaves the verdict open, and is asked again", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.advance("5s");
  w.engine.fault("observe", "answer_lost", "answer_lost");
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toMatch(/^in_progress/);
  await w.advance("1m");
  expect(pull.gate).toBe("success (passed)");
});

test("a notice of the engine that was lost only costs time", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.losesNotice = () => true;
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  await w.advance("2m");
  expect(pull.gate).toBe("success (passed)");
});

test.each(["failed", "refused", "answer_lost"] as const)(
  "a stop that is %s lets the new head run, and the old run cannot open a gate",
  async (fault) => {
    const w = await world();
    const pull = w.openPull();
    await w.settle();
    const old = pull.head;
    w.engine.fault("stop", fault);
    pull.push({ "src/a.js": "2" });
    await w.advance("1m");
    expect(w.engine.live()).toMatchObject([{ request: { run: { sha: pull.head } } }]);
    expect(w.gateOf(old)).toMatch(/^failure/);
    w.engine.pass(["build", "test"]);
    await w.settle();
    expect(pull.gate).toBe("success (passed)");
  },
);

test("a stage that takes too long ends the run at its deadline", async () => {
  const plan = planText({
    shop: { verify: [{ name: "build", run: "x", timeout: "1m" }], deadline: "5m" },
  });
  const w = await world({ plan });
  const pull = w.openPull();
  await w.advance("4m");
  expect(pull.gate).toBe("in_progress (stage_pending)");
  await w.advance("2m");
  expect(pull.gate).toBe("failure (deadline_passed)");
  expect(w.engine.live()).toEqual([]);
});

// Each is a write to the store that a look makes between what it reads and what it records.
test.each([
  "intendCheck",
  "intendRun",
  "intendRelease",
  "recordCheck",
  "recordExecution",
  "record",
  "keepReading",
  "recordRole",
  "intendAnswer",
  "recordAnswer",
])("a look that breaks off at %s is made again and does nothing twice", async (method) => {
  const w = await world({ plan: released });
  w.forgiven.push(/A look failed/);
  const pull = w.openPull();
  pull.comment("dev", "/interlock status");
  w.breaks.planned.set(method, 0);
  await w.settle();
  await w.advance("1m");
  w.breaks.planned.set(method, 0);
  w.engine.pass(["build", "test"]);
  await w.settle();
  await w.advance("1m");
  expect(pull.gate).toBe("success (passed)");
  expect(pull.answers).toHaveLength(1);
  expect(w.engine.all()).toHaveLength(1);
  const names = [...w.shop.data.runs.values()].map(({ name }) => name);
  expect(names.sort()).toEqual(["interlock", "interlock/shop/verify"]);
});

test("a database that fails again and again is asked ever less often", async () => {
  const w = await world();
  w.forgiven.push(/A look failed/);
  w.openPull();
  const looks = () => w.log.heard.filter(({ message }) => /A look failed/.test(message)).length;
  w.breaks.broken.add("record");
  await w.advance("1h");
  expect(looks()).toBeGreaterThan(5);
  // Two subjects: the branch that was pushed, and the pull request.
  expect(looks()).toBeLessThan(40);
});

test("a run that its engine never began ends with its pull request, and is asked about no more", async () => {
  const w = await world();
  w.engine.fault("start", "failed", "failed", "failed");
  const pull = w.openPull();
  await w.settle();
  expect(w.engine.all()).toEqual([]);
  pull.handle.close("dev");
  await w.advance("10m");
  expect(w.engine.all()).toEqual([]);
  expect(await w.store.executions("pull:acme/shop#1")).toMatchObject([
    { state: "stopped", engineId: null, endedAt: expect.any(Number) },
  ]);
  w.engine.calls.clear();
  await w.advance("1h");
  expect([...w.engine.calls]).toEqual([]);
});

test("what runs when its engine is turned off is stopped once that is back, also after its pull request was closed", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  const { ports } = w;
  if (ports === undefined) throw new Error("Interlock is not up");
  w.ports = { ...ports, engines: new Map() };
  pull.handle.close("dev");
  await w.advance("10m");
  expect(w.engine.live()).toHaveLength(1);
  // Engines are turned on and off by a start of the program.
  await w.start();
  await w.advance("10m");
  expect(w.engine.all()).toMatchObject([{ state: "stopped" }]);
});
