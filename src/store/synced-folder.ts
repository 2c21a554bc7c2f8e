// The folder that PGlite keeps its files in, where what PostgreSQL wants on the disk gets there.

import { closeSync, fsync, fsyncSync, openSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join, sep } from "node:path";
import { promisify } from "node:util";
import { NodeFS } from "@electric-sql/pglite/nodefs";

/** An open file or folder, as the file system of Emscripten has it. */
interface Stream {
  /** Absent for a folder. */
  readonly nfd?: number;
  readonly node: object;
}

type Write = (stream: Stream, ...rest: unknown[]) => number;

interface NodeFiles {
  readonly stream_ops: { fsync?: (stream: Stream) => number; write: Write };
  realPath(node: object): string;
}

type Options = Parameters<NodeFS["init"]>[1];

const flush = promisify(fsync);

/**
 * PGlite's own file system takes an fsync for done without asking the system, so that a power cut could lose
 * what was committed, or leave pages without the log that they need. Here the log is on the disk once
 * `settled` resolves, which holds nobody up meanwhile; all else waits until the log that was written before
 * it is on the disk, and is there when PostgreSQL goes on.
 */
export class SyncedFolder extends NodeFS {
  /** Files of the log that PostgreSQL takes to be on the disk, and which are not yet for certain. */
  readonly #unsure = new Set<number>();
  /** Those of them that no flush has been started for, by their path. */
  readonly #waiting = new Map<string, number>();
  #flushing: Promise<void> = Promise.resolve();
  #isPlanned = false;

  override async init(pglite: Parameters<NodeFS["init"]>[0], options: Options) {
    const { emscriptenOpts } = await super.init(pglite, options);
    const preRun = [
      ...(emscriptenOpts.preRun ?? []),
      (module: object) => this.#take((module as { NODEFS: NodeFiles }).NODEFS),
    ];
    return { emscriptenOpts: { ...emscriptenOpts, preRun } };
  }

  /** Whatever was committed before is on the disk. Rejects, from then on, where the disk does not take it. */
  async settled(): Promise<void> {
    if (this.#waiting.size > 0 && !this.#isPlanned) {
      this.#isPlanned = true;
      this.#flushing = this.#flushing.then(() => this.#flush());
      // Anyone who waits for it hears of it.
      this.#flushing.catch(() => {});
    }
    await this.#flushing;
  }

  #take(files: NodeFiles): void {
    const { stream_ops: streams } = files;
    const logs = new WeakMap<object, boolean>();
    const isLog = ({ node }: Stream): boolean => {
      const known = logs.get(node) ?? files.realPath(node).includes(`${sep}pg_wal${sep}`);
      logs.set(node, known);
      return known;
    };
    const { write } = streams;
    streams.write = (stream, ...rest) => {
      if (this.#unsure.size > 0 && !isLog(stream)) this.#flushNow();
      return write(stream, ...rest);
    };
    streams.fsync = (stream) => {
      if (stream.nfd !== undefined && isLog(stream)) this.#note(files.realPath(stream.node));
      else {
        this.#flushNow();
        syncOne(files, stream);
      }
      return 0;
    };
  }

  /** By a descriptor of our own: PostgreSQL may close its own one, and give the file another name. */
  #note(path: string): void {
    if (this.#waiting.has(path)) return;
    const file = openSync(path, "r");
    this.#waiting.set(path, file);
    this.#unsure.add(file);
  }

  async #flush(): Promise<void> {
    this.#isPlanned = false;
    const files = [...this.#waiting.values()];
    this.#waiting.clear();
    await Promise.all(files.map((file) => flush(file)));
    for (const file of files) {
      this.#unsure.delete(file);
      closeSync(file);
    }
  }

  #flushNow(): void {
    for (const file of this.#unsure) fsyncSync(file);
  }
}

function syncOne(files: NodeFiles, { nfd, node }: Stream): void {
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
