// Readings in memory: whole ones of what is followed and of the last that ended, and of the rest only how it ended.

import { limit } from "../../core/model/limit.ts";
import type { Summary } from "./execution.ts";
import type { Reading } from "./reading.ts";

/** How an execution had ended when it was seen last. */
export interface Ending {
  readonly readAt: number;
  readonly status: string | null;
  /** Null or zero where AWS did not say. */
  readonly updatedAt: number | null;
  readonly version: number | null;
}

export interface Kept {
  get(executionId: string): Reading | undefined;
  put(executionId: string, reading: Reading): void;
  drop(executionId: string): void;
  ending(executionId: string): Ending | undefined;
  /** For an execution that nobody has followed here. */
  note(executionId: string, ending: Ending): void;
  /** Of what has not ended. */
  underWay(): Iterable<Reading>;
}

/** Reports of an execution may have a megabyte, and once its end was told nobody asks for them again. */
export function openKept(): Kept {
  const open = new Map<string, Reading>();
  const whole = new Map<string, Reading>();
  const endings = new Map<string, Ending>();

  return {
    get: (id) => open.get(id) ?? whole.get(id),
    put(id, reading) {
      open.delete(id);
      whole.delete(id);
      endings.delete(id);
      if (reading.observation.state === "running") {
        remember(open, { id, value: reading, count: all });
        return;
      }
      const oldest = remember(whole, { id, value: reading, count: limit.codepipeline.ended });
      if (oldest !== null)
        remember(endings, { ...oldest, value: endingOf(oldest.value), count: all });
    },
    drop(id) {
      open.delete(id);
      whole.delete(id);
      endings.delete(id);
    },
    ending(id) {
      const reading = whole.get(id);
      return reading === undefined ? endings.get(id) : endingOf(reading);
    },
    note(id, ending) {
      remember(endings, { id, value: ending, count: all });
    },
    underWay: () => open.values(),
  };
}

/** Whether the list shows the end that was seen. */
export function isSameEnd({ status, updatedAt }: Ending, summary: Summary): boolean {
  if (status !== summary.status) return false;
  return !updatedAt || summary.updatedAt === 0 || updatedAt === summary.updatedAt;
}

function endingOf({ readAt, status, updatedAt, runs }: Reading): Ending {
  return { readAt, status, updatedAt, version: runs[0]?.version ?? null };
}

const all = limit.codepipeline.readings;

interface Entry<T> {
  readonly id: string;
  readonly value: T;
}

/** As the newest one of so many; gives what had to go for it. */
export function remember<T>(
  map: Map<string, T>,
  { id, value, count }: Entry<T> & { readonly count: number },
): Entry<T> | null {
  map.delete(id);
  map.set(id, value);
  if (map.size <= count) return null;
  for (const [oldest, gone] of map) {
    map.delete(oldest);
    return { id: oldest, value: gone };
  }
  return null;
}
