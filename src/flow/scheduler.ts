// Turns the clock: due subjects every second, the sweep every few minutes, one of each at a time.

import { limit } from "../core/model/limit.ts";
import { every, guarded, type Scheduler } from "./interval.ts";
import type { Ports } from "./ports.ts";
import { resume, sweep } from "./sweep.ts";

export function startScheduler(ports: Ports): Scheduler {
  const { store, clock, log } = ports;
  let since = clock() - limit.sweep.redeliver_ms;
  const due = every(limit.work.due_ms, {
    name: "due times",
    log,
    turn: async () => {
      await store.wakeDue();
    },
  });
  const sweeps = every(limit.sweep.every_ms, {
    name: "sweep",
    log,
    turn: async () => {
      since = await sweep(ports, since);
    },
  });
  const first = guarded({ name: "resume", log, turn: () => resume(ports) });
  return {
    async stop() {
      await Promise.all([due.stop(), sweeps.stop(), first]);
    },
  };
}
