// Looking for what others did in pipelines, where no event told of it.

import { describe, expect, test } from "vitest";
import { limit } from "../../../src/core/model/limit.ts";
import { openWorld, sha, type World } from "./world.ts";

const minute = 60_000;

/** After so long that the pipeline is looked at again. */
async function pipelineResync(w: World): Promise<readonly string[]> {
  w.clock.advance(6 * minute);
  return await w.engine.pipelineResync();
}

function lists(w: World): number {
  return w.calls()["codepipeline:ListPipelineExecutions"] ?? 0;
}

test("what others start for a commit of ours is told once, by all runs for it", async () => {
  const w = await openWorld({ pipeline: { mode: "PARALLEL" } });
  const ids = [
    await w.start({ key: "verify" }),
    await w.start({ key: "release" }),
    await w.start({ key: "other", sha: sha("b") }),
  ];
  for (const id of ids) {
    w.pipeline.execution(id).passUntil();
    await w.see(id);
  }
  expect(await pipelineResync(w)).toEqual([]);
  const foreign = w.pipeline.startByConsole("ann", sha("a"));
  // Which commit it takes does not show yet.
  expect(await pipelineResync(w)).toEqual([]);
  foreign.pass("Source");
  expect([...(await pipelineResync(w))].sort()).toEqual(["release", "verify"]);
  expect(await pipelineResync(w)).toEqual([]);
  w.pipeline.startByPush({ sha: sha("b") }).pass("Source");
  expect(await pipelineResync(w)).toEqual(["other"]);
  // Another process does not know what this one has told.
  w.restart();
  expect([...(await pipelineResync(w))].sort()).toEqual(["other", "release", "verify"]);
});

test("a commit that Interlock never ran is told of by nobody, and neither is what it did itself", async () => {
  const w = await openWorld();
  for (const digit of ["a", "b"]) {
    const id = await w.start({ key: digit, sha: sha(digit) });
    w.pipeline.execution(id).passUntil();
    await w.see(id);
  }
  w.pipeline.startByConsole("ann", sha("f")).pass("Source");
  const rolled = await w.engine.rollback({
    spec: w.spec,
    repository: w.request({}).repository,
    stage: "Production",
    from: sha("b"),
    to: null,
    among: [sha("a")],
    key: "back",
  });
  expect(rolled.kind).toBe("started");
  w.pipeline.latest().passUntil();
  expect(await pipelineResync(w)).toEqual([]);
});

test("a rollback in the console is told to the commit that it brings back", async () => {
  const w = await openWorld();
  const good = await w.start({ key: "good" });
  w.pipeline.execution(good).passUntil();
  const bad = await w.start({ key: "bad", sha: sha("b") });
  w.pipeline.execution(bad).passUntil();
  for (const id of [good, bad]) await w.see(id);
  w.pipeline.rollback("Production", good);
  expect(await pipelineResync(w)).toEqual(["good"]);
});

test("a pipeline that has few runs is looked at however many the others have", async () => {
  const w = await openWorld();
  const id = await w.start({ key: "release" });
  w.pipeline.execution(id).passUntil();
  await w.see(id);
  const verify = { ...w.spec, pipeline: "shop-verify" };
  for (let n = 0; n < limit.codepipeline.patrol_runs_all; n += 1) {
    w.clock.advance(1);
    await w.runs.add({
      token: `verify ${n}`,
      request: {
        kind: "start",
        start: w.request({ spec: verify }),
        source: "Source",
        variables: {},
      },
      executionId: null,
      startedAt: w.clock.now(),
      heard: { count: 0, last: [] },
      acts: [],
    });
  }
  w.pipeline.startByConsole("ann", sha("a")).pass("Source");
  expect(await pipelineResync(w)).toEqual(["release"]);
});

describe("what had ended and runs again", () => {
  async function failed() {
    const w = await openWorld();
    const id = await w.start({ key: "one" });
    w.pipeline.pass("Source");
    w.pipeline.fail("Build");
    expect((await w.see(id)).state).toBe("failed");
    w.aws.faults.onEvent({ fault: { kind: "lost" } });
    return { w, id };
  }

  test("is told once for each time, and read again", async () => {
    const { w, id } = await failed();
    expect(await pipelineResync(w)).toEqual([]);
    w.pipeline.retry("Build");
    expect(await pipelineResync(w)).toEqual(["one"]);
    expect(await w.glance(id)).toMatchObject({ state: "running" });
    expect(await pipelineResync(w)).toEqual([]);
    w.pipeline.fail("Build");
    expect((await w.see(id)).state).toBe("failed");
    expect(await pipelineResync(w)).toEqual([]);
    w.pipeline.retry("Build");
    expect(await pipelineResync(w)).toEqual(["one"]);
  });

  test("is told though nobody reads it, and not again and again", async () => {
    const { w } = await failed();
    w.pipeline.retry("Build");
    expect(await pipelineResync(w)).toEqual(["one"]);
    expect(await pipelineResync(w)).toEqual([]);
  });

  test("is told though it has ended again before anybody looked, once for each time", async () => {
    const { w, id } = await failed();
    expect(await pipelineResync(w)).toEqual([]);
    w.clock.advance(1_000);
    w.pipeline.retry("Build");
    w.pipeline.fail("Build");
    expect(await pipelineResync(w)).toEqual(["one"]);
    expect(await pipelineResync(w)).toEqual([]);
    expect((await w.glance(id)).state).toBe("failed");
    expect(await pipelineResync(w)).toEqual([]);
    w.clock.advance(1_000);
    w.pipeline.retry("Build").passUntil();
    expect(await pipelineResync(w)).toEqual(["one"]);
    expect((await w.glance(id)).state).toBe("succeeded");
    expect(await pipelineResync(w)).toEqual([]);
  });

  test("is told by a process that only saw it in a list", async () => {
    const { w } = await failed();
    w.restart();
    expect(await pipelineResync(w)).toEqual([]);
    w.clock.advance(1_000);
    w.pipeline.retry("Build").passUntil();
    expect(await pipelineResync(w)).toEqual(["one"]);
    expect(await pipelineResync(w)).toEqual([]);
  });

  test("is told by a process that has not seen its end, and by one that has forgotten it", async () => {
    const { w, id } = await failed();
    w.pipeline.retry("Build");
    w.restart();
    expect(await pipelineResync(w)).toEqual(["one"]);
    w.restart();
    // It is followed here, so there is nothing to tell.
    w.clock.advance(minute);
    expect((await w.glance(id)).state).toBe("running");
    expect(await pipelineResync(w)).toEqual([]);
  });
});

describe("pace", () => {
  test("each pipeline is looked at every five minutes, and not once nobody has used it for long", async () => {
    const w = await openWorld();
    w.aws.createPipeline({ name: "shop-verify", stages: ["Build"] });
    const stages = ["Source", "Build"].map((name) => ({ name, reports: [] }));
    const verify = { ...w.spec, pipeline: "shop-verify", stages };
    const id = await w.start({ key: "release" });
    await w.engine.start(w.request({ key: "verify", spec: verify }));
    w.pipeline.execution(id).passUntil();
    w.clock.advance(6 * minute);
    await w.engine.pipelineResync();
    expect(lists(w)).toBe(2);
    w.clock.advance(3 * minute);
    await w.engine.pipelineResync();
    expect(lists(w)).toBe(2);
    w.clock.advance(2 * minute);
    await w.engine.pipelineResync();
    expect(lists(w)).toBe(4);
    w.clock.advance(8 * 24 * 60 * minute);
    await w.engine.pipelineResync();
    expect(lists(w)).toBe(4);
  });

  test("a list that was read for an execution serves here too, while it is young", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    w.clock.advance(6 * minute);
    await w.glance(id);
    const before = lists(w);
    w.clock.advance(30_000);
    await w.engine.pipelineResync();
    expect(lists(w)).toBe(before);
    await pipelineResync(w);
    expect(lists(w)).toBe(before + 1);
  });
});

describe("what gives no answer", () => {
  async function two() {
    const w = await openWorld();
    w.aws.createPipeline({ name: "shop-verify", stages: ["Build"] });
    const stages = ["Source", "Build"].map((name) => ({ name, reports: [] }));
    const verify = { ...w.spec, pipeline: "shop-verify", stages };
    const id = await w.start({ key: "release" });
    await w.engine.start(w.request({ key: "verify", spec: verify }));
    w.pipeline.execution(id).passUntil();
    await w.see(id);
    await pipelineResync(w);
    w.pipeline.startByConsole("ann", sha("a")).pass("Source");
    return w;
  }

  test.each([
    ["a limit of rate", { kind: "throttled" }],
    ["an outage", { kind: "error" }],
    ["a broken connection", { kind: "cut" }],
  ] as const)(
    "because of %s is asked again next time, and the rest there not meanwhile",
    async (_, fault) => {
      const w = await two();
      w.aws.faults.onRequest({ operation: "ListPipelineExecutions", fault });
      const before = w.aws.log.all.length;
      expect(await pipelineResync(w)).toEqual([]);
      const asked = w.aws.log.all.slice(before).map(({ input }) => JSON.stringify(input));
      expect(new Set(asked).size).toBeLessThanOrEqual(1);
      w.aws.faults.stop();
      expect(await w.engine.pipelineResync()).toEqual(["release"]);
      expect(w.log.heard).toEqual([]);
    },
  );

  test("because the pipeline or the permission is gone hides no other one", async () => {
    const w = await two();
    const gone = { ...w.spec, pipeline: "shop-gone" };
    await w.runs.add({
      token: "gone",
      request: { kind: "start", start: w.request({ spec: gone }), source: "Source", variables: {} },
      executionId: null,
      startedAt: w.clock.now(),
      heard: { count: 0, last: [] },
      acts: [],
    });
    const alien = { ...w.request({ spec: { ...w.spec, role: null } }) };
    await w.runs.add({
      token: "alien",
      request: { kind: "start", start: alien, source: "Source", variables: {} },
      executionId: null,
      startedAt: w.clock.now(),
      heard: { count: 0, last: [] },
      acts: [],
    });
    expect(await pipelineResync(w)).toEqual(["release"]);
  });
});
