// Limits of the kernel for all processes of a command together, where this process may set them (cgroups(7)).

import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "./hold.ts";
import { lineOf } from "./processes.ts";

export interface Cgroups {
  readonly version: 1 | 2;
  /** The group of the command that has this name; made when something is put into it. */
  of(name: string): Cgroup;
}

export interface Cgroup {
  /** Puts these processes into it, and whatever they start from now on. Throws where that fails. */
  add(pids: readonly number[]): Promise<void>;
  /** Whether the kernel had to end a process because memory was short. */
  wasShort(): Promise<boolean>;
  /** When no process is in it any more. */
  remove(): Promise<void>;
}

export interface CgroupBounds {
  readonly memory_bytes: number;
  readonly processes: number;
}

export interface CgroupsOrder {
  readonly bounds: CgroupBounds;
  /** Where cgroups are mounted. */
  readonly root: string;
  /** What the kernel says of this process in /proc/self/cgroup. */
  readonly self: string;
}

/** Null where this process has no cgroup that it may divide. */
export async function openCgroups(order: CgroupsOrder): Promise<Cgroups | null> {
  const version = (await divideOwn(order)) ? 2 : 1;
  const hierarchies = version === 2 ? layoutOfUnified(order) : layoutOfSeparate(order);
  if (hierarchies === null || !(await canMake(hierarchies))) return null;
  return { version, of: (name) => new Group(hierarchies, name) };
}

/** One folder of cgroups, and what is written into a new one there. */
interface Hierarchy {
  readonly folder: string;
  readonly files: readonly (readonly [name: string, value: string, need: "must" | "may"])[];
  /** Where the kernel counts how often it ended a process. */
  readonly counts: string | null;
}

const prefix = "interlock-stage-";

function layoutOfUnified(order: CgroupsOrder): readonly Hierarchy[] | null {
  const folder = folderOf(order, /^0::(\/.*)$/m, "");
  if (folder === null) return null;
  const { memory_bytes, processes } = order.bounds;
  return [
    {
      folder,
      files: [
        ["memory.max", `${memory_bytes}`, "must"],
        ["memory.swap.max", "0", "may"],
        ["memory.oom.group", "1", "may"],
        ["pids.max", `${processes}`, "must"],
      ],
      counts: "memory.events",
    },
  ];
}

function layoutOfSeparate(order: CgroupsOrder): readonly Hierarchy[] | null {
  const memory = folderOf(order, /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m, "memory");
  const pids = folderOf(order, /^\d+:(?:[^:]*,)?pids(?:,[^:]*)?:(\/.*)$/m, "pids");
  if (memory === null || pids === null) return null;
  const { memory_bytes, processes } = order.bounds;
  return [
    {
      folder: memory,
      files: [
        ["memory.limit_in_bytes", `${memory_bytes}`, "must"],
        ["memory.memsw.limit_in_bytes", `${memory_bytes}`, "may"],
      ],
      counts: "memory.oom_control",
    },
    { folder: pids, files: [["pids.max", `${processes}`, "must"]], counts: null },
  ];
}

function folderOf({ root, self }: CgroupsOrder, line: RegExp, mount: string): string | null {
  const path = line.exec(self)?.[1];
  return path === undefined ? null : join(root, mount, path);
}

/**
 * Makes the cgroup of this process one that can be divided: a cgroup has either processes or parts, so
 * that this process goes into a part of its own, with those that started it. Where there are others,
 * it is not ours alone.
 */
async function divideOwn(order: CgroupsOrder): Promise<boolean> {
  const [hierarchy] = layoutOfUnified(order) ?? [];
  if (hierarchy === undefined) return false;
  const { folder } = hierarchy;
  try {
    const offered = (await readFile(join(folder, "cgroup.controllers"), "utf8")).split(/\s+/);
    if (!offered.includes("memory") || !offered.includes("pids")) return false;
    const own = join(folder, "interlock");
    const inside = await readFile(join(folder, "cgroup.procs"), "utf8");
    const ours = inside.split("\n").filter((line) => line !== "");
    const line = new Set(lineOf(process.pid).map(String));
    if (!ours.every((pid) => line.has(pid))) return false;
    await mkdir(own).catch(unlessThere);
    for (const pid of ours) await writeFile(join(own, "cgroup.procs"), pid);
    await writeFile(join(folder, "cgroup.subtree_control"), "+memory +pids");
    return true;
  } catch {
    return false;
  }
}

/** Tries it, and removes what an earlier process left. */
async function canMake(hierarchies: readonly Hierarchy[]): Promise<boolean> {
  try {
    for (const { folder } of hierarchies)
      for (const name of await readdir(folder))
        if (name.startsWith(prefix)) await rmdir(join(folder, name)).catch(() => null);
    const group = new Group(hierarchies, `try-${process.pid}`);
    await group.add([]);
    await group.remove();
    return true;
  } catch {
    return false;
  }
}

class Group implements Cgroup {
  readonly #hierarchies: readonly Hierarchy[];
  readonly #name: string;

  constructor(hierarchies: readonly Hierarchy[], name: string) {
    this.#hierarchies = hierarchies;
    this.#name = `${prefix}${name}`;
  }

  async add(pids: readonly number[]): Promise<void> {
    for (const { folder, files } of this.#hierarchies) {
      const group = join(folder, this.#name);
      await mkdir(group).catch(unlessThere);
      for (const [name, value, need] of files)
        await writeFile(join(group, name), value).catch((error: unknown) => {
          if (need === "must") throw error;
        });
      // The kernel takes one with each write.
      for (const pid of pids) await writeFile(join(group, "cgroup.procs"), `${pid}`);
    }
  }

  async wasShort(): Promise<boolean> {
    for (const { folder, counts } of this.#hierarchies) {
      if (counts === null) continue;
      const text = await readFile(join(folder, this.#name, counts), "utf8").catch(() => "");
      if (Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0) > 0) return true;
    }
    return false;
  }

  async remove(): Promise<void> {
    // The kernel counts a process out of its group a moment after its end.
    for (const { folder } of this.#hierarchies)
      for (let tries = 0; tries < 50; tries += 1) {
        const error = await rmdir(join(folder, this.#name)).then(() => null, codeOf);
        if (error !== "EBUSY") break;
        await sleep(10);
      }
  }
}

function unlessThere(error: unknown): void {
  if (codeOf(error) !== "EEXIST") throw error;
}
