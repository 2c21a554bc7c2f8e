// While runs are active: the sign of life of this process, and stops that were asked of another one.

import type { Clock, Log } from "../../ports/log.ts";
import type { LocalRuns } from "../../ports/run.ts";
import type { LocalLimits } from "./limits.ts";
import type { RunHandle } from "./run.ts";

export interface Watch {
  /** Something is active now. */
  wake(): void;
  close(): void;
}

export interface WatchOrder {
  readonly runs: LocalRuns;
  readonly clock: Clock;
  readonly log: Log;
  readonly instance: string;
  readonly limits: LocalLimits;
  readonly active: ReadonlyMap<string, RunHandle>;
}

export function openWatch(order: WatchOrder): Watch {
  const { active, limits, log } = order;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function wake(): void {
    if (closed || timer !== undefined || active.size === 0) return;
    timer = setTimeout(tick, limits.watch_ms).unref();
  }

  function tick(): void {
    look(order)
      .catch((error: unknown) => log.warn({ error }, "The store did not tell about local runs"))
      .finally(() => {
        timer = undefined;
        wake();
      });
  }

  return {
    wake,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

async function look({ runs, clock, instance, limits, active }: WatchOrder): Promise<void> {
  // Taken before the store is asked: what begins meanwhile need not be in its answer.
  const courses = [...active];
  const live = new Map((await runs.live()).map((run) => [run.token, run]));
  for (const [token, course] of courses) {
    const run = live.get(token);
    if (run === undefined || run.instance !== instance) {
      // Somebody took us for dead, and may have started the same work elsewhere.
      course.interrupt({ kind: "taken" });
      continue;
    }
    if (run.stopRequested !== null) course.interrupt({ kind: "stop", reason: run.stopRequested });
    if (clock() - run.beatAt >= limits.beat_ms) await runs.update(token, { beatAt: clock() });
  }
}
