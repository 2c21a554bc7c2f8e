// A restart, a crash, another replica: no run stays in progress for ever, and no process survives its run.

import { spawn } from "node:child_process";
import { access, readdir } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { markOf, signalGroup } from "../../../src/engine/local/processes.ts";
import { createdStages, withStage } from "../../../src/engine/local/stages.ts";
import { createWorkspace, workspaceOf } from "../../../src/engine/local/workspace.ts";
import type { LocalRun } from "../../../src/ports/run.ts";
import { alive, dead, request, type World, world } from "./world.ts";

/** A run as a process left it that was killed without warning, with its command still running. */
async function abandoned(place: World, change: Partial<LocalRun> = {}, environment = {}) {
  const workspace = workspaceOf(place.folder, "left");
  await createWorkspace(workspace, "left");
  const script = "sleep 1000 & exec sleep 1000";
  const child = spawn("/bin/sh", ["-c", script], {
    detached: true,
    stdio: "ignore",
    env: { PATH: process.env.PATH, ...environment },
  });
  const group = child.pid ?? 0;
  onTestFinished(() => {
    if (group !== 0) signalGroup(group, "SIGKILL");
  });
  const wanted = request("left", "true", "sleep 1000", "true");
  const stages = createdStages(wanted.run.spec.stages);
  const first = withStage(stages, 0, { state: "succeeded", startedAt: 1, endedAt: 2 });
  await place.runs.add({
    token: "left",
    request: wanted,
    instance: "dead",
    beatAt: Date.now(),
    state: "running",
    why: "",
    stages: withStage(first, 1, { state: "running", startedAt: 3 }),
    createdAt: 1,
    endedAt: null,
    process: { group, startedAt: markOf(group) ?? "" },
    stopRequested: null,
    retries: [],
    workspace: null,
    ...change,
  });
  return { group, workspace };
}

const lostWhy = "Interlock was restarted while stage two ran; nobody watched the rest.";

test("recover kills what was left running and reports the run as lost", async () => {
  const place = await world();
  const { group, workspace } = await abandoned(place);
  await place.engine.recover();
  expect(await dead(group)).toBe(true);
  const run = await place.runs.get("left");
  expect(run).toMatchObject({ state: "lost", why: lostWhy, process: null, workspace: null });
  expect(run?.endedAt).not.toBeNull();
  expect(run?.stages).toMatchObject([
    { state: "succeeded", why: "" },
    { state: "unknown", why: lostWhy },
    { state: "skipped" },
  ]);
  expect(place.notifications).toEqual(["left"]);
  await expect(access(workspace.root)).rejects.toThrow();
  expect(await place.engine.retry("left", "two", "k")).toMatchObject({ kind: "refused" });
});

test("recover leaves a stranger alone that got the process id", async () => {
  const place = await world();
  const stranger = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
  onTestFinished(() => {
    stranger.kill("SIGKILL");
  });
  const group = stranger.pid ?? 0;
  await abandoned(place, { process: { group, startedAt: "another/start" } });
  await place.engine.recover();
  expect((await place.runs.get("left"))?.state).toBe("lost");
  expect(alive(group)).toBe(true);
});

test.skipIf(process.platform !== "linux")(
  "recover finds the rest of a group whose leader has ended",
  async () => {
    const place = await world();
    const { home } = workspaceOf(place.folder, "left");
    const { group } = await abandoned(place, { process: null }, { HOME: home });
    await place.engine.recover();
    expect(await dead(group)).toBe(true);
  },
);

test("a live run of another replica is left to it, until that falls silent", async () => {
  let now = Date.now();
  const place = await world({ soleOwner: false, now: () => now });
  const { group } = await abandoned(place);
  await place.engine.recover();
  expect(await place.engine.observe("left")).toMatchObject({ value: { state: "running" } });
  expect(alive(group)).toBe(true);
  now += 3_600_000;
  expect(await place.engine.observe("left")).toMatchObject({
    value: { state: "lost", why: lostWhy },
  });
  expect((await place.runs.get("left"))?.state).toBe("lost");
});

test("a stop reaches the replica that runs it", async () => {
  const one = await world({ soleOwner: false, limits: { watch_ms: 20 } });
  const two = await world({ soleOwner: false, instance: "two", after: one });
  await one.engine.start(request("far", "sleep 1000"));
  await one.until("far", (run) => run.process !== null);
  expect(await two.engine.stop("far", "superseded")).toEqual({ kind: "done" });
  expect(await one.ended("far")).toMatchObject({ state: "stopped", why: "Stopped: superseded" });
});

test("a replica gives signs of life while it runs something", async () => {
  let now = 1_000;
  const place = await world({ limits: { watch_ms: 10 }, now: () => now });
  await place.engine.start(request("alive", "sleep 1000"));
  now = 500_000;
  expect((await place.until("alive", (run) => run.beatAt === now)).state).toBe("running");
});

test("a replica that was taken for dead ends its commands and writes nothing", async () => {
  const place = await world({ soleOwner: false, limits: { watch_ms: 20 } });
  await place.engine.start(request("mine", "sleep 1000"));
  const running = await place.until("mine", (run) => run.process !== null);
  await place.runs.update("mine", { state: "lost", why: "taken", endedAt: 5 });
  expect(await dead(running.process?.group ?? 0)).toBe(true);
  await expect.poll(() => readdir(place.folder)).toEqual([]);
  expect(await place.runs.get("mine")).toMatchObject({ state: "lost", why: "taken", endedAt: 5 });
});

test("a failed run can be retried after a restart", async () => {
  const before = await world({ files: { word: "hello" } });
  await before.run("test -e $HOME/again || { touch $HOME/again; exit 1; }", "cat word");
  await before.engine.close(1_000);
  const after = await world({ instance: "two", after: before });
  await after.engine.recover();
  expect(await after.engine.retry("run", "one", "k")).toEqual({ kind: "done" });
  const run = await after.ended("run");
  expect(run).toMatchObject({ state: "succeeded", instance: "two" });
  expect(run.stages[1]?.output).toBe("hello");
});

test("workspaces of an earlier process are tidied away in their time", async () => {
  const before = await world();
  await before.run("false");
  await before.engine.close(1_000);
  const after = await world({ instance: "two", after: before, limits: { keep_ms: 0 } });
  await after.engine.recover();
  expect(await readdir(after.folder)).toEqual([]);
  expect((await after.runs.get("run"))?.workspace).toBeNull();
});

test("recover removes folders that no record speaks of", async () => {
  const place = await world();
  await createWorkspace(workspaceOf(place.folder, "forgotten"), "forgotten");
  await place.engine.recover();
  expect(await readdir(place.folder)).toEqual([]);
});
