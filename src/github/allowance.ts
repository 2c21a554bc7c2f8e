// One budget of each installation for all replicas: points are taken from the store, a few at a time.

import { limit } from "../core/model/limit.ts";
import type { Urgency } from "../ports/github.ts";
import type { Clock } from "../ports/log.ts";
import type { Store } from "../ports/store.ts";

export interface Allowance {
  /** Null where the request may go now and is counted, or the time before which it may not. */
  draw(installation: number, use: Use): Promise<number | null>;
}

type Use = "read" | Urgency;

/** Points that were taken and may be used for a moment. */
interface Slice {
  left: number;
  until: number;
  /** How many were taken last: more while they are used up, so that a busy replica seldom asks. */
  size: number;
  refusedUntil: number;
  taking: Promise<void> | null;
}

/** Where there is one replica alone, its own budget is all: then `take` is null. */
export function openAllowance(take: Store["takePoints"] | null, clock: Clock): Allowance {
  if (take === null) return { draw: async () => null };
  const { points, read_points, write_points, read_reserve_points, gate_reserve_points, slice } =
    limit.github;
  const uses: Readonly<Record<Use, { readonly points: number; readonly cap: number }>> = {
    read: { points: read_points, cap: points },
    gate: { points: write_points, cap: points - read_reserve_points },
    rest: { points: write_points, cap: points - read_reserve_points - gate_reserve_points },
  };
  const slices = new Map<string, Slice>();

  return {
    async draw(installation, use) {
      const wanted = uses[use].points;
      const own = sliceOf(installation, use);
      for (;;) {
        const now = clock();
        if (own.until > now && own.left >= wanted) {
          own.left -= wanted;
          return null;
        }
        if (own.refusedUntil > now) return own.refusedUntil;
        own.taking ??= refill(own, installation, use).finally(() => {
          own.taking = null;
        });
        await own.taking;
      }
    },
  };

  async function refill(own: Slice, installation: number, use: Use): Promise<void> {
    const now = clock();
    const isUsedUp = own.until > now;
    const size = isUsedUp ? Math.min(own.size * 2, slice.most) : slice.least;
    const granted = await take?.({ installation, points: size, cap: uses[use].cap, at: now });
    if (granted === false) {
      // Others have it. When they will have used it less is not known here.
      own.refusedUntil = now + slice.again_ms;
      own.size = slice.least;
      return;
    }
    own.left = (isUsedUp ? own.left : 0) + size;
    own.until = now + slice.use_ms;
    own.size = size;
  }

  function sliceOf(installation: number, use: Use): Slice {
    const key = `${installation} ${use}`;
    let own = slices.get(key);
    if (own === undefined) {
      own = { left: 0, until: 0, size: 0, refusedUntil: 0, taking: null };
      slices.set(key, own);
    }
    return own;
  }
}
