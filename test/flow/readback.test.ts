// What GitHub shows as gates is read back: it can lose a check run, carry a write out late, and let others write.

import { expect, test } from "vitest";
import { planPath } from "../../src/core/model/plan.ts";
import { planText, released } from "../world/plan.ts";
import { WorldPull } from "../world/pull.ts";
import { worlds } from "../world/world.ts";

const world = worlds();
const runs = "/repos/{owner}/{repo}/check-runs";

test("a green gate that is carried out after a red one is corrected by the next sweep", async () => {
  const w = await world({ plan: planText({ shop: {} }, { exempt: ["src/**"] }) });
  w.forgiven.push(/shows green/);
  w.shop.commit({ branch: "change", files: { "src/a.js": "2" } });
  await w.settle();
  // The verdict is on its way when the connection breaks, and arrives after what was decided later.
  w.github.faults.onRequest({
    method: "POST",
    path: runs,
    times: 1,
    fault: { kind: "late", ms: 60_000 },
  });
  const pull = new WorldPull(w.shop, w.shop.openPull({ head: "change" }));
  await w.settle();
  w.changePlan(planText({ shop: { verify: ["build"] } }));
  await w.advance("30s");
  w.engine.fail("build");
  await w.settle();
  expect(pull.gate).toBe("failure (stage_failed)");
  await w.advance("2m");
  expect(pull.gate).toBe("success (exempt)");
  await w.sweep();
  expect(pull.gate).toBe("failure (stage_failed)");
  expect(w.log.heard.filter(({ level }) => level === "error")).toHaveLength(1);
});

test("a gate that GitHub lost is there again after the next sweep, and the same one is updated from then on", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.shop.vanish(pull.check("interlock"));
  expect(pull.gate).toBe("absent");
  await w.sweep();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  expect([...w.shop.data.runs.values()].filter(({ name }) => name === "interlock")).toHaveLength(1);
});

test("a gate that GitHub lost is created again by the look that would update it", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.advance("5s");
  w.shop.vanish(pull.check("interlock"));
  w.shop.vanish(pull.check("interlock/shop/verify"));
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  expect(pull.checks).toEqual({ interlock: "success", "interlock/shop/verify": "success" });
});

test.each(["success", "neutral", "skipped"] as const)(
  "a gate that somebody with the App's token made %s is corrected",
  async (conclusion) => {
    const w = await world();
    w.forgiven.push(/shows green/);
    const pull = w.openPull();
    await w.settle();
    w.engine.fail("build");
    await w.settle();
    w.shop.overwrite(pull.check("interlock"), { conclusion });
    await w.sweep();
    expect(pull.gate).toBe("failure (stage_failed)");
    expect(w.log.heard.find(({ level }) => level === "error")?.fields).toMatchObject({
      decided: "failure",
      shown: conclusion,
    });
  },
);

test("a newer gate of another App does not stay the newest", async () => {
  const w = await world();
  w.forgiven.push(/shows green/);
  const pull = w.openPull();
  await w.settle();
  await w.advance("10s");
  const app = w.github.registerOtherApp("other");
  w.shop.reportCheck({ app, sha: pull.head, name: "interlock", conclusion: "success" });
  expect(pull.gate).toMatch(/^success/);
  await w.advance("10s");
  await w.sweep();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  const made = w.shop.data.runs.size;
  await w.advance("3m");
  await w.sweep();
  expect(w.shop.data.runs.size).toBe(made);
});

test("the verdict about a landed commit is read back too, for an hour", async () => {
  const w = await world({ plan: released });
  w.forgiven.push(/shows green/);
  const sha = w.pushTo("main", { "src/a.js": "1" });
  await w.settle();
  w.engine.fail("package");
  await w.settle();
  expect(w.gateOf(sha)).toBe("failure (stage_failed)");
  const gate = w.shop.checks(sha).get("interlock");
  if (gate === undefined) throw new Error("There is no gate");
  w.shop.overwrite(gate, { conclusion: "success" });
  await w.sweep();
  expect(w.gateOf(sha)).toBe("failure (stage_failed)");
});

test("what is as it was decided is left alone", async () => {
  const w = await world();
  const pulls = [w.openPull(), w.openPull(), w.openPull()];
  await w.settle();
  w.engine.pass(["build", "test"], { sha: pulls[0]?.head ?? "" });
  w.engine.fail("build", { sha: pulls[1]?.head ?? "" });
  await w.advance("2m");
  await w.sweep();
  w.github.log.clear();
  await w.sweep();
  expect(w.requests).not.toHaveProperty("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}");
  expect(w.requests["POST /graphql"]).toBe(2);
});

test("without GraphQL a sweep reads each repository by itself", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.github.faults.onRequest({ path: "/graphql", fault: { kind: "error", status: 502 } });
  w.github.faults.onWebhook({ event: "pull_request", times: 1, fault: { kind: "lost" } });
  // Of two heads in one second nobody could say which is the later one.
  await w.advance("2s");
  pull.push({ "src/a.js": "lost" });
  await w.settle();
  await w.sweep();
  expect(pull.gate).toBe("in_progress (stage_pending)");
});

test.each([
  ["that saw the one before", 1],
  ["though it is the first", 0],
] as const)("a default branch that is switched is seen by a sweep %s", async (_, sweeps) => {
  const w = await world();
  w.shop.commit({
    branch: "trunk",
    files: { [planPath]: planText({ shop: { branches: ["trunk"] } }) },
    from: "main",
  });
  const pull = w.openPull({ base: "main" });
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  for (let done = 0; done < sweeps; done += 1) await w.sweep();
  w.shop.data.defaultBranch = "trunk";
  await w.advance("1m");
  await w.sweep();
  expect(pull.gate).toBe("action_required (branch_uncovered)");
});

test("a sweep over fifty quiet repositories costs less than a tenth of a request for each", async () => {
  const w = await world();
  for (let number = 0; number < 49; number += 1) w.addRepository({ name: `quiet-${number}` });
  await w.settle();
  await w.sweep();
  w.github.log.clear();
  await w.sweep();
  const deliveries = w.requests["GET /app/hook/deliveries"] ?? 0;
  expect(w.requestCount - deliveries).toBeLessThan(50 / 10);
  expect(w.github.log.notModified()).toEqual([]);
});

test.each([1, 6, 120])(
  "%i suites of others with a check of the gate's name hide no wrong green of ours",
  async (count) => {
    const w = await world();
    w.forgiven.push(/shows green/);
    const pull = w.openPull();
    await w.settle();
    w.engine.fail("build");
    await w.settle();
    await w.advance("2m");
    const mine = pull.check("interlock");
    for (let at = 0; at < count; at += 1)
      w.shop.reportCheck({
        app: w.github.registerOtherApp(`ci-${at}`),
        sha: pull.head,
        name: "interlock",
        conclusion: "failure",
      });
    w.shop.overwrite(mine, { conclusion: "success" });
    await w.sweep();
    await w.advance("5m");
    expect(w.shop.data.runs.get(mine.id)?.conclusion).toBe("failure");
  },
);

test("a green of others is seen behind many other checks of the gate's name", async () => {
  const w = await world();
  w.forgiven.push(/shows green/);
  const pull = w.openPull();
  await w.settle();
  w.engine.fail("build");
  await w.settle();
  for (let at = 0; at < 6; at += 1)
    w.shop.reportCheck({
      app: w.github.registerOtherApp(`ci-${at}`),
      sha: pull.head,
      name: "interlock",
      conclusion: at < 5 ? "failure" : "success",
    });
  await w.advance("2m");
  await w.sweep();
  await w.advance("5m");
  expect(pull.gate).toMatch(/^failure/);
});
