// A thread that answers with what it is asked, or does not.

import { parentPort } from "node:worker_threads";

parentPort?.on("message", (text: string) => {
  const all: object[] = [];
  if (text === "throw") throw new Error("thrown");
  while (text === "for ever");
  while (text === "memory") all.push({ of: all.length });
  parentPort?.postMessage(text);
});
parentPort?.postMessage("ready");
