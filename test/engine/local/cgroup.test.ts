// Limits of the kernel for a whole command: where the machine has them really, and what is written where.

import { mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Cgroups, openCgroups } from "../../../src/engine/local/cgroup.ts";
import { isolatedWorld, withoutIsolation } from "./isolated.ts";

const bounds = { memory_bytes: 100 * 2 ** 20, processes: 64 };

async function real(): Promise<Cgroups | null> {
  const self = await readFile("/proc/self/cgroup", "utf8").catch(() => "");
  return await openCgroups({ bounds, root: "/sys/fs/cgroup", self });
}

const cgroups = await real();

/** Five processes, none of which takes more than one may. All end with the first. */
const fill = `
const { fork } = require("node:child_process");
const kept = [];
if (process.argv[2]) while (kept.length < 12) kept.push(Buffer.alloc(2 ** 24, 1));
else for (let i = 0; i < 5; i++) fork(__filename, ["child"]).on("exit", () => process.exit(0));
setInterval(() => {}, 1000);
`;

test.skipIf(cgroups === null || withoutIsolation)(
  "the kernel ends a command that takes too much memory, between two measurements too",
  async () => {
    const place = await isolatedWorld({
      files: { "fill.js": fill },
      limits: { memory_bytes: 640 * 2 ** 20, memory_watch_ms: 1e6, disk_watch_ms: 1e6 },
    });
    const ended = await place.run("node fill.js");
    expect(ended.stages[0]).toMatchObject({
      state: "failed",
      why: "The stage took more than 640 MiB of memory.",
    });
  },
);

/** Folders as the kernel shows them, with plain files that keep what was written last. */
async function machine(files: Readonly<Record<string, string>>) {
  const root = await mkdtemp(join(tmpdir(), "interlock-cgroup-"));
  onTestFinished(() => rm(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const read = (path: string) => readFile(join(root, path), "utf8").catch(() => null);
  return { root, read };
}

const controllers = { "app/cgroup.controllers": "cpu memory pids\n" };

test("a cgroup of version 2 that is ours alone is divided", async () => {
  const own = `${process.pid}\n${process.ppid}\n`;
  const { root, read } = await machine({
    ...controllers,
    "app/cgroup.procs": own,
    "app/cgroup.subtree_control": "",
    "app/interlock-stage-left/cgroup.procs": "",
  });
  await rm(join(root, "app/interlock-stage-left/cgroup.procs"));
  // Plain folders do not go with their files in them, as the kernel's do.
  const found = await openCgroups({ bounds, root, self: "0::/app\n" });
  expect(await read("app/cgroup.subtree_control")).toBe("+memory +pids");
  expect(await read("app/interlock/cgroup.procs")).toBe(`${process.ppid}`);
  await expect(rmdir(join(root, "app/interlock-stage-left"))).rejects.toThrow("ENOENT");
  const group = found?.of("run");
  await group?.add([17, 18]);
  const stage = "app/interlock-stage-run";
  expect(await read(`${stage}/memory.max`)).toBe("104857600");
  expect(await read(`${stage}/memory.swap.max`)).toBe("0");
  expect(await read(`${stage}/memory.oom.group`)).toBe("1");
  expect(await read(`${stage}/pids.max`)).toBe("64");
  expect(await read(`${stage}/cgroup.procs`)).toBe("18");
  expect(await group?.wasShort()).toBe(false);
  await writeFile(join(root, stage, "memory.events"), "low 0\noom 1\noom_kill 1\n");
  expect(await group?.wasShort()).toBe(true);
});

test("a cgroup that others are in too is left alone", async () => {
  const { root, read } = await machine({
    ...controllers,
    "app/cgroup.procs": `${process.pid}\n999999\n`,
    "app/cgroup.subtree_control": "",
  });
  expect(await openCgroups({ bounds, root, self: "0::/app\n" })).toBeNull();
  expect(await read("app/cgroup.subtree_control")).toBe("");
  expect(await read("app/interlock/cgroup.procs")).toBeNull();
});

test("a machine without cgroups that we may make has none", async () => {
  expect(await openCgroups({ bounds, root: "/nowhere", self: "" })).toBeNull();
  expect(await openCgroups({ bounds, root: "/nowhere", self: "0::/\n" })).toBeNull();
});
