// Reads large reports in a thread of their own: webhooks must not wait for what a stage has written.

import { Worker } from "node:worker_threads";
import { limit } from "../core/limit.ts";
import type { FileReading } from "../core/report.ts";
import { broken, type ReportFile } from "./file.ts";
import { readReport } from "./read.ts";

/** One at a time, however many stages end at once: they share the memory of the process. */
let last: Promise<unknown> = Promise.resolve();

/** As `readReport`, which small reports are read by where they are. */
export async function readAside(file: ReportFile): Promise<FileReading> {
  if (file.bytes.length <= limit.report.inline_bytes) return readReport(file);
  const reading = last.then(() => inThread(file));
  last = reading;
  return await reading;
}

/** What takes too long or too much memory is no report that anybody could use. */
async function inThread(file: ReportFile): Promise<FileReading> {
  const worker = new Worker(new URL("./thread.ts", import.meta.url), {
    workerData: file,
    resourceLimits: { maxOldGenerationSizeMb: limit.report.memory_mb },
    // Nothing of the program's own is of use there.
    env: {},
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<FileReading>((resolve) => {
      const give = (why: string) => resolve(broken(file.path, why));
      timer = setTimeout(() => give("takes too long to be read"), limit.report.read_ms);
      worker.once("message", resolve);
      worker.once("error", (error: unknown) => give(whyOf(error)));
      worker.once("exit", () => give("could not be read"));
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

function whyOf(error: unknown): string {
  const isMemory =
    error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
  return isMemory ? "takes too much memory to be read" : "could not be read";
}
