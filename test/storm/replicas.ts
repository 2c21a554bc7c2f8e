// The processes of a storm: started, paused, woken and killed.

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ReplicaSettings } from "./replica.ts";

export interface Replica {
  readonly name: string;
  readonly isPaused: boolean;
  /** What it printed of errors. */
  readonly errors: readonly string[];
  pause(): void;
  wake(): void;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
}

/** Resolves once it works. Rejects where it ends before. */
export async function startReplica(settings: ReplicaSettings): Promise<Replica> {
  const file = fileURLToPath(new URL("replica.ts", import.meta.url));
  const child = spawn(process.execPath, [file, JSON.stringify(settings)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH ?? "" },
  });
  const errors: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => errors.push(text));
  const orphan = () => child.kill("SIGKILL");
  process.once("exit", orphan);
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => {
      process.off("exit", orphan);
      resolve();
    });
  });
  await ready(child, gone, errors);
  let isPaused = false;
  return {
    name: settings.name,
    errors,
    get isPaused() {
      return isPaused;
    },
    pause() {
      isPaused = child.kill("SIGSTOP");
    },
    wake() {
      child.kill("SIGCONT");
      isPaused = false;
    },
    async kill() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

async function ready(
  child: ChildProcess,
  gone: Promise<void>,
  errors: readonly string[],
): Promise<void> {
  const said = new Promise<"ready">((resolve) => {
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      if (text.includes("ready")) resolve("ready");
    });
  });
  const first = await Promise.race([said, gone]);
  if (first !== "ready") throw new Error(`A replica ended at its start:\n${errors.join("")}`);
}
