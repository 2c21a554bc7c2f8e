// What a stage may do, and what ends it: time, output, disk, reports, processes left behind.

import { expect, test } from "vitest";
import { alive, dead, eventually, request, world } from "./world.ts";

const pidsIn = (output: string): number[] => output.match(/\d+/g)?.map(Number) ?? [];

test("a timeout ends a command that ignores SIGTERM, with its child", async () => {
  const { run } = await world();
  const child = "(trap '' TERM; while :; do sleep 0.05; done) & echo $!";
  const ended = await run({
    run: `trap '' TERM; ${child}; echo $$; while :; do sleep 0.05; done`,
    timeout_ms: 400,
  });
  expect(ended.stages[0]).toMatchObject({
    state: "failed",
    why: "The stage took longer than 0.4 s.",
  });
  const pids = pidsIn(ended.stages[0]?.output ?? "");
  expect(pids).toHaveLength(2);
  for (const pid of pids) expect(await dead(pid)).toBe(true);
});

test("a command may tidy up between SIGTERM and SIGKILL", async () => {
  const { run } = await world({ limits: { kill_grace_ms: 10_000 } });
  const ended = await run({
    run: "trap 'sleep 0.2; echo tidied; exit 3' TERM; while :; do sleep 0.02; done",
    timeout_ms: 300,
  });
  expect(ended.stages[0]?.output).toMatch(/tidied$/);
});

test("a child may tidy up although its shell ended at once", async () => {
  const { run } = await world({ limits: { kill_grace_ms: 10_000 } });
  const child = "(trap 'sleep 0.2; echo tidied; exit' TERM; while :; do sleep 0.02; done)";
  const ended = await run({ run: `${child} & wait`, timeout_ms: 300 });
  expect(ended.stages[0]).toMatchObject({
    state: "failed",
    output: expect.stringMatching(/tidied$/),
  });
});

test("a process left in the background ends with its stage, also outside the group", async () => {
  const { run } = await world();
  const ended = await run(
    "env -i PATH=$PATH sleep 1000 & echo $!; setsid sleep 1001 & echo $!; sleep 0.2",
    "echo second",
  );
  expect(ended.state).toBe("succeeded");
  const pids = pidsIn(ended.stages[0]?.output ?? "");
  expect(pids).toHaveLength(2);
  for (const pid of pids) expect(await dead(pid)).toBe(true);
});

test("a process that left no trace but holds the output does not hold up the run", async () => {
  const { run } = await world({ limits: { drain_ms: 50 } });
  const ended = await run("setsid env -i PATH=$PATH sleep 30 & echo $!; sleep 0.2");
  expect(ended.state).toBe("succeeded");
  for (const pid of pidsIn(ended.stages[0]?.output ?? ""))
    if (alive(pid)) process.kill(pid, "SIGKILL");
});

test("keeps the last lines of a large output", async () => {
  const { run } = await world({ limits: { output_lines: 3, output_bytes: 1000 } });
  const ended = await run("seq 1 200000");
  expect(ended.stages[0]).toMatchObject({ state: "succeeded", output: "199998\n199999\n200000" });
});

test("a stage that prints without end is ended", async () => {
  const { run } = await world({ limits: { output_total_bytes: 2 * 2 ** 20 } });
  const ended = await run("yes");
  expect(ended.stages[0]).toMatchObject({
    state: "failed",
    why: "The stage printed more than 2 MiB.",
  });
});

test("standard error and standard output keep their order, and /dev/stderr can be opened", async () => {
  const { run } = await world();
  const ended = await run("for i in 1 2 3; do echo o$i; echo e$i > /dev/stderr; done; cat");
  expect(ended.stages[0]).toMatchObject({ state: "succeeded", output: "o1\ne1\no2\ne2\no3\ne3" });
});

test("a stage that fills the disk is ended", async () => {
  const { run } = await world({ limits: { disk_bytes: 4 * 2 ** 20, disk_watch_ms: 20 } });
  const ended = await run(
    "dd if=/dev/zero of=$TMPDIR/big bs=1048576 count=8 2>/dev/null; sleep 1000",
  );
  expect(ended.stages[0]).toMatchObject({
    state: "failed",
    why: "The stage filled more than 4 MiB of the disk.",
  });
});

test("a stage ends before the disk is full, also where it seems to have filled nothing", async () => {
  const { run } = await world({
    limits: { reserve_bytes: Number.MAX_SAFE_INTEGER, free_watch_ms: 20 },
  });
  const ended = await run("sleep 1000");
  expect(ended.stages[0]).toMatchObject({
    state: "failed",
    why: "The disk of this machine was nearly full, and no other stage had filled more of it.",
  });
  expect(ended.workspace).toBeNull();
});

test("a pipe in place of a file of ours holds up neither a stage nor a retry", async () => {
  const place = await world();
  const ended = await place.run(
    "cd ..; rm -f run started output; mkfifo run started output; ln -sf /etc/passwd started; exit 1",
  );
  expect(ended.state).toBe("failed");
  expect(await place.engine.retry("run", "one", "k")).toMatchObject({ kind: "refused" });
});

test("a stage that filled the disk and ended is failed as well", async () => {
  const { run } = await world({ limits: { disk_entries: 50 } });
  const ended = await run("for i in $(seq 60); do : > f$i; done");
  expect(ended.stages[0]?.why).toBe("The stage made more than 50 files and folders.");
});

test.each([
  ["a command with a NUL", "echo \0"],
  ["a command that is too long for the system", `: ${"x".repeat(200_000)}`],
])("%s fails its stage", async (_, command) => {
  const { run } = await world();
  const ended = await run(command);
  expect(ended).toMatchObject({ state: "failed" });
  expect(ended.stages[0]?.why).toMatch(/^The command could not be started \(E\w+\)\.$/);
});

test("a command that a signal ended says so", async () => {
  const { run } = await world();
  const ended = await run("kill -9 $$");
  expect(ended.stages[0]?.why).toBe("The command was ended by SIGKILL.");
});

const junit = (failed: boolean) =>
  `<testsuite name="s"><testcase classname="c" name="adds"/><testcase classname="c" name="subtracts">${
    failed ? '<failure message="no"/>' : ""
  }</testcase></testsuite>`;
const write = (text: string) => `mkdir -p out; printf %s '${text}' > out/junit.xml`;
const reports = ["out/junit.xml"];

test("reads the reports of a stage", async () => {
  const { run } = await world();
  const ended = await run({ run: write(junit(false)), reports });
  expect(ended.stages[0]).toMatchObject({
    state: "succeeded",
    reports: [{ kind: "read", path: "out/junit.xml", counts: { passed: 2, failed: 0 } }],
  });
});

test.each([
  ["fails where tests failed and the command did not", "true", "1 test failed (exit code 0)."],
  ["names the failed tests beside the exit code", "exit 7", "1 test failed (exit code 7)."],
])("%s", async (_, last, why) => {
  const { run } = await world();
  const ended = await run({ run: `${write(junit(true))}; ${last}`, reports });
  expect(ended.stages[0]).toMatchObject({
    state: "failed",
    why,
    reports: [{ kind: "read", problems: [{ name: expect.stringContaining("subtracts") }] }],
  });
});

test.each([
  ["a missing report", "true", "The report out/junit.xml is missing."],
  ["a missing report of a failed command", "exit 4", "The command ended with exit code 4."],
  ["a broken report", write("<testsuite>"), /^The report out\/junit\.xml .+\.$/],
])("%s is no pass", async (_, command, why) => {
  const { run } = await world();
  const ended = await run({ run: command, reports });
  expect(ended.stages[0]).toMatchObject({ state: "failed", why: expect.stringMatching(why) });
});

test("a report that lies in the repository or comes from an earlier stage does not count", async () => {
  const { run, engine, ended } = await world({ files: { "out/junit.xml": junit(false) } });
  const first = await run({ run: "true", reports });
  expect(first.stages[0]).toMatchObject({ state: "failed", reports: [{ kind: "broken" }] });
  await engine.start(request("b", { run: write(junit(false)), reports }, { run: "true", reports }));
  const second = await ended("b");
  expect(second.stages).toMatchObject([{ state: "succeeded" }, { state: "failed" }]);
});

test("a failure is placed in a file that the commit has, and in no file that a stage made", async () => {
  const failing = (file: string) =>
    `<testcase name="${file}" file="${file}" line="3"><failure/></testcase>`;
  const text = `<testsuite>${["src/a.test.ts", "dist/b.test.js"].map(failing).join("")}</testsuite>`;
  const made = `mkdir dist; echo > dist/b.test.js; ${write(text)}; exit 1`;
  const { run, engine, ended } = await world({ files: { "packages/a/src/a.test.ts": "" } });
  const places = [
    { file: "packages/a/src/a.test.ts", line: 3, inTree: true },
    { file: "dist/b.test.js", line: 3, inTree: false },
  ];
  const first = await run({ run: `rm -rf dist out; ${made}`, reports });
  expect(first.stages[0]).toMatchObject({ reports: [{ problems: places }] });
  // A retry has no archive, and what the first attempt made lies in its folder.
  await engine.retry("run", "one", "again");
  const second = await ended("run");
  expect(second.retries).toEqual(["again"]);
  expect(second.stages[0]).toMatchObject({ reports: [{ problems: places }] });
});

test("many short commands in a row leave nothing running", async () => {
  const { engine, ended, runs } = await world();
  const keys = Array.from({ length: 6 }, (_, index) => `r${index}`);
  for (const key of keys) await engine.start(request(key, "true", "true", "true"));
  for (const key of keys) expect((await ended(key)).state).toBe("succeeded");
  expect(await eventually(async () => ((await runs.live()).length === 0 ? true : null))).toBe(true);
});
