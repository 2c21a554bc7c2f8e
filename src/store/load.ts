// Whether this process is short of time, by how long its event loop was at work lately.

import { performance } from "node:perf_hooks";
import { limit } from "../core/model/limit.ts";

/** Answers with what was measured over the last moments. */
export function openLoad(): () => boolean {
  let since = performance.eventLoopUtilization();
  let at = performance.now();
  let isLoaded = false;
  return () => {
    const now = performance.now();
    if (now - at >= limit.work.load_ms) {
      const current = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(current, since);
      isLoaded = utilization > limit.work.loaded_part;
      since = current;
      at = now;
    }
    return isLoaded;
  };
}
