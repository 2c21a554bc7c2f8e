// Interlock itself as a process of its own, as `npm start` runs it, with an embedded GitHub of its own.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import project from "../../package.json" with { type: "json" };
import type { AwsFunctions } from "./aws.ts";
import type { Sent } from "./counting.ts";
import type { GitHubFunctions } from "./github.ts";
import type { Inside } from "./inside.ts";
import { secret } from "./payload.ts";
import { type Helper, startHelper } from "./remote.ts";

export interface Program {
  readonly pid: number;
  readonly port: number;
  readonly github: Helper<GitHubFunctions>;
  stop(): Promise<void>;
  /** Stops it and starts it again on the same data. */
  restart(): Promise<void>;
  /** What it has sent to PostgreSQL since its start; only where that is counted. */
  sent(): Promise<Sent>;
  /** Sets its clock forward; only with an `aws`. */
  ahead(ms: number): Promise<void>;
}

export interface ProgramOptions {
  readonly name: string;
  /** Null for PGlite. */
  readonly databaseUrl: string | null;
  readonly localEngine: "on" | "off";
  /** Where it finds AWS, which only some parts of the bench have. */
  readonly aws?: Awaited<ReturnType<AwsFunctions["start"]>>;
  /** How much longer each of its requests to GitHub takes. */
  readonly githubDelay_ms?: number;
  /** Whether its statements are counted. */
  readonly counted?: boolean;
  readonly folder: string;
  readonly output: number;
}

export async function startProgram(options: ProgramOptions): Promise<Program> {
  const github = startHelper<GitHubFunctions>("./github.ts", options.output);
  const environment = environmentOf(options, await github.call.start(options.githubDelay_ms ?? 0));
  const port = await freePort();
  let ahead_ms = 0;
  const start = () =>
    launch(options, { ...environment, PORT: String(port), BENCH_AHEAD_MS: String(ahead_ms) });
  let child = await start();
  const stop = async () => {
    if (child.exitCode === null && child.kill("SIGTERM")) await once(child, "exit");
  };
  return {
    get pid() {
      return child.pid ?? Number.NaN;
    },
    port,
    github,
    stop,
    async restart() {
      await stop();
      child = await start();
    },
    async sent() {
      child.send("count");
      const [sent] = await once(child, "message");
      return sent as Sent;
    },
    async ahead(ms) {
      ahead_ms += ms;
      child.send(ms);
      await once(child, "message");
    },
  };
}

async function launch(
  { output, aws, counted }: ProgramOptions,
  environment: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  const before = [
    ...(aws === undefined ? [] : ["--import", inside.href]),
    ...(counted ? ["--import", counting.href] : []),
  ];
  const child = spawn(process.execPath, [...before, ...started.split(" ").slice(1)], {
    cwd: new URL("../..", import.meta.url),
    stdio: ["ignore", output, output, ...(before.length === 0 ? [] : ["ipc" as const])],
    env: environment,
  });
  if (child.pid === undefined) throw new Error("Interlock did not start");
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
  await ready(Number(environment.PORT));
  return child;
}

const inside = new URL("./inside.ts", import.meta.url);
const counting = new URL("./counting.ts", import.meta.url);

type Running = Awaited<ReturnType<GitHubFunctions["start"]>>;

function environmentOf(
  { name, folder, localEngine, databaseUrl, aws }: ProgramOptions,
  { url, appId, privateKey }: Running,
): Readonly<Record<string, string>> {
  return {
    PATH: process.env.PATH ?? "",
    // For a look inside, for example with --cpu-prof.
    NODE_OPTIONS: process.env.BENCH_NODE_OPTIONS ?? "",
    APP_ID: String(appId),
    PRIVATE_KEY: privateKey,
    WEBHOOK_SECRET: secret,
    GITHUB_API_URL: url,
    INTERLOCK_DATA_DIR: join(folder, name),
    INTERLOCK_LOCAL_ENGINE: localEngine === "on" ? "unisolated" : "0",
    ...(databaseUrl === null ? {} : { DATABASE_URL: databaseUrl }),
    ...(aws === undefined ? {} : awsEnvironment(aws)),
  };
}

function awsEnvironment({
  url,
  credentials,
  topic,
}: NonNullable<ProgramOptions["aws"]>): Omit<Inside, "BENCH_AHEAD_MS"> & Record<string, string> {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    INTERLOCK_SNS_TOPICS: topic,
    BENCH_AWS_URL: url,
  };
}

/** The command without `node`, whose version is the one of this process. */
const started = project.scripts.start;

async function ready(port: number): Promise<void> {
  for (let tries = 0; tries < 1_800; tries++) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Error("Interlock was not ready within three minutes");
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
