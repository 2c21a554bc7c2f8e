// What GitHub refused is asked for again a bounded number of times, ever later, and then left alone.

import { limit } from "../core/limit.ts";
import type { Clock } from "../port.ts";

interface Refused {
  readonly status: number;
  readonly why: string;
  readonly tries: number;
  /** Null once it is given up. */
  readonly until: number | null;
  /** When it was refused last. */
  readonly at: number;
}

/** `tries`: how often it was refused so far. `until`: when to ask again, null where it is given up. */
export type Refusal = Pick<Refused, "status" | "why" | "tries" | "until">;

export interface Refusals {
  /** Null where the write may be asked for. */
  standing(key: string): Refusal | null;
  add(key: string, answer: { readonly status: number; readonly why: string }): Refusal;
  drop(key: string): void;
}

/**
 * Kept in memory, by the key of the write: a restart begins to count again. A 403 may also be a secondary
 * limit that names no time; GitHub then wants at least a minute, and ever more.
 * Source: docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
export function openRefusals(clock: Clock): Refusals {
  const { first_ms, forbidden_ms, longest_ms, tries_max, forget_ms, kept } = limit.github.refusal;
  const refused = new Map<string, Refused>();

  return {
    standing(key) {
      const known = refused.get(key);
      if (known === undefined) return null;
      const now = clock();
      if (now - known.at > forget_ms) refused.delete(key);
      const waits = known.until === null || known.until > now;
      return waits && refused.has(key) ? known : null;
    },
    add(key, { status, why }) {
      const now = clock();
      const tries = (refused.get(key)?.tries ?? 0) + 1;
      const first = status === 403 ? forbidden_ms : first_ms;
      const wait = Math.min(first * 2 ** (tries - 1), longest_ms);
      const until = tries < tries_max ? now + wait : null;
      const refusal = { status, why, tries, until, at: now };
      // Newest last, so that the oldest is dropped first.
      refused.delete(key);
      refused.set(key, refusal);
      for (const oldest of refused.keys()) {
        if (refused.size <= kept) break;
        refused.delete(oldest);
      }
      return refusal;
    },
    drop(key) {
      refused.delete(key);
    },
  };
}
