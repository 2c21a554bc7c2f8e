// Waits for what another process does, with a limit that only a failure reaches.

import { setTimeout as sleep } from "node:timers/promises";

const step_ms = 20;

/** Asks again and again until the answer is neither undefined, null nor false. */
export async function eventually<T>(
  what: string,
  ask: () => T | Promise<T>,
  patience_ms = 240_000,
): Promise<Exclude<T, undefined | null | false>> {
  const until = performance.now() + patience_ms;
  while (performance.now() < until) {
    const answer = await ask();
    if (answer !== undefined && answer !== null && answer !== false)
      return answer as Exclude<T, undefined | null | false>;
    await sleep(step_ms);
  }
  throw new Error(`There was no ${what} within ${patience_ms / 1000} s`);
}
