// Watches what a stage takes of this machine while it runs, and ends it beyond its limits.

import { stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cgroup } from "./cgroup.ts";
import { heldBy } from "./held.ts";
import type { LocalLimits } from "./limits.ts";
import { occupied } from "./tree.ts";
import { freeBytes, type Workspace } from "./workspace.ts";

export interface BoundsOrder {
  readonly workspace: Workspace;
  readonly limits: LocalLimits;
  readonly disk: DiskShare;
  /** Null where the kernel holds no limit for all processes together. */
  readonly cgroup: Cgroup | null;
  /** The first process of an isolated command, while there is one. */
  readonly first: () => number | null;
  /** Called with a sentence when a limit is passed. */
  readonly exceeded: (why: string) => void;
}

/** What this run occupies, beside what the others do. */
export interface DiskShare {
  take(bytes: number): void;
  /** Whether no other run occupies more. */
  isLargest(): boolean;
}

export interface BoundsWatch {
  /** Ends the watch. Resolves when nothing is measured any more. */
  stop(): Promise<void>;
  /** Asks the kernel whether memory was short. */
  checkMemory(): Promise<void>;
  /** Measures once more what was left behind. */
  check(): Promise<void>;
}

export function watchBounds(order: BoundsOrder): BoundsWatch {
  const { limits } = order;
  const over = new AbortController();
  const watches = [
    repeat(limits.memory_watch_ms, over.signal, () => checkProcesses(order)),
    repeat(limits.disk_watch_ms, over.signal, () => checkDisk(order)),
    repeat(limits.free_watch_ms, over.signal, () => checkFree(order)),
  ];
  return {
    async stop() {
      over.abort();
      await Promise.all(watches);
    },
    checkMemory: () => checkMemory(order),
    check: () => checkDisk(order),
  };
}

/** Measuring is work: it takes at most a tenth of the time. */
async function repeat(every_ms: number, over: AbortSignal, measure: () => Promise<void>) {
  let pause_ms = every_ms;
  while (!over.aborted) {
    const waited = await sleep(pause_ms, true, { signal: over }).catch(() => false);
    if (!waited) return;
    const before = performance.now();
    await measure().catch(() => null);
    pause_ms = Math.max(every_ms, 10 * (performance.now() - before));
  }
}

async function checkProcesses(order: BoundsOrder): Promise<void> {
  const { first, limits, workspace, exceeded } = order;
  await checkMemory(order);
  const pid = first();
  if (pid === null) return;
  const { dev } = await stat(workspace.root);
  const held = await heldBy(pid, dev, limits.open_files_all);
  if (held.memory_bytes > limits.memory_bytes) exceeded(tookMemory(limits));
  if (held.open_files > limits.open_files_all)
    exceeded(`The stage had more than ${limits.open_files_all} files open.`);
  if (held.disk_bytes > limits.disk_bytes) exceeded(filled(limits));
}

async function checkMemory({ cgroup, limits, exceeded }: BoundsOrder): Promise<void> {
  if (await cgroup?.wasShort()) exceeded(tookMemory(limits));
}

async function checkDisk(order: BoundsOrder): Promise<void> {
  const { workspace, limits, first, disk, exceeded } = order;
  const most = { bytes: limits.disk_bytes, entries: limits.disk_entries, depth: limits.tree_depth };
  const { bytes, entries, deeper } = await occupied(workspace.root, most);
  const pid = first();
  const { dev } = await stat(workspace.root);
  const held = pid === null ? null : await heldBy(pid, dev, limits.open_files_all);
  const all = bytes + (held?.disk_bytes ?? 0);
  disk.take(all);
  if (all > limits.disk_bytes) exceeded(filled(limits));
  else if (entries > limits.disk_entries)
    exceeded(`The stage made more than ${limits.disk_entries} files and folders.`);
  else if (deeper)
    exceeded(`The stage made more than ${limits.tree_depth} folders, each inside the other.`);
}

/** What escapes every count still takes room: before there is none, the largest makes some. */
async function checkFree(order: BoundsOrder): Promise<void> {
  const { workspace, limits, disk, exceeded } = order;
  const isShort = async () => (await freeBytes(workspace.root)) < limits.reserve_bytes;
  if (!(await isShort())) return;
  await checkDisk(order);
  if (disk.isLargest() && (await isShort()))
    exceeded("The disk of this machine was nearly full, and no other stage had filled more of it.");
}

function tookMemory({ memory_bytes }: LocalLimits): string {
  return `The stage took more than ${mib(memory_bytes)} of memory.`;
}

function filled({ disk_bytes }: LocalLimits): string {
  return `The stage filled more than ${mib(disk_bytes)} of the disk.`;
}

const mib = (bytes: number): string => `${Math.max(1, Math.round(bytes / 2 ** 20))} MiB`;
