// What is done about production: rollbacks and approvals by people, and what others did around Interlock.

import { expect, test } from "vitest";
import { released } from "../world/plan.ts";
import { liveRun, merged, passed, productionPlan, releaseCheck } from "../world/production.ts";
import { type World, worlds } from "../world/world.ts";

const open = worlds("pglite");

const summary = (w: World, sha: string) => {
  const { title, summary } = releaseCheck(w, sha).output;
  return `${title}\n${summary}`;
};

test("a rollback by command on the merged pull request turns the commit red for good", async () => {
  const { w, pull, sha } = await passed(open);
  const { before } = w.sharedEngine;
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  expect(w.sharedEngine.rollbacks).toMatchObject([{ stage: "Production", to: before }]);
  expect(w.gateOf(sha)).toBe("in_progress (rolling_back)");
  expect(pull.answers).toEqual([
    expect.stringContaining(
      `Rolling shop back from ${sha.slice(0, 7)} to \`${before.slice(0, 7)}\` in its stage Production`,
    ),
  ]);
  w.sharedEngine.endRollback("succeeded");
  await w.settle();
  expect(w.gateOf(sha)).toBe("failure (rolled_back)");
  expect(summary(w, sha)).toContain(
    `was rolled back to ${before.slice(0, 7)} in Production, as mia asked`,
  );
  expect(pull.answers[0]).toContain("**Result:** the rollback");
  // However often it is looked at, and whatever else is said.
  pull.comment("mia", "/interlock rollback shop staging to abc");
  await w.advance("10m");
  await w.sweep();
  expect(w.gateOf(sha)).toBe("failure (rolled_back)");
  expect(w.sharedEngine.rollbacks).toHaveLength(1);
});

test("a rollback of a stage before the last leaves what is in the last one green", async () => {
  const { w, pull, sha } = await passed(open);
  pull.comment("mia", "/interlock rollback shop OneBox");
  await w.settle();
  expect(w.sharedEngine.rollbacks).toMatchObject([{ stage: "OneBox" }]);
  expect(w.gateOf(sha)).toBe("success (passed)");
  w.sharedEngine.endRollback("succeeded");
  await w.settle();
  await w.advance("10m");
  await w.sweep();
  expect(w.gateOf(sha)).toBe("success (passed)");
  expect(pull.answers[0]).toContain("**Result:** the rollback");
});

test("a release that failed and was rolled back stays failed, and says both", async () => {
  const { w, pull, sha } = await merged(open);
  w.sharedEngine.pass("OneBox");
  w.sharedEngine.fail("Production");
  await w.settle();
  expect(w.gateOf(sha)).toBe("failure (stage_failed)");
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  w.sharedEngine.endRollback("succeeded");
  await w.settle();
  expect(w.gateOf(sha)).toBe("failure (rolled_back)");
  expect(summary(w, sha)).toMatch(/rolled_back[\s\S]*stage_failed/);
  // Nothing more to take out of it, and nothing to press.
  expect(releaseCheck(w, sha).actions.map(({ identifier }) => identifier)).toEqual(["retry"]);
});

test("a rollback that fails leaves the commit red and says so", async () => {
  const { w, pull, sha } = await passed(open);
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  w.sharedEngine.endRollback("failed", "The hook broke.");
  await w.settle();
  expect(w.gateOf(sha)).toBe("failure (rollback_failed)");
  expect(pull.answers[0]).toContain("The hook broke.");
});

test("a re-run by who may roll back releases a commit again that was rolled back", async () => {
  const { w, pull, sha } = await passed(open);
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  w.sharedEngine.endRollback("succeeded");
  await w.advance("1m");
  w.shop.rerequest(releaseCheck(w, sha), "dev");
  await w.advance("10s");
  expect(w.sharedEngine.live()).toEqual([]);
  expect(w.gateOf(sha)).toBe("failure (rolled_back)");
  w.shop.rerequest(releaseCheck(w, sha), "mia");
  await w.settle();
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  expect(w.gateOf(sha)).toBe("success (passed)");
});

test("a rollback whose answer is lost happens once", async () => {
  const { w, pull, sha } = await passed(open);
  w.sharedEngine.answers.push("answer_lost", "answer_lost");
  pull.comment("mia", "/interlock rollback shop");
  await w.advance("1m");
  expect(w.sharedEngine.rollbacks).toHaveLength(1);
  expect(w.gateOf(sha)).toBe("in_progress (rolling_back)");
  expect(pull.answers).toEqual([expect.stringContaining("Rolling shop back")]);
});

test("the button rolls back where it stands", async () => {
  const { w, sha } = await passed(open);
  expect(releaseCheck(w, sha).actions.map(({ identifier }) => identifier)).toEqual(["rollback"]);
  w.shop.press(releaseCheck(w, sha), "Roll back", "mia");
  await w.settle();
  expect(w.sharedEngine.rollbacks).toMatchObject([{ stage: "Production" }]);
  w.sharedEngine.endRollback("succeeded");
  await w.settle();
  expect(w.gateOf(sha)).toBe("failure (rolled_back)");
});

test.each([
  ["ria", "/interlock rollback shop", "You need one of these roles"],
  ["mia", "/interlock rollback shpo", "The plan has no pipeline shpo; it has shop."],
  ["mia", "/interlock rollback shop Staging", "has no stage Staging; it has OneBox, Production."],
  ["mia", "/interlock rollback", "takes the name of a pipeline"],
  ["dev", "/interlock approve shop Production", "You need one of these roles"],
  ["mia", "/interlock approve shop Production", "there is nothing to approve"],
])("%s is refused %s with a sentence", async (login, command, sentence) => {
  const { w, pull } = await passed(open);
  pull.comment(login, command);
  await w.settle();
  expect(w.sharedEngine.rollbacks).toEqual([]);
  expect(w.sharedEngine.approvals).toEqual([]);
  const asked = command === "/interlock rollback" ? [] : [expect.stringContaining(sentence)];
  expect(pull.answers).toEqual(asked);
});

test("what the engine refuses is answered in its words", async () => {
  const { w, pull, sha } = await passed(open);
  w.sharedEngine.answers.push("refused");
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  expect(pull.answers).toEqual([expect.stringContaining("Nothing succeeded there before.")]);
  expect(w.gateOf(sha)).toBe("success (passed)");
});

test("nothing is rolled back where nothing was released, or where the engine cannot", async () => {
  const w = await open({ sharedEngine: true });
  const pull = w.openPull();
  await w.settle();
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  expect(pull.answers).toEqual([expect.stringContaining("shop has no release")]);
  w.changePlan(released.replaceAll("shop", "docs"));
  await w.settle();
  pull.comment("mia", "/interlock rollback docs");
  await w.settle();
  expect(pull.answers[1]).toContain("The engine local of docs does not roll back");
});

test("other commands on a closed pull request are not heard", async () => {
  const { w, pull } = await passed(open);
  pull.comment("dev", "/interlock stop");
  await w.settle();
  expect(pull.answers).toEqual([]);
});

test("an approval is given to the execution that waits, once", async () => {
  const { w, pull, sha } = await merged(open);
  const run = liveRun(w);
  w.sharedEngine.wait(run);
  await w.settle();
  expect(w.gateOf(sha)).toBe("in_progress (approval_waits)");
  w.sharedEngine.answers.push("answer_lost");
  pull.comment("mia", "/interlock approve shop onebox");
  await w.advance("30s");
  expect(w.sharedEngine.approvals).toMatchObject([{ stage: "OneBox", actor: "mia" }]);
  expect(pull.answers).toEqual([expect.stringContaining("Approved OneBox of shop/release")]);
  w.sharedEngine.goOn(run);
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  expect(w.gateOf(sha)).toBe("success (passed)");
});

test("an approval for which nothing waited reaches no later execution", async () => {
  const { w, pull, sha } = await merged(open);
  w.sharedEngine.fail("OneBox");
  await w.settle();
  pull.comment("mia", "/interlock approve shop OneBox");
  w.hold();
  w.shop.rerequest(releaseCheck(w, sha), "dev");
  await w.settle();
  const [again] = w.sharedEngine.live();
  if (again !== undefined) w.sharedEngine.wait(again);
  await w.settle();
  expect(w.sharedEngine.approvals).toEqual([]);
  // The person is asked to say it again, because what waits by then may be another commit.
  expect(pull.answers).toEqual([expect.stringContaining("began after this was asked for")]);
});

test("the button approves", async () => {
  const { w, sha } = await merged(open);
  const run = liveRun(w);
  w.sharedEngine.wait(run);
  await w.advance("1m");
  expect(releaseCheck(w, sha).actions.map(({ identifier }) => identifier)).toEqual([
    "stop",
    "approve:1:0",
  ]);
  w.shop.press(releaseCheck(w, sha), "Approve", "mia");
  await w.settle();
  expect(w.sharedEngine.approvals).toMatchObject([{ stage: "OneBox", actor: "mia" }]);
});

const overridden = {
  kind: "condition_overridden",
  stage: "Production",
  sentence: "Somebody let it pass.",
} as const;

test("a success that somebody helped to is no success, whatever is read later", async () => {
  const { w, sha } = await merged(open);
  const [run] = w.sharedEngine.live();
  const engineId = `double:${run?.request.run.key}`;
  w.sharedEngine.around = {
    kind: "known",
    value: { outOfBandChanges: [{ engineId, mark: overridden }] },
  };
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  expect(w.gateOf(sha)).toBe("failure (condition_overridden)");
  // AWS shows it only until the next execution enters the stage.
  w.sharedEngine.around = { kind: "known", value: {} };
  await w.advance("10m");
  await w.sweep();
  expect(w.gateOf(sha)).toBe("failure (condition_overridden)");
});

test("a success counts only once it was looked around, and that only once", async () => {
  const { w, sha } = await merged(open);
  w.sharedEngine.around = { kind: "unknown", why: "AWS throttles." };
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.advance("1m");
  expect(w.gateOf(sha)).toBe("in_progress (outside_unknown)");
  w.sharedEngine.around = { kind: "known", value: {} };
  await w.advance("5m");
  expect(w.gateOf(sha)).toBe("success (passed)");
  w.sharedEngine.around = { kind: "unknown", why: "AWS throttles." };
  await w.advance("10m");
  await w.sweep();
  expect(w.gateOf(sha)).toBe("success (passed)");
});

test("a success that nobody can look around fails in the end, and passes once somebody can", async () => {
  const { w, sha } = await merged(open);
  w.sharedEngine.around = { kind: "unknown", why: "The role may not do that." };
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.advance("25h");
  expect(w.gateOf(sha)).toBe("failure (outside_unread)");
  w.sharedEngine.around = { kind: "known", value: {} };
  await w.advance("1h");
  expect(w.gateOf(sha)).toBe("success (passed)");
});

test("what others started is shown on the release, and does not count", async () => {
  const { w, sha } = await merged(open);
  const foreignExecutions = {
    engineId: "e2",
    kind: "standard",
    trigger: "StartPipelineExecution",
    by: "eve",
    state: "succeeded",
    why: "",
    startedAt: 1,
    link: "https://eu-west-1.console.aws.amazon.com/x",
  } as const;
  w.sharedEngine.around = { kind: "known", value: { foreignExecutions: [foreignExecutions] } };
  w.sharedEngine.fail("OneBox");
  await w.settle();
  expect(summary(w, sha)).toContain("Started by others for this commit, and not counted");
  expect(summary(w, sha)).toContain("(StartPipelineExecution, `eve`): succeeded");
  expect(w.gateOf(sha)).toBe("failure (stage_failed)");
});

test("a way that somebody closed is why it waits", async () => {
  const { w, sha } = await merged(open);
  w.sharedEngine.pass("OneBox");
  const run = liveRun(w);
  // AWS has not let it in: the stage has not started.
  run.stages = run.stages.map((fact) =>
    fact.name === "Production" ? { ...fact, state: "pending", startedAt: null } : fact,
  );
  const sentence = "The way into the stage Production was closed by eve: freeze";
  const closed = { kind: "transition_disabled", stage: "Production", sentence } as const;
  w.sharedEngine.around = { kind: "known", value: { differences: [closed] } };
  await w.advance("10m");
  expect(w.gateOf(sha)).toBe("in_progress (stage_held)");
  expect(summary(w, sha)).toContain(sentence);
});

test("a release that somebody retried in the engine's console is followed again", async () => {
  const { w, sha } = await merged(open);
  w.sharedEngine.fail("OneBox");
  await w.settle();
  expect(w.gateOf(sha)).toBe("failure (stage_failed)");
  const [run] = w.sharedEngine.all();
  if (run === undefined) throw new Error("no run");
  const engineId = `double:${run.request.run.key}`;
  await w.sharedEngine.retry(engineId, "OneBox", "by the console");
  w.sharedEngine.around = { kind: "known", value: { live: [engineId] } };
  w.sharedEngine.wait(run);
  await w.store.wakeExecution(run.request.run.key, "others");
  await w.settle();
  expect(w.gateOf(sha)).toBe("in_progress (approval_waits)");
  w.sharedEngine.around = { kind: "known", value: {} };
  w.sharedEngine.goOn(run);
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  expect(w.gateOf(sha)).toBe("success (passed)");
});

test("what the engine refuses to stop is said on the check, and not asked for all the time", async () => {
  const { w, sha } = await merged(open);
  await w.advance("1m");
  w.sharedEngine.fault("stop", "refused");
  w.shop.press(releaseCheck(w, sha), "Stop", "dev");
  await w.settle();
  await w.advance("3m");
  expect(w.gateOf(sha)).toBe("in_progress (stop_refused)");
  expect(summary(w, sha)).toContain("its engine would not: it will not");
});

test("why a start has to wait is said on the gate", async () => {
  const w = await open({ plan: productionPlan(), sharedEngine: true });
  w.sharedEngine.chance = (method) => (method === "start" ? "failed" : null);
  const sha = w.pushTo("main", { "src/a.js": "2" });
  await w.advance("3m");
  expect(w.shop.checks(sha).get("interlock")?.output.title).toContain(
    "could not be started yet: no answer",
  );
  w.sharedEngine.chance = () => null;
  await w.advance("5m");
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  expect(w.gateOf(sha)).toBe("success (passed)");
});

test("why a stage cannot be read is said on the gate", async () => {
  const { w, sha } = await merged(open);
  w.sharedEngine.chance = (method) => (method === "observe" ? "failed" : null);
  await w.advance("3m");
  expect(w.gateOf(sha)).toBe("in_progress (stage_unknown)");
  expect(summary(w, sha)).toContain("stands: no answer");
});

const byOthers = {
  kind: "rolled_back",
  stage: "Production",
  sentence: "Somebody rolled it back in Production.",
} as const;

test("a re-run of what was rolled back around Interlock takes who may roll back, as one of its own", async () => {
  const { w, sha } = await passed(open);
  const key = w.sharedEngine.all({ sha })[0]?.request.run.key ?? "";
  const outOfBandChanges = [{ engineId: `double:${key}`, mark: byOthers }];
  w.sharedEngine.around = { kind: "known", value: { outOfBandChanges: outOfBandChanges } };
  await w.store.wakeExecution(key, "others");
  await w.advance("10m");
  expect(w.gateOf(sha)).toBe("failure (rolled_back)");
  // AWS shows it only until the next execution enters the stage.
  w.sharedEngine.around = { kind: "known", value: {} };
  w.shop.rerequest(releaseCheck(w, sha), "dev");
  await w.advance("10s");
  expect(w.sharedEngine.live()).toEqual([]);
  w.shop.rerequest(releaseCheck(w, sha), "mia");
  await w.advance("10s");
  expect(w.sharedEngine.live({ sha })).toHaveLength(1);
});

test("while the engine does not say whether a commit was taken out, a writer's re-run of it waits", async () => {
  const { w, sha } = await passed(open);
  await w.advance("1m");
  w.sharedEngine.around = { kind: "unknown", why: "AWS throttles." };
  w.shop.rerequest(releaseCheck(w, sha), "dev");
  await w.advance("1m");
  expect(w.sharedEngine.live()).toEqual([]);
  const key = w.sharedEngine.all({ sha })[0]?.request.run.key ?? "";
  const outOfBandChanges = [{ engineId: `double:${key}`, mark: byOthers }];
  w.sharedEngine.around = { kind: "known", value: { outOfBandChanges: outOfBandChanges } };
  await w.advance("10m");
  expect(w.sharedEngine.live()).toEqual([]);
  expect(w.gateOf(sha)).toBe("failure (rolled_back)");
});

test("once the engine says that a commit is where it was, a writer's re-run of it that waited begins", async () => {
  const { w, sha } = await passed(open);
  await w.advance("1m");
  w.sharedEngine.around = { kind: "unknown", why: "AWS throttles." };
  w.shop.rerequest(releaseCheck(w, sha), "dev");
  await w.advance("1m");
  expect(w.sharedEngine.live()).toEqual([]);
  w.sharedEngine.around = { kind: "known", value: {} };
  await w.advance("10m");
  expect(w.sharedEngine.live({ sha })).toHaveLength(1);
});
