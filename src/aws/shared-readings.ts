// Readings that serve everybody for whom they are young enough, so that many who ask cause one call.

import { limit } from "../core/model/limit.ts";
import type { Clock } from "../ports/log.ts";
import type { Reply } from "./failure.ts";

export interface Dated<T> {
  /** When the reading began, by our clock. */
  readonly at: number;
  readonly value: T;
}

export interface SharedReadings<T> {
  /** A reading that began at that time or later: one that is there or under way, or else a new one. */
  get(key: string, since: number, read: () => Promise<Reply<T>>): Promise<Reply<Dated<T>>>;
  /** The newest that there is, however old. */
  kept(key: string): Promise<Dated<T> | null>;
  forget(key: string): void;
}

/** Instead of a time: no reading that is there will do. */
export const again = Number.POSITIVE_INFINITY;

export function openSharedReadings<T>(clock: Clock): SharedReadings<T> {
  const kept = new Map<string, Entry<T>>();

  function keep(key: string, entry: Entry<T>): void {
    kept.delete(key);
    kept.set(key, entry);
    const [oldest] = kept.keys();
    if (kept.size > limit.codepipeline.shared && oldest !== undefined) kept.delete(oldest);
  }

  return {
    forget(key) {
      kept.delete(key);
    },
    async kept(key) {
      const entry = kept.get(key);
      const reply = await entry?.reply;
      if (entry === undefined || reply?.kind !== "ok") return null;
      return { at: entry.at, value: reply.value };
    },
    async get(key, since, read) {
      const last = kept.get(key);
      const entry = last !== undefined && last.at >= since ? last : { at: clock(), reply: read() };
      if (entry !== last) keep(key, entry);
      const reply = await entry.reply;
      if (reply.kind === "ok") return { kind: "ok", value: { at: entry.at, value: reply.value } };
      if (kept.get(key) === entry) {
        // What failed is asked again by the next; what was known before still is.
        kept.delete(key);
        if (last !== undefined && last !== entry) kept.set(key, last);
      }
      return reply;
    },
  };
}

interface Entry<T> {
  readonly at: number;
  readonly reply: Promise<Reply<T>>;
}
