// How fast one account and region is called: AWS throttles, publishes no figures, and counts for all its callers.

import { setTimeout as sleep } from "node:timers/promises";

export interface Pace {
  /** Resolves when it is this call's turn. Rejects with `OutOfTurn` where that would take too long. */
  take(): Promise<void>;
}

export interface PaceLimits {
  readonly burst: number;
  readonly calls_per_s: number;
  readonly wait_ms: number;
}

export class RateLimited extends Error {
  override name = "OutOfTurn";
}

/** Time is the machine's own: calls are real, also where a test turns the clock of everything else. */
export function openPace(limits: PaceLimits, now: () => number = () => performance.now()): Pace {
  let tokens = limits.burst;
  let at = now();
  return {
    async take() {
      const time = now();
      tokens = Math.min(limits.burst, tokens + ((time - at) / 1_000) * limits.calls_per_s);
      at = time;
      const wait_ms = ((1 - tokens) / limits.calls_per_s) * 1_000;
      if (wait_ms > limits.wait_ms) throw new RateLimited();
      // Taken at once, so that anyone who comes next waits behind us.
      tokens -= 1;
      if (wait_ms > 0) await sleep(wait_ms);
    },
  };
}
