// Whether this machine can run commands in isolation, found out by doing it, and how each one is started then.

import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, mkdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, delimiter, join } from "node:path";
import { promisify } from "node:util";
import { type Bounds, bubblewrapLine, type Programs } from "./bubblewrap.ts";
import { type Cgroup, type Cgroups, openCgroups } from "./cgroup.ts";
import type { Launch } from "./hold.ts";
import { codeOf } from "./hold.ts";
import type { Isolation } from "./launch.ts";
import type { LocalLimits } from "./limits.ts";
import { probe } from "./probe.ts";
import { findVisible, inside, type Visible } from "./visible.ts";
import type { Workspace } from "./workspace.ts";

export interface IsolationOrder {
  /** Where workspaces are made; absolute. */
  readonly folder: string;
  /** Files and folders with secrets, absolute; what does not exist is left out. */
  readonly secrets: readonly string[];
  /** More folders that commands may read, absolute. */
  readonly folders: readonly string[];
  readonly network: "none" | "shared";
  /** Where programs are looked for, as in PATH. */
  readonly path: string;
  /** The program that runs Interlock. */
  readonly node: string;
  readonly limits: LocalLimits;
}

export type IsolationRead =
  | { readonly kind: "isolated"; readonly isolation: Isolation }
  /** A sentence that says what is missing. */
  | { readonly kind: "unavailable"; readonly why: string };

/** Runs a command in isolation once, which tries to break out. */
export async function openIsolation(order: IsolationOrder): Promise<IsolationRead> {
  try {
    return await tryIsolation(order);
  } catch (error) {
    return { kind: "unavailable", why: `Trying it failed (${codeOf(error)}).` };
  }
}

async function tryIsolation(order: IsolationOrder): Promise<IsolationRead> {
  await mkdir(order.folder, { recursive: true, mode: 0o700 });
  const node = await realpath(order.node);
  const visible = await findVisible({ ...order, node });
  if (typeof visible === "string") return { kind: "unavailable", why: visible };
  const programs = await findPrograms(order, visible);
  if (typeof programs === "string") return { kind: "unavailable", why: programs };
  const bounds = await boundsOf(order.limits);
  const self = await readFile("/proc/self/cgroup", "utf8").catch(() => "");
  const cgroups = await openCgroups({ bounds: order.limits, root: "/sys/fs/cgroup", self });
  const isolationWith = (less: Partial<Bounds>): Isolation =>
    new Bubblewrap({ ...order, visible, programs, bounds: { ...bounds, ...less }, cgroups });
  const why = await probe({ ...order, isolationWith });
  return why === null
    ? { kind: "isolated", isolation: isolationWith({}) }
    : { kind: "unavailable", why };
}

interface Parts {
  readonly cgroups: Cgroups | null;
  readonly visible: Visible;
  readonly programs: Programs;
  readonly bounds: Bounds;
  readonly network: "none" | "shared";
  readonly path: string;
}

class Bubblewrap implements Isolation {
  readonly inside;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.inside = { ...inside, path: [parts.visible.nodeFolder, parts.path].join(delimiter) };
  }

  async prepare({ tree, home, temporary, shared }: Workspace): Promise<void> {
    const { asRoot } = this.#parts.programs;
    if (asRoot === null) return;
    const { user } = asRoot;
    // The links themselves, not what they lead to.
    const options = ["-R", "-h", "-P", "--", `${user}:${user}`];
    await promisify(execFile)(asRoot.chown, [...options, tree, home, temporary, shared]);
  }

  launch(workspace: Workspace, run: string): Launch {
    const line = bubblewrapLine({ ...this.#parts, run, workspace });
    const { asRoot } = this.#parts.programs;
    const confine = async (pids: readonly number[]) => await this.cgroupOf(workspace)?.add(pids);
    return { kind: "isolated", line, folder: "/", user: asRoot?.user ?? null, confine };
  }

  cgroupOf({ root }: Workspace): Cgroup | null {
    return this.#parts.cgroups?.of(basename(root)) ?? null;
  }

  get memory(): Isolation["memory"] {
    return this.#parts.cgroups === null ? "measured" : "limited by the kernel";
  }
}

/** The user that commands get where Interlock is root: the one that owns nothing. */
const nobody = 65_534;

async function findPrograms(order: IsolationOrder, visible: Visible): Promise<Programs | string> {
  const bwrap = await findProgram("bwrap", order.path);
  if (bwrap === null)
    return "bubblewrap is not installed (`apt-get install bubblewrap`, version 0.8 or later).";
  const prlimit = await findProgram("prlimit", order.path);
  if (prlimit === null) return "prlimit of util-linux is not installed.";
  if (process.getuid?.() !== 0) return { bwrap, prlimit, asRoot: null };
  const unshare = await findProgram("unshare", order.path);
  const setpriv = await findProgram("setpriv", order.path);
  const chown = await findProgram("chown", order.path);
  if (unshare === null || setpriv === null || chown === null)
    return "Interlock runs as root, and unshare, setpriv or chown is not installed.";
  const hidden = [order.folder, ...visible.own];
  for (const mountpoint of ["/mnt", "/media", "/srv", "/opt", "/tmp"]) {
    const status = await stat(mountpoint).catch(() => null);
    if (!status?.isDirectory()) continue;
    if (hidden.some((path) => path === mountpoint || path.startsWith(`${mountpoint}/`))) continue;
    return { bwrap, prlimit, asRoot: { unshare, setpriv, chown, user: nobody, mountpoint } };
  }
  return "Interlock runs as root, and there is none of /mnt, /media, /srv, /opt and /tmp to mount in.";
}

async function findProgram(name: string, path: string): Promise<string | null> {
  for (const folder of [...path.split(delimiter), "/usr/bin", "/bin", "/usr/sbin", "/sbin"]) {
    if (!folder.startsWith("/")) continue;
    const program = join(folder, name);
    const found = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return await realpath(program);
  }
  return null;
}

/** Ours, or less where this process may not have so much itself. */
async function boundsOf(limits: LocalLimits): Promise<Bounds> {
  const table = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const least = (name: string, ours: number) => {
    const hard = new RegExp(`^${name}\\s+\\S+\\s+(\\d+)`, "m").exec(table)?.[1];
    return hard === undefined ? ours : Math.min(ours, Number(hard));
  };
  return {
    processes: least("Max processes", limits.processes),
    memory_bytes: least("Max data size", limits.memory_bytes + limits.reserved_bytes),
    file_bytes: least("Max file size", limits.disk_bytes),
    open_files: least("Max open files", limits.open_files),
  };
}
