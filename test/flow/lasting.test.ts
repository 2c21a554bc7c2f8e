// What was started in production is followed to its end, whatever becomes of who asked, of the plan or of the program.

import { expect, test } from "vitest";
import { liveRun, merged, passed, productionPlan, releaseCheck } from "../world/production.ts";
import { worlds } from "../world/world.ts";

const open = worlds();

test("a rollback that could not begin is not carried out after a newer release", async () => {
  const { w, pull, sha } = await merged(open);
  w.sharedEngine.pass("OneBox");
  w.sharedEngine.fail("Production");
  await w.settle();
  // AWS takes no call for rollbacks for a while: nothing happens.
  let out = true;
  const rollback = w.sharedEngine.rollback.bind(w.sharedEngine);
  w.sharedEngine.rollback = async (request) =>
    out ? { kind: "failed", why: "Throttled." } : await rollback(request);
  pull.comment("mia", "/interlock rollback shop");
  await w.advance("1m");
  expect(w.gateOf(sha)).toMatch(/failure/);
  const fix = w.pushTo("main", { "src/a.js": "fix" });
  await w.advance("10s");
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  expect(w.gateOf(fix)).toBe("success (passed)");
  out = false;
  w.sharedEngine.present = fix;
  await w.advance("10m");
  expect(w.sharedEngine.rollbacks).toEqual([]);
});

test("a rollback whose answer is lost is followed though the plan changed meanwhile", async () => {
  const { w, pull, sha } = await passed(open);
  w.sharedEngine.answers.push("answer_lost", "answer_lost", "answer_lost");
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  w.pushTo("main", {
    ".github/interlock.yml": productionPlan({ branches: "main", pipeline: "store" }),
  });
  await w.advance("1h");
  for (const run of w.sharedEngine.live()) {
    w.sharedEngine.passIn(run, "OneBox");
    w.sharedEngine.passIn(run, "Production");
  }
  w.sharedEngine.endRollback("succeeded");
  await w.advance("3h");
  expect(w.gateOf(sha)).toBe("failure (rolled_back)");
});

test("after the rollback of an earlier stage a later one is retried by who may roll back alone", async () => {
  const { w, pull, sha } = await merged(open);
  w.sharedEngine.pass("OneBox");
  w.sharedEngine.fail("Production");
  await w.settle();
  pull.comment("mia", "/interlock rollback shop OneBox");
  await w.settle();
  w.sharedEngine.endRollback("succeeded");
  await w.settle();
  expect(w.gateOf(sha)).toBe("failure (rolled_back)");
  // What was rolled back goes on at the word of those alone who may roll back.
  w.shop.press(releaseCheck(w, sha), "Retry", "dev");
  await w.settle();
  expect(() => w.sharedEngine.pass("Production")).toThrow("0 runs are at Production");
  w.shop.press(releaseCheck(w, sha), "Retry", "mia");
  await w.settle();
  w.sharedEngine.pass("Production");
  await w.advance("1m");
  // It is where the plan ends, by the word of who may roll back.
  expect(w.gateOf(sha)).toBe("success (passed)");
});

test("a commit carried by a later one that is rolled back does not stay green", async () => {
  // The engine's double brings back a commit of which GitHub knows no author.
  const commands = "commands: { rollback: { roles: [maintain], not_author: false } }\n";
  const w = await open({ plan: productionPlan({ commands }), sharedEngine: true });
  w.pushTo("main", { "src/a.js": "before" });
  await w.settle();
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  const first = w.pushTo("main", { "src/a.js": "1st" });
  w.github.faults.onRequest({
    path: new RegExp(`compare/.*${first}$`),
    fault: { kind: "error" },
    times: 200,
  });
  await w.settle();
  const second = w.pushTo("main", { "src/a.js": "2nd" });
  await w.advance("15m");
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  expect(w.gateOf(second)).toBe("success (passed)");
  w.github.faults.stop();
  await w.advance("30m");
  expect(w.gateOf(first)).toBe("success (carried)");
  w.shop.press(releaseCheck(w, second), "Roll back", "mia");
  await w.settle();
  w.sharedEngine.endRollback("succeeded");
  await w.advance("2h");
  await w.sweep();
  expect(w.gateOf(second)).toBe("failure (rolled_back)");
  expect(w.gateOf(first)).toBe("failure (carrier_failed)");
});

test("what is told while the survey is under way is looked at", async () => {
  const { w, sha } = await merged(open);
  const run = liveRun(w);
  const key = run.request.run.key;
  const engineId = `double:${key}`;
  // Like the engine: without a time it tells what it knows, and asks nothing.
  const drift = w.sharedEngine.drift.bind(w.sharedEngine);
  let kept = {
    kind: "known" as const,
    value: { differences: [], foreignExecutions: [], outOfBandChanges: [], live: [] as string[] },
  };
  let first = true;
  w.sharedEngine.drift = async (question) => {
    await drift(question);
    if (question.since === null) return kept;
    if (run.state === "failed" && first) {
      first = false;
      // After AWS has answered, somebody retries the stage in the console, and AWS tells of it.
      w.clock.advance(5);
      await w.sharedEngine.retry(engineId, "OneBox", "by the console");
      await w.store.wakeExecution(key, "others");
      w.clock.advance(5);
      return kept;
    }
    kept = { ...kept, value: { ...kept.value, live: run.state === "running" ? [engineId] : [] } };
    return kept;
  };
  w.sharedEngine.fail("OneBox");
  await w.advance("1h");
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.advance("1h");
  expect(w.gateOf(sha)).toBe("success (passed)");
});

test("a survey that fails once is made again though the commit rests", async () => {
  const { w, sha } = await merged(open);
  const run = liveRun(w);
  const key = run.request.run.key;
  const engineId = `double:${key}`;
  w.sharedEngine.fail("OneBox");
  await w.settle();
  expect(w.gateOf(sha)).toBe("failure (stage_failed)");
  await w.advance("10m");
  await w.sharedEngine.retry(engineId, "OneBox", "by the console");
  w.sharedEngine.around = { kind: "unknown", why: "AWS throttles." };
  // As the resync of pipelines says it, once.
  await w.store.wakeExecution(key, "others");
  await w.settle();
  w.sharedEngine.around = { kind: "known", value: { live: [engineId] } };
  await w.advance("3h");
  expect(w.gateOf(sha)).toMatch(/in_progress/);
});

test("a release that ended while we were not let in does not hold up later ones", async () => {
  const { w } = await merged(open);
  const run = liveRun(w);
  await w.store.forget({ installation: w.installation?.id ?? 0, owner: "acme", name: "shop" });
  w.sharedEngine.passIn(run, "OneBox");
  w.sharedEngine.passIn(run, "Production");
  await w.settle();
  // We are let in again: the sweep finds the repository.
  await w.sweep();
  await w.advance("10m");
  const next = w.pushTo("main", { "src/a.js": "next" });
  await w.advance("3h");
  await w.sweep();
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  expect(w.gateOf(next)).toBe("success (passed)");
});

test("a rollback that ended while we were not let in is followed afterwards", async () => {
  const { w, sha, pull } = await passed(open);
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  await w.store.forget({ installation: w.installation?.id ?? 0, owner: "acme", name: "shop" });
  w.sharedEngine.endRollback("succeeded");
  await w.settle();
  await w.sweep();
  await w.advance("3h");
  await w.sweep();
  expect(w.gateOf(sha)).toBe("failure (rolled_back)");
});

test("a rollback that fails to begin is tried ever more slowly", async () => {
  const { w, pull } = await passed(open);
  let calls = 0;
  w.sharedEngine.rollback = async () => {
    calls += 1;
    return { kind: "failed", why: "Throttled." };
  };
  pull.comment("mia", "/interlock rollback shop");
  await w.advance("1h");
  expect(calls).toBeLessThan(40);
});

test("a rollback that began is followed though the pull request was dismissed", async () => {
  const { w, pull, sha } = await passed(open);
  w.sharedEngine.answers.push("answer_lost", "answer_lost", "answer_lost");
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  w.changePlan("pipelines: 7\n");
  await w.advance("10m");
  w.sharedEngine.endRollback("succeeded");
  await w.advance("3h");
  expect(w.gateOf(sha)).toBe("failure (rolled_back)");
});

test("two approvals of one execution in one look are both kept", async () => {
  const { w, pull } = await merged(open);
  const run = liveRun(w);
  w.sharedEngine.wait(run);
  await w.settle();
  const calls: string[] = [];
  const approve = w.sharedEngine.approve.bind(w.sharedEngine);
  w.sharedEngine.approve = async (approval) => {
    calls.push(approval.stage);
    if (approval.stage === "Production") return { kind: "refused", why: "Nothing waits." };
    return await approve(approval);
  };
  pull.comment("mia", "/interlock approve shop OneBox\n\n/interlock approve shop Production");
  await w.settle();
  expect(calls).toEqual(["OneBox", "Production"]);
});

test("a role that cannot be read is asked for ever more slowly", async () => {
  const { w, pull } = await passed(open);
  w.github.faults.onRequest({ path: /permission$/, fault: { kind: "error" } });
  pull.comment("mia", "/interlock rollback shop");
  w.github.log.clear();
  await w.advance("1h");
  const asked = Object.entries(w.requests).filter(([route]) => route.includes("permission"));
  expect(asked.reduce((sum, [, times]) => sum + times, 0)).toBeLessThan(30);
  w.github.faults.stop();
  await w.advance("10m");
  expect(w.sharedEngine.rollbacks).toHaveLength(1);
});

test("a rollback outlives the pull request that asked for it", async () => {
  const { w, pull, sha } = await passed(open);
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  w.sharedEngine.endRollback("succeeded");
  await w.settle();
  expect(w.gateOf(sha)).toBe("failure (rolled_back)");
  await w.advance("80d");
  // The commit is looked at once more, whyever.
  const key = [...w.sharedEngine.runs.keys()][0] ?? "";
  await w.store.wakeExecution(key, "others");
  await w.settle();
  await w.advance("11d");
  await w.sweep();
  await w.store.wakeExecution(key, "others");
  await w.settle();
  expect(w.gateOf(sha)).toBe("failure (rolled_back)");
});

test("crash between the engine's answer and the record", async () => {
  const { w, pull, sha } = await passed(open);
  w.forgiven.push(/A look failed/);
  w.breaks.planned.set("recordRollback", 0);
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  await w.start();
  await w.advance("1m");
  expect(w.sharedEngine.rollbacks).toHaveLength(1);
  expect(w.gateOf(sha)).toBe("in_progress (rolling_back)");
  w.sharedEngine.endRollback("succeeded");
  await w.settle();
  expect(w.gateOf(sha)).toBe("failure (rolled_back)");
});
