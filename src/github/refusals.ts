// What GitHub refused is asked for again a bounded number of times, ever later, and then left alone; what keeps a
// wrong green from standing is asked for for ever, twice a day.

import { limit } from "../core/model/limit.ts";
import type { Clock } from "../ports/log.ts";

interface Refused {
  readonly status: number;
  readonly why: string;
  readonly installation: number | null;
  readonly tries: number;
  /** When it may be asked for again; it is given up after `tries_max`, unless it is lasting. */
  readonly until: number;
  /** When it was refused last. */
  readonly at: number;
}

/** `tries`: how often it was refused so far. `until`: when to ask again, null where it is given up. */
export interface Refusal extends Pick<Refused, "status" | "why" | "tries"> {
  readonly until: number | null;
}

/** A write that GitHub may refuse. */
export interface Refusable {
  readonly key: string;
  readonly installation: number | null;
  /** `lasting` is never given up. */
  readonly patience: "bounded" | "lasting";
}

export interface Refusals {
  /** Null where the write may be asked for. */
  standing(write: Refusable): Refusal | null;
  add(write: Refusable, answer: { readonly status: number; readonly why: string }): Refusal;
  drop(key: string): void;
  /** Everything of the installation may be asked for at once. */
  forgive(installation: number): void;
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
    standing(write) {
      const { key } = write;
      const known = refused.get(key);
      if (known === undefined) return null;
      const now = clock();
      if (now - known.at > forget_ms) refused.delete(key);
      const { until } = shown(known, write);
      const waits = until === null || until > now;
      return waits && refused.has(key) ? shown(known, write) : null;
    },
    add(write, { status, why }) {
      const { key, installation } = write;
      const now = clock();
      const tries = (refused.get(key)?.tries ?? 0) + 1;
      const first = status === 403 ? forbidden_ms : first_ms;
      const wait = Math.min(first * 2 ** (tries - 1), longest_ms);
      const refusal = { status, why, installation, tries, until: now + wait, at: now };
      // Newest last, so that the oldest is dropped first.
      refused.delete(key);
      refused.set(key, refusal);
      for (const oldest of refused.keys()) {
        if (refused.size <= kept) break;
        refused.delete(oldest);
      }
      return shown(refusal, write);
    },
    drop(key) {
      refused.delete(key);
    },
    forgive(installation) {
      for (const [key, one] of refused) if (one.installation === installation) refused.delete(key);
    },
  };

  function shown({ status, why, tries, until }: Refused, { patience }: Refusable): Refusal {
    return {
      status,
      why,
      tries,
      until: patience === "bounded" && tries >= tries_max ? null : until,
    };
  }
}
