// A commit's archive becomes a tree, and nothing outside of that tree.

import { lstat, mkdir, realpath, symlink, unlink } from "node:fs/promises";
import { dirname, join, posix, sep } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as WebStream } from "node:stream/web";
import { createGunzip } from "node:zlib";
import { type ReadEntry, Unpack } from "tar";
import type { LocalLimits } from "./limits.ts";

export interface UnpackOrder {
  readonly archive: ReadableStream<Uint8Array>;
  readonly sha: string;
  /** An empty folder. */
  readonly into: string;
  readonly limits: LocalLimits;
  readonly signal: AbortSignal;
}

export type Unpacked =
  /** `leftOut`: symbolic links that point outside the tree. `links`: the others. `files`: paths of the plain files in it. */
  | {
      readonly kind: "unpacked";
      readonly leftOut: readonly string[];
      readonly links: readonly string[];
      readonly files: readonly string[];
    }
  /** The archive will not be better next time. */
  | { readonly kind: "refused"; readonly why: string }
  /** The transfer broke off or was damaged. */
  | { readonly kind: "broken"; readonly why: string };

/** Takes the gzipped tar with one top-level folder, whose contents land in `into`. */
export async function unpack(order: UnpackOrder): Promise<Unpacked> {
  const { limits } = order;
  const reading = new Reading(order);
  // The types of the web and of Node describe the same stream.
  const archive = Readable.fromWeb(order.archive as WebStream<Uint8Array>);
  try {
    await pipeline(
      archive,
      atMost(limits.archive_bytes, `The archive is larger than ${mib(limits.archive_bytes)}.`),
      createGunzip(),
      atMost(limits.tree_bytes, `The tree is larger than ${mib(limits.tree_bytes)}.`),
      (tar: AsyncIterable<Uint8Array>) => extract(tar, reading),
      { signal: order.signal },
    );
    const leftOut = await makeLinks(order.into, reading.links);
    const out = new Set(leftOut);
    const links = reading.links.map(({ path }) => path).filter((path) => !out.has(path));
    return { kind: "unpacked", leftOut, links, files: reading.files };
  } catch (error) {
    // Messages of others may hold an address with a token in it, so that only codes are passed on.
    if (error instanceof Refusal) return { kind: "refused", why: error.message };
    if (order.signal.aborted) return { kind: "broken", why: "the download was given up" };
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return { kind: "broken", why: `the archive could not be read (${code})` };
  }
}

/** Thrown through the streams and caught by `unpack`. */
class Refusal extends Error {}

function atMost(most: number, why: string) {
  return async function* (source: AsyncIterable<Uint8Array>) {
    let bytes = 0;
    for await (const chunk of source) {
      bytes += chunk.length;
      if (bytes > most) throw new Refusal(why);
      yield chunk;
    }
  };
}

async function extract(tar: AsyncIterable<Uint8Array>, reading: Reading): Promise<void> {
  const sink = new Unpack({
    cwd: reading.order.into,
    strip: 1,
    // Every warning is an error: what tar would repair, drop or rename, it does not get past us.
    strict: true,
    // As root, tar would hand the files to the ids in the archive.
    preserveOwner: false,
    filter: (path, entry) => reading.takes(path, entry as ReadEntry),
  });
  const failed = new Promise<never>((_, reject) => {
    sink.on("error", (error: Error) => reject(reading.refusal ?? error));
  });
  failed.catch(() => null);
  const closed = new Promise((resolve) => sink.on("close", resolve));
  sink.on("meta", (text: string) => reading.meta(text));
  for await (const chunk of tar) {
    const flows = sink.write(Buffer.from(chunk));
    if (reading.refusal !== null) throw reading.refusal;
    if (!flows) await Promise.race([failed, new Promise((resolve) => sink.once("drain", resolve))]);
  }
  sink.end();
  await Promise.race([failed, closed]);
  if (reading.refusal !== null) throw reading.refusal;
}

interface Link {
  /** Both relative to the tree and to the link, with slashes. */
  readonly path: string;
  readonly target: string;
}

/** What is known of the archive so far: one judgement per entry. */
class Reading {
  readonly order: UnpackOrder;
  readonly links: Link[] = [];
  readonly files: string[] = [];
  refusal: Refusal | null = null;
  #entries = 0;
  #bytes = 0;
  #top: string | null = null;

  constructor(order: UnpackOrder) {
    this.order = order;
  }

  /** GitHub's archives name their commit in a global header, as `git archive` writes it. */
  meta(text: string): void {
    const commit = /^\d+ comment=([0-9a-f]{40})$/m.exec(text)?.[1];
    if (this.#entries === 0 && commit !== undefined && commit !== this.order.sha)
      this.#refuse(`The archive is of the commit ${commit}.`);
  }

  /** Whether tar shall write the entry. Links are made by ourselves when everything else is there. */
  takes(path: string, entry: ReadEntry): boolean {
    const { limits } = this.order;
    this.#entries += 1;
    this.#bytes += entry.size;
    if (this.#entries > limits.tree_entries)
      return this.#refuse(`The archive has more than ${limits.tree_entries} entries.`);
    if (this.#bytes > limits.tree_bytes)
      return this.#refuse(`The tree is larger than ${mib(limits.tree_bytes)}.`);
    if (path.length > limits.path_chars)
      return this.#refuse(`A path in the archive is longer than ${limits.path_chars} characters.`);
    const [top, ...rest] = path.replace(/\/$/, "").split("/");
    this.#top ??= top ?? "";
    if (top === "" || top === ".." || top !== this.#top || rest.includes(".."))
      return this.#refuse("A path in the archive lies outside its one folder.");
    switch (entry.type) {
      case "Directory":
      case "File":
      case "OldFile":
      case "ContiguousFile":
        if (rest.length === 0 && entry.type !== "Directory")
          return this.#refuse("A path in the archive lies outside its one folder.");
        // Readable for its owner, and never with another user's rights.
        entry.mode = ((entry.mode ?? 0o644) & 0o777) | 0o600;
        // A file from the future would look like one that a stage has just written.
        entry.mtime = new Date(Math.min(entry.mtime?.getTime() ?? 0, Date.now() - 60_000));
        if (entry.type !== "Directory") this.files.push(rest.join("/"));
        return this.refusal === null;
      case "SymbolicLink":
        this.links.push({ path: rest.join("/"), target: entry.linkpath ?? "" });
        return false;
      default:
        return this.#refuse(`The archive holds an entry that no commit has (${entry.type}).`);
    }
  }

  #refuse(why: string): false {
    this.refusal ??= new Refusal(why);
    return false;
  }
}

/**
 * Makes the links that stay inside the tree and returns the others. They come last, so that no
 * file of the archive can be written through one of them.
 */
async function makeLinks(tree: string, links: readonly Link[]): Promise<readonly string[]> {
  const leftOut: string[] = [];
  const made: Link[] = [];
  const root = await realpath(tree);
  const paths = new Set(links.map(({ path }) => path));
  for (const link of links) {
    const possible = staysInside(link) && !belowAny(link.path, paths);
    if (possible && (await makeLink(root, link))) made.push(link);
    else leftOut.push(link.path);
  }
  // A link through another link can leave the tree although each by itself does not.
  for (const { path } of made) {
    const end = await realpath(join(root, path)).catch(() => null);
    if (end === null || end === root || end.startsWith(root + sep)) continue;
    await unlink(join(root, path));
    leftOut.push(path);
  }
  return leftOut;
}

function staysInside({ path, target }: Link): boolean {
  if (path === "" || target === "" || posix.isAbsolute(target)) return false;
  const end = posix.normalize(posix.join(posix.dirname(path), target));
  return end !== ".." && !end.startsWith("../");
}

/** No tree of git has anything below a link; an archive that has it would make a folder through the link. */
function belowAny(path: string, links: ReadonlySet<string>): boolean {
  const folder = posix.dirname(path);
  return folder !== "." && (links.has(folder) || belowAny(folder, links));
}

async function makeLink(root: string, link: Link): Promise<boolean> {
  const path = join(root, link.path);
  await mkdir(dirname(path), { recursive: true });
  if ((await lstat(path).catch(() => null)) !== null) return false;
  await symlink(link.target, path);
  return true;
}

const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
