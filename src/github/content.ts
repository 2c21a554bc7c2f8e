// Keeps the comments of each installation below what GitHub allows anybody to create.

import { limit } from "../core/model/limit.ts";
import type { Clock } from "../ports/log.ts";

export interface ContentPace {
  /** Null where one more may be created now; else the time before which it may not. */
  until(installation: number): number | null;
  /** One was created, or may have been. */
  count(installation: number): void;
}

/**
 * 80 a minute and 500 an hour, "in general": GitHub does not name the endpoints. Comments are content on
 * any reading; check runs are written by every CI far beyond that, and are kept below the 900 points a
 * minute of their endpoint by the budget. Kept in memory, so each replica counts its own.
 * Source: docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
 */
export function openContentPace(clock: Clock): ContentPace {
  const created = new Map<number, readonly number[]>();
  const { per_minute, minute_ms, per_hour, hour_ms } = limit.github.content;

  const pastOf = (installation: number) =>
    (created.get(installation) ?? []).filter((at) => at > clock() - hour_ms);

  return {
    until(installation) {
      const past = pastOf(installation);
      const until = Math.max(
        leaves(past, { count: per_minute, window_ms: minute_ms }),
        leaves(past, { count: per_hour, window_ms: hour_ms }),
      );
      return until > clock() ? until : null;
    },
    count(installation) {
      created.set(installation, [...pastOf(installation), clock()]);
    },
  };
}

/** When so many of the last ones are older than the window that there is room for one more. */
function leaves(
  past: readonly number[],
  { count, window_ms }: { readonly count: number; readonly window_ms: number },
): number {
  const first = past.at(-count);
  return first === undefined ? 0 : first + window_ms;
}
