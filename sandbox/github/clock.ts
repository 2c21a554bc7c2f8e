// The clock that the embedded GitHub lives by, so that tests can turn it themselves.

export type Clock = {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves once this clock has moved on by that many milliseconds. */
  sleep(ms: number): Promise<void>;
};

export const wallClock: Clock = {
  now: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

export type FakeClock = Clock & { advance(ms: number): void };

export function fakeClock(start = Date.parse("2025-03-03T09:00:00Z")): FakeClock {
  let now = start;
  let sleepers: { due: number; wake: () => void }[] = [];
  return {
    now: () => now,
    sleep: (ms) =>
      ms <= 0
        ? Promise.resolve()
        : new Promise((wake) => {
            sleepers.push({ due: now + ms, wake });
          }),
    advance(ms) {
      now += ms;
      const due = sleepers.filter((s) => s.due <= now).sort((a, b) => a.due - b.due);
      sleepers = sleepers.filter((s) => s.due > now);
      for (const sleeper of due) sleeper.wake();
    },
  };
}

/** GitHub writes times to the second. */
export function iso(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
