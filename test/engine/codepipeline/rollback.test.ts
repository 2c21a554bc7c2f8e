// Rolling back: what is meant, to a release of Interlock's own, and once for each request.

import { describe, expect, test } from "vitest";
import type { Mode } from "../../../sandbox/aws/codepipeline/model.ts";
import type { RollbackRequest } from "../../../src/ports/engine.ts";
import { openWorld, sha, shop, states, type World, type WorldOptions } from "./world.ts";

/** Each through the whole pipeline, one after the other. */
async function released(digits: string, options: WorldOptions = {}): Promise<World> {
  const w = await openWorld(options);
  for (const digit of digits) await through(w, digit);
  return w;
}

async function through(w: World, digit: string): Promise<void> {
  const id = await started(w, digit);
  w.pipeline.execution(id).passUntil();
}

async function started(w: World, digit: string): Promise<string> {
  w.clock.advance(60_000);
  const key = `release ${digit} ${w.pipeline.executions().length}`;
  return await w.start({ key, sha: sha(digit) });
}

/** It comes as far as Production, and fails there. */
async function broken(w: World, digit: string): Promise<string> {
  const id = await started(w, digit);
  w.pipeline.execution(id).passUntil("Production").fail("Production");
  return id;
}

/** To take out that commit, and bring back any of those. */
function asked(
  w: World,
  [from, among]: readonly [from: string, among: string],
  of: Partial<RollbackRequest> = {},
): RollbackRequest {
  return {
    spec: w.spec,
    repository: shop,
    stage: "Production",
    from: sha(from),
    to: null,
    among: [...among].map(sha),
    key: "comment:1",
    ...of,
  };
}

const refused = (why: string | RegExp) => ({
  kind: "refused",
  why: typeof why === "string" ? why : expect.stringMatching(why),
});

function rollbacks({ pipeline }: World): number {
  return pipeline.executions().filter(({ data }) => data.type === "ROLLBACK").length;
}

test("brings back the last that succeeded before what failed", async () => {
  const w = await released("ab");
  const bad = await broken(w, "c");
  const done = await w.engine.rollback(asked(w, ["c", "ab"]));
  expect(done).toEqual({ kind: "started", engineId: w.pipeline.latest().id, sha: sha("b") });
  expect(w.pipeline.latest().data).toMatchObject({ type: "ROLLBACK" });
  if (done.kind !== "started") return;
  expect(states(await w.see(done.engineId))).toMatchObject({ Production: "running" });
  w.pipeline.latest().passUntil();
  expect(await w.see(done.engineId)).toMatchObject({ state: "succeeded" });
  // The failed commit stays as it was.
  expect(await w.see(bad)).toMatchObject({ state: "failed" });
});

test("of what succeeded goes to the commit before, and of a rollback still further", async () => {
  const w = await released("abbc");
  expect(await w.engine.rollback(asked(w, ["c", "abc"]))).toMatchObject({ sha: sha("b") });
  w.pipeline.latest().passUntil();
  expect(await w.engine.rollback(asked(w, ["b", "ab"], { key: "2" }))).toMatchObject({
    sha: sha("a"),
  });
  w.pipeline.latest().passUntil();
  expect(await w.engine.rollback(asked(w, ["a", "a"], { key: "3" }))).toEqual(
    refused(
      "No earlier release of Interlock's own has passed the stage Production since the pipeline shop-release was last changed, so there is nothing to go back to. Revert the change and release that instead.",
    ),
  );
});

describe("what comes back", () => {
  test("was not taken out before", async () => {
    const w = await released("abc");
    expect(await w.engine.rollback(asked(w, ["c", "ac"]))).toMatchObject({ sha: sha("a") });
  });

  test("was released by Interlock, and not by somebody at the console", async () => {
    const w = await released("a");
    w.clock.advance(60_000);
    w.pipeline.startByConsole("eve", sha("f")).passUntil();
    await through(w, "c");
    expect(await w.engine.rollback(asked(w, ["c", "ac"]))).toMatchObject({ sha: sha("a") });
    w.pipeline.latest().passUntil();
    // Even where it is a commit of ours: what was done there was asked of nobody.
    w.clock.advance(60_000);
    w.pipeline.startByConsole("eve", sha("d")).passUntil();
    await through(w, "e");
    expect(await w.engine.rollback(asked(w, ["e", "d"], { key: "2" }))).toEqual(
      refused(/No earlier release of Interlock's own/),
    );
    expect(await w.engine.rollback(asked(w, ["e", "d"], { key: "3", to: sha("d") }))).toEqual(
      refused(
        `No release of the commit ${sha("d")} by Interlock has passed the stage Production since the pipeline shop-release was last changed, so AWS cannot go back to it. Revert the change and release that instead.`,
      ),
    );
    expect(rollbacks(w)).toBe(1);
  });

  test("is the commit that is named, by the beginning of its name too", async () => {
    const w = await released("abc");
    expect(await w.engine.rollback(asked(w, ["c", "abc"], { to: "AAAAAAA" }))).toMatchObject({
      sha: sha("a"),
    });
  });

  test("is none but the one that is named", async () => {
    const w = await released("abc");
    const named = (to: string, among: string) =>
      w.engine.rollback(asked(w, ["c", among], { to, key: `${to} ${among}` }));
    expect(await named(sha("b"), "ac")).toEqual(
      refused(
        `The commit ${sha("b")} was not released by Interlock through the stage Production, or was taken out of it again, so it does not come back. Revert the change and release that instead.`,
      ),
    );
    expect(await named(sha("c"), "abc")).toEqual(
      refused(`The commit ${sha("c")} is in the stage Production already.`),
    );
    const twin = `aaaaaaa${"0".repeat(33)}`;
    const both = [sha("a"), twin];
    expect(
      await w.engine.rollback(asked(w, ["c", ""], { to: "aaaaaaa", among: both, key: "2" })),
    ).toEqual(
      refused(`Several commits begin with aaaaaaa: ${sha("a")}, ${twin}. Name the whole one.`),
    );
    expect(rollbacks(w)).toBe(0);
  });
});

describe("what is taken out is what is meant", () => {
  const other =
    "In the stage Production is ccccccc by now, not bbbbbbb. Repeat it if it is meant for that.";

  test("and not what was released since", async () => {
    const w = await released("a");
    await broken(w, "b");
    await through(w, "c");
    expect(await w.engine.rollback(asked(w, ["b", "a"]))).toEqual(refused(other));
    expect(rollbacks(w)).toBe(0);
  });

  test("also where AWS took the request only after that", async () => {
    const w = await released("a");
    await broken(w, "b");
    w.aws.faults.onRequest({ operation: "RollbackStage", fault: { kind: "throttled" } });
    expect(await w.engine.rollback(asked(w, ["b", "a"]))).toMatchObject({ kind: "failed" });
    await through(w, "c");
    w.aws.faults.stop();
    w.restart();
    expect(await w.engine.rollback(asked(w, ["b", "a"]))).toEqual(refused(other));
    expect(rollbacks(w)).toBe(0);
  });

  test("also while the new one is still on its way through the stage", async () => {
    const w = await released("a");
    await broken(w, "b");
    const fix = await started(w, "c");
    w.pipeline.execution(fix).passUntil("Production");
    expect(await w.engine.rollback(asked(w, ["b", "a"]))).toEqual(refused(other));
  });

  test("and not what is seen to have come while the request was looked into", async () => {
    const w = await released("a");
    await broken(w, "b");
    const fix = await started(w, "c");
    w.pipeline.execution(fix).passUntil("Production");
    w.pipeline.data.latest.set("Production", await stageOf(w, "b"));
    // The lists are read by then, and the state is not.
    w.meanwhile("ListPipelineExecutions", () =>
      w.pipeline.data.latest.set("Production", runOf(w, fix)),
    );
    expect(await w.engine.rollback(asked(w, ["b", "a"]))).toEqual(refused(other));
  });

  function runOf(w: World, id: string) {
    const run = w.pipeline.execution(id).run("Production");
    if (run === undefined) throw new Error("not in Production");
    return run;
  }
  async function stageOf(w: World, digit: string) {
    const found = w.pipeline.executions().find((one) => one.sha === sha(digit));
    return runOf(w, found?.id ?? "");
  }

  test("of a rollback it is what that brought back", async () => {
    const w = await released("abc");
    await w.engine.rollback(asked(w, ["c", "ab"]));
    w.pipeline.latest().passUntil();
    expect(await w.engine.rollback(asked(w, ["c", "ab"], { key: "2" }))).toEqual(
      refused(
        "In the stage Production is bbbbbbb by now, not ccccccc. Repeat it if it is meant for that.",
      ),
    );
    expect(rollbacks(w)).toBe(1);
  });

  test("after a rollback that failed it may be either", async () => {
    for (const [from, back] of [
      ["c", "b"],
      ["b", "a"],
    ] as const) {
      const w = await released("ab");
      await broken(w, "c");
      await w.engine.rollback(asked(w, ["c", "ab"]));
      w.pipeline.latest().fail("Production");
      expect(await w.engine.rollback(asked(w, ["d", "ab"], { key: "2" }))).toEqual(
        refused(/is bbbbbbb by now, not ddddddd/),
      );
      expect(await w.engine.rollback(asked(w, [from, "ab"], { key: "3" }))).toMatchObject({
        kind: "started",
        sha: sha(back),
      });
    }
  });

  test("after a rollback of AWS's own that failed as well", async () => {
    const w = await released("a", {
      pipeline: { stages: ["Build", { name: "Production", onFailure: { result: "ROLLBACK" } }] },
    });
    await broken(w, "b");
    expect(w.pipeline.latest().data.trigger.type).toBe("AutomatedRollback");
    w.pipeline.latest().fail("Production");
    expect(await w.engine.rollback(asked(w, ["b", "a"]))).toMatchObject({ sha: sha("a") });
  });

  test("is found however many executions came no further than the source since", async () => {
    const w = await released("a");
    await broken(w, "b");
    for (let n = 0; n < 120; n += 1) w.pipeline.startByConsole("eve", sha("f")).fail("Source");
    expect(await w.engine.rollback(asked(w, ["b", "a"]))).toMatchObject({ sha: sha("a") });
  });

  test("and is nothing where AWS does not tell what is there", async () => {
    const w = await released("a");
    expect(await w.engine.rollback(asked(w, ["a", "a"], { stage: "Smoke", key: "0" }))).toEqual(
      refused(/has no stage Smoke/),
    );
    w.pipeline.addStage("Smoke");
    expect(await w.engine.rollback(asked(w, ["a", "a"], { stage: "Smoke", key: "1" }))).toEqual(
      refused(
        "Nothing has come into the stage Smoke of the pipeline shop-release yet, so there is nothing to take out of it.",
      ),
    );
    await broken(w, "b");
    // AWS keeps executions for a year.
    w.pipeline.data.executions.length = 0;
    expect(await w.engine.rollback(asked(w, ["b", "a"]))).toEqual(
      refused(
        "AWS does not tell which commit is in the stage Production now, so nothing is taken out of it. Revert the change and release that instead.",
      ),
    );
  });
});

describe("once for each request", () => {
  const lost = { operation: "RollbackStage", times: 1, fault: { kind: "answerLost" } } as const;
  const cut = { operation: "RollbackStage", times: 1, fault: { kind: "cut" } } as const;

  test("also where its answer was lost", async () => {
    const w = await released("ab");
    w.aws.faults.onRequest(lost);
    expect(await w.engine.rollback(asked(w, ["b", "a"]))).toMatchObject({ kind: "failed" });
    w.restart();
    const done = await w.engine.rollback(asked(w, ["b", "a"]));
    expect(done).toEqual({ kind: "started", engineId: w.pipeline.latest().id, sha: sha("a") });
    expect(await w.engine.rollback(asked(w, ["b", "a"]))).toEqual(done);
    expect(w.pipeline.executions()).toHaveLength(3);
  });

  test("that never arrived is done when that is sure", async () => {
    const w = await released("ab");
    w.aws.faults.onRequest(cut);
    expect(await w.engine.rollback(asked(w, ["b", "a"]))).toMatchObject({ kind: "failed" });
    expect(await w.engine.rollback(asked(w, ["b", "a"]))).toMatchObject({ kind: "failed" });
    w.clock.advance(11_000);
    expect(await w.engine.rollback(asked(w, ["b", "a"]))).toMatchObject({ kind: "started" });
    expect(w.pipeline.executions()).toHaveLength(3);
  });

  test("where the second call took effect and AWS does not show it yet", async () => {
    const w = await released("ab");
    w.aws.faults.onRequest(cut);
    await w.engine.rollback(asked(w, ["b", "a"]));
    w.clock.advance(11_000);
    w.aws.faults.onRequest(lost);
    expect(await w.engine.rollback(asked(w, ["b", "a"]))).toMatchObject({ kind: "failed" });
    w.aws.faults.onRequest({
      operation: "ListPipelineExecutions",
      times: 1,
      fault: { kind: "unseen", ms: 10_000 },
    });
    expect(await w.engine.rollback(asked(w, ["b", "a"]))).toEqual({
      kind: "failed",
      why: "AWS may not show the rollback yet.",
    });
    expect(await w.engine.rollback(asked(w, ["b", "a"]))).toMatchObject({ kind: "started" });
    expect(rollbacks(w)).toBe(1);
  });

  test("is not given up while the list is refused: the first call may have taken effect", async () => {
    const w = await released("ab");
    w.aws.faults.onRequest(lost);
    await w.engine.rollback(asked(w, ["b", "a"]));
    w.aws.faults.onRequest({
      operation: "ListPipelineExecutions",
      fault: { kind: "refused", code: "AccessDeniedException" },
    });
    expect(await w.engine.rollback(asked(w, ["b", "a"]))).toEqual({
      kind: "failed",
      why: expect.stringContaining('"Action":"codepipeline:ListPipelineExecutions"'),
    });
    w.aws.faults.stop();
    expect(await w.engine.rollback(asked(w, ["b", "a"]))).toMatchObject({ kind: "started" });
  });

  test("nor while Interlock may not look any more", async () => {
    const options = { spec: { role: null }, ownCredentials: true };
    const w = await released("ab", options);
    w.aws.faults.onRequest(lost);
    await w.engine.rollback(asked(w, ["b", "a"]));
    options.ownCredentials = false;
    w.restart();
    expect(await w.engine.rollback(asked(w, ["b", "a"]))).toMatchObject({ kind: "failed" });
    expect(await w.engine.find("comment:1")).toMatchObject({ kind: "unknown" });
    expect(await w.engine.rollback(asked(w, ["b", "a"], { key: "new" }))).toMatchObject({
      kind: "refused",
    });
  });

  test("does not bring back what may not come back any more", async () => {
    const w = await released("abc");
    w.aws.faults.onRequest(cut);
    await w.engine.rollback(asked(w, ["c", "ab"]));
    w.clock.advance(11_000);
    expect(await w.engine.rollback(asked(w, ["c", "a"]))).toEqual(
      refused(/^The commit b{40} was not released .* or was taken out of it again/),
    );
    expect(rollbacks(w)).toBe(0);
  });

  test("is about what it was about first, however it is repeated", async () => {
    const w = await released("ab");
    w.aws.faults.onRequest(cut);
    await w.engine.rollback(asked(w, ["b", "a"]));
    await through(w, "c");
    expect(await w.engine.rollback(asked(w, ["c", "ab"]))).toEqual(refused(/not bbbbbbb/));
  });
});

describe("two requests for one rollback", () => {
  const two = (w: World, key: string) => w.engine.rollback(asked(w, ["b", "a"], { key }));

  test("are one rollback: the second is told that it was somebody else's", async () => {
    const w = await released("ab");
    w.aws.faults.onRequest({ operation: "RollbackStage", times: 1, fault: { kind: "cut" } });
    expect(await two(w, "k1")).toMatchObject({ kind: "failed" });
    w.aws.faults.onRequest({ operation: "RollbackStage", times: 1, fault: { kind: "answerLost" } });
    expect(await two(w, "k2")).toMatchObject({ kind: "failed" });
    expect(await two(w, "k2")).toMatchObject({ kind: "started" });
    const late = refused("Somebody else's request has rolled it back already.");
    expect(await two(w, "k1")).toEqual(late);
    w.pipeline.latest().passUntil();
    w.clock.advance(60_000);
    expect(await two(w, "k1")).toEqual(late);
    expect(await w.engine.find("k1")).toEqual({ kind: "absent" });
    expect(rollbacks(w)).toBe(1);
  });

  test("do not stand in each other's way where one took what the other had started", async () => {
    const w = await released("ab");
    w.aws.faults.onRequest({ operation: "RollbackStage", times: 1, fault: { kind: "cut" } });
    expect(await two(w, "k1")).toMatchObject({ kind: "failed" });
    let taken = Promise.resolve();
    w.meanwhile("RollbackStage", () => {
      taken = w.runs.update("k1", { executionId: w.pipeline.latest().id });
    });
    expect(await two(w, "k2")).toMatchObject({ kind: "refused" });
    await taken;
    expect(await two(w, "k1")).toMatchObject({ kind: "started" });
  });

  test("are two where they are for two stages", async () => {
    const w = await released("ab", {
      pipeline: { mode: "QUEUED", stages: ["Build", "OneBox", "Production"] },
    });
    const ask = (stage: string) => w.engine.rollback(asked(w, ["b", "a"], { stage, key: stage }));
    w.aws.faults.onRequest({ operation: "RollbackStage", times: 1, fault: { kind: "cut" } });
    expect(await ask("OneBox")).toMatchObject({ kind: "failed" });
    w.aws.faults.onRequest({ operation: "RollbackStage", times: 1, fault: { kind: "answerLost" } });
    expect(await ask("Production")).toMatchObject({ kind: "failed" });
    // In the list of executions the one in Production looks like the one that was to be in OneBox.
    const production = w.pipeline.latest().id;
    w.clock.advance(11_000);
    expect(await ask("OneBox")).toMatchObject({ kind: "started" });
    expect(w.pipeline.latest().stage).toBe("OneBox");
    expect(await ask("Production")).toMatchObject({ engineId: production });
  });
});

describe("find", () => {
  test("tells what became of a rollback, and does nothing", async () => {
    const w = await released("ab");
    expect(await w.engine.find("comment:1")).toEqual({ kind: "absent" });
    w.aws.faults.onRequest({ operation: "RollbackStage", times: 1, fault: { kind: "cut" } });
    await w.engine.rollback(asked(w, ["b", "a"]));
    expect(await w.engine.find("comment:1")).toMatchObject({ kind: "unknown" });
    w.clock.advance(11_000);
    expect(await w.engine.find("comment:1")).toEqual({ kind: "absent" });
    w.aws.faults.onRequest({ operation: "RollbackStage", times: 1, fault: { kind: "answerLost" } });
    await w.engine.rollback(asked(w, ["b", "a"]));
    w.aws.faults.onRequest({
      operation: "ListPipelineExecutions",
      times: 1,
      fault: { kind: "refused", code: "AccessDeniedException" },
    });
    expect(await w.engine.find("comment:1")).toMatchObject({ kind: "unknown" });
    const { id } = w.pipeline.latest();
    expect(await w.engine.find("comment:1")).toEqual({ kind: "known", value: id });
    expect(rollbacks(w)).toBe(1);
  });

  test("waits for a rollback that has not told in which stage it is", async () => {
    const w = await released("ab");
    w.aws.faults.onRequest({ operation: "RollbackStage", times: 1, fault: { kind: "answerLost" } });
    await w.engine.rollback(asked(w, ["b", "a"]));
    w.clock.advance(60_000);
    const shown = w.pipeline.latest().data.actions.splice(0);
    expect(await w.engine.find("comment:1")).toMatchObject({ kind: "unknown" });
    w.pipeline.latest().data.actions.push(...shown);
    expect(await w.engine.find("comment:1")).toMatchObject({ kind: "known" });
  });
});

test("is refused where the stage runs, has no such name or only takes the source", async () => {
  const w = await released("ab");
  expect(await w.engine.rollback(asked(w, ["b", "a"], { stage: "Prod", key: "1" }))).toEqual(
    refused("The pipeline shop-release has no stage Prod; it has Source, Build, Test, Production."),
  );
  expect(await w.engine.rollback(asked(w, ["b", "a"], { stage: "Source", key: "2" }))).toEqual(
    refused(/only takes the source/),
  );
  const id = await started(w, "c");
  w.pipeline.execution(id).passUntil("Production");
  expect(await w.engine.rollback(asked(w, ["c", "ab"], { key: "3" }))).toEqual(
    refused(/Production is running at this moment/),
  );
});

test("is refused after a change of the pipeline, and in PARALLEL mode", async () => {
  const w = await released("ab");
  w.pipeline.addStage("Smoke");
  for (const to of [null, sha("a")])
    expect(await w.engine.rollback(asked(w, ["b", "a"], { to }))).toEqual(
      refused(/since the pipeline shop-release was last changed/),
    );
  const executionMode: Mode = "PARALLEL";
  w.pipeline.change((declaration) => ({ ...declaration, executionMode }));
  expect(await w.engine.rollback(asked(w, ["b", "a"]))).toEqual(refused(/PARALLEL mode/));
  expect(w.runs.all().some(({ request }) => request.kind === "rollback")).toBe(false);
});

test("waits while AWS does not answer, and names a missing permission", async () => {
  const w = await released("ab");
  w.aws.faults.onRequest({ operation: "GetPipelineState", fault: { kind: "error" } });
  expect(await w.engine.rollback(asked(w, ["b", "a"]))).toMatchObject({ kind: "failed" });
  w.aws.faults.stop();
  w.aws.faults.onRequest({
    operation: "RollbackStage",
    fault: { kind: "refused", code: "AccessDeniedException" },
  });
  expect(await w.engine.rollback(asked(w, ["b", "a"]))).toEqual({
    kind: "refused",
    why: expect.stringContaining(
      '{"Effect":"Allow","Action":"codepipeline:RollbackStage","Resource":"arn:aws:codepipeline:eu-west-1:111122223333:shop-release/Production"}',
    ),
  });
});
