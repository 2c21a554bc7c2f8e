// One command, from its start until nothing of it runs any more.

import { type ChildProcess, execFile, type StdioOptions, spawn } from "node:child_process";
import { chown, closeSync, constants, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import {
  type CommandExit,
  codeOf,
  exitOf,
  type Hold,
  type Launch,
  type ProcessGroup,
} from "./hold.ts";
import { holdIsolated } from "./isolated.ts";
import { groupAlive, killAll, markOf, signalGroup } from "./processes.ts";

export interface CommandOrder {
  readonly launch: Launch;
  /** For the pipe; outside the workspace, so that the command's tree holds nothing of ours. */
  readonly scratch: string;
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Aborting it ends the command: SIGTERM, then SIGKILL after `grace_ms()`. */
  readonly signal: AbortSignal;
  readonly grace_ms: () => number;
  readonly drain_ms: number;
  readonly print: (chunk: Uint8Array) => void;
  /** Null where this machine does not tell enough to find the group again. Awaited before the result is given. */
  readonly started: (group: ProcessGroup | null) => Promise<void>;
}

/**
 * Runs the command. When it ends, what is left of it is killed: a process started in the background
 * does not outlive its stage. Without isolation, a process that left the group and took its
 * environment away with it is out of reach.
 */
export async function runCommand(order: CommandOrder): Promise<CommandExit> {
  const pipe = await openPipe(order).catch(codeOf);
  if (typeof pipe === "string") return { kind: "unstartable", why: pipe };
  const child = startProcess(order, pipe.writer);
  closeSync(pipe.writer);
  if (typeof child === "string") {
    pipe.reader.destroy();
    return { kind: "unstartable", why: child };
  }
  const hold =
    order.launch.kind === "open"
      ? holdGroup(child, order)
      : holdIsolated(child, order.launch.confine);
  const drained = drain(pipe.reader, order.print);
  const recorded = hold.found.then((group) => order.started(group));
  recorded.catch(() => null);

  let termination: Promise<void> | undefined;
  const terminate = () => {
    termination ??= end(hold, order);
  };
  order.signal.addEventListener("abort", terminate, { once: true });
  if (order.signal.aborted) terminate();

  const exit = await hold.ended;
  order.signal.removeEventListener("abort", terminate);
  await termination;
  await hold.endAll();
  const patience = new AbortController();
  await Promise.race([drained, sleep(order.drain_ms, null, patience).catch(() => null)]);
  patience.abort();
  pipe.reader.destroy();
  await recorded;
  return exit;
}

/** The command as we are: its group, and whatever else can be told to be its. */
function holdGroup(child: ChildProcess, { home }: CommandOrder): Hold {
  const group = child.pid ?? null;
  // Read before the event loop turns: until then the process cannot be reaped, however short it was.
  const mark = group === null ? null : markOf(group);
  return {
    ended: exitOf(child),
    found: Promise.resolve(group === null || mark === null ? null : { group, startedAt: mark }),
    signal: (signal) => {
      if (group !== null) signalGroup(group, signal);
    },
    alive: () => group !== null && groupAlive(group),
    endAll: () => killAll(group, home),
  };
}

/** Some errors are thrown here (a command too long for the system, a NUL in it), others come as an event. */
function startProcess(order: CommandOrder, output: number): ChildProcess | string {
  const { kind, line, folder } = order.launch;
  const [file, ...args] = line;
  const talk: StdioOptions = kind === "isolated" ? ["pipe", "pipe"] : [];
  try {
    return spawn(file, args, {
      cwd: folder,
      env: order.environment,
      detached: true,
      stdio: ["ignore", output, output, ...talk],
    });
  } catch (error) {
    return codeOf(error);
  }
}

/**
 * A named pipe rather than Node's own, which are sockets: writing to /dev/stderr works, and
 * standard output and standard error arrive in the order in which they were printed.
 */
async function openPipe(order: CommandOrder): Promise<{ reader: Socket; writer: number }> {
  const path = join(order.scratch, "output");
  await rm(path, { force: true });
  await promisify(execFile)("mkfifo", ["-m", "600", path]);
  const { user } = order.launch;
  if (user !== null) await promisify(chown)(path, user, user);
  const { O_RDONLY, O_WRONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const reader = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const writer = openSync(path, O_WRONLY | O_NOFOLLOW);
  return { reader: new Socket({ fd: reader, readable: true, writable: false }), writer };
}

function drain(reader: Socket, print: (chunk: Uint8Array) => void): Promise<void> {
  return new Promise((resolve) => {
    reader.on("data", print);
    reader.on("error", () => resolve());
    reader.on("close", () => resolve());
  });
}

async function end(hold: Hold, order: CommandOrder): Promise<void> {
  hold.signal("SIGTERM");
  const step_ms = 50;
  for (let left_ms = order.grace_ms(); left_ms > 0; left_ms -= step_ms) {
    if (!hold.alive()) break;
    await sleep(Math.min(step_ms, left_ms));
  }
  hold.signal("SIGKILL");
}
