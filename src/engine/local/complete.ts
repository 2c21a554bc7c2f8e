// Makes the unpacked archive of a commit the commit: an archive leaves out and changes what `.gitattributes` names.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, mkdir, realpath, unlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import type { Repository } from "../../core/model/event.ts";
import type { CommitEntry, TreeReader } from "../../ports/tree.ts";
import { codeOf } from "./hold.ts";
import type { LocalLimits } from "./limits.ts";
import type { Unpacked } from "./unpack.ts";

export interface CompleteOrder {
  readonly trees: Pick<TreeReader, "commitTree" | "blob">;
  readonly repository: Repository;
  readonly sha: string;
  /** The folder that the archive was unpacked into. */
  readonly tree: string;
  readonly unpacked: Extract<Unpacked, { kind: "unpacked" }>;
  readonly limits: LocalLimits;
}

type Completed = Unpacked | { readonly kind: "limited"; readonly until: number };

/**
 * `git archive` obeys the commit's own attributes: `export-ignore` leaves files out, `export-subst` and `eol`
 * change them (git-scm.com/docs/gitattributes). A stage would pass without what it is to judge, which its author
 * decides. What is not as in the commit is fetched by itself, up to `limits.completed_files`.
 */
export async function complete(order: CompleteOrder): Promise<Completed> {
  const { trees, repository, sha, unpacked, limits } = order;
  const listed = await trees.commitTree(repository, sha);
  if (listed.kind === "limited") return listed;
  if (listed.kind === "unknown") return { kind: "broken", why: listed.why };
  const { entries, whole } = listed.value;
  if (!whole)
    return refused(
      "The commit has more files than GitHub lists at once, so its archive cannot be checked",
    );
  const expected = new Map(entries.filter(isBlob).map((entry) => [entry.path, entry]));
  const links = new Set([...unpacked.links, ...unpacked.leftOut]);
  const strange = [...unpacked.files, ...links].find((path) => !expected.has(path));
  if (strange !== undefined)
    return refused(`The archive holds ${strange}, which is no file of the commit`);
  const wrong: CommitEntry[] = [];
  for (const entry of expected.values())
    if (!(await isAsListed(order, entry, links))) wrong.push(entry);
  if (wrong.length > limits.completed_files)
    return refused(
      `GitHub's archive leaves out or changes ${wrong.length} files of the commit, as its .gitattributes says (export-ignore, export-subst, eol), and at most ${limits.completed_files} are fetched one by one`,
    );
  for (const entry of wrong) {
    const put = await fetchBlob(order, entry);
    if (put !== null) return put;
  }
  const files = [...new Set([...unpacked.files, ...wrong.map(({ path }) => path)])];
  return { ...unpacked, files };
}

function refused(why: string): { readonly kind: "refused"; readonly why: string } {
  return { kind: "refused", why: `${why}.` };
}

/** A submodule is an empty folder in an archive, as in a fresh clone. */
function isBlob({ mode }: CommitEntry): boolean {
  return mode !== "160000";
}

async function isAsListed(
  { tree }: CompleteOrder,
  { path, mode, sha }: CommitEntry,
  links: ReadonlySet<string>,
): Promise<boolean> {
  // What a link says was looked at when it was made, or left out.
  if (mode === "120000") return links.has(path);
  const status = await lstat(join(tree, path)).catch(() => null);
  if (status === null || !status.isFile()) return false;
  return (await blobSha(join(tree, path), status.size)) === sha;
}

/** git-scm.com/book/en/v2/Git-Internals-Git-Objects: the hash of a header and the bytes. */
async function blobSha(path: string, size: number): Promise<string> {
  const hash = createHash("sha1").update(`blob ${size}\0`);
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest("hex");
}

/** Null where it is there now. */
async function fetchBlob(
  order: CompleteOrder,
  { path, mode, sha }: CommitEntry,
): Promise<Exclude<Completed, { kind: "unpacked" }> | null> {
  if (mode === "120000") return refused(`The archive leaves out the link ${path}`);
  const read = await order.trees.blob(order.repository, sha);
  if (read.kind === "limited") return read;
  if (read.kind === "unknown") return { kind: "broken", why: read.why };
  const bytes = read.value;
  if (createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex") !== sha)
    return { kind: "broken", why: `GitHub answered with another file than ${path}` };
  const file = join(order.tree, path);
  if (await isLargeFile(file, bytes)) return null;
  const folder = dirname(file);
  await mkdir(folder, { recursive: true });
  const root = await realpath(order.tree);
  const real = await realpath(folder);
  if (real !== root && !real.startsWith(root + sep))
    return refused(`The folder of ${path} is a link out of the commit`);
  await unlink(file).catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT") throw error;
  });
  await writeFile(file, bytes, { flag: "wx", mode: mode === "100755" ? 0o755 : 0o644 });
  // One of this moment would look like one that a stage has just written.
  const before = new Date(Date.now() - 60_000);
  await utimes(file, before, before);
  return null;
}

/** Whether the archive has the file that a pointer of Git LFS stands for: github.com/git-lfs/git-lfs/blob/main/docs/spec.md */
async function isLargeFile(file: string, pointer: Uint8Array): Promise<boolean> {
  if (pointer.length > 1_024) return false;
  const text = Buffer.from(pointer).toString("utf8");
  const oid =
    /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n[\s\S]*^oid sha256:([0-9a-f]{64})$/m.exec(
      text,
    )?.[1];
  if (oid === undefined) return false;
  const status = await lstat(file).catch(() => null);
  if (status === null || !status.isFile()) return false;
  const hash = createHash("sha256");
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  return hash.digest("hex") === oid;
}
