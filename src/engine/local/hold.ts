// A command that was started, whether it is isolated or not.

import type { ChildProcess } from "node:child_process";

export interface ProcessGroup {
  readonly group: number;
  readonly startedAt: string;
}

export type CommandExit =
  | { readonly kind: "code"; readonly code: number }
  | { readonly kind: "signal"; readonly signal: string }
  | { readonly kind: "unstartable"; readonly why: string };

/** A command that was started: how its processes are found, signalled and ended. */
export interface Hold {
  /** Resolves when the command itself has ended, or could not be started. Never rejects. */
  readonly ended: Promise<CommandExit>;
  /** Resolves when the processes can be found again, or never will be. */
  readonly found: Promise<ProcessGroup | null>;
  signal(signal: "SIGTERM" | "SIGKILL"): void;
  /** Whether anything is left that could still react to a signal. */
  alive(): boolean;
  /** Resolves when nothing that was started is running. */
  endAll(): Promise<void>;
}

export function exitOf(child: ChildProcess): Promise<CommandExit> {
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ kind: "unstartable", why: codeOf(error) }));
    child.on("exit", (code, signal) =>
      resolve(
        code === null ? { kind: "signal", signal: signal ?? "a signal" } : { kind: "code", code },
      ),
    );
  });
}

/** For people: errors of the system are named by their code. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}

/** What is started for a command. */
export interface Launch {
  /** `open`: as we are, in a process group of its own. `isolated`: by the line of `bubblewrap.ts`. */
  readonly kind: "open" | "isolated";
  readonly line: readonly [string, ...string[]];
  readonly folder: string;
  /** The user that the command runs as; null for our own. */
  readonly user: number | null;
  /** Called with all processes that there are before the command begins. Where it throws, the command does not. */
  readonly confine: (pids: readonly number[]) => Promise<void>;
}
