// Opens one file of a workspace that hostile code has written, and nothing else.

import { constants } from "node:fs";
import { type FileHandle, lstat, open, realpath } from "node:fs/promises";
import { join } from "node:path";
import { limit } from "../core/model/limit.ts";

export type Opened =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "gone" }
  | { readonly kind: "refused"; readonly why: string };

interface Wanted {
  /** From `realFolder`. */
  readonly root: string;
  /** Below `root`. */
  readonly path: string;
  readonly modifiedAfter_ms: number;
}

/** @throws Where the machine fails; what the stage can cause is a value. */
export async function openReport(wanted: Wanted): Promise<Opened> {
  const path = join(wanted.root, wanted.path);
  try {
    const entry = await lstat(path);
    if (entry.isSymbolicLink()) return refused("is a symbolic link");
    // Opening a pipe or a device may wait or act.
    if (!entry.isFile()) return refused("is not a regular file");
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
    await using handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    return await readChecked(handle, { ...wanted, path });
  } catch (error) {
    const trouble = failureOf(error);
    if (trouble === null) throw error;
    return trouble;
  }
}

/** The folder's own path without links, or null where there is no such folder. */
export async function realFolder(path: string): Promise<string | null> {
  try {
    const entry = await lstat(path);
    return entry.isDirectory() ? await realpath(path) : null;
  } catch (error) {
    if (failureOf(error) === null) throw error;
    return null;
  }
}

/** What a stage can cause by what it leaves behind; null is a fault of the machine. */
export function failureOf(error: unknown): Exclude<Opened, { kind: "bytes" }> | null {
  switch (error instanceof Error && "code" in error ? error.code : undefined) {
    case "ENOENT":
    case "ENOTDIR":
      return { kind: "gone" };
    case "ELOOP":
      return refused("is a symbolic link");
    case "ENAMETOOLONG":
      return refused("has a path that is too long");
    case "EACCES":
    case "EPERM":
      return refused("may not be read");
    default:
      return null;
  }
}

/** Judges what was opened, not what the path named a moment before. */
async function readChecked(handle: FileHandle, wanted: Wanted): Promise<Opened> {
  const file = await handle.stat();
  if (!file.isFile()) return refused("is not a regular file");
  // A second name may be that of a file outside the workspace.
  if (file.nlink > 1) return refused("is a hard link");
  if ((await realpath(wanted.path)) !== wanted.path) return refused("is behind a symbolic link");
  const named = await lstat(wanted.path);
  if (named.ino !== file.ino || named.dev !== file.dev) return refused("changed while it was read");
  if (file.mtimeMs < wanted.modifiedAfter_ms) return refused("was not written by this stage");
  return { kind: "bytes", bytes: await readMost(handle, file.size) };
}

/** One byte more than the limit is enough for the reader to refuse the file. */
async function readMost(handle: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(Math.min(size, limit.report.bytes) + 1);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

function refused(why: string): { readonly kind: "refused"; readonly why: string } {
  return { kind: "refused", why };
}
