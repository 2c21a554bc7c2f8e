// The thread behind `aside.ts`: reads the one report that it is given.

import { parentPort, workerData } from "node:worker_threads";
import type { ReportFile } from "./file.ts";
import { readReport } from "./read.ts";

parentPort?.postMessage(readReport(workerData as ReportFile));
