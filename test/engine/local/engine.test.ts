// What the flow relies on: starts, results, stops, retries, places, workspaces.

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { workspaceOf } from "../../../src/engine/local/workspace.ts";
import { commit, streamOf } from "./archive.ts";
import { alive, dead, request, world } from "./world.ts";

test("runs the stages in order on the commit's tree", async () => {
  const { run, engine, notifications, folder } = await world({
    files: { "src/word.txt": "hello" },
  });
  const ended = await run("cat src/word.txt; echo made > made", "cat made; echo two >&2");
  expect(ended).toMatchObject({ state: "succeeded", why: "", process: null, workspace: null });
  expect(ended.stages.map(({ name, state, output }) => ({ name, state, output }))).toEqual([
    { name: "one", state: "succeeded", output: "hello" },
    { name: "two", state: "succeeded", output: "made\ntwo" },
  ]);
  expect(new Set(notifications)).toEqual(new Set(["run"]));
  expect(await engine.find("run")).toEqual({ kind: "known", value: "run" });
  expect(await engine.find("other")).toEqual({ kind: "absent" });
  expect(await engine.observe("run")).toMatchObject({
    kind: "known",
    value: { state: "succeeded", endedAt: ended.endedAt },
  });
  // One record per step: started, second started, ended.
  expect(notifications).toHaveLength(3);
  await expect.poll(() => readdir(folder)).toEqual([]);
});

test("the first failed stage ends the run and says its exit code", async () => {
  const { run } = await world();
  const ended = await run("true", "echo before; false; echo after", "echo never");
  expect(ended).toMatchObject({ state: "failed", why: "Stage two failed." });
  expect(ended.stages).toMatchObject([
    { state: "succeeded", why: "" },
    { state: "failed", why: "The command ended with exit code 1.", output: "before" },
    { state: "skipped", why: "", output: "", startedAt: null },
  ]);
});

test("a start with a known key starts nothing", async () => {
  let fetched = 0;
  const { engine, ended, runs } = await world({
    limits: { running: 1 },
    tarball: async () => {
      fetched += 1;
      return { kind: "known", value: streamOf(commit({})) };
    },
  });
  const wanted = request("once", "echo x >> $HOME/starts; wc -l < $HOME/starts");
  const answers = await Promise.all([engine.start(wanted), engine.start(wanted)]);
  await ended("once");
  answers.push(await engine.start(wanted));
  for (const answer of answers) expect(answer).toEqual({ kind: "started", engineId: "once" });
  expect((await ended("once")).stages[0]?.output.trim()).toBe("1");
  await engine.start(request("next", "true"));
  await ended("next");
  expect(fetched).toBe(2);
  expect(runs.rows.size).toBe(2);
});

test("a command sees the listed variables and nothing else", async () => {
  process.env.PRIVATE_KEY = "poison";
  process.env.WEBHOOK_SECRET = "poison";
  const { run, folder } = await world({ environment: { PATH: "/usr/bin:/bin", LANG: "C.UTF-8" } });
  const ended = await run("env");
  delete process.env.PRIVATE_KEY;
  delete process.env.WEBHOOK_SECRET;
  const { home, temporary, tree } = workspaceOf(folder, "run");
  const shell = /^(PWD|OLDPWD|SHLVL|_)=/;
  const lines = ended.stages[0]?.output.split("\n").filter((line) => !shell.test(line));
  expect(lines?.sort()).toEqual(
    [
      "CI=true",
      `HOME=${home}`,
      "INTERLOCK=1",
      "INTERLOCK_ATTEMPT=2",
      "INTERLOCK_BRANCH=main",
      "INTERLOCK_PART=verify",
      "INTERLOCK_PIPELINE=shop",
      "INTERLOCK_PULL=12",
      "INTERLOCK_REPOSITORY=acme/shop",
      `INTERLOCK_SHA=${"a".repeat(40)}`,
      "INTERLOCK_STAGE=one",
      "LANG=C.UTF-8",
      "PATH=/usr/bin:/bin",
      `TMPDIR=${temporary}`,
    ].sort(),
  );
  expect(ended.stages[0]?.output).toContain(`PWD=${tree}`);
});

test("a stop ends the whole group, and again does nothing", async () => {
  const { engine, until, ended } = await world({ limits: { watch_ms: 100_000_000 } });
  await engine.start(
    request("stopped", "echo started; (sleep 1000 & echo $!); sleep 1000", "true"),
  );
  const running = await until("stopped", (run) => run.process !== null);
  expect(await engine.stop("stopped", "superseded")).toEqual({ kind: "done" });
  expect(await engine.stop("stopped", "again")).toEqual({ kind: "done" });
  const run = await ended("stopped");
  expect(run).toMatchObject({ state: "stopped", why: "Stopped: superseded", process: null });
  expect(run.stages).toMatchObject([{ state: "stopped" }, { state: "skipped" }]);
  expect(await dead(running.process?.group ?? 0)).toBe(true);
  expect(await engine.stop("stopped", "late")).toEqual({ kind: "done" });
  expect(await engine.stop("unknown", "x")).toMatchObject({ kind: "refused" });
});

test("runs wait for a place in the order of their starts, and can be stopped there", async () => {
  const { engine, until, ended, runs } = await world({ limits: { running: 1 } });
  await engine.start(request("a", "while ! test -e $HOME/go; do sleep 0.02; done"));
  await engine.start(request("b", "true"));
  await engine.start(request("c", "true"));
  await until("a", (run) => run.process !== null);
  const waiting = await until("c", (run) => run.why !== "");
  expect(waiting.stages[0]).toMatchObject({ state: "pending", why: "Waiting for a free place." });
  await engine.stop("b", "superseded");
  const stopped = await ended("b");
  expect(stopped).toMatchObject({ state: "stopped", workspace: null });
  expect(stopped.stages).toMatchObject([{ state: "skipped", startedAt: null }]);
  expect((await runs.get("c"))?.process).toBeNull();
  await engine.stop("a", "enough");
  const last = await ended("c");
  expect(last).toMatchObject({ state: "succeeded", why: "" });
  expect(last.stages[0]?.why).toBe("");
});

test("a retry goes on from the stage in the same place, once per key", async () => {
  const { engine, run, ended, runs } = await world();
  const script = "echo go >> tries; test $(wc -l < tries) -ge 2";
  const failed = await run("echo built > built", script, "cat built");
  expect(failed.state).toBe("failed");
  expect(await engine.retry("run", "three", "k0")).toMatchObject({ kind: "refused" });
  expect(await engine.retry("run", "none", "k0")).toMatchObject({ kind: "refused" });
  expect(await engine.retry("run", "two", "k1")).toEqual({ kind: "done" });
  const passed = await ended("run");
  expect(passed.state).toBe("succeeded");
  expect(passed.stages.map(({ state }) => state)).toEqual(["succeeded", "succeeded", "succeeded"]);
  expect(passed.stages[0]).toEqual(failed.stages[0]);
  expect(passed.stages[2]?.output).toBe("built");
  expect(await engine.retry("run", "two", "k1")).toEqual({ kind: "done" });
  expect((await runs.get("run"))?.state).toBe("succeeded");
  expect(await engine.retry("run", "two", "k2")).toMatchObject({ kind: "refused" });
});

test("a retry without its workspace is refused with the way out", async () => {
  const { engine, run, runs } = await world({ limits: { keep_ms: 0 } });
  await run("false");
  await expect.poll(async () => (await runs.get("run"))?.workspace).toBeNull();
  expect(await engine.retry("run", "one", "k")).toEqual({
    kind: "refused",
    why: "The workspace of this run is gone. `/interlock verify` starts afresh.",
  });
});

test("only the newest workspaces of failed runs are kept", async () => {
  let now = 1000;
  const { engine, ended, folder, runs } = await world({
    limits: { kept: 2 },
    now: () => {
      now += 1;
      return now;
    },
  });
  for (const key of ["a", "b", "c"]) {
    await engine.start(request(key, "false"));
    await ended(key);
  }
  const roots = ["b", "c"].map((key) => workspaceOf(folder, key).root).sort();
  const present = async () => (await readdir(folder)).map((name) => join(folder, name)).sort();
  await expect.poll(present).toEqual(roots);
  expect((await runs.get("a"))?.workspace).toBeNull();
  expect(await engine.retry("c", "one", "k")).toEqual({ kind: "done" });
});

test("a commit that cannot be fetched fails the first stage after a few tries", async () => {
  let calls = 0;
  const { run, logged } = await world({
    tarball: async () => {
      calls += 1;
      return { kind: "unknown", why: "GET https://x:y@codeload.test/a?token=hush answered 502" };
    },
  });
  const ended = await run("true", "true");
  expect(calls).toBe(3);
  expect(ended).toMatchObject({ state: "failed", workspace: null });
  expect(ended.stages).toMatchObject([
    {
      state: "failed",
      why: "The commit could not be fetched: GET https://codeload.test/… answered 502.",
    },
    { state: "skipped" },
  ]);
  expect(JSON.stringify(logged)).not.toContain("hush");
});

test("a transfer that breaks off is tried again", async () => {
  let calls = 0;
  const { run } = await world({
    tarball: async () => {
      calls += 1;
      const bytes = commit({ word: "x".repeat(10_000) });
      return { kind: "known", value: streamOf(calls === 1 ? bytes.subarray(0, 60) : bytes) };
    },
  });
  const ended = await run("wc -c < word");
  expect(calls).toBe(2);
  expect(ended.stages[0]).toMatchObject({ state: "succeeded" });
  expect(ended.stages[0]?.output.trim()).toBe("10000");
});

test("a stop reaches a run whose commit is still on its way", async () => {
  const asked = Promise.withResolvers<void>();
  const { engine, ended } = await world({
    tarball: async () => {
      asked.resolve();
      return { kind: "known", value: new ReadableStream() };
    },
  });
  await engine.start(request("slow", "true"));
  await asked.promise;
  await engine.stop("slow", "superseded");
  expect(await ended("slow")).toMatchObject({ state: "stopped", workspace: null });
});

test("no run begins on a full disk", async () => {
  const { run } = await world({ limits: { free_bytes: Number.MAX_SAFE_INTEGER } });
  const ended = await run("true");
  expect(ended.stages[0]?.why).toMatch(/^Only \d+ MiB of the disk are free on this machine\.$/);
});

test("one organisation's failures do not cost another one its retry", async () => {
  const place = await world({ limits: { kept: 2 } });
  for (const [key, installation] of [
    ["theirs", 2],
    ["a", 1],
    ["b", 1],
    ["c", 1],
  ] as const) {
    const { repository, ...rest } = request(key, "false");
    await place.engine.start({ ...rest, repository: { ...repository, installation } });
    await place.ended(key);
  }
  const kept = async () => (await place.runs.kept("one")).map(({ token }) => token);
  await expect.poll(kept).toEqual(["theirs", "c"]);
});

test("what is kept for a retry makes room for a run that is to begin", async () => {
  const before = await world();
  await before.run("false");
  await before.engine.close(1_000);
  const limits = { free_bytes: Number.MAX_SAFE_INTEGER };
  const after = await world({ instance: "two", after: before, limits });
  await after.engine.recover();
  expect((await after.runs.get("run"))?.workspace).not.toBeNull();
  await after.engine.start(request("next", "true"));
  expect(await after.ended("next")).toMatchObject({ state: "failed" });
  expect((await after.runs.get("run"))?.workspace).toBeNull();
});

test("a run that holds its place for long ends for another organisation, and can be retried", async () => {
  const { engine, ended, folder } = await world({ limits: { running: 1, hold_ms: 100 } });
  await engine.start(request("ours", "test -e again || { touch again; sleep 1000; }"));
  const { tree } = workspaceOf(folder, "ours");
  await expect.poll(() => readdir(tree).catch(() => []), { timeout: 120_000 }).toContain("again");
  const { run, repository, ...rest } = request("theirs", "true");
  await engine.start({ ...rest, run, repository: { ...repository, installation: 2 } });
  const why = "Another organisation waited for a place, and this run had had its own for 0.1 s.";
  expect(await ended("ours")).toMatchObject({ state: "failed", why, stages: [{ why }] });
  expect(await ended("theirs")).toMatchObject({ state: "succeeded" });
  expect(await engine.retry("ours", "one", "k")).toEqual({ kind: "done" });
  expect(await ended("ours")).toMatchObject({ state: "succeeded" });
});

test("a store that is away for a while delays the record and loses nothing", async () => {
  const { engine, runs, ended } = await world({ limits: { store_wait_ms: 5 } });
  const update = runs.update;
  let refused = 0;
  runs.update = async (token, change) => {
    if (refused < 4) {
      refused += 1;
      throw new Error("connection refused");
    }
    await update(token, change);
  };
  await engine.start(request("patient", "echo ok", "true"));
  const run = await ended("patient");
  expect(run.state).toBe("succeeded");
  expect(refused).toBe(4);
  expect(run.stages[0]?.output).toBe("ok");
});

test("closing ends what runs and records it as lost", async () => {
  const { engine, until, runs } = await world({ limits: { running: 1 } });
  await engine.start(request("a", "trap '' TERM; echo up; while :; do sleep 0.05; done"));
  await engine.start(request("b", "true"));
  const running = await until("a", (run) => run.process !== null);
  await engine.close(8_000);
  expect(alive(running.process?.group ?? 0)).toBe(false);
  const [a, b] = [await runs.get("a"), await runs.get("b")];
  expect(a).toMatchObject({ state: "lost", stages: [{ state: "unknown" }] });
  expect(a?.why).toBe("Interlock was shut down while stage one ran, and ended it.");
  expect(b).toMatchObject({ state: "lost", stages: [{ state: "skipped" }] });
  expect(await engine.start(request("c", "true"))).toMatchObject({ kind: "failed" });
  expect(await runs.get("c")).toBeNull();
});

test("a failed run's workspace holds the tree, and no other user may look into it", async () => {
  const { run, folder } = await world({ files: { kept: "x" } });
  const ended = await run("false");
  const { root, tree } = workspaceOf(folder, "run");
  expect(ended.workspace).toBe(root);
  expect(await readFile(join(tree, "kept"), "utf8")).toBe("x");
  expect((await stat(root)).mode & 0o077).toBe(0);
});
