// One process at a time may open a data folder: a second one would destroy the database.

import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileMode } from "./private-files.ts";

export interface FolderLock {
  release(): Promise<void>;
}

export class FolderInUse extends Error {
  override name = "FolderInUse";
}

/** Throws `FolderInUse` while a living process holds the folder. */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, "lock");
  const holder = await readHolder(path);
  if (holder !== null && (await lives(holder))) {
    throw new FolderInUse(
      `The data folder ${folder} is in use by process ${holder.pid}. ` +
        "Stop that process, give this one a folder of its own (INTERLOCK_DATA_DIR), " +
        "or let both use a PostgreSQL (DATABASE_URL).",
    );
  }
  const mine: Holder = {
    pid: process.pid,
    startedAt: (await look(process.pid))?.startedAt ?? null,
  };
  const text = JSON.stringify(mine);
  // Renamed into place, so that a reader never sees half a file.
  await writeFile(`${path}.${process.pid}`, text, { mode: fileMode });
  await rename(`${path}.${process.pid}`, path);
  // Two processes that start at once both come here; the later rename wins and the other one sees it.
  await wait(settle_ms);
  if ((await readFile(path, "utf8").catch(() => "")) !== text) return lockFolder(folder);
  return { release: () => rm(path, { force: true }) };
}

const settle_ms = 100;

/** A process id alone is not enough: after a restart in a container it is the same number again. */
interface Holder {
  readonly pid: number;
  readonly startedAt: string | null;
}

async function readHolder(path: string): Promise<Holder | null> {
  try {
    const { pid, startedAt } = JSON.parse(await readFile(path, "utf8")) as Partial<Holder>;
    return typeof pid === "number" ? { pid, startedAt: startedAt ?? null } : null;
  } catch {
    return null;
  }
}

async function lives(holder: Holder): Promise<boolean> {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // Not permitted means that it is there and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const now = await look(holder.pid);
  if (now === null || holder.startedAt === null) return true;
  return now.alive && now.startedAt === holder.startedAt;
}

/** Null where there is no /proc. */
async function look(pid: number): Promise<{ alive: boolean; startedAt: string } | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // proc(5): the second field is the command in brackets, which may contain spaces; the third is the
    // state, where a process that has ended and was not waited for is Z; the 22nd is when it started.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { alive: fields[0] !== "Z", startedAt: fields[19] ?? "" };
  } catch {
    return null;
  }
}
