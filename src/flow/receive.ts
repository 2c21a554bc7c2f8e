// Takes deliveries in: each is stored with its jobs before its sender is answered. Concurrent ones share a commit.

import { limit } from "../core/limit.ts";
import type { Accepted, Delivery, Log, Store } from "../port.ts";

export interface Intake {
  /** Stores a delivery; resolves once it is durable. Rejects where it could not be stored. */
  readonly receive: (delivery: Delivery) => Promise<Accepted>;
  /**
   * Resolves at once, except while deliveries pour in: GitHub waits ten seconds for an answer, and
   * the work behind one can wait for a moment. It never waits longer than `limit.receive.patience_ms`.
   */
  readonly calm: () => Promise<void>;
}

interface Waiting {
  readonly delivery: Delivery;
  readonly resolve: (accepted: Accepted) => void;
  readonly reject: (error: unknown) => void;
}

/** One transaction at a time; whatever arrives meanwhile goes into the next one together. */
export function openReceive({ store, log }: { store: Pick<Store, "accept">; log: Log }): Intake {
  let waiting: Waiting[] = [];
  let running = false;
  let pouring: NodeJS.Timeout | null = null;
  const patient = new Set<() => void>();

  return {
    receive: (delivery) =>
      new Promise((resolve, reject) => {
        if (waiting.length >= limit.receive.waiting) {
          reject(new Error("Too many deliveries wait to be stored"));
          return;
        }
        waiting.push({ delivery, resolve, reject });
        if (!running) void run();
      }),
    calm: () =>
      new Promise((resolve) => {
        if (pouring === null) return resolve();
        const go = () => {
          clearTimeout(timer);
          patient.delete(go);
          resolve();
        };
        const timer = setTimeout(go, limit.receive.patience_ms);
        patient.add(go);
      }),
  };

  async function run(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      // Whatever has arrived by now is read first. A database in this process never lets go of it in
      // between, and every delivery would get a commit of its own.
      await new Promise((resolve) => setImmediate(resolve));
      const group = waiting.slice(0, limit.receive.group);
      waiting = waiting.slice(group.length);
      if (group.length >= limit.receive.pouring) pour();
      await commit(group);
    }
    running = false;
  }

  function pour(): void {
    clearTimeout(pouring ?? undefined);
    pouring = setTimeout(() => {
      pouring = null;
      for (const go of patient) go();
    }, limit.receive.pouring_ms);
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
