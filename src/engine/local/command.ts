// One command in a process group of its own, from its start until nothing of it runs any more.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { groupAlive, killAll, markOf, signalGroup } from "./processes.ts";

export interface CommandOrder {
  readonly run: string;
  readonly folder: string;
  /** For the pipe; outside the workspace, so that the command's tree holds nothing of ours. */
  readonly scratch: string;
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Aborting it ends the group: SIGTERM, then SIGKILL after `grace_ms()`. */
  readonly signal: AbortSignal;
  readonly grace_ms: () => number;
  readonly drain_ms: number;
  readonly print: (chunk: Uint8Array) => void;
  /** Null where this machine does not tell enough to find the group again. Awaited before the result is given. */
  readonly started: (group: ProcessGroup | null) => Promise<void>;
}

export interface ProcessGroup {
  readonly group: number;
  readonly startedAt: string;
}

export type CommandExit =
  | { readonly kind: "code"; readonly code: number }
  | { readonly kind: "signal"; readonly signal: string }
  | { readonly kind: "unstartable"; readonly why: string };

/**
 * Runs the command with `/bin/sh -e`. When the shell ends, what is left of its group is killed: a
 * process started in the background does not outlive its stage. A process that left the group and
 * took its environment away with it is out of reach.
 */
export async function runCommand(order: CommandOrder): Promise<CommandExit> {
  const pipe = await openPipe(order.scratch).catch(codeOf);
  if (typeof pipe === "string") return { kind: "unstartable", why: pipe };
  const child = startShell(order, pipe.writer);
  closeSync(pipe.writer);
  if (typeof child === "string") {
    pipe.reader.destroy();
    return { kind: "unstartable", why: child };
  }
  const exited = exitOf(child);
  const drained = drain(pipe.reader, order.print);
  const group = child.pid ?? null;
  // Read before the event loop turns: until then the process cannot be reaped, however short it was.
  const mark = group === null ? null : markOf(group);
  const recorded =
    group === null ? undefined : order.started(mark === null ? null : { group, startedAt: mark });

  let termination: Promise<void> | undefined;
  const terminate = () => {
    if (group !== null) termination ??= endGroup(group, order);
  };
  order.signal.addEventListener("abort", terminate, { once: true });
  if (order.signal.aborted) terminate();

  const exit = await exited;
  order.signal.removeEventListener("abort", terminate);
  await termination;
  await killAll(group, order.home);
  const patience = new AbortController();
  await Promise.race([drained, sleep(order.drain_ms, null, patience).catch(() => null)]);
  patience.abort();
  pipe.reader.destroy();
  await recorded;
  return exit;
}

/** Some errors are thrown here (a command too long for the system, a NUL in it), others come as an event. */
function startShell(order: CommandOrder, output: number): ChildProcess | string {
  try {
    return spawn("/bin/sh", ["-e", "-c", order.run], {
      cwd: order.folder,
      env: order.environment,
      detached: true,
      stdio: ["ignore", output, output],
    });
  } catch (error) {
    return codeOf(error);
  }
}

/**
 * A named pipe rather than Node's own, which are sockets: writing to /dev/stderr works, and
 * standard output and standard error arrive in the order in which they were printed.
 */
async function openPipe(scratch: string): Promise<{ reader: Socket; writer: number }> {
  const path = join(scratch, "output");
  await rm(path, { force: true });
  await promisify(execFile)("mkfifo", ["-m", "600", path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY);
  return { reader: new Socket({ fd: reader, readable: true, writable: false }), writer };
}

function drain(reader: Socket, print: (chunk: Uint8Array) => void): Promise<void> {
  return new Promise((resolve) => {
    reader.on("data", print);
    reader.on("error", () => resolve());
    reader.on("close", () => resolve());
  });
}

function exitOf(child: ChildProcess): Promise<CommandExit> {
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ kind: "unstartable", why: codeOf(error) }));
    child.on("exit", (code, signal) =>
      resolve(
        code === null ? { kind: "signal", signal: signal ?? "a signal" } : { kind: "code", code },
      ),
    );
  });
}

async function endGroup(group: number, order: CommandOrder): Promise<void> {
  signalGroup(group, "SIGTERM");
  const step_ms = 50;
  for (let left_ms = order.grace_ms(); left_ms > 0; left_ms -= step_ms) {
    if (!groupAlive(group)) return;
    await sleep(Math.min(step_ms, left_ms));
  }
  signalGroup(group, "SIGKILL");
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
