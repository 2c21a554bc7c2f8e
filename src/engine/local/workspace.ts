// The folder of one run: the commit's tree, a home, a place for temporary files; its size and its end.

import { createHash } from "node:crypto";
import type { Dirent } from "node:fs";
import { chmod, lstat, mkdir, readdir, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface Workspace {
  /** Everything below belongs to the run. */
  readonly root: string;
  /** The commit's tree, in which the commands run. */
  readonly tree: string;
  readonly home: string;
  readonly temporary: string;
  /** Shared memory of an isolated command, which lies on the disk so that it is counted. */
  readonly shared: string;
}

/** Where the run's workspace is, whether it exists or not. A token may hold any character, a folder's name not. */
export function workspaceOf(folder: string, token: string): Workspace {
  const root = join(folder, createHash("sha256").update(token).digest("hex").slice(0, 32));
  return {
    root,
    tree: join(root, "tree"),
    home: join(root, "home"),
    temporary: join(root, "tmp"),
    shared: join(root, "shm"),
  };
}

/** A fresh, empty workspace in place of an earlier one. */
export async function createWorkspace(workspace: Workspace, token: string): Promise<void> {
  await removeTree(workspace.root);
  await mkdir(workspace.root, { recursive: true, mode: 0o700 });
  for (const part of [workspace.tree, workspace.home, workspace.temporary, workspace.shared])
    await mkdir(part, { mode: 0o700 });
  await writeFile(join(workspace.root, tokenFile), token);
}

/** The token of the run that the folder was made for; null where it is not a complete workspace. */
export async function tokenOf(root: string): Promise<string | null> {
  const token = await readFile(join(root, tokenFile), "utf8").catch(() => null);
  // A command may write there too.
  return token !== null && workspaceOf(dirname(root), token).root === root ? token : null;
}

const tokenFile = "run";

/** The folders in which workspaces are kept, as roots. */
export async function workspaceRoots(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => /^[0-9a-f]{32}$/.test(name)).map((name) => join(folder, name));
}

export async function removeTree(root: string): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 3 } as const;
  try {
    await rm(root, options);
  } catch {
    // Some tools leave folders that even their owner may not write to.
    await unlock(root);
    await rm(root, options);
  }
}

async function unlock(folder: string): Promise<void> {
  await chmod(folder, 0o700).catch(() => null);
  for (const entry of await entriesOf(folder))
    if (entry.isDirectory()) await unlock(join(folder, entry.name));
}

/** Bytes that are free for us where the folder is. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

export interface Occupied {
  readonly bytes: number;
  readonly entries: number;
}

/** What is occupied below the folder on the disk; stops counting above `most`. Links are not followed. */
export async function occupied(folder: string, most: Occupied): Promise<Occupied> {
  const seen = new Set<number>();
  const folders = [folder];
  let bytes = 0;
  let entries = 0;
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    const children = await entriesOf(next);
    entries += children.length;
    for (const child of children) {
      const path = join(next, child.name);
      if (child.isDirectory()) folders.push(path);
      const status = await lstat(path).catch(() => null);
      if (status === null) continue;
      // Package managers link one file into many places.
      if (status.nlink > 1 && !child.isDirectory()) {
        if (seen.has(status.ino)) continue;
        seen.add(status.ino);
      }
      bytes += status.blocks * 512;
    }
    if (bytes > most.bytes || entries > most.entries) break;
  }
  return { bytes, entries };
}

/** Files come and go while a command runs. */
async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  return await readdir(folder, { withFileTypes: true }).catch(() => []);
}
