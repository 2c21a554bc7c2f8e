// The folder of one run: the commit's tree, a home, a place for temporary files; its size and its end.

import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, readdir, statfs, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { limit } from "../../core/model/limit.ts";
import { removeTree } from "./tree.ts";

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
  await writeOwn(join(workspace.root, tokenFile), token);
}

/** The token of the run that the folder was made for; null where it is not a complete workspace. */
export async function tokenOf(root: string): Promise<string | null> {
  const token = await readOwn(join(root, tokenFile), 4_096).catch(() => null);
  return token !== null && workspaceOf(dirname(root), token).root === root ? token : null;
}

const tokenFile = "run";

/** Notes the files of the commit, before any command can add one: a retry may be another process's. */
export async function keepFiles({ root }: Workspace, files: readonly string[]): Promise<void> {
  await writeOwn(join(root, listFile), files.join("\0"));
}

/** Null where they were not noted. */
export async function keptFiles({ root }: Workspace): Promise<readonly string[] | null> {
  const list = await readOwn(join(root, listFile), limit.report.list_bytes).catch(() => null);
  return list === null ? null : list.split("\0");
}

const listFile = "files";

/**
 * Writes a file of ours, in place of whatever has this name. A command without isolation may have put
 * a link or a pipe there. Returns when the file was written, as its file system tells the time, in ms.
 */
export async function writeOwn(path: string, text: string): Promise<number> {
  await unlink(path).catch(() => null);
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  await using file = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  await file.writeFile(text);
  return (await file.stat()).mtimeMs;
}

/** What `writeOwn` has written; null where it is another kind of file by now, or larger than ours is. */
async function readOwn(path: string, most_bytes: number): Promise<string | null> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  await using file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const status = await file.stat();
  return status.isFile() && status.size <= most_bytes ? await file.readFile("utf8") : null;
}

/** The folders in which workspaces are kept, as roots. */
export async function workspaceRoots(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => /^[0-9a-f]{32}$/.test(name)).map((name) => join(folder, name));
}

/** Bytes that are free for us where the folder is. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
