// What the processes of an isolated command hold: memory, and files that have no name any more.

import { readlinkSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { pids } from "./processes.ts";

export interface Held {
  /** Memory of the processes, with files that lie in memory. */
  readonly memory_bytes: number;
  /** On the device of the workspace: files that are removed and still open. */
  readonly disk_bytes: number;
  readonly open_files: number;
}

/** @param first The first process inside, seen from here. Processes come and go while they are counted. */
export async function heldBy(first: number, device: number, most_files: number): Promise<Held> {
  let memory = 0;
  let shared = 0;
  let open_files = 0;
  const nameless = new Map<string, { readonly device: number; readonly bytes: number }>();
  for (const pid of isolatedWith(first)) {
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    memory += sizeIn(status, "RssAnon") + sizeIn(status, "VmSwap");
    shared = Math.max(shared, sizeIn(status, "RssShmem"));
    for (const name of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      open_files += 1;
      if (open_files > most_files) break;
      // What it leads to is looked at and not opened.
      const file = await stat(`/proc/${pid}/fd/${name}`).catch(() => null);
      if (file?.isFile() && file.nlink === 0)
        nameless.set(`${file.dev}:${file.ino}`, { device: file.dev, bytes: file.blocks * 512 });
    }
  }
  const sum = (onDisk: (of: number) => boolean) =>
    [...nameless.values()].reduce((all, file) => all + (onDisk(file.device) ? file.bytes : 0), 0);
  // What is shared and still open counts in both, once.
  const inMemory = Math.max(
    shared,
    sum((of) => of !== device),
  );
  return { memory_bytes: memory + inMemory, disk_bytes: sum((of) => of === device), open_files };
}

/** Every process in the same PID namespace, whatever group and session it has moved to. */
function isolatedWith(first: number): readonly number[] {
  const namespace = namespaceOf(first);
  return namespace === null ? [] : pids().filter((pid) => namespaceOf(pid) === namespace);
}

function namespaceOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return null;
  }
}

/** A row of /proc/<pid>/status in bytes; see proc_pid_status(5). */
function sizeIn(status: string, row: string): number {
  return 1024 * Number(new RegExp(`^${row}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0);
}
