// What somebody who has recorded deliveries can have done again, and what is taken back before it is done.

import { expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { liveRun, merged, passed, releaseCheck } from "../world/production.ts";
import { worlds } from "../world/world.ts";

const open = worlds();

test("a re-run of a release that is sent again under another GUID starts nothing", async () => {
  const { w, sha } = await merged(open);
  w.sharedEngine.fail("OneBox");
  await w.settle();
  w.shop.rerequest(releaseCheck(w, sha), "boss");
  await w.advance("5s");
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  expect(w.gateOf(sha)).toBe("success (passed)");

  await w.replay("check_run", "rerequested");
  await w.advance("1m");
  expect(w.sharedEngine.live()).toEqual([]);
  expect(w.gateOf(sha)).toBe("success (passed)");
  // The person can still ask for it, on the check as it is now.
  w.shop.rerequest(releaseCheck(w, sha), "boss");
  await w.advance("5s");
  expect(liveRun(w, sha)).toBeDefined();
});

test("so does a re-run of all checks of a commit", async () => {
  const { w, sha } = await merged(open);
  w.sharedEngine.fail("OneBox");
  await w.settle();
  w.shop.rerequestSuite(releaseCheck(w, sha).suite, "boss");
  await w.advance("5s");
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  await w.replay("check_suite", "rerequested");
  await w.advance("1m");
  expect(w.sharedEngine.live()).toEqual([]);
});

test("a retry of a release that is sent again retries nothing", async () => {
  const { w, sha } = await merged(open);
  w.sharedEngine.fail("OneBox");
  await w.settle();
  w.shop.press(releaseCheck(w, sha), "Retry", "dev");
  await w.settle();
  w.sharedEngine.fail("OneBox");
  await w.settle();
  await w.replay("check_run", "requested_action");
  await w.advance("1m");
  expect(w.sharedEngine.live()).toEqual([]);
});

test("a rollback that is sent again, by button or by comment, rolls nothing back", async () => {
  const { w, pull, sha } = await passed(open);
  w.shop.press(releaseCheck(w, sha), "Roll back", "boss");
  await w.settle();
  w.sharedEngine.endRollback("succeeded");
  await w.settle();
  pull.comment("boss", "/interlock rollback shop");
  await w.settle();
  const before = w.sharedEngine.rollbacks.length;
  await w.replay("check_run", "requested_action");
  await w.replay("issue_comment", "created");
  await w.advance("1m");
  expect(w.sharedEngine.rollbacks).toHaveLength(before);
});

test("a comment that was deleted before it was acted on does nothing, and says so", async () => {
  const { w, pull } = await passed(open);
  w.hold();
  pull.comment("boss", "/interlock rollback shop").delete("boss");
  await w.hear();
  await w.settle();
  // For a moment GitHub may not show yet what it has just told of.
  expect(pull.answers).toEqual([]);
  w.clock.advance(limit.look.young_ms);
  await w.advance("10m");
  expect(pull.answers).toEqual([expect.stringContaining("does not show the comment any more")]);
  expect(w.sharedEngine.rollbacks).toEqual([]);
});

test.each([
  ["into words", "Never mind."],
  ["into another command", "/interlock rollback shop OneBox"],
  ["around the same command", "/interlock rollback shop\n\nPlease."],
])(
  "a comment that was edited %s before it was acted on does nothing, and says so",
  async (_, body) => {
    const { w, pull } = await passed(open);
    w.hold();
    const comment = pull.comment("boss", "/interlock rollback shop");
    w.clock.advance(2_000);
    comment.edit("boss", body);
    await w.hear();
    await w.settle();
    expect(pull.answers).toEqual([expect.stringContaining("is not as it was written")]);
    expect(w.sharedEngine.rollbacks).toEqual([]);
  },
);

test("while GitHub does not show the comment nothing is done, and then it is", async () => {
  const { w, pull } = await passed(open);
  w.github.faults.onRequest({
    method: "GET",
    path: "/repos/{owner}/{repo}/issues/comments/{comment_id}",
    times: 2,
    fault: { kind: "error", status: 502 },
  });
  pull.comment("boss", "/interlock rollback shop");
  await w.settle();
  expect(w.sharedEngine.rollbacks).toEqual([]);
  expect(pull.answers).toEqual([]);
  await w.advance("1m");
  expect(w.sharedEngine.rollbacks).toHaveLength(1);
});

test("a button of a check that is gone does nothing", async () => {
  const { w, sha } = await passed(open);
  w.hold();
  const check = releaseCheck(w, sha);
  w.shop.press(check, "Roll back", "boss");
  w.shop.vanish(check);
  await w.hear();
  w.clock.advance(limit.look.young_ms);
  await w.advance("10m");
  expect(w.sharedEngine.rollbacks).toEqual([]);
});

test("a button of a check that shows something else by now does nothing", async () => {
  const { w, sha } = await merged(open);
  w.hold();
  const check = releaseCheck(w, sha);
  w.shop.press(check, "Stop", "boss");
  w.shop.overwrite(check, { conclusion: "success" });
  await w.hear();
  await w.advance("1m");
  expect(liveRun(w, sha)).toBeDefined();
});
