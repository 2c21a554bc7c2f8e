// Git's objects (blobs, trees, commits) with the ids that git itself would give them.
import { createHash } from "node:crypto";

export type FileMode = "100644" | "100755" | "120000";
export type FileEntry = { sha: string; mode: FileMode };
/** Every file of a commit, by path. */
export type Files = ReadonlyMap<string, FileEntry>;

/** What a commit does to one path: new content, an executable, a link, or removal. */
export type Change = string | Buffer | { executable: string } | { link: string } | null;

export type Signature = { name: string; email: string; login: string | undefined; date: number };

export type Commit = {
  sha: string;
  tree: string;
  parents: readonly string[];
  message: string;
  author: Signature;
  committer: Signature;
  /** One more than the highest of the parents; orders commits without looking at dates. */
  generation: number;
};

type TreeItem = { name: string; mode: FileMode | "040000"; sha: string };

/** Shared by a repository and its forks, as on GitHub. */
export type GitStore = {
  blobs: Map<string, Buffer>;
  trees: Map<string, TreeItem[]>;
  commits: Map<string, Commit>;
  files: Map<string, Files>;
};

export function createStore(): GitStore {
  return { blobs: new Map(), trees: new Map(), commits: new Map(), files: new Map() };
}

function writeBlob(store: GitStore, content: Buffer): string {
  const sha = hash("blob", content);
  if (!store.blobs.has(sha)) store.blobs.set(sha, content);
  return sha;
}

function writeTree(store: GitStore, files: Files): string {
  const sha = writeFolder(store, [...files]);
  if (!store.files.has(sha)) store.files.set(sha, new Map([...files].sort(byPath)));
  return sha;
}

export function writeCommit(
  store: GitStore,
  parts: Omit<Commit, "sha" | "generation" | "tree"> & { files: Files },
): Commit {
  const { files, ...rest } = parts;
  const tree = writeTree(store, files);
  const text = [
    `tree ${tree}`,
    ...rest.parents.map((p) => `parent ${p}`),
    `author ${signatureLine(rest.author)}`,
    `committer ${signatureLine(rest.committer)}`,
    "",
    rest.message,
  ].join("\n");
  const sha = hash("commit", Buffer.from(text));
  const known = store.commits.get(sha);
  if (known) return known;
  const generation = 1 + Math.max(0, ...rest.parents.map((p) => commitOf(store, p).generation));
  const commit = { ...rest, tree, sha, generation };
  store.commits.set(sha, commit);
  return commit;
}

export function commitOf(store: GitStore, sha: string): Commit {
  const commit = store.commits.get(sha);
  if (!commit) throw new Error(`no commit ${sha}`);
  return commit;
}

export function filesOf(store: GitStore, sha: string): Files {
  const files = store.files.get(commitOf(store, sha).tree);
  if (!files) throw new Error(`no tree for commit ${sha}`);
  return files;
}

export function blobOf(store: GitStore, sha: string): Buffer {
  const blob = store.blobs.get(sha);
  if (!blob) throw new Error(`no blob ${sha}`);
  return blob;
}

export function applyChanges(
  store: GitStore,
  before: Files,
  changes: Readonly<Record<string, Change>>,
): Files {
  const files = new Map(before);
  for (const [path, change] of Object.entries(changes)) {
    if (change === null) files.delete(path);
    else files.set(path, writeChange(store, change));
  }
  return files;
}

function writeChange(store: GitStore, change: Exclude<Change, null>): FileEntry {
  if (typeof change === "string" || Buffer.isBuffer(change))
    return { sha: writeBlob(store, Buffer.from(change)), mode: "100644" };
  if ("link" in change) return { sha: writeBlob(store, Buffer.from(change.link)), mode: "120000" };
  return { sha: writeBlob(store, Buffer.from(change.executable)), mode: "100755" };
}

function writeFolder(store: GitStore, files: [string, FileEntry][]): string {
  const items: TreeItem[] = [];
  const folders = new Map<string, [string, FileEntry][]>();
  for (const [path, entry] of files) {
    const slash = path.indexOf("/");
    if (slash < 0) items.push({ name: path, ...entry });
    else {
      const inside = folders.get(path.slice(0, slash)) ?? [];
      inside.push([path.slice(slash + 1), entry]);
      folders.set(path.slice(0, slash), inside);
    }
  }
  for (const [name, inside] of folders)
    items.push({ name, mode: "040000", sha: writeFolder(store, inside) });
  items.sort((a, b) => (sortName(a) < sortName(b) ? -1 : 1));
  const body = Buffer.concat(
    items.flatMap((i) => [
      Buffer.from(`${i.mode.replace(/^0/, "")} ${i.name}\0`),
      Buffer.from(i.sha, "hex"),
    ]),
  );
  const sha = hash("tree", body);
  store.trees.set(sha, items);
  return sha;
}

// Git sorts a folder as if its name ended in a slash.
function sortName(item: TreeItem): string {
  return item.mode === "040000" ? `${item.name}/` : item.name;
}

function byPath([a]: [string, FileEntry], [b]: [string, FileEntry]): number {
  return a < b ? -1 : 1;
}

function signatureLine(who: Signature): string {
  return `${who.name} <${who.email}> ${Math.floor(who.date / 1000)} +0000`;
}

function hash(kind: string, body: Buffer): string {
  return createHash("sha1").update(`${kind} ${body.length}\0`).update(body).digest("hex");
}
