// Gives the memory of read pieces back while strangers send: V8 alone lets 80 MB of them lie before it does.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { limit } from "../core/model/limit.ts";

/** Told of bytes that were read and are not kept, has the young generation collected every so often. */
export function openSharedReadings(): (bytes: number) => void {
  // The one way to ask for it without a flag of the command line, which every image would have to repeat.
  setFlagsFromString("--expose-gc");
  const collect: (how: { type: "minor" }) => void = runInNewContext("gc");
  let read = 0;
  return (bytes) => {
    read += bytes;
    if (read < limit.web.collect_bytes) return;
    read = 0;
    collect({ type: "minor" });
  };
}
