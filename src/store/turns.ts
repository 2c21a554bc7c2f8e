// Whose turn it is: installations in turn, inside one its repositories in turn, and a resync after all events.

import type { Share, TurnLimits } from "../ports/queue.ts";
import type { Lane } from "./lanes.ts";

export interface Turns {
  /** The lane that goes next, whose turn has then started; null where none of them may. */
  next(lanes: readonly Lane[], now: number): Lane | null;
  /** When the lane may go at the earliest. */
  readyAt(lane: Lane): number;
  ended(lane: Lane): void;
}

/**
 * An installation that has done nothing for a while goes before one that floods the queue, whatever waits
 * there and since when. While several have work, each gets few turns at once: they share one thread.
 */
export function openTurns(limits: Omit<TurnLimits, "calm" | "loaded">, share: () => Share): Turns {
  const active = new Map<number, number>();
  const order = openOrder();
  let resyncs = 0;
  /** When each installation may begin its next resync. */
  const resyncAt = new Map<number, number>();

  return {
    readyAt: ({ isResync, installation }) => (isResync ? (resyncAt.get(installation) ?? 0) : 0),
    next(lanes, now) {
      const busy = new Set(active.keys());
      for (const { installation, isResync } of lanes) if (!isResync) busy.add(installation);
      const { alone, beside } = share();
      const most = busy.size > 1 ? beside : alone;
      const running = ({ installation }: Lane) => active.get(installation) ?? 0;
      const may = (lane: Lane) =>
        running(lane) < most &&
        (!lane.isResync ||
          (resyncs < limits.resyncs && (resyncAt.get(lane.installation) ?? 0) <= now));
      const rank = (lane: Lane) => [
        Number(lane.isResync),
        running(lane),
        order.of(`installation ${lane.installation}`),
        order.of(`lane ${lane.number}`),
      ];
      const lane = lanes
        .filter(may)
        .reduce<Lane | null>(
          (first, one) => (first === null || isBefore(rank(one), rank(first)) ? one : first),
          null,
        );
      if (lane === null) return null;
      active.set(lane.installation, running(lane) + 1);
      if (lane.isResync) {
        resyncs += 1;
        resyncAt.set(lane.installation, now + limits.resyncEvery_ms);
      }
      order.took(`installation ${lane.installation}`);
      order.took(`lane ${lane.number}`);
      return lane;
    },
    ended({ installation, isResync }) {
      const left = (active.get(installation) ?? 0) - 1;
      if (left > 0) active.set(installation, left);
      else active.delete(installation);
      if (isResync) resyncs -= 1;
    },
  };
}

/** Numbers the turns. Of those whose last turn was long ago nothing is kept: they go first anyway. */
function openOrder() {
  const turns = new Map<string, number>();
  let last = 0;
  return {
    of: (name: string): number => turns.get(name) ?? 0,
    took(name: string): void {
      last += 1;
      turns.delete(name);
      turns.set(name, last);
      if (turns.size <= kept) return;
      const [oldest] = turns.keys();
      if (oldest !== undefined) turns.delete(oldest);
    },
  };
}

const kept = 10_000;

function isBefore(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at >= 0 && (one[at] ?? 0) < (other[at] ?? 0);
}
