// Takes deliveries in: each is stored with its jobs before its sender is answered. Concurrent ones share a commit.

import { limit } from "../core/limit.ts";
import type { Accepted, Delivery, Log, Store } from "../port.ts";

/** Stores a delivery; resolves once it is durable. Rejects where it could not be stored. */
export type Receive = (delivery: Delivery) => Promise<Accepted>;

interface Waiting {
  readonly delivery: Delivery;
  readonly resolve: (accepted: Accepted) => void;
  readonly reject: (error: unknown) => void;
}

/** One transaction at a time; whatever arrives meanwhile goes into the next one together. */
export function openReceive({ store, log }: { store: Pick<Store, "accept">; log: Log }): Receive {
  let waiting: Waiting[] = [];
  let running = false;

  return (delivery) =>
    new Promise((resolve, reject) => {
      if (waiting.length >= limit.receive.waiting) {
        reject(new Error("Too many deliveries wait to be stored"));
        return;
      }
      waiting.push({ delivery, resolve, reject });
      if (!running) void run();
    });

  async function run(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      const group = waiting.slice(0, limit.receive.group);
      waiting = waiting.slice(group.length);
      await commit(group);
    }
    running = false;
  }

  async function commit(group: readonly Waiting[]): Promise<void> {
    try {
      const accepted = await store.accept(group.map(({ delivery }) => delivery));
      for (const { delivery, resolve } of group) resolve(accepted.get(delivery.guid) ?? "known");
    } catch (error) {
      if (group.length === 1) {
        log.error({ err: error, guid: group[0]?.delivery.guid }, "A delivery could not be stored");
        group[0]?.reject(error);
        return;
      }
      // One that the database refuses must not take its neighbours down: each goes alone.
      for (const single of group) await commit([single]);
    }
  }
}
