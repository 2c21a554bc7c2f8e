// The thread behind `plan-reader.ts`: parses each plan that it is given.

import { parentPort } from "node:worker_threads";
import { parsePlan } from "../core/plan/parse.ts";

parentPort?.on("message", (text: string) => parentPort?.postMessage(parsePlan(text)));
parentPort?.postMessage("ready");
