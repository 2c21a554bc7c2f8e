// How often AWS is called: it throttles, and its owner has other callers too.

import { expect, test } from "vitest";
import { openWorld, sha, shop, states, type World } from "./world.ts";

function total(w: World): number {
  return Object.values(w.calls()).reduce((sum, count) => sum + count, 0);
}

const junit = '<testsuites><testsuite><testcase name="adds"/></testsuite></testsuites>';
const five = ["Source", "Build", "Test", "OneBox", "Production"];

test("a release of five stages by events, with a survey of its end, takes at most twelve calls", async () => {
  const w = await openWorld({
    pipeline: { stages: five.slice(1) },
    spec: {
      stages: five.map((name) => ({ name, reports: name === "Test" ? ["junit.xml"] : [] })),
    },
  });
  const id = await w.start();
  /** Every event causes a look, those that come together one each. */
  const look = async (looks: number) => {
    await w.aws.settled();
    for (let n = 0; n < looks; n += 1) await w.glance(id);
  };
  await look(3);
  for (const stage of five) {
    w.clock.advance(90_000);
    w.pipeline.pass(stage, stage === "Test" ? { files: { "junit.xml": junit } } : {});
    await look(4);
    const seen = await w.glance(id);
    expect(states(seen)[stage]).toBe("succeeded");
  }
  const seen = await w.glance(id);
  expect(seen.state).toBe("succeeded");
  expect(seen.stages[2]?.reports).toMatchObject([{ kind: "read", counts: { passed: 1 } }]);
  expect(w.calls()).toMatchObject({ "codepipeline:StartPipelineExecution": 1 });
  const around = await w.engine.drift({
    spec: w.spec,
    repository: shop,
    sha: sha("a"),
    engineId: id,
    since: seen.endedAt ?? 0,
  });
  expect(around).toEqual({
    kind: "known",
    value: { differences: [], foreignExecutions: [], outOfBandChanges: [], live: [] },
  });
  expect(total(w)).toBeLessThanOrEqual(12);
  // It is over: nobody asks any more.
  const before = total(w);
  w.clock.advance(3_600_000);
  await look(5);
  expect(total(w)).toBe(before);
});

test("a sweep over a hundred running executions of twenty pipelines takes at most 25 calls", async () => {
  const w = await openWorld();
  const ids: string[] = [];
  for (let p = 0; p < 20; p += 1) {
    const pipeline = `service-${p}`;
    w.aws.createPipeline({
      name: pipeline,
      mode: "QUEUED",
      stages: ["Build", "Test", "Production"],
    });
    for (let n = 0; n < 5; n += 1) {
      const started = await w.engine.start(
        w.request({ key: `${p} ${n}`, sha: sha(String(n)), spec: { ...w.spec, pipeline } }),
      );
      if (started.kind === "started") ids.push(started.engineId);
    }
    const handle = w.aws.pipeline(pipeline);
    handle.executions()[0]?.pass("Source");
  }
  expect(ids).toHaveLength(100);
  await w.aws.settled();
  await Promise.all(ids.map((id) => w.glance(id)));
  for (let minute = 0; minute < 3; minute += 1) {
    w.clock.advance(60_000);
    w.aws.log.clear();
    const seen = await Promise.all(ids.map((id) => w.glance(id)));
    expect(seen.every(({ state }) => state === "running")).toBe(true);
    // Looking for what others did in them is done with the same lists.
    await w.engine.pipelineResync();
    expect(total(w)).toBeLessThanOrEqual(25);
  }
  // What moved without anybody telling is seen by the same sweep, with one call more.
  const [first = ""] = ids;
  w.aws.events.events.length = 0;
  w.aws.faults.onEvent({ fault: { kind: "lost" } });
  w.aws.pipeline("service-0").execution(first).fail("Build");
  w.clock.advance(60_000);
  w.aws.log.clear();
  const seen = await Promise.all(ids.map((id) => w.glance(id)));
  expect(seen[0]).toMatchObject({ state: "failed" });
  expect(w.calls()["codepipeline:ListPipelineExecutions"]).toBe(20);
});

test("events that say nothing new cause no call, however often they come", async () => {
  const w = await openWorld();
  const id = await w.start();
  w.clock.advance(1_000);
  w.pipeline.pass("Source");
  await w.aws.settled();
  await w.glance(id);
  w.aws.log.clear();
  for (let n = 0; n < 10; n += 1) {
    for (const line of [
      "execution STARTED",
      "stage STARTED Source",
      "stage SUCCEEDED Source",
      "stage STARTED Build",
    ])
      await w.runs.hear(id, line);
    await w.glance(id);
  }
  expect(total(w)).toBe(0);
  // Something else does.
  await w.runs.hear(id, "stage FAILED Build");
  await w.glance(id);
  expect(total(w)).toBeGreaterThan(0);
});

test("a replica that was told nothing itself reads what another one was told", async () => {
  const w = await openWorld();
  const id = await w.start();
  expect(states(await w.glance(id))).toMatchObject({ Build: "pending" });
  w.pipeline.pass("Source");
  await w.aws.settled();
  // At the same moment, and well within the time for which a reading would serve.
  expect(states(await w.glance(id))).toMatchObject({ Build: "running" });
});

test("what AWS does not call a change is read again from time to time all the same", async () => {
  const w = await openWorld();
  const id = await w.start();
  w.pipeline.pass("Source");
  await w.see(id);
  w.aws.faults.onEvent({ fault: { kind: "lost" } });
  const { data } = w.pipeline.execution(id);
  const { updatedAt } = data;
  w.pipeline.pass("Build");
  data.updatedAt = updatedAt;
  expect(states(await w.see(id))).toMatchObject({ Build: "running" });
  w.clock.advance(5 * 60_000);
  expect(states(await w.see(id))).toMatchObject({ Build: "succeeded", Test: "running" });
});

/** So many executions in pipelines with five each, of which AWS says nothing more. */
async function quiet(count: number): Promise<{ w: World; ids: readonly string[] }> {
  const w = await openWorld();
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const pipeline = `service-${Math.floor(n / 5)}`;
    if (n % 5 === 0)
      w.aws.createPipeline({ name: pipeline, mode: "PARALLEL", stages: ["Build", "Approve"] });
    const spec = { ...w.spec, pipeline, stages: [] };
    const started = await w.engine.start(w.request({ key: String(n), spec }));
    if (started.kind === "started") ids.push(started.engineId);
  }
  for (const [n, id] of ids.entries())
    w.aws
      .pipeline(`service-${Math.floor(n / 5)}`)
      .execution(id)
      .passUntil("Build");
  await w.aws.settled();
  w.aws.events.events.length = 0;
  w.aws.faults.onEvent({ fault: { kind: "lost" } });
  await Promise.all(ids.map((id) => w.glance(id)));
  for (const [n, id] of ids.entries()) {
    const execution = w.aws.pipeline(`service-${Math.floor(n / 5)}`).execution(id);
    const { updatedAt } = execution.data;
    w.clock.advance(1);
    execution.pass("Build");
    execution.data.updatedAt = updatedAt;
  }
  return { w, ids };
}

test.each([
  [20, 5],
  [100, 25],
])(
  "of %d executions that wait without a word all are known after %d minutes, in calls as few as ever",
  async (count, minutes) => {
    const { w, ids } = await quiet(count);
    let waiting = 0;
    for (let minute = 0; minute < minutes; minute += 1) {
      w.clock.advance(60_000);
      w.aws.log.clear();
      const seen = await Promise.all(ids.map((id) => w.glance(id)));
      await w.engine.pipelineResync();
      expect(total(w)).toBeLessThanOrEqual(25);
      waiting = seen.filter((one) => states(one).Approve === "waiting").length;
    }
    expect(waiting).toBe(count);
  },
);
