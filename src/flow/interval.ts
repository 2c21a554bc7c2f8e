// Something that is done again and again, one turn at a time, and whose failures are told and survived.

import type { Log } from "../ports/log.ts";

export interface Scheduler {
  /** No turn begins any more; resolves when the one under way has ended. */
  stop(): Promise<void>;
}

export interface Interval {
  readonly name: string;
  readonly turn: () => Promise<void>;
  readonly log: Log;
}

/** Begins at once. The next turn is timed from the end of the last, so that turns never pile up. */
export function every(ms: number, turning: Interval): Scheduler {
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
    await guarded(turning);
    if (stopped) return;
    timer = setTimeout(() => {
      running = run();
    }, ms);
  }
}

/** One turn. Never rejects. */
export async function guarded({ name, turn, log }: Interval): Promise<void> {
  try {
    await turn();
  } catch (error) {
    log.error({ err: error }, `The ${name} could not be done and will be tried again`);
  }
}
