// What people ask of production reaches what they meant, and nothing else.

import { expect, test } from "vitest";
import {
  liveRun,
  merged,
  passed,
  productionPlan,
  releaseCheck,
  releaseNext,
} from "../world/production.ts";
import { worlds } from "../world/world.ts";

const open = worlds();

test("a press on Approve for one stage never approves the next one", async () => {
  const { w, sha } = await merged(open);
  const run = liveRun(w);
  w.sharedEngine.wait(run);
  await w.advance("1m");
  // The engine took it, and its answer was lost.
  w.sharedEngine.answers.push("answer_lost");
  w.shop.press(releaseCheck(w, sha), "Approve", "mia");
  await w.hear();
  const [job] = await w.queue.take(1);
  if (job === undefined) throw new Error("no job");
  await w.workOn(job);
  expect(w.sharedEngine.approvals).toMatchObject([{ stage: "OneBox" }]);
  // It goes on, and waits for the next approval.
  w.sharedEngine.goOn(run);
  w.sharedEngine.pass("OneBox");
  w.sharedEngine.wait(run);
  await w.advance("1m");
  expect(w.gateOf(sha)).toBe("in_progress (approval_waits)");
  expect(w.sharedEngine.approvals.map(({ stage }) => stage)).toEqual(["OneBox"]);
});

test("two presses on the same page: the second does not approve the next stage", async () => {
  const { w, sha } = await merged(open);
  const run = liveRun(w);
  w.sharedEngine.wait(run);
  await w.advance("1m");
  const page = releaseCheck(w, sha);
  w.shop.press(page, "Approve", "mia");
  await w.settle();
  w.sharedEngine.goOn(run);
  w.sharedEngine.pass("OneBox");
  w.sharedEngine.wait(run);
  // The other has the page of a minute ago before her.
  w.shop.press(page, "Approve", "boss");
  await w.advance("1m");
  expect(w.sharedEngine.approvals).toHaveLength(1);
});

test("Approve on one commit's check never approves another commit's release", async () => {
  const { w, sha } = await merged(open);
  const first = liveRun(w);
  w.sharedEngine.wait(first);
  await w.advance("1m");
  const page = { ...releaseCheck(w, sha), actions: [...releaseCheck(w, sha).actions] };
  const next = w.pushTo("main", { "src/a.js": "next" });
  await w.settle();
  // The first is refused in the console; the next one begins, and waits in the same stage.
  w.sharedEngine.goOn(first);
  w.sharedEngine.failIn(first, "OneBox");
  await w.settle();
  const second = liveRun(w, next);
  w.sharedEngine.wait(second);
  await w.advance("1m");
  w.shop.press(page, "Approve", "mia");
  await w.advance("1m");
  expect(w.sharedEngine.approvals).toEqual([]);
});

test("an approval that comes late reaches nothing that began after it was written", async () => {
  const { w, pull } = await merged(open);
  const first = liveRun(w);
  w.sharedEngine.wait(first);
  await w.advance("1m");
  w.github.faults.onWebhook({ event: "issue_comment", times: 1, fault: { kind: "failed" } });
  pull.comment("mia", "/interlock approve shop OneBox");
  await w.settle();
  expect(w.sharedEngine.approvals).toEqual([]);
  await w.advance("5s");
  w.sharedEngine.goOn(first);
  w.sharedEngine.failIn(first, "OneBox");
  await w.settle();
  const next = w.pushTo("main", { "src/a.js": "next" });
  await w.advance("1h");
  const second = liveRun(w, next);
  w.sharedEngine.wait(second);
  await w.settle();
  await w.sweep();
  await w.settle();
  expect(w.sharedEngine.approvals).toEqual([]);
});

test("a rollback that comes late takes nothing out that was released after it was written", async () => {
  const { w, pull } = await passed(open);
  w.github.faults.onWebhook({ event: "issue_comment", times: 1, fault: { kind: "failed" } });
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  // GitHub tells the time of a comment in whole seconds.
  await w.advance("5s");
  await releaseNext(w, "the fix");
  await w.advance("1h");
  await w.sweep();
  await w.settle();
  expect(w.sharedEngine.rollbacks).toEqual([]);
});

test.each([
  ["behind", -10],
  ["ahead of", 10],
])(
  "what a rollback was written before is told by one clock, also where Interlock's is minutes %s GitHub's",
  async (_, minutes) => {
    const { w, pull, sha } = await passed(open);
    w.on.time.now = () => w.clock.now() + minutes * 60_000;
    w.skews[0] = minutes * 60_000;
    const good = await releaseNext(w, "good");
    w.github.faults.onWebhook({ event: "issue_comment", times: 1, fault: { kind: "failed" } });
    pull.comment("mia", "/interlock rollback shop");
    await w.settle();
    await w.advance("5s");
    const fix = await releaseNext(w, "the fix");
    await w.advance("5m");
    await w.sweep();
    await w.settle();
    expect(w.sharedEngine.rollbacks).toEqual([]);
    // The one that is written now means what is there now.
    pull.comment("mia", `/interlock rollback shop to ${sha}`);
    await w.advance("5s");
    expect(w.sharedEngine.rollbacks).toMatchObject([{ to: sha }]);
    expect([good, fix]).not.toContain(sha);
  },
);

test("Roll back on an older commit's check does not take the newer one out", async () => {
  const { w, sha: older } = await passed(open);
  await releaseNext(w, "good");
  w.shop.press(releaseCheck(w, older), "Roll back", "mia");
  await w.settle();
  expect(w.sharedEngine.rollbacks).toEqual([]);
});

test("the plan of another governed branch says nothing about who may approve main's release", async () => {
  const both = productionPlan({ branches: "main, next", place: "shop-release" });
  const w = await open({ plan: both, sharedEngine: true });
  // The plan on next lets every writer approve, and is that branch's own.
  w.shop.commit({
    branch: "next",
    files: {
      ".github/interlock.yml": productionPlan({
        branches: "next",
        commands: "commands: { approve: [write], rollback: [read] }\n",
        place: "shop-staging",
      }),
    },
  });
  await w.settle();
  for (const run of w.sharedEngine.live()) {
    w.sharedEngine.passIn(run, "OneBox");
    w.sharedEngine.passIn(run, "Production");
  }
  await w.settle();
  const sha = w.pushTo("main", { "src/a.js": "main" });
  await w.settle();
  const run = liveRun(w, sha);
  w.sharedEngine.wait(run);
  await w.settle();
  expect(w.gateOf(sha)).toBe("in_progress (approval_waits)");
  const pull = w.openPull({ base: "next" });
  await w.settle();
  pull.comment("dev", "/interlock approve shop OneBox");
  await w.settle();
  expect(w.sharedEngine.approvals).toEqual([]);
});

test("a rollback from another governed branch does not mark main's commit", async () => {
  const both = productionPlan({ branches: "main, next" });
  const w = await open({ plan: both, sharedEngine: true });
  w.shop.commit({ branch: "next", files: { "NEXT.md": "1" } });
  await w.settle();
  const staging = w.pushTo("next", {
    ".github/interlock.yml": productionPlan({ branches: "next", place: "shop-staging" }),
  });
  await w.settle();
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  const sha = await releaseNext(w, "main");
  expect(w.gateOf(staging)).toBe("success (passed)");
  const pull = w.openPull({ base: "next" });
  await w.settle();
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  expect(w.gateOf(sha)).toBe("success (passed)");
});

test("who may roll back is said by the plan in force, not by that of the commit pressed", async () => {
  const { w, sha } = await passed(open);
  w.pushTo("main", {
    ".github/interlock.yml": productionPlan({
      branches: "main",
      commands: "commands: { rollback: [admin] }\n",
    }),
  });
  await w.advance("5s");
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  w.shop.press(releaseCheck(w, sha), "Roll back", "mia");
  await w.settle();
  expect(w.sharedEngine.rollbacks).toEqual([]);
});

test("a branch that is not governed any more rolls nothing back by its buttons", async () => {
  const w = await open({ plan: productionPlan({ branches: "main, next" }), sharedEngine: true });
  w.shop.commit({ branch: "next", files: { "NEXT.md": "1" } });
  await w.settle();
  const sha = w.pushTo("next", {
    ".github/interlock.yml": productionPlan({
      branches: "next",
      commands: "commands: { rollback: [read] }\n",
    }),
  });
  await w.settle();
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  expect(w.gateOf(sha)).toBe("success (passed)");
  w.pushTo("main", {
    ".github/interlock.yml": productionPlan({
      branches: "main",
      commands: "commands: { rollback: [admin] }\n",
    }),
  });
  await w.settle();
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  w.shop.press(releaseCheck(w, sha), "Roll back", "mia");
  await w.settle();
  expect(w.sharedEngine.rollbacks).toEqual([]);
});

test("a rollback is of the release that is in the stage, though nobody told of it yet", async () => {
  const { w, pull, sha } = await passed(open);
  w.pushTo("main", { "src/a.js": "bad" });
  await w.advance("5s");
  // It goes through within the minute in which nothing is told.
  w.losesNotice = () => true;
  w.sharedEngine.pass("OneBox");
  w.sharedEngine.fail("Production");
  pull.comment("mia", "/interlock rollback shop Production");
  await w.settle();
  w.sharedEngine.endRollback("succeeded");
  await w.advance("5m");
  expect(w.gateOf(sha)).toBe("success (passed)");
});

test("without a stage: the stage that the newest release has reached", async () => {
  const { w, pull } = await passed(open);
  w.pushTo("main", { "src/a.js": "bad" });
  await w.advance("5s");
  w.losesNotice = () => true;
  w.sharedEngine.pass("OneBox");
  w.sharedEngine.fail("Production");
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  expect(w.sharedEngine.rollbacks).toMatchObject([{ stage: "Production" }]);
});

test("the same rollback in other letters, in one comment, is done once", async () => {
  const { w, pull } = await passed(open);
  pull.comment(
    "mia",
    "/interlock rollback shop production\n\n/interlock rollback Shop Production\n\n/interlock rollback shop",
  );
  await w.settle();
  expect(w.sharedEngine.rollbacks).toHaveLength(1);
});

const both = productionPlan().replace(
  "verify: { engine: local, stages: [{ name: build, run: make }] }",
  "verify: { engine: codepipeline, pipeline: shop-verify, region: eu-west-1, stages: [Check] }",
);

test("Approve on a pull request's check does not approve production", async () => {
  const w = await open({ plan: both, sharedEngine: true });
  const landed = w.pushTo("main", { "src/a.js": "2" });
  await w.settle();
  const prod = liveRun(w, landed);
  w.sharedEngine.wait(prod);
  const pull = w.openPull();
  await w.settle();
  const [run] = w.sharedEngine.live({ part: "verify" });
  if (run === undefined) throw new Error("no run");
  w.sharedEngine.wait(run);
  await w.advance("1m");
  const page = pull.check("interlock/shop/verify");
  const before = { ...page, actions: [...page.actions] };
  // A colleague answers first.
  w.sharedEngine.goOn(run);
  w.sharedEngine.passIn(run, "Check");
  w.shop.press(before, "Approve", "mia");
  await w.settle();
  expect(w.sharedEngine.approvals).toEqual([]);
});

test("rolled back twice: the older commit, which is taken out the second time, turns red", async () => {
  const { w, pull, sha: oldest } = await passed(open);
  const older = await releaseNext(w, "older");
  const newer = await releaseNext(w, "newer");
  w.sharedEngine.before = older;
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  w.sharedEngine.endRollback("succeeded");
  await w.settle();
  expect(w.gateOf(newer)).toBe("failure (rolled_back)");
  // The one that came back is bad too: AWS goes one further.
  w.sharedEngine.before = oldest;
  const ids = new Set(w.sharedEngine.back.keys());
  pull.comment("mia", `/interlock rollback shop to ${oldest}`);
  await w.settle();
  for (const id of w.sharedEngine.back.keys())
    if (!ids.has(id)) {
      w.sharedEngine.back.set(id, {
        state: "succeeded",
        why: "",
        stages: [],
        endedAt: w.clock.now(),
      });
      await w.store.wakeExecution(id.slice("back:".length), "us");
    }
  await w.settle();
  expect(w.gateOf(older)).toBe("failure (rolled_back)");
});

test("a rollback that its engine does not take is over once it is taken back", async () => {
  const { w, pull } = await passed(open);
  const real = w.sharedEngine.rollback.bind(w.sharedEngine);
  w.sharedEngine.rollback = async () => ({
    kind: "failed",
    why: "The role does not let Interlock in.",
  });
  const comment = pull.comment("mia", "/interlock rollback shop");
  await w.advance("1h");
  comment.delete("mia");
  await w.advance("1h");
  w.sharedEngine.rollback = real;
  await w.advance("1h");
  expect(w.sharedEngine.rollbacks).toEqual([]);
  // It keeps nobody else's out.
  pull.comment("mia", "/interlock rollback shop");
  await w.advance("1m");
  expect(w.sharedEngine.rollbacks).toHaveLength(1);
});

test("a rollback that its engine does not take is not carried out for who lost the role meanwhile", async () => {
  const { w, pull } = await passed(open);
  const real = w.sharedEngine.rollback.bind(w.sharedEngine);
  w.sharedEngine.rollback = async () => ({
    kind: "failed",
    why: "The role does not let Interlock in.",
  });
  pull.comment("mia", "/interlock rollback shop");
  await w.advance("1h");
  w.shop.setPermission("mia", "read");
  await w.advance("1h");
  w.sharedEngine.rollback = real;
  await w.advance("1h");
  expect(w.sharedEngine.rollbacks).toEqual([]);
});

test("a rollback that its engine does not take for hours is over, and the person is told", async () => {
  const { w, pull } = await passed(open);
  const real = w.sharedEngine.rollback.bind(w.sharedEngine);
  w.sharedEngine.rollback = async () => ({
    kind: "failed",
    why: "The role does not let Interlock in.",
  });
  pull.comment("mia", "/interlock rollback shop");
  for (let hour = 0; hour < 8; hour += 1) await w.advance("1h");
  w.sharedEngine.rollback = real;
  await w.advance("1h");
  expect(w.sharedEngine.rollbacks).toEqual([]);
  expect(pull.answers.join("\n")).toContain("could not be asked for 6 hours");
});

test.each(["button", "re-run"])("a %s that comes two days late is not carried out", async (how) => {
  const { w, sha } = await passed(open);
  w.github.faults.onWebhook({ fault: { kind: "failed" } });
  if (how === "button") w.shop.press(releaseCheck(w, sha), "Roll back", "mia");
  else w.shop.rerequest(releaseCheck(w, sha), "mia");
  await w.settle();
  w.github.faults.stop();
  w.clock.advance(48 * 60 * 60_000);
  await w.sweep();
  await w.advance("1m");
  expect([...w.sharedEngine.rollbacks, ...w.sharedEngine.live()]).toEqual([]);
});

test("a button whose delivery was lost for an hour is carried out", async () => {
  const { w, sha } = await passed(open);
  w.github.faults.onWebhook({ fault: { kind: "failed" } });
  w.shop.press(releaseCheck(w, sha), "Roll back", "mia");
  await w.settle();
  w.github.faults.stop();
  w.clock.advance(60 * 60_000);
  await w.sweep();
  await w.advance("1m");
  expect(w.sharedEngine.rollbacks).toHaveLength(1);
});
