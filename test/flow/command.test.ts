// Slash commands, buttons and re-runs: who may, for which commit, and what is answered.

import { expect, test } from "vitest";
import { planText } from "../world/plan.ts";
import { worlds } from "../world/world.ts";

const world = worlds();

test("help is for everybody who can see the repository", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  pull.comment("ria", "/interlock help");
  await w.settle();
  expect(pull.answers).toHaveLength(1);
  expect(pull.answers[0]).toContain("`/interlock retry [<stage>]`");
  expect(pull.answers[0]).toContain(`for commit \`${pull.head.slice(0, 7)}\``);
});

test("status and explain say where the stages and the gate stand", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.pass("build");
  await w.settle();
  pull.comment("ria", "/interlock status");
  pull.comment("ria", "/interlock explain");
  await w.settle();
  const [status, explain] = pull.answers;
  expect(status).toContain("build succeeded → test running");
  expect(explain).toContain("`stage_pending`");
  expect(explain).toContain("Details for operators");
});

test("verify starts a second attempt, and the answer gets its result", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.fail("build");
  await w.settle();
  pull.comment("dev", "/interlock verify");
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  expect(w.engine.live()).toMatchObject([{ request: { run: { attempt: 2 } } }]);
  const [answer] = pull.answers;
  expect(answer).toContain("✅ `/interlock verify`");
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  expect(pull.answers).toHaveLength(1);
  expect(pull.answers[0]).toContain("**Result:** `shop/verify` succeeded (attempt 2).");
});

test("retry runs the failed stage again, in the same place", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.pass("build");
  w.engine.fail("test");
  await w.settle();
  expect(pull.gate).toBe("failure (stage_failed)");
  pull.comment("dev", "/interlock retry test");
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  expect(w.engine.all()).toHaveLength(1);
  w.engine.pass("test");
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  expect(pull.answers).toHaveLength(1);
  expect(pull.answers[0]).toContain("runs again from its stage test");
});

test.each(["failed", "answer_lost"] as const)(
  "a retry that was not answered does not run on for a head that has moved (%s)",
  async (fault) => {
    const w = await world();
    const pull = w.openPull();
    const { head } = pull;
    await w.settle();
    w.engine.fail("build");
    await w.settle();
    w.engine.fault("retry", fault);
    pull.comment("dev", "/interlock retry");
    await w.settle();
    pull.push({ "src/a.js": "more" });
    await w.advance("1m");
    expect(w.engine.live({ sha: head })).toEqual([]);
    expect(pull.answers).toHaveLength(1);
  },
);

test("stop ends what runs, and nothing starts again by itself", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  pull.comment("dev", "/interlock stop");
  await w.settle();
  await w.advance("10m");
  expect(pull.gate).toBe("action_required (stopped)");
  expect(w.engine.all()).toMatchObject([{ state: "stopped", stopAsked: "dev asked for it" }]);
  expect(pull.answers[0]).toContain("Stopping shop/verify.");
  pull.comment("dev", "/interlock verify");
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
});

test.each(["verify", "retry", "stop"])("%s takes write permission", async (verb) => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.pass("build");
  if (verb !== "stop") w.engine.fail("test");
  await w.settle();
  const before = pull.gate;
  for (const login of ["ria", "tom", "a-stranger"]) pull.comment(login, `/interlock ${verb}`);
  await w.settle();
  expect(pull.gate).toBe(before);
  expect(pull.answers).toHaveLength(3);
  for (const answer of pull.answers) {
    expect(answer).toContain(`🚫 \`/interlock ${verb}\``);
    expect(answer).toContain("write, maintain, admin");
  }
  expect(w.engine.all()).toHaveLength(1);
});

test("the plan says who may", async () => {
  const plan = planText({ shop: {} }, { commands: { verify: ["maintain"] } });
  const w = await world({ plan });
  const pull = w.openPull();
  await w.settle();
  w.engine.fail("build");
  await w.settle();
  pull.comment("dev", "/interlock verify");
  await w.settle();
  expect(pull.gate).toBe("failure (stage_failed)");
  pull.comment("mia", "/interlock verify");
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
});

test("a command is for the head that was known when it came", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.fail("build");
  await w.settle();
  const old = pull.head;
  pull.comment("dev", "/interlock retry");
  await w.github.settled();
  pull.push({ "src/a.js": "unread" });
  await w.settle();
  expect(pull.answers[0]).toContain(`The head moved from ${old.slice(0, 7)}`);
  expect(w.engine.all({ sha: pull.head })).toHaveLength(1);
});

test("a command that arrives before the push that preceded it is not for the new head", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.fail("build");
  // Of two heads in one second nobody could say which is the later one.
  await w.advance("2s");
  w.github.faults.onWebhook({
    event: "pull_request",
    action: "synchronize",
    fault: { kind: "delayed", ms: 60_000 },
  });
  pull.push({ "src/a.js": "unread" });
  pull.comment("dev", "/interlock verify");
  await w.settle();
  expect(pull.answers).toHaveLength(1);
  expect(pull.answers[0]).toContain("🚫");
});

test("verify can name the head, and no other commit", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.fail("build");
  await w.settle();
  pull.comment("dev", `/interlock verify ${"0123456789".repeat(4)}`);
  await w.settle();
  expect(pull.answers[0]).toContain("🚫");
  expect(w.engine.live()).toEqual([]);
  pull.comment("dev", `/interlock verify ${pull.head.slice(0, 8)}`);
  await w.settle();
  expect(w.engine.live()).toHaveLength(1);
});

test("an unknown command is answered once, with the nearest one", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  pull.comment("dev", "/interlock rtry");
  await w.settle();
  await w.advance("1h");
  expect(pull.answers).toHaveLength(1);
  expect(pull.answers[0]).toContain("Did you mean");
  expect(pull.answers[0]).toContain("/interlock retry");
});

test("editing a comment runs nothing, and neither does a bot or a quote", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  const words = pull.comment("dev", "Nice.");
  await w.settle();
  words.edit("dev", "/interlock stop");
  pull.comment("dev", "> /interlock stop");
  pull.comment("dev", "`/interlock stop`");
  pull.comment("dev", "<!--\n/interlock stop\n-->");
  pull.comment("interlock[bot]", "/interlock stop");
  await w.settle();
  expect(pull.answers).toEqual([]);
  expect(w.engine.live()).toHaveLength(1);
});

test("several commands in one comment get one answer", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  pull.comment("dev", "/interlock status\nand then\n/interlock stop");
  await w.settle();
  expect(pull.answers).toHaveLength(1);
  expect(pull.answers[0]).toContain("`/interlock status`");
  expect(pull.answers[0]).toContain("`/interlock stop`");
});

test("a command that came just before the pull request was closed is answered", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  pull.comment("dev", "/interlock verify");
  pull.handle.close("dev");
  await w.settle();
  await w.advance("1m");
  expect(pull.answers).toHaveLength(1);
  expect(pull.answers[0]).toContain("🚫 `/interlock verify`");
  expect(pull.answers[0]).toContain("The pull request is closed.");
});

test("a command on a closed pull request does nothing", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  pull.handle.close("dev");
  await w.settle();
  pull.comment("dev", "/interlock verify");
  await w.settle();
  expect(w.engine.live()).toEqual([]);
  expect(pull.answers).toEqual([]);
});

test("Re-run on a check starts again for its commit", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.fail("build");
  await w.settle();
  w.shop.rerequest(pull.check("interlock"), "dev");
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  expect(pull.answers).toEqual([]);
});

test("Re-run all checks starts again for every pull request of the commit", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.fail("build");
  await w.settle();
  w.shop.rerequestSuite(pull.check("interlock").suite, "dev");
  await w.settle();
  expect(w.engine.live()).toMatchObject([{ request: { run: { attempt: 2 } } }]);
});

test("Re-run on a head that has moved on starts nothing", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.fail("build");
  await w.settle();
  const run = pull.check("interlock");
  pull.push({ "src/a.js": "2" });
  await w.settle();
  w.shop.rerequest(run, "dev");
  await w.settle();
  expect(w.engine.all()).toHaveLength(2);
  expect(w.engine.live()).toMatchObject([{ request: { run: { sha: pull.head } } }]);
});

test("the buttons retry and stop, for those who may", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.advance("5s");
  w.shop.press(pull.check("interlock/shop/verify"), "Stop", "ria");
  await w.settle();
  expect(w.engine.live()).toHaveLength(1);
  w.shop.press(pull.check("interlock/shop/verify"), "Stop", "dev");
  await w.settle();
  expect(pull.gate).toBe("action_required (stopped)");

  w.shop.press(pull.check("interlock/shop/verify"), "Retry", "ria");
  await w.settle();
  expect(w.engine.live()).toEqual([]);
  w.shop.press(pull.check("interlock/shop/verify"), "Retry", "dev");
  await w.advance("5s");
  expect(pull.gate).toBe("in_progress (stage_pending)");
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.checks).toEqual({ interlock: "success", "interlock/shop/verify": "success" });
});

test("a button is about the pipeline on whose check it stands", async () => {
  const w = await world({ plan: planText({ shop: { verify: ["a"] }, docs: { verify: ["b"] } }) });
  const pull = w.openPull();
  await w.advance("5s");
  w.shop.press(pull.check("interlock/docs/verify"), "Stop", "dev");
  await w.settle();
  expect(w.engine.live().map(({ request }) => request.run.pipeline)).toEqual(["shop"]);
  w.engine.fail("a");
  await w.settle();
  w.shop.press(pull.check("interlock/docs/verify"), "Retry", "dev");
  await w.settle();
  expect(w.engine.live().map(({ request }) => request.run.pipeline)).toEqual(["docs"]);
});

test("an answer whose sending got no answer is found again, not written twice", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.github.faults.onRequest({
    method: "POST",
    path: "/repos/{owner}/{repo}/issues/{issue_number}/comments",
    times: 1,
    fault: { kind: "answerLost" },
  });
  pull.comment("dev", "/interlock status");
  await w.settle();
  await w.advance("1m");
  expect(pull.answers).toHaveLength(1);
});

test("in a repository without a plan nobody is answered, also once the pull request is closed", async () => {
  const w = await world({ plan: null });
  const pull = w.openPull();
  await w.settle();
  pull.handle.close("dev");
  await w.settle();
  pull.comment("dev", "/interlock status");
  await w.settle();
  expect(pull.answers).toEqual([]);
});

test("many comments of a stranger cost a few requests, and hold up no other pull request", async () => {
  const w = await world();
  const pull = w.openPull();
  const other = w.openPull({ files: { "src/b.js": "1" } });
  await w.settle();
  for (let at = 0; at < 130; at += 1) {
    pull.comment("stranger", `/interlock help\n\n${at}`);
    if (at % 40 === 39) {
      await w.hear();
      w.clock.advance(60_000);
    }
  }
  w.github.log.clear();
  await w.advance("50s");
  const comments = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
  expect(w.requests[`GET ${comments}`]).toBeUndefined();
  expect(w.requests["GET /repos/{owner}/{repo}/collaborators/{username}/permission"]).toBe(1);
  other.push({ "src/b.js": "2" });
  await w.advance("10s");
  expect(w.engine.live({ sha: other.head })).toHaveLength(1);
});

test("a stranger gets twenty answers in an hour and a word about it, and who may write gets every one", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  for (let at = 0; at < 25; at += 1) pull.comment("stranger", `/interlock help\n\n${at}`);
  for (let at = 0; at < 22; at += 1) pull.comment("dev", `/interlock status\n\n${at}`);
  await w.advance("3m");
  expect(pull.answers.filter((one) => one.includes("`/interlock status` for commit"))).toHaveLength(
    22,
  );
  expect(pull.answers.filter((one) => one.includes("without permission to write"))).toHaveLength(1);
  expect(pull.answers).toHaveLength(22 + 20 + 1);
  await w.advance("2h");
  pull.comment("stranger", "/interlock help");
  await w.advance("1m");
  expect(pull.answers).toHaveLength(22 + 20 + 2);
});
