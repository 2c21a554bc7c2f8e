// Folders that hostile commands have filled: counted and removed whatever their names, rights and depths are.

import { constants, type Dir, type Stats } from "node:fs";
import {
  chmod,
  type FileHandle,
  lstat,
  mkdtemp,
  open,
  opendir,
  rename,
  rmdir,
  unlink,
} from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "./hold.ts";

export interface Occupied {
  readonly bytes: number;
  readonly entries: number;
  /** Whether folders lie deeper in each other than was counted. */
  readonly deeper: boolean;
}

export interface Most {
  readonly bytes: number;
  readonly entries: number;
  readonly depth: number;
}

/**
 * What is occupied below the folder on the disk, while commands change it; stops counting above
 * `most`. Links are not followed. What a command moves about meanwhile may be missed.
 * @throws Where this machine does not let it be counted.
 */
export async function occupied(folder: string, most: Most): Promise<Occupied> {
  const seen = new Set<string>();
  const levels: Level[] = [];
  let bytes = 0;
  let entries = 0;
  let deeper = false;
  const enter = async (path: Buffer) => {
    const level = await openLevel(path);
    if (level !== null) levels.push(level);
  };
  try {
    await enter(Buffer.from(folder));
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const entry = await level.entries.read();
      if (entry === null) {
        levels.pop();
        await closeLevel(level);
        continue;
      }
      entries += 1;
      const path = below(level, entry.name);
      const status = await lstat(path).catch(unlessOther);
      if (status === null) continue;
      if (isFirst(status, seen)) bytes += status.blocks * 512;
      if (bytes > most.bytes || entries > most.entries) break;
      if (!status.isDirectory()) continue;
      if (levels.length < most.depth) await enter(path);
      else deeper = true;
    }
  } finally {
    await Promise.all(levels.map(closeLevel));
  }
  return { bytes, entries, deeper };
}

/** Package managers link one file into many places. */
function isFirst(status: Stats, seen: Set<string>): boolean {
  if (status.nlink === 1 || status.isDirectory()) return true;
  const file = `${status.dev}:${status.ino}`;
  if (seen.has(file)) return false;
  seen.add(file);
  return true;
}

/**
 * Removes the folder with all that is in it; no command may be running in it. Each folder is moved to
 * the top before it is emptied, so that no path grows longer than this machine can name.
 * @throws Where the machine does not let it go.
 */
export async function removeTree(root: string): Promise<void> {
  const status = await lstat(root).catch(() => null);
  if (status === null) return;
  if (!status.isDirectory()) return await unlink(root);
  await unlock(root);
  const graves = await mkdtemp(join(root, ".removed-"));
  let moved = 0;
  const bury = async (path: Buffer) => {
    await unlock(path);
    const grave = join(graves, String(moved));
    moved += 1;
    await rename(path, grave);
  };
  await empty(root, { bury, except: graves });
  for (let index = 0; index < moved; index += 1) {
    const grave = join(graves, String(index));
    await empty(grave, { bury, except: null });
    await rmdir(grave);
  }
  await rmdir(graves);
  await rmdir(root);
}

interface Emptying {
  readonly bury: (path: Buffer) => Promise<void>;
  readonly except: string | null;
}

async function empty(folder: string, { bury, except }: Emptying): Promise<void> {
  let files: Promise<void>[] = [];
  for await (const entry of await openEntries(Buffer.from(folder))) {
    const path = Buffer.concat([Buffer.from(`${folder}/`), entry.name]);
    if (except !== null && path.equals(Buffer.from(except))) continue;
    if (entry.isDirectory()) await bury(path).catch(unlessGone);
    else files.push(unlink(path).catch(unlessGone));
    if (files.length < atOnce) continue;
    await Promise.all(files);
    files = [];
  }
  await Promise.all(files);
}

const atOnce = 32;

function unlessGone(error: unknown): void {
  if (codeOf(error) !== "ENOENT") throw error;
}

interface Level {
  readonly path: Buffer;
  readonly handle: FileHandle;
  readonly entries: Entries;
}

/** A name may hold any bytes: as text it would lead nowhere. */
type Entries = AsyncIterable<{ readonly name: Buffer; isDirectory(): boolean }> & {
  read(): Promise<{ readonly name: Buffer } | null>;
  close(): Promise<void>;
};

async function openEntries(path: Buffer): Promise<Entries> {
  // The types of Node know names as text only.
  const options = { encoding: "buffer" as BufferEncoding, bufferSize: 256 };
  return (await opendir(path as unknown as string, options)) as Dir as unknown as Entries;
}

/** Null where it is no folder any more. The handle stays with the folder, wherever a command moves it. */
async function openLevel(path: Buffer): Promise<Level | null> {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK;
  const handle = await open(path, flags)
    .catch(async (error: unknown) => {
      if (codeOf(error) !== "EACCES") throw error;
      // Its owner may have closed it to itself, which is to us as well.
      await unlock(path);
      return await open(path, flags);
    })
    .catch(unlessOther);
  if (handle === null) return null;
  try {
    const here = descriptors ? Buffer.from(`/proc/self/fd/${handle.fd}`) : path;
    return { path, handle, entries: await openEntries(here) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Null where something else has its name by now, or nothing. */
function unlessOther(error: unknown): null {
  if (["ENOENT", "ENOTDIR", "ELOOP"].includes(codeOf(error))) return null;
  throw error;
}

async function closeLevel({ handle, entries }: Level): Promise<void> {
  await entries.close().catch(() => null);
  await handle.close();
}

function below({ path, handle }: Level, name: Buffer): Buffer {
  const folder = descriptors ? Buffer.from(`/proc/self/fd/${handle.fd}`) : path;
  return Buffer.concat([folder, Buffer.from("/"), name]);
}

const descriptors = process.platform === "linux";

/** Gives the owner every right to the folder itself, never to what a link leads to. */
async function unlock(path: string | Buffer): Promise<void> {
  if (!descriptors) return await chmod(path, 0o700);
  const handle = await open(path, pathOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    await chmod(`/proc/self/fd/${handle.fd}`, 0o700);
  } finally {
    await handle.close();
  }
}

/** O_PATH of Linux's fcntl.h, which Node does not name: a handle that needs no right to what it stands for. */
const pathOnly = 0o10000000;
