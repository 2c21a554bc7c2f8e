// What a hostile command tries on its way out, and how far it gets.

import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { limit } from "../../../src/core/model/limit.ts";
import { openIsolation } from "../../../src/engine/local/isolation.ts";
import { workspaceOf } from "../../../src/engine/local/workspace.ts";
import { isolatedWorld, isolationIn, withoutIsolation } from "./isolated.ts";
import { dead, eventually, request } from "./world.ts";

const isolated = test.skipIf(withoutIsolation);

isolated(
  "a command finds its tree, its home, its temporary folder, Node.js and its variables",
  async () => {
    const { run } = await isolatedWorld({ files: { "a.txt": "hello" } });
    const ended = await run(
      "cat a.txt; pwd; echo made | tee made $HOME/made > $TMPDIR/made; node --version; echo $INTERLOCK_STAGE",
      "cat made $HOME/made $TMPDIR/made; echo err > /dev/stderr; touch /dev/shm/x; exit 3",
    );
    expect(ended.stages).toMatchObject([
      { state: "succeeded", output: `hello/workspace\n${process.version}\none` },
      {
        state: "failed",
        output: "made\nmade\nmade\nerr",
        why: "The command ended with exit code 3.",
      },
    ]);
  },
);

isolated("neither the environment, nor files, nor processes of Interlock can be read", async () => {
  const place = await isolatedWorld();
  const { folder } = place;
  const secret = join(folder, "key.pem");
  await writeFile(secret, "hunter2");
  const other = workspaceOf(folder, "other").root;
  await mkdir(other, { recursive: true });
  await writeFile(join(other, "token"), "hunter2");
  const ended = await place.run(
    `for pid in ${process.pid} ${process.ppid} 1; do
       cat /proc/$pid/environ /proc/$pid/root${secret} /proc/$pid/cwd${secret} || true
       ls /proc/$pid/fd/* || true
     done
     cat ${secret} ${other}/token ../key.pem /etc/shadow || true
     ls -d ${folder} ${process.cwd()}/src /root /home/* /var /sys /run /proc/[0-9]* || true
     ls /proc/self/fd
     env`,
  );
  expect(ended.state).toBe("succeeded");
  const output = ended.stages[0]?.output ?? "";
  expect(output).not.toContain("hunter2");
  const found = output.split("\n").filter((line) => /^\/(?!proc)/.test(line));
  expect(found).toEqual(["/home/stage"]);
  // Bubblewrap's first process, the shell that watches, the command's own.
  expect(output.match(/^\/proc\/\d+$/gm)).toHaveLength(3);
  expect(output).not.toMatch(/DATABASE|SECRET|VITEST|npm_/);
});

isolated("no port of this machine can be reached, and no address outside", async () => {
  const server = createServer((_, response) => response.end("hunter2"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const get = (url: string) =>
    `node -e 'fetch(process.argv[1]).then((r) => r.text()).then(console.log, (e) => console.log(e.cause.code))' ${url}`;
  const command = `${get(`http://127.0.0.1:${port}`)}; ${get("http://169.254.169.254/latest/meta-data/")}`;
  const closed = await isolatedWorld();
  const refused = await closed.run(command);
  expect(refused.stages[0]?.output).toBe("ECONNREFUSED\nENETUNREACH");
  const open = await isolatedWorld({ order: { network: "shared" } });
  const reached = await open.run(get(`http://127.0.0.1:${port}`));
  expect(reached.stages[0]?.output).toBe("hunter2");
});

isolated("nothing is written outside the workspace", async () => {
  const place = await isolatedWorld();
  const ended = await place.run(
    `for path in / /usr /usr/bin /etc /etc/passwd /dev /proc/sys/kernel/hostname /root; do
       (echo x >> $path || echo x > $path/interlock-was-here) 2>/dev/null && echo "wrote $path"
     done
     ln -s / out && (echo x > out/usr/interlock-was-here) 2>/dev/null && echo "wrote through a link"
     mount -t tmpfs none /tmp 2>/dev/null && echo mounted
     unshare -Urm true 2>/dev/null && echo "a user namespace"
     mknod $TMPDIR/disk b 254 0 2>/dev/null && echo "a device"
     true`,
  );
  expect(ended).toMatchObject({ state: "succeeded" });
  expect(ended.stages[0]?.output).toBe("");
  await expect.poll(() => readdir(place.folder)).toEqual([]);
});

isolated("no process outlives its stage, however far it went away", async () => {
  const place = await isolatedWorld();
  const forever = "while :; do echo x >> $HOME/beats; sleep 0.02; done";
  const ended = await place.run(
    `setsid env -i HOME=$HOME PATH=$PATH sh -c '${forever}' > /dev/null 2>&1 < /dev/null &
     nohup sh -c '(${forever}) & (${forever}) &' > /dev/null 2>&1 &
     while [ ! -s $HOME/beats ]; do sleep 0.02; done; exit 1`,
  );
  expect(ended.state).toBe("failed");
  // Every process has gone by the time at which the end is told.
  const beats = join(workspaceOf(place.folder, "run").home, "beats");
  const before = await readFile(beats, "utf8");
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await readFile(beats, "utf8")).toBe(before);
});

isolated("a command cannot end Interlock, and ends itself by killing all that it can", async () => {
  const place = await isolatedWorld();
  const ended = await place.run(`kill -9 ${process.pid} ${process.ppid} || echo no; kill -9 -1`);
  expect(ended.stages[0]).toMatchObject({
    state: "failed",
    output: expect.stringMatching(/no$/),
    why: "The command was ended by the kernel or itself.",
  });
});

isolated("a timeout lets the command tidy up, and then ends all of it", async () => {
  const place = await isolatedWorld({ limits: { kill_grace_ms: 10_000 } });
  const child = "(trap 'sleep 0.2; echo tidied; exit' TERM; while :; do sleep 0.02; done)";
  const ended = await place.run({ run: `${child} & wait`, timeout_ms: 1_000 });
  expect(ended.stages[0]).toMatchObject({
    state: "failed",
    why: "The stage took longer than 1 s.",
    output: expect.stringMatching(/tidied$/),
  });
  const stubborn = "trap '' TERM; setsid sh -c \"trap '' TERM; sleep 1000\" & sleep 1000";
  const quick = await isolatedWorld({ limits: { kill_grace_ms: 100 } });
  await quick.engine.start(request("stubborn", { run: stubborn, timeout_ms: 1_000 }));
  const running = await quick.until("stubborn", (run) => run.process !== null);
  expect(await quick.ended("stubborn")).toMatchObject({ state: "failed" });
  expect(await dead(running.process?.group ?? 0)).toBe(true);
});

isolated("a command that stops the process that watches it is ended at its timeout", async () => {
  const place = await isolatedWorld({ limits: { kill_grace_ms: 100 } });
  const ended = await place.run({ run: "kill -STOP $PPID; exit 0", timeout_ms: 1_500 });
  expect(ended.stages[0]).toMatchObject({
    state: "failed",
    why: "The stage took longer than 1.5 s.",
  });
});

isolated("a command that floods the way on which Interlock hears of it is ended", async () => {
  const place = await isolatedWorld();
  // pidfd_open and pidfd_getfd: the socket of the shell that watches.
  const flood = `my $p = syscall(434, 2, 0); for my $i (3 .. 20) { my $n = syscall(438, $p, $i, 0); open(F, ">&=", $n) && -S F or next; syswrite(F, "exit 0 " x 9_000) while 1 } exit 7`;
  const ended = await place.run(`perl -e '${flood}'; sleep 1000`);
  // Where the kernel lets no process do so, it fails by itself.
  expect(ended.stages[0]?.why).toMatch(
    /^The command (was ended by SIGKILL|ended with exit code 7)\.$/,
  );
});

isolated("a fork bomb stays within its limit and ends with its stage", async () => {
  const place = await isolatedWorld({ limits: { processes: 64 } });
  const ended = await place.run({
    run: "bomb() { bomb | bomb & }; (bomb) 2>/dev/null; ls -d /proc/[0-9]* | wc -l; sleep 1000",
    timeout_ms: 3_000,
  });
  expect(ended.stages[0]).toMatchObject({
    state: "failed",
    why: "The stage took longer than 3 s.",
  });
});

const full = "The stage filled more than 8 MiB of the disk.";
const deeper = "The stage made more than 128 folders, each inside the other.";
const zeros = "dd if=/dev/zero bs=1048576 count=12 2>/dev/null";

/** Folders with names of this length, so many inside each other, and a large file in the last one. */
const deep = (chars: number, count: number) =>
  `perl -e 'for (1..${count}) { mkdir "d" x ${chars} or die; chdir "d" x ${chars} or die } open(F, ">large") or die; syswrite(F, "x" x 2**20) for 1..12; sleep 1000'`;

isolated.each([
  ["in a file", `${zeros} > large; sleep 1000`, full],
  ["in a file without a name", `exec 9> large; rm large; ${zeros} >&9; sleep 1000`, full],
  ["in shared memory", `${zeros} > /dev/shm/large; sleep 1000`, full],
  [
    "below a name that is no text",
    `cd "$(mkdir "$(printf 'a\\377')"; echo a*)"; ${zeros} > large; sleep 1000`,
    full,
  ],
  ["in a folder that it closed", `mkdir a; ${zeros} > a/large; chmod 0 a; sleep 1000`, full],
  ["deeper than a path reaches", deep(200, 40), full],
  ["too deep to be counted", deep(1, 300), deeper],
])("a command that fills the disk %s is ended, and nothing of it stays", async (_, run, why) => {
  const limits = { disk_bytes: 8 * 2 ** 20, disk_watch_ms: 20, memory_watch_ms: 20, drain_ms: 50 };
  // The limit on a single file stays out of it.
  const place = await isolatedWorld({ limits, order: { limits: limit.local } });
  const ended = await place.run(run);
  expect(ended.stages[0]).toMatchObject({ state: "failed", why });
  expect(ended.workspace).toBeNull();
  await expect.poll(() => readdir(place.folder), { timeout: 240_000 }).toEqual([]);
});

const kept =
  "const kept = []; setInterval(() => kept.length < 12 && kept.push(Buffer.alloc(2 ** 24, 1)), 10)";
const nameless =
  'my $name = "m"; my $n = syscall(`uname -m` =~ /x86_64/ ? 319 : 279, $name, 0); open(F, ">&=", $n) or die $!; syswrite(F, "x" x 2**20) for 1..200; sleep 1000';

isolated.each([
  ["in one process", `exec node -e '${kept}'`],
  ["in many processes", `for i in 1 2 3; do node -e '${kept}' & done; wait`],
  ["in a file that lies in memory", `perl -e '${nameless}'`],
])("a command that takes too much memory %s is ended", async (_, run) => {
  const limits = { memory_bytes: 150 * 2 ** 20, memory_watch_ms: 20 };
  const isolation = { ...limits, memory_bytes: 4 * 2 ** 30 };
  const place = await isolatedWorld({
    limits,
    order: { limits: { ...limit.local, ...isolation } },
  });
  const ended = await place.run(run);
  expect(ended.stages[0]).toMatchObject({
    state: "failed",
    why: "The stage took more than 150 MiB of memory.",
  });
});

isolated("one process alone is refused more memory than the stage may take", async () => {
  const place = await isolatedWorld({
    limits: { memory_bytes: 512 * 2 ** 20, memory_watch_ms: 100_000 },
  });
  const ended = await place.run(
    "node -e 'const kept = []; for (;;) kept.push(Buffer.alloc(2 ** 24, 1))'",
  );
  // Refused by the limit of one process, or by that of all together where the kernel has one.
  const { state, why = "", output = "" } = ended.stages[0] ?? {};
  expect(state).toBe("failed");
  expect(`${why}${output}`).toMatch(/memory|Allocation/);
});

isolated("what holds secrets is hidden where it lies below a folder that is shown", async () => {
  const base = await mkdtemp(join("/usr", "interlock-test-")).catch(() => null);
  // Only root may put it there.
  if (base === null) return;
  await chmod(base, 0o755);
  onTestFinished(() => rm(base, { recursive: true }));
  const data = join(base, "data");
  await mkdir(join(data, "store"), { recursive: true });
  await writeFile(join(data, "store", "rows"), "hunter2");
  await writeFile(join(base, ".env"), "hunter2");
  await writeFile(join(base, "readme"), "shown");
  const order = { secrets: [data, join(base, ".env"), join(base, "absent")] };
  const place = await isolatedWorld({ order });
  const ended = await place.run(
    `cat ${base}/readme ${base}/.env; cat ${data}/store/rows || ls ${data}`,
  );
  expect(ended.stages[0]?.output).toMatch(/^shown(?!.*hunter2)/s);
});

isolated(
  "a folder of the operator is shown, and refused where it would show a secret",
  async () => {
    const folder = await mkdtemp(join(homedir(), "interlock-tools-"));
    await chmod(folder, 0o755);
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "tool"), "#!/bin/sh\necho used\n", { mode: 0o755 });
    const place = await isolatedWorld({ order: { folders: [folder] } });
    expect((await place.run(`${folder}/tool; echo x > ${folder}/y`)).stages[0]?.output).toMatch(
      /^used\n.*(Read-only|denied)/,
    );
    const order = { folder: join(folder, "local"), secrets: [folder], folders: [folder] };
    await expect(isolationIn(folder, order)).rejects.toThrow(
      `The folder ${folder} of INTERLOCK_LOCAL_FOLDERS would show ${folder} to every command.`,
    );
  },
);

test("a machine without bubblewrap, or with one that does not work, is told so", async () => {
  const folder = await mkdtemp(join(tmpdir(), "interlock-none-"));
  await chmod(folder, 0o755);
  onTestFinished(() => rm(folder, { recursive: true }));
  const programs = join(folder, "bin");
  await mkdir(programs);
  await writeFile(
    join(programs, "bwrap"),
    "#!/bin/sh\necho 'bwrap: No permissions' >&2; exit 1\n",
    {
      mode: 0o755,
    },
  );
  const read = await openIsolation({
    folder: join(folder, "local"),
    secrets: [],
    folders: [],
    network: "none",
    path: programs,
    node: process.execPath,
    limits: limit.local,
  });
  expect(read).toEqual({ kind: "unavailable", why: "bwrap: No permissions" });
  expect(await readdir(join(folder, "local"))).toEqual([]);
});

isolated("the end of Interlock is the end of its commands", async () => {
  const place = await isolatedWorld();
  // A process of its own, which runs what the engine would run, and is killed without warning.
  const workspace = workspaceOf(place.folder, "run");
  const isolation = await isolationIn(place.folder);
  for (const path of [workspace.tree, workspace.home, workspace.temporary, workspace.shared])
    await mkdir(path, { recursive: true });
  await isolation.prepare(workspace);
  const { line } = isolation.launch(
    workspace,
    "setsid sh -c 'while :; do date >> ~/beats; sleep 0.05; done' & wait",
  );
  const script = `
    const { spawn } = require("node:child_process");
    const [file, ...args] = JSON.parse(process.argv[1]);
    const child = spawn(file, args, { detached: true, stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"], env: { ...process.env, HOME: "/home/stage" } });
    child.stdio[3].write("go\\n");
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ["-e", script, JSON.stringify(line)], { stdio: "ignore" });
  const beats = join(workspace.home, "beats");
  const read = async () => (await readFile(beats, "utf8").catch(() => "")) || null;
  await eventually(read);
  parent.kill("SIGKILL");
  await eventually(async () => {
    const before = await read();
    await new Promise((resolve) => setTimeout(resolve, 200));
    return before === (await read()) ? true : null;
  });
});
