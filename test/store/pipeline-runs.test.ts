// What the store keeps of executions of CodePipeline.

import { expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import type { PipelineRun } from "../../src/ports/run.ts";
import { noteTold, pipelineRuns } from "../../src/store/pipeline-runs.ts";
import { openDatabase, openTestStore } from "./databases.ts";
import { delivery, shop } from "./make.ts";

const id = (digit: string) => `${digit.repeat(8)}-2222-4333-8444-555555555555`;

function run(token: string): PipelineRun {
  return {
    token,
    request: {
      kind: "rollback",
      rollback: {
        spec: { engine: "local", stages: [], deadline_ms: 1 },
        repository: shop,
        stage: "Production",
        from: "b".repeat(40),
        to: null,
        among: [],
        key: token,
      },
      target: id("9"),
      sha: "a".repeat(40),
      after: null,
    },
    executionId: null,
    startedAt: 1_000,
    heard: { count: 0, last: [] },
    acts: [],
  };
}

test("a run is kept once, and found by its execution when AWS has named that", async () => {
  const on = await openDatabase("pglite");
  const database = "pglite" in on ? on.database : on;
  const runs = pipelineRuns(database);
  expect(await runs.add(run("one"))).toBe(true);
  expect(await runs.add({ ...run("one"), startedAt: 2_000 })).toBe(false);
  expect(await runs.get("one")).toEqual(run("one"));
  expect(await runs.byExecution(id("1"))).toBeNull();

  await runs.update("one", { executionId: id("1") });
  await runs.update("one", { acts: [{ kind: "closed", stage: "Production", reason: "Stopped" }] });
  expect(await runs.byExecution(id("1"))).toMatchObject({ token: "one", acts: [{}] });
  const known = await runs.known([id("1"), id("2")]);
  expect([...known]).toEqual([[id("1"), await runs.get("one")]]);
  expect(await runs.get("two")).toBeNull();
  await database.close();
});

test("runs since a time come newest first, and no more than asked for", async () => {
  const on = await openDatabase("pglite");
  const database = "pglite" in on ? on.database : on;
  const runs = pipelineRuns(database);
  for (const startedAt of [1_000, 3_000, 2_000, 4_000])
    await runs.add({ ...run(`at ${startedAt}`), startedAt });
  const tokens = async (time: number, each: number) =>
    (await runs.since(time, { each, all: 10 })).map(({ token }) => token);
  expect(await tokens(2_000, 10)).toEqual(["at 4000", "at 3000", "at 2000"]);
  expect(await tokens(0, 2)).toEqual(["at 4000", "at 3000"]);
  expect(await tokens(5_000, 2)).toEqual([]);
  await database.close();
});

test("runs of one pipeline hide those of no other one, nor of who else reads it", async () => {
  const on = await openDatabase("pglite");
  const database = "pglite" in on ? on.database : on;
  const runs = pipelineRuns(database);
  const spec = {
    engine: "codepipeline" as const,
    pipeline: "verify",
    region: "eu-west-1",
    role: "arn:aws:iam::111122223333:role/deployer",
    source: null,
    // What no database takes for JSON.
    stages: [{ name: "\u0000", reports: [] }],
    deadline_ms: 1,
  };
  const places = {
    verify: { spec, repository: shop },
    release: { spec: { ...spec, pipeline: "release" }, repository: shop },
    region: { spec: { ...spec, region: "eu-west-2" }, repository: shop },
    role: { spec: { ...spec, role: null }, repository: shop },
    other: { spec, repository: { ...shop, name: "other" } },
  };
  let startedAt = 0;
  const add = async (
    token: string,
    { spec, repository }: typeof places.role | typeof places.verify,
  ) => {
    const wanted = {
      key: token,
      pipeline: "shop",
      part: "release",
      sha: "a".repeat(40),
      attempt: 1,
      cause: "auto",
      spec,
    } as const;
    const start = { run: wanted, repository, pull: null, branch: "main" };
    const request = { kind: "start", start, source: "Source", variables: {} } as const;
    startedAt += 1;
    await runs.add({ ...run(token), request, startedAt });
  };
  for (const [token, place] of Object.entries(places)) await add(token, place);
  await add("release again", places.release);
  for (let n = 0; n < 5; n += 1) await add(`verify ${n}`, places.verify);
  const { request } = run("back");
  if (request.kind !== "rollback") throw new Error("no rollback");
  const rollback = { ...request.rollback, ...places.release };
  startedAt += 1;
  await runs.add({ ...run("back"), request: { ...request, rollback }, startedAt });
  // An approval is no run.
  const approval = { engineId: id("1"), stage: "Production", actor: "mia", key: "yes" };
  await runs.add({ ...run("yes"), request: { kind: "approve", approval, asked: [] }, startedAt });

  const tokens = async (each: number, all: number) =>
    (await runs.since(0, { each, all })).map(({ token }) => token);
  const newest = ["back", "verify 4", "other", "role", "region"];
  expect(await tokens(1, 100)).toEqual(newest);
  expect(await tokens(2, 100)).toEqual([
    "back",
    "verify 4",
    "verify 3",
    "release again",
    "other",
    "role",
    "region",
  ]);
  // Where all together are too many, each pipeline keeps its newest.
  expect(await tokens(1_000, 5)).toEqual(newest);
  // One of which the pipeline was not noted yet.
  await database.query("update interlock.pipeline_run set place = null where token = 'verify 0'");
  expect(await tokens(1, 100)).toEqual(["back", "verify 4", "verify 0", "other", "role", "region"]);
  await database.close();
});

test("of what was told, the count is exact and the newest is kept", async () => {
  const on = await openDatabase("pglite");
  const database = "pglite" in on ? on.database : on;
  const runs = pipelineRuns(database);
  await runs.add({ ...run("one"), executionId: id("1") });
  await noteTold(database, [
    { token: "one", line: "stage Build STARTED" },
    { token: "unknown", line: "stage Build STARTED" },
  ]);
  expect((await runs.get("one"))?.heard).toEqual({ count: 1, last: ["stage Build STARTED"] });
  const line = (n: number) => ({ token: "one", line: `stage Build ${n} STARTED` });
  for (let n = 0; n < 300; n += 3) await noteTold(database, [line(n), line(n + 1), line(n + 2)]);
  const { count, last } = (await runs.get("one"))?.heard ?? { count: 0, last: [] };
  expect(count).toBe(301);
  expect(last.at(-1)).toBe("stage Build 299 STARTED");
  expect(last.length).toBeLessThan(300);
  expect(last.every((line) => /^stage Build \d+ STARTED$/.test(line))).toBe(true);
  expect(last.join("\n").length).toBeLessThanOrEqual(limit.codepipeline.heard_chars);
  await database.close();
});

test("what a delivery tells counts with it: once, and not where the delivery is not stored", async () => {
  const { store, pipelineRuns: runs, database, close } = await openTestStore("pglite");
  await runs.add({ ...run("one"), executionId: id("1") });
  await runs.add({ ...run("two"), executionId: id("2") });
  const tell = (key: string, told: string, guid: string) =>
    delivery({ kind: "moved", what: { kind: "run", key, told, resumed: false } }, { guid });
  const heard = async (token: string) => (await runs.get(token))?.heard;
  const first = tell("one", "stage STARTED Build", "sns:1");
  await store.accept([first, tell("two", "stage STARTED Test", "sns:2"), first]);
  await store.accept([first, tell("one", "stage SUCCEEDED Build", "sns:3")]);
  await store.accept([first]);
  expect(await heard("one")).toEqual({
    count: 2,
    last: ["stage STARTED Build", "stage SUCCEEDED Build"],
  });
  expect(await heard("two")).toEqual({ count: 1, last: ["stage STARTED Test"] });
  // Whom it concerns cannot be found, so that there is no job, and nothing else either.
  await database.query("alter table interlock.repository rename to away");
  await expect(store.accept([tell("one", "stage FAILED Build", "sns:4")])).rejects.toThrow();
  expect(await heard("one")).toMatchObject({ count: 2 });
  await close();
});
