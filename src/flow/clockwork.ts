// Turns the clock: due subjects every second, the sweep every few minutes, one of each at a time.

import { limit } from "../core/limit.ts";
import { resume, sweep } from "./sweep.ts";
import type { Ports } from "./work.ts";

export interface Clockwork {
  /** No turn begins any more; resolves when the one under way has ended. */
  stop(): Promise<void>;
}

export function startClockwork(ports: Ports): Clockwork {
  const { store, clock, log } = ports;
  let since = clock() - limit.sweep.redeliver_ms;
  const due = every(limit.work.due_ms, "due times", async () => {
    await store.wakeDue(clock());
  });
  const sweeps = every(limit.sweep.every_ms, "sweep", async () => {
    since = await sweep(ports, since);
  });
  const first = guarded("resume", () => resume(ports));
  return {
    async stop() {
      await Promise.all([due.stop(), sweeps.stop(), first]);
    },
  };

  /** Begins at once. The next turn is timed from the end of the last, so that turns never pile up. */
  function every(ms: number, name: string, turn: () => Promise<void>): Clockwork {
    let timer: NodeJS.Timeout | undefined;
    let stopped = false;
    let running = run();
    return {
      async stop() {
        stopped = true;
        clearTimeout(timer);
        await running;
      },
    };

    async function run(): Promise<void> {
      await guarded(name, turn);
      if (stopped) return;
      timer = setTimeout(() => {
        running = run();
      }, ms);
    }
  }

  async function guarded(name: string, turn: () => Promise<void>): Promise<void> {
    try {
      await turn();
    } catch (error) {
      log.error({ err: error }, `The ${name} could not be done and will be tried again`);
    }
  }
}
