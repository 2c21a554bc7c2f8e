// Runs programs of the sample service, and ends what still runs when the sandbox ends.

import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

export interface Commands {
  /** Resolves when it has ended, however that was. */
  node(order: {
    readonly folder: string;
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  }): Promise<Ran>;
  close(): void;
}

export interface Ran {
  /** As a shell would see it; 1 where a signal ended it. */
  readonly code: number;
  /** What it printed. */
  readonly lines: readonly string[];
  /** What it left in its folder; null where it did not. */
  readonly file: (path: string) => Promise<string | null>;
}

export function openCommands(): Commands {
  const running = new Set<ChildProcess>();
  const close = () => {
    for (const child of running) child.kill("SIGKILL");
  };
  // Whatever becomes of the sandbox, nothing of it goes on running.
  process.once("exit", close);
  return {
    async node({ folder, args, env }) {
      const child = spawn(process.execPath, args, {
        cwd: folder,
        env: { PATH: process.env.PATH ?? "", ...env },
        stdio: ["ignore", "pipe", "pipe"],
      });
      running.add(child);
      const parts: Buffer[] = [];
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (part: Buffer) => parts.push(part));
      const code = await new Promise<number>((resolve) => {
        child.once("error", () => resolve(1));
        child.once("close", (exit) => resolve(exit ?? 1));
      });
      running.delete(child);
      const text = Buffer.concat(parts).toString("utf8").trimEnd();
      return {
        code,
        lines: text === "" ? [] : text.split("\n"),
        file: (path) => readFile(join(folder, path), "utf8").catch(() => null),
      };
    },
    close,
  };
}
