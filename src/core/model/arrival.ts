// When a delivery arrived, by the clock of the store: replicas have clocks of their own, and what they hear is
// compared with what others have read.

import type { Event } from "./event.ts";

export interface Arrival {
  /** Milliseconds since 1970, by the clock of the process that took it in. */
  readonly receivedAt: number;
  readonly event: Event;
}

/** The same with the times that the store's clock would have shown; `now` is what it shows at this moment. */
export function byStoreClock<A extends Arrival>(arrival: A, now: number): A {
  const { event, receivedAt } = arrival;
  if (event.kind !== "intend" || event.request.writtenAt === null)
    return { ...arrival, receivedAt: now };
  // How old a comment is, is all that GitHub's clock can say.
  const writtenAt = event.request.writtenAt + now - receivedAt;
  const request = { ...event.request, writtenAt };
  return { ...arrival, receivedAt: now, event: { ...event, request } };
}
