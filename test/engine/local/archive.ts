// Commits as GitHub packs them, and archives as nobody should.

import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { Header, Parser, Pax, type ReadEntry } from "tar";
import type { GitHub } from "../../../src/ports/github.ts";
import type { CommitEntry, TreeReader } from "../../../src/ports/tree.ts";

export interface Entry {
  readonly path: string;
  readonly body?: string;
  readonly type?: "File" | "Directory" | "SymbolicLink" | "Link" | "FIFO";
  readonly linkpath?: string;
  readonly mode?: number;
  readonly mtime?: Date;
  readonly uid?: number;
  readonly gid?: number;
}

/** A gzipped tar with exactly these entries. */
export function archive(entries: readonly Entry[], commit?: string): Uint8Array {
  const blocks: Buffer[] = [];
  if (commit !== undefined) blocks.push(new Pax({ comment: commit }, true).encode());
  for (const entry of entries) {
    const body = Buffer.from(entry.body ?? "");
    const type = entry.type ?? "File";
    const header = new Header({
      ...entry,
      type,
      mode: entry.mode ?? (type === "Directory" ? 0o755 : 0o644),
      size: body.length,
      mtime: entry.mtime ?? new Date("2024-01-01"),
    });
    header.encode();
    blocks.push(header.block ?? Buffer.alloc(0), body, padding(body.length));
  }
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

/** The tree of a commit below one top-level folder. */
export function commit(files: Readonly<Record<string, string>>): Uint8Array {
  const entries = Object.entries(files).map(([path, body]) => ({ path: `top/${path}`, body }));
  return archive([{ path: "top/", type: "Directory" }, ...entries]);
}

export function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new Blob([new Uint8Array(bytes)]).stream();
}

const padding = (length: number): Buffer => Buffer.alloc((512 - (length % 512)) % 512);

/** Lists what the last archive had as what is in the commit. */
export function withTrees(given: GitHub["tarball"]): {
  readonly tarball: GitHub["tarball"];
  readonly trees: Pick<TreeReader, "commitTree" | "blob">;
} {
  let last: Uint8Array[] = [];
  return {
    async tarball(repository, sha) {
      const answer = await given(repository, sha);
      if (answer.kind !== "known") return answer;
      last = [];
      const kept = new TransformStream<Uint8Array, Uint8Array>({
        transform(piece, controller) {
          last.push(piece);
          controller.enqueue(piece);
        },
      });
      return { kind: "known", value: answer.value.pipeThrough(kept) };
    },
    trees: {
      commitTree: async () => ({
        kind: "known",
        value: { entries: await entriesOf(last), whole: true },
      }),
      blob: async () => ({ kind: "unknown", why: "GitHub does not show it." }),
    },
  };
}

async function entriesOf(pieces: readonly Uint8Array[]): Promise<readonly CommitEntry[]> {
  const entries: CommitEntry[] = [];
  const parser = new Parser({
    onReadEntry(entry: ReadEntry) {
      const path = entry.path.split("/").slice(1).join("/");
      const pieces: Buffer[] = [];
      entry.on("data", (piece: Buffer) => pieces.push(piece));
      entry.on("end", () => {
        if (entry.type === "SymbolicLink") entries.push({ path, mode: "120000", sha: "" });
        if (entry.type === "File")
          entries.push({ path, mode: "100644", sha: blobSha(Buffer.concat(pieces)) });
      });
    },
  });
  const ended = new Promise((resolve) => parser.on("end", resolve));
  for (const piece of pieces) parser.write(Buffer.from(piece));
  parser.end();
  await ended;
  return entries;
}

/** As git names the contents of a file. */
export function blobSha(bytes: Uint8Array): string {
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}
