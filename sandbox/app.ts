// The real Interlock as a process of its own, as `npm start` runs it, with its log in a file.

import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { delimiter, dirname } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isObject } from "./github/answer.ts";

/** Longer than the ten seconds in which Interlock promises to end. */
const stop_ms = 15_000;
// The first start makes a database; on a busy machine that takes its time.
const start_ms = 120_000;

export interface App {
  readonly url: string;
  /** Lines of its log, newest last, shortened for people. */
  readonly tail: (lines: number) => readonly string[];
  /** What it logged as an error. */
  readonly errors: () => readonly string[];
  /** How it ended; null while it runs. */
  readonly ended: () => string | null;
  /** Asks it to end. Resolves with a sentence about how it did. */
  readonly stop: () => Promise<string>;
}

export const endedWell = "It ended with exit code 0.";

/** Resolves once it listens. Rejects with a sentence and the log's last lines where it does not. */
export async function startApp(order: {
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
}): Promise<App> {
  const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
  const child = spawn(process.execPath, [main], {
    // A group of its own: Ctrl-C is for the sandbox, which then ends it in order.
    detached: true,
    // Nothing of the caller's environment, which may hold settings of a real Interlock.
    env: { PATH: searchPath(), ...order.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const file = createWriteStream(order.logFile);
  const lines: string[] = [];
  let end: string | null = null;
  // Whatever becomes of the sandbox, nothing of it goes on running.
  process.once("exit", () => end ?? child.kill("SIGKILL"));

  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(`It could not be started: ${error.message}`));
    child.once("close", (code, signal) =>
      resolve(code === 0 ? endedWell : `It ended with ${signal ?? `exit code ${code}`}.`),
    );
  }).then((sentence) => {
    file.end();
    end = sentence;
    return sentence;
  });
  const listening = new Promise<number>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on("line", (line) => {
        file.write(`${line}\n`);
        lines.push(line);
        const entry = parse(line);
        if (entry?.msg === "Interlock is listening") resolve(Number(entry.port));
      });
  });

  const tail = (count: number) => lines.slice(-count).map(shorten);
  const stop = async () => {
    if (end === null) child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), stop_ms);
    const sentence = await ended;
    clearTimeout(timer);
    return sentence;
  };
  const port = await Promise.race([listening, ended, sleep(start_ms, null, { ref: false })]);
  if (typeof port !== "number") {
    await stop();
    throw new Error(
      [
        `Interlock did not start. ${port ?? "It does not listen."}`,
        ...tail(20),
        `Its log: ${order.logFile}`,
      ].join("\n"),
    );
  }
  return {
    url: `http://127.0.0.1:${port}`,
    tail,
    errors: () => lines.filter((line) => Number(parse(line)?.level ?? 0) >= 50).map(shorten),
    ended: () => end,
    stop,
  };
}

/** Stages that say `node` get the one that runs the sandbox. */
function searchPath(): string {
  return [dirname(process.execPath), process.env.PATH ?? ""].join(delimiter);
}

function parse(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

const levels: Readonly<Record<string, string>> = { 30: "info", 40: "warn", 50: "ERROR" };

function shorten(line: string): string {
  const entry = parse(line);
  if (entry === null) return line.slice(0, 300);
  const { level, msg, time: _, pid: __, hostname: ___, ...rest } = entry;
  return `${levels[String(level)] ?? level} ${msg} ${JSON.stringify(rest)}`.slice(0, 300);
}
