// The folder that PGlite keeps its files in, where what PostgreSQL wants on the disk gets there.

import { closeSync, fsyncSync, openSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { NodeFS } from "@electric-sql/pglite/nodefs";

/** An open file or folder, as the file system of Emscripten has it. */
interface Stream {
  /** Absent for a folder. */
  readonly nfd?: number;
  readonly node: unknown;
}

interface NodeFiles {
  readonly stream_ops: { fsync?: (stream: Stream) => number };
  realPath(node: unknown): string;
}

type Options = Parameters<NodeFS["init"]>[1];

/**
 * PGlite's own file system takes an fsync for done without asking the system, so that a power cut could lose
 * what was committed, or leave pages without the log that they need. The fsync blocks this process.
 */
export class SyncedFolder extends NodeFS {
  override async init(pglite: Parameters<NodeFS["init"]>[0], options: Options) {
    const { emscriptenOpts } = await super.init(pglite, options);
    const preRun = [
      ...(emscriptenOpts.preRun ?? []),
      (module: object) => {
        const files = (module as { NODEFS: NodeFiles }).NODEFS;
        files.stream_ops.fsync = (stream) => {
          sync(files, stream);
          return 0;
        };
      },
    ];
    return { emscriptenOpts: { ...emscriptenOpts, preRun } };
  }
}

function sync(files: NodeFiles, { nfd, node }: Stream): void {
  const folder = nfd === undefined ? openSync(files.realPath(node), "r") : null;
  try {
    fsyncSync(nfd ?? folder ?? -1);
  } finally {
    if (folder !== null) closeSync(folder);
  }
}

/** Brings all that lies in the folder to the disk: PGlite makes a new database without that. */
export async function syncFolder(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const kept = entries.filter((entry) => entry.isFile() || entry.isDirectory());
  const paths = [folder, ...kept.map(({ name, parentPath }) => join(parentPath, name))].values();
  // The system's own threads do this, and there are four.
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (const path of paths) {
        const file = await open(path, "r");
        try {
          await file.sync();
        } finally {
          await file.close();
        }
      }
    }),
  );
}
