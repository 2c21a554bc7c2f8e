// Whose actions are read though AWS says that nothing moved: the longest unread first, and few at a time.

import { limit } from "../../core/model/limit.ts";
import type { Reading } from "./reading.ts";

export interface Turns {
  /** Whether it is the turn of this one among those that are followed; if so, the turn is taken. */
  take(reading: Reading, followed: Iterable<Reading>, now: number): boolean;
}

export function openTurns(): Turns {
  let taken: readonly number[] = [];
  return {
    take({ deepAt }, followed, now) {
      const { deep_ms, deep_reads, deep_share } = limit.codepipeline;
      const { running_ms } = limit.look;
      taken = taken.filter((at) => now - at < running_ms);
      // What nobody has asked about for several looks is followed no more.
      const all = [...followed].filter(({ readAt }) => now - readAt < 3 * running_ms);
      const count = Math.max(deep_reads, Math.ceil(all.length / deep_share));
      // The first have to begin early for the last to be in time.
      const ahead_ms = Math.max(0, Math.ceil(all.length / count) - 1) * running_ms;
      if (now - deepAt < deep_ms - ahead_ms) return false;
      const before = all.filter((other) => other.deepAt < deepAt).length;
      if (taken.length >= count || before >= count) return false;
      taken = [...taken, now];
      return true;
    },
  };
}
