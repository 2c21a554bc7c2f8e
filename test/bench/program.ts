// Interlock itself as a process of its own, as `npm start` runs it, with an embedded GitHub of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import project from "../../package.json" with { type: "json" };
import type { GitHubFunctions } from "./github.ts";
import { secret } from "./payload.ts";
import { type Helper, startHelper } from "./remote.ts";

export interface Program {
  readonly pid: number;
  readonly port: number;
  readonly github: Helper<GitHubFunctions>;
  stop(): Promise<void>;
}

export interface ProgramOptions {
  readonly name: string;
  /** Null for PGlite. */
  readonly databaseUrl: string | null;
  readonly localEngine: "on" | "off";
  readonly folder: string;
  readonly output: number;
}

export async function startProgram(options: ProgramOptions): Promise<Program> {
  const github = startHelper<GitHubFunctions>("./github.ts", options.output);
  const { url, appId, privateKey } = await github.call.start();
  const port = await freePort();
  const child = spawn(process.execPath, started.split(" ").slice(1), {
    cwd: new URL("../..", import.meta.url),
    stdio: ["ignore", options.output, options.output],
    env: {
      PATH: process.env.PATH,
      // For a look inside, for example with --cpu-prof.
      NODE_OPTIONS: process.env.BENCH_NODE_OPTIONS,
      APP_ID: String(appId),
      PRIVATE_KEY: privateKey,
      WEBHOOK_SECRET: secret,
      GITHUB_API_URL: url,
      PORT: String(port),
      INTERLOCK_DATA_DIR: join(options.folder, options.name),
      INTERLOCK_LOCAL_ENGINE: options.localEngine === "on" ? "1" : "0",
      ...(options.databaseUrl === null ? {} : { DATABASE_URL: options.databaseUrl }),
    },
  });
  if (child.pid === undefined) throw new Error("Interlock did not start");
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  await ready(port);
  return {
    pid: child.pid,
    port,
    github,
    async stop() {
      process.off("exit", end);
      if (child.exitCode === null && child.kill("SIGTERM")) await once(child, "exit");
    },
  };
}

/** The command without `node`, whose version is the one of this process. */
const started = project.scripts.start;

async function ready(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Error("Interlock was not ready within 20 seconds");
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("No port");
  return address.port;
}
