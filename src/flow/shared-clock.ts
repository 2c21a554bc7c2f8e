// The store's clock in this process, so that the times that replicas leave for each other are of one clock.

import { limit } from "../core/model/limit.ts";
import type { Clock, Log } from "../ports/log.ts";
import type { Store } from "../ports/store.ts";
import { every, type Scheduler } from "./interval.ts";

export interface SharedClock extends Scheduler {
  /** Milliseconds since 1970, within the time that the store takes to answer. */
  readonly clock: Clock;
}

/**
 * Resolves once the store has told its time; rejects where it does not. `wall` is the clock of this machine,
 * which may differ from the store's and goes on while the machine is suspended.
 */
export async function openSharedClock(with_: {
  readonly store: Pick<Store, "moment">;
  readonly wall: Clock;
  readonly log: Log;
}): Promise<SharedClock> {
  const { store, wall, log } = with_;
  let ahead = 0;
  const sync = async () => {
    const { at } = await store.moment();
    // Of some moment before the answer came: nothing that is dated by this seems later than it is.
    ahead = at - wall();
  };
  await sync();
  const syncing = every(limit.work.clock_ms, { name: "clock of the store", turn: sync, log });
  return { clock: () => wall() + ahead, stop: () => syncing.stop() };
}
