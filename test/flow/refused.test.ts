// What GitHub refuses: for a moment, where the last word has to be said all the same; or for good, where it is let be.

import { expect, test } from "vitest";
import { planText, released } from "../world/plan.ts";
import { type World, worlds } from "../world/world.ts";

const world = worlds();
const runs = "/repos/{owner}/{repo}/check-runs";
const run = `${runs}/{check_run_id}`;
const comment = "/repos/{owner}/{repo}/issues/comments/{comment_id}";
const secondary = {
  kind: "refused",
  status: 403,
  message: "You have exceeded a secondary rate limit.",
  headers: { "x-ratelimit-remaining": "4321" },
} as const;

function writes(w: World): number {
  return w.github.log.all.filter(({ method, kind }) => method !== "GET" && kind === "api").length;
}

test.each([
  ["a secondary limit that names no time", "PATCH", run, 2, secondary],
  ["422 for a commit that was just pushed", "POST", runs, 1, refusal(422, "No commit found")],
  ["404 for a check run", "PATCH", run, 1, refusal(404, "Not Found")],
  ["a permission that is back after a minute", "PATCH", run, 2, refusal(403, "Not accessible")],
  ["410 for a check run", "PATCH", run, 1, refusal(410, "Gone")],
  ["a 409 while GitHub is busy", "PATCH", run, 3, refusal(409, "Conflict")],
] as const)(
  "the verdict about a landed commit survives %s",
  async (_, method, path, times, fault) => {
    const w = await world({ plan: released });
    w.github.faults.onRequest({ method, path, times, fault });
    const sha = w.pushTo("main", { "src/a.js": "1" });
    await w.advance("20s");
    w.engine.pass(["package", "deploy"]);
    await w.settle();
    await w.advance("10m");
    if (w.engine.live().length > 0) w.engine.pass(["package", "deploy"]);
    await w.advance("10m");
    expect(w.gateOf(sha)).toBe("success (passed)");
    for (const [name, state] of Object.entries(w.checksOf(sha)))
      expect([name, state]).toEqual([name, "success"]);
  },
);

test("the end of what is closed is said after a refusal of a minute", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.advance("5s");
  w.github.faults.onRequest({ method: "PATCH", path: run, times: 2, fault: secondary });
  pull.handle.close("dev");
  await w.settle();
  await w.advance("10m");
  expect(pull.checks).toEqual({ interlock: "failure", "interlock/shop/verify": "cancelled" });
});

test("a limit that names no time is given a minute, and then ever more", async () => {
  const w = await world();
  w.github.faults.onRequest({ method: "POST", path: runs, fault: secondary });
  const pull = w.openPull();
  await w.advance("30m");
  const asked = w.github.log.all.filter(({ method }) => method === "POST").map(({ at }) => at);
  const waits = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
  expect(waits.length).toBeGreaterThan(2);
  for (const [index, wait] of waits.entries())
    expect(wait).toBeGreaterThanOrEqual(60_000 * 2 ** index);
  expect(w.engine.all()).toEqual([]);
  w.github.faults.stop();
  await w.advance("1h");
  expect(pull.gate).toBe("in_progress (stage_pending)");
});

test("in a locked conversation the command is carried out, and the answer asked for ever less", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  pull.handle.lock();
  pull.comment("dev", "/interlock stop");
  await w.settle();
  expect(pull.gate).toBe("action_required (stopped)");
  w.github.log.clear();
  await w.advance("4h");
  // After 1, 2, 4, 8 … minutes; test/github/answers.test.ts has the end of it.
  expect(writes(w)).toBeLessThan(8);
});

test("an answer that somebody deleted is written once more", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.fail("build");
  await w.settle();
  pull.comment("dev", "/interlock verify");
  await w.settle();
  const [answer] = pull.handle.comments().filter(({ data }) => data.app !== undefined);
  answer?.delete("boss");
  w.engine.pass(["build", "test"]);
  await w.settle();
  await w.advance("10m");
  expect(pull.answers).toHaveLength(1);
  expect(pull.gate).toBe("success (passed)");
  expect(w.requests[`PATCH ${comment}`]).toBe(1);
});

test("an archived repository is left alone, and taken up where it is brought back", async () => {
  const w = await world();
  w.forgiven.push(/given up/);
  const pull = w.openPull();
  await w.advance("10s");
  w.shop.archive();
  w.engine.pass(["build", "test"]);
  await w.settle();
  w.github.log.clear();
  for (let sweeps = 0; sweeps < 3; sweeps += 1) {
    await w.sweep();
    await w.advance("20m");
  }
  expect(writes(w) - (w.requests["POST /graphql"] ?? 0)).toBeLessThan(5);
  w.shop.unarchive();
  await w.sweep();
  await w.advance("20m");
  expect(pull.gate).toBe("success (passed)");
});

test.each([
  ["archived before the App came", (w: World) => w.shop.archive()],
  [
    "one in which the App may not write checks",
    (w: World) =>
      w.github.faults.onRequest({
        method: "POST",
        path: runs,
        fault: refusal(403, "Not accessible"),
      }),
  ],
])("nothing is started in a repository that is %s", async (_, make) => {
  const w = await world();
  w.forgiven.push(/given up/);
  const pull = w.openPull();
  make(w);
  await w.advance("5m");
  expect(pull.gate).toBe("absent");
  expect(w.engine.all()).toEqual([]);
});

/** The gate is green, and the App may not write checks any more when the plan asks for another stage. */
async function staleGreen() {
  const w = await world();
  w.forgiven.push(/given up/);
  const pull = w.openPull();
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  await w.advance("2m");
  for (const [method, path] of [
    ["POST", runs],
    ["PATCH", run],
  ] as const)
    w.github.faults.onRequest({ method, path, fault: refusal(403, "Not accessible") });
  w.changePlan(planText({ shop: { verify: ["build", "test", "scan"] } }));
  await w.settle();
  for (let hour = 0; hour < 90; hour += 1) await w.advance("1h");
  expect(pull.gate).toBe("success (passed)");
  return { w, pull };
}

test("a green that may not be taken back for days is asked about twice a day, and taken back in the end", async () => {
  const { w, pull } = await staleGreen();
  w.github.log.clear();
  await w.advance("24h");
  expect(w.requests[`POST ${runs}`]).toBe(2);
  w.github.faults.stop();
  await w.advance("13h");
  expect(pull.gate).not.toMatch(/^success/);
});

test("a green is taken back at once where the App has got its permissions back", async () => {
  const { w, pull } = await staleGreen();
  w.github.faults.stop();
  if (w.installation === undefined) throw new Error("not installed");
  w.github.suspend(w.installation, "boss");
  w.github.unsuspend(w.installation, "boss");
  await w.settle();
  expect(pull.gate).not.toMatch(/^success/);
});

test("a token that was revoked is renewed, and nothing waits for its hour to end", async () => {
  const w = await world();
  if (w.installation === undefined) throw new Error("not installed");
  const pull = w.openPull();
  await w.settle();
  w.github.revokeTokens(w.installation);
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
}, 300_000);

function refusal(status: number, message: string) {
  return { kind: "refused", status, message } as const;
}
