// Takes deliveries in: each is stored with its jobs before its sender is answered. Concurrent ones share a commit.

import { setTimeout as sleep } from "node:timers/promises";
import { withoutLateCommands } from "../core/decide/late.ts";
import { subjectKey } from "../core/model/event.ts";
import { limit } from "../core/model/limit.ts";
import type { Log } from "../ports/log.ts";
import type { Accepted, Delivery, Store } from "../ports/store.ts";

export interface Intake {
  /** Stores a delivery; resolves once it is durable. Rejects where it could not be stored. */
  readonly receive: (delivery: Delivery) => Promise<Accepted>;
  /**
   * Resolves at once, except while deliveries pour in: the sender waits for an answer, and the work
   * behind it can wait for a moment. One at a time goes on meanwhile, every `limit.receive.trickle_ms`.
   * Where most of them are of one installation, the others do not wait for it.
   */
  readonly calm: (installation: number) => Promise<void>;
}

interface Waiting {
  readonly delivery: Delivery;
  readonly resolve: (accepted: Accepted) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One transaction at a time, or `groups`: whatever arrives meanwhile goes into the next one together. One that
 * begins before another has ended tells of other pull requests than that one, and of nothing else: of each
 * subject is stored first what came first.
 */
export function openReceive({
  store,
  log,
  groups = 1,
}: {
  readonly store: Pick<Store, "accept">;
  readonly log: Log;
  readonly groups?: number;
}): Intake {
  let waiting: Waiting[] = [];
  /** What is being stored: the pull requests that it tells of; null where it tells of anything else. */
  const storing = new Map<Promise<void>, ReadonlySet<string> | null>();
  let running = false;
  /** Of the last two commits. */
  let sizes: readonly [number, number] = [0, 0];
  let pouring = false;
  /** The installation that most of what pours in is of; null where there is none. */
  let source: number | null = null;
  let subsiding: NodeJS.Timeout | undefined;
  let trickling: NodeJS.Timeout | undefined;
  let patient: (() => void)[] = [];

  return {
    receive: (delivery) =>
      new Promise((resolve, reject) => {
        if (waiting.length >= limit.receive.waiting) {
          reject(new Error("Too many deliveries wait to be stored"));
          return;
        }
        const event = withoutLateCommands(delivery.event, delivery.receivedAt);
        waiting.push({ delivery: { ...delivery, event }, resolve, reject });
        if (!running) void run();
      }),
    calm: async (installation) => {
      if (!pouring || (source !== null && source !== installation)) return;
      await new Promise<void>((resolve) => void patient.push(resolve));
    },
  };

  async function run(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      await gather();
      const group = nextGroup();
      if (group.length === 0) {
        await Promise.race(storing.keys());
        continue;
      }
      waiting = waiting.slice(group.length);
      sizes = [group.length, sizes[0]];
      if (group.length >= limit.receive.pouring) {
        source = sourceOf(group);
        pour();
      }
      const stored = commit(group);
      storing.set(stored, pullsOf(group));
      void stored.then(() => storing.delete(stored));
      if (storing.size >= groups) await Promise.race(storing.keys());
    }
    running = false;
  }

  /** The first of those that wait, as far as they need not wait for what is being stored. */
  function nextGroup(): readonly Waiting[] {
    const first = waiting.slice(0, limit.receive.group);
    if (storing.size === 0) return first;
    const taken = [...storing.values()];
    const end = first.findIndex((one) => {
      const pulls = pullsOf([one]);
      return pulls === null || taken.some((others) => others === null || meet(others, pulls));
    });
    return end < 0 ? first : first.slice(0, end);
  }

  /**
   * Lets what has been sent arrive, so that it shares the commit. A database in this process would
   * otherwise keep it waiting at the door, and give every delivery a commit of its own.
   */
  async function gather(): Promise<void> {
    // Senders whose deliveries shared a commit are answered together, and send their next together.
    const enough = pouring ? Math.max(...sizes) : 0;
    for (let ms = 0; waiting.length < enough && ms < limit.receive.gather_ms; ms++) await sleep(1);
    for (let before = 0; waiting.length > before && waiting.length < limit.receive.group; ) {
      before = waiting.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  function pour(): void {
    if (!pouring) trickling = setInterval(() => patient.shift()?.(), limit.receive.trickle_ms);
    pouring = true;
    clearTimeout(subsiding);
    subsiding = setTimeout(
      // What is at the door is let in first: it can have been the loop that was held up.
      () => setImmediate(() => (running || storing.size > 0 ? pour() : subside())),
      limit.receive.pouring_ms,
    );
  }

  function subside(): void {
    pouring = false;
    clearInterval(trickling);
    for (const go of patient) go();
    patient = [];
  }

  async function commit(group: readonly Waiting[]): Promise<void> {
    try {
      const accepted = await store.accept(group.map(({ delivery }) => delivery));
      const told = new Set<string>();
      for (const { delivery, resolve } of group) {
        // One that came twice in the group was stored for the first of them.
        const again = told.has(delivery.guid);
        resolve(again ? "known" : (accepted.get(delivery.guid) ?? "known"));
        told.add(delivery.guid);
      }
    } catch (error) {
      if (group.length === 1) {
        log.error(
          { err: error, delivery: group[0]?.delivery.guid },
          "A delivery could not be stored",
        );
        group[0]?.reject(error);
        return;
      }
      // One that the database refuses must not take its neighbours down: each goes alone.
      for (const single of group) await commit([single]);
    }
  }
}

function sourceOf(group: readonly Waiting[]): number | null {
  const counts = new Map<number, number>();
  for (const { delivery } of group) {
    const { event } = delivery;
    if (event.kind !== "look") continue;
    const [hint] = event.hints;
    if (hint === undefined) continue;
    const { installation } = hint.subject.repository;
    counts.set(installation, (counts.get(installation) ?? 0) + 1);
  }
  const most = [...counts].find(([, count]) => count > group.length / 2);
  return most?.[0] ?? null;
}

/** The keys of the pull requests that they tell of; null where they tell of anything else. */
function pullsOf(group: readonly Waiting[]): ReadonlySet<string> | null {
  const pulls = new Set<string>();
  for (const { delivery } of group) {
    const { event } = delivery;
    if (event.kind === "ignored") continue;
    if (event.kind !== "look") return null;
    for (const { subject } of event.hints) {
      if (subject.kind !== "pull") return null;
      pulls.add(subjectKey(subject));
    }
  }
  return pulls;
}

function meet(some: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  return [...others].some((one) => some.has(one));
}
