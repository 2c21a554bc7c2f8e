// A repository that attacks the Interlock which runs its commands: the whole program, as a stranger meets it.

import { chmod, chown, cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { type App, projectFolder, spawnProgram, temporaryFolder } from "./process.ts";
import { path, secret } from "./webhook.ts";
import { openWorld, planOf, type World } from "./world.ts";

/** A machine that cannot isolate and need not: said in so many words, or the tests fail. */
const withoutIsolation = process.env.INTERLOCK_TEST_ISOLATION === "off";
const isolated = test.skipIf(withoutIsolation);

/** Prints what it finds. Every line that begins with LEAK is a hole. */
const attack = `
const { execSync } = require("node:child_process");
const fs = require("node:fs");
const net = require("node:net");
const [appPid, dataFolder, appPort, gitHubPort] = process.argv.slice(2);
const secrets = /BEGIN [A-Z ]*PRIVATE KEY|WEBHOOK_SECRET|postgres:\\/\\//;
const leak = (what) => console.log("LEAK " + what);
for (const name of fs.readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).concat(appPid, "1"))
  for (const file of ["environ", "cmdline", "root" + dataFolder + "/store", "cwd/.env", "maps"])
    try {
      if (secrets.test(fs.readFileSync("/proc/" + name + "/" + file, "latin1"))) leak(name + "/" + file);
    } catch (error) {
      if (error.code === "EISDIR") leak(name + "/" + file);
    }
for (const path of [dataFolder, dataFolder + "/store", dataFolder + "/local", "/root", "/home/node", "/sys", "/run", "/var/lib"])
  try {
    leak(path + ": " + fs.readdirSync(path).slice(0, 5));
  } catch {}
for (const path of ["/etc/interlock-was-here", "/usr/interlock-was-here", "/interlock-was-here", "../interlock-was-here"])
  try {
    fs.writeFileSync(path, "x");
    leak("wrote " + path);
  } catch {}
for (const pid of [appPid, process.ppid])
  try {
    process.kill(pid === appPid ? Number(pid) : -1, 0);
    if (pid === appPid) leak("signalled Interlock");
  } catch {}
const reach = (host, port) => new Promise((resolve) => {
  const socket = net.connect({ host, port: Number(port) });
  socket.setTimeout(2000, () => resolve(socket.destroy()));
  socket.on("connect", () => resolve(leak("reached " + host + ":" + port)));
  socket.on("error", () => resolve());
});
(async () => {
  for (const [host, port] of [["127.0.0.1", appPort], ["127.0.0.1", gitHubPort], ["::1", appPort], ["169.254.169.254", 80], ["fd00:ec2::254", 80], ["169.254.170.2", 80]])
    await reach(host, port);
  fs.mkdirSync("out");
  fs.symlinkSync("/proc/self/environ", "out/link.xml");
  fs.symlinkSync(dataFolder, "out/all");
  fs.symlinkSync("/dev/zero", "out/device.xml");
  execSync("mkfifo out/pipe.xml");
  console.log("attacked");
  // What a stage printed is shown where it failed.
  process.exit(1);
})();
`;

/** Users that the program is tried as: that of the tests, and where that is root, one that is not. */
const users = process.getuid?.() === 0 ? [null, 65_534] : [null];

isolated.each(users)(
  "a hostile repository gets at nothing of an Interlock whose user is %s, and the gate stays red",
  async (user) => {
    await using world = await openWorld({ store: "pglite", files: { README: "" } });
    await using place = await temporaryFolder("/var/tmp");
    await using app = await startAs(user, world, place.path);
    const port = (url: string | undefined) => new URL(url ?? "").port;
    const known = [
      app.pid,
      `${world.folder}/data`,
      port(app.url),
      port(world.environment.GITHUB_API_URL),
    ];
    const plan = planOf({
      attack: `node attack.js ${known.join(" ")}`,
    }).replace(/(name: attack.*) \}/, '$1, reports: ["out/*.xml", "out/all/**/*"] }');
    world.shop.commit({
      branch: "main",
      files: { ".github/interlock.yml": plan, "attack.js": attack },
    });
    world.shop.commit({ branch: "change", files: { "a.txt": "a" } });
    const pull = world.shop.openPull({ head: "change" });
    const check = await eventually("end of the attack", () => {
      const found = pull.check("interlock/shop/verify");
      return found?.conclusion == null ? undefined : found;
    });
    const text = `${check.output.summary} ${check.output.text}`;
    expect(text).toContain("attacked");
    expect(text).not.toContain("LEAK");
    await eventually("red gate", () => pull.check("interlock")?.conclusion === "failure");
    expect(app.log.filter(({ level }) => level >= 50)).toEqual([]);
  },
);

async function startAs(user: number | null, world: World, folder: string): Promise<App> {
  const engine = { INTERLOCK_LOCAL_ENGINE: "1" };
  if (user === null) return await world.start(engine);
  // The program of the tests may lie where nobody else may go.
  const node = join(folder, "node");
  await cp(process.execPath, node);
  await chmod(folder, 0o755);
  const data = join(world.folder, "data");
  await mkdir(data);
  await chown(data, user, user);
  await chmod(world.folder, 0o755);
  const program = spawnProgram(
    { ...world.environment, ...engine },
    { user, command: [node, join(projectFolder, "src/main.ts")] },
  );
  const { port } = await program.said("Interlock is listening");
  const url = `http://127.0.0.1:${port}`;
  world.github.sendWebhooksTo({ url: `${url}${path}`, secret });
  return Object.assign(program, { url });
}

isolated("no command outlives an Interlock that was killed", async () => {
  await using world = await openWorld({ store: "pglite", files: { README: "" } });
  const app = await world.start({ INTERLOCK_LOCAL_ENGINE: "1" });
  const beat = "while :; do date +%s%N >> $HOME/beats; sleep 0.05; done";
  const plan = planOf({
    stay: `setsid env -i HOME=$HOME PATH=$PATH nohup sh -c '(${beat}) &' < /dev/null > /dev/null 2>&1; trap '' TERM HUP; sleep 1000`,
  });
  world.shop.commit({ branch: "main", files: { ".github/interlock.yml": plan } });
  world.shop.commit({ branch: "change", files: { "a.txt": "a" } });
  world.shop.openPull({ head: "change" });
  const local = `${world.folder}/data/local`;
  const beats = async () => {
    const [run = ""] = await readdir(local).catch(() => []);
    return await readFile(join(local, run, "home/beats"), "utf8").catch(() => undefined);
  };
  await eventually("signs of life", beats);
  await app.kill();
  await eventually("silence", async () => {
    const before = await beats();
    await new Promise((resolve) => setTimeout(resolve, 300));
    return before === (await beats());
  });
});

test("Interlock does not start where it cannot isolate, and says what to do", async () => {
  await using world = await openWorld({ store: "pglite" });
  await using folder = await temporaryFolder();
  // Found before the real one, and as good as none.
  await writeFile(
    join(folder.path, "bwrap"),
    "#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n",
    { mode: 0o755 },
  );
  await chmod(folder.path, 0o755);
  await using program = spawnProgram({
    ...world.environment,
    INTERLOCK_LOCAL_ENGINE: "1",
    PATH: `${folder.path}:${process.env.PATH}`,
  });
  expect(await program.exited).toEqual({ code: 1, signal: null });
  expect(program.output.trim()).toBe(
    'INTERLOCK_LOCAL_ENGINE=1 runs commands in isolation only, and this machine does not offer it: bwrap: No permissions to create a new namespace docs/operations.md says under "The local engine" what is needed. INTERLOCK_LOCAL_ENGINE=unisolated runs commands without it, with every right that Interlock has.',
  );
});
