// Files that nobody but our own user may read. An umask would do it too, and would reach the commands of stages.

import { chmod, lstat, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";

export const folderMode = 0o700;
export const fileMode = 0o600;

/** Makes the folder where it is missing, and takes all others' rights to it. */
export async function makePrivate(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: folderMode });
  await chmod(folder, folderMode);
}

/** The same for all that lies in it, at any depth. Links are left alone, and what is gone meanwhile. */
export async function keepPrivate(folder: string): Promise<void> {
  await makePrivate(folder);
  for (const { name, parentPath } of await readdir(folder, {
    recursive: true,
    withFileTypes: true,
  })) {
    const path = join(parentPath, name);
    await keepOne(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
  }
}

async function keepOne(path: string): Promise<void> {
  const there = await lstat(path);
  if (there.isSymbolicLink()) return;
  const mode = there.isDirectory() ? folderMode : fileMode;
  if ((there.mode & 0o777) !== mode) await chmod(path, mode);
}
