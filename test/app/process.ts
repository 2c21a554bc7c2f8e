// The whole program as a process of its own, as an operator starts it.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";
import { eventually } from "./eventually.ts";

// Whole programs start and end here; how long that takes is the machine's affair.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

export const projectFolder = fileURLToPath(new URL("../..", import.meta.url));

export type Environment = Readonly<Record<string, string>>;

/** One line of the log, as pino writes it. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Program extends AsyncDisposable {
  readonly pid: number;
  /** What it printed so far, on both streams. */
  readonly output: string;
  readonly log: readonly LogLine[];
  readonly exited: Promise<Exit>;
  /** The first line with that message, once it is there. Rejects where the program ends before. */
  said(message: string): Promise<LogLine>;
  /** SIGTERM, as a supervisor stops it. */
  terminate(): Promise<Exit>;
  /** SIGKILL, as a machine loses it. */
  kill(): Promise<Exit>;
}

export interface App extends Program {
  readonly url: string;
}

/** Ends with the block that it is used in. */
export async function startApp(environment: Environment): Promise<App> {
  const program = spawnProgram(environment);
  try {
    const { port } = await program.said("Interlock is listening");
    return Object.assign(program, { url: `http://127.0.0.1:${port}` });
  } catch (error) {
    await program.kill();
    throw error;
  }
}

/** Sees nothing of our own environment but the path; its working folder holds no `.env`. */
export function spawnProgram(
  environment: Environment,
  options: {
    readonly folder?: string;
    readonly command?: readonly [string, ...string[]];
    /** The id of the user that it runs as; ours without one. */
    readonly user?: number;
  } = {},
): Program {
  const [file, ...args] = options.command ?? [process.execPath, join(projectFolder, "src/main.ts")];
  const child = spawn(file, args, {
    cwd: options.folder ?? tmpdir(),
    env: { PATH: process.env.PATH ?? "", HOST: "127.0.0.1", PORT: "0", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.user !== undefined && { uid: options.user, gid: options.user }),
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${file} could not be started`);
  return follow(child, pid);
}

/** A folder that is gone with the block that it is used in. */
export async function temporaryFolder(
  under = tmpdir(),
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(under, "interlock-app-"));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }),
  };
}

function follow(child: ChildProcess, pid: number): Program {
  let output = "";
  let rest = "";
  let ended: Exit | null = null;
  const log: LogLine[] = [];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith('{"level":')) log.push(JSON.parse(line));
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const orphan = () => child.kill("SIGKILL");
  process.once("exit", orphan);
  const exited = new Promise<Exit>((resolve) => {
    // Unlike "exit", this comes when both streams have been read to their end.
    child.once("close", (code, signal) => {
      process.off("exit", orphan);
      ended = { code, signal };
      resolve(ended);
    });
  });
  const end = async (signal: NodeJS.Signals): Promise<Exit> => {
    child.kill(signal);
    return await exited;
  };
  return {
    pid,
    log,
    exited,
    get output() {
      return output;
    },
    async said(message) {
      return await eventually(`"${message}" in the log`, () => {
        const line = log.find(({ msg }) => msg === message);
        if (line === undefined && ended !== null)
          throw new Error(`The program ended with ${JSON.stringify(ended)}:\n${output}`);
        return line;
      });
    },
    terminate: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    [Symbol.asyncDispose]: async () => {
      if (ended === null) await end("SIGKILL");
    },
  };
}
