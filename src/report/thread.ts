// The threads behind `aside.ts`: each reads the reports that it is given, one after the other.

import { parentPort } from "node:worker_threads";
import type { FileReading } from "../core/model/report.ts";
import type { ReportFile } from "./file.ts";
import { readReport } from "./read.ts";

export interface TimedReading {
  readonly reading: FileReading;
  readonly took_ms: number;
}

parentPort?.on("message", (file: ReportFile) => {
  const since = performance.now();
  const reading = readReport(file);
  const answer: TimedReading = { reading, took_ms: performance.now() - since };
  parentPort?.postMessage(answer);
});
parentPort?.postMessage("ready");
