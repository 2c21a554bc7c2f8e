// Commits as GitHub packs them, and archives as nobody should.

import { gzipSync } from "node:zlib";
import { Header, Pax } from "tar";

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
