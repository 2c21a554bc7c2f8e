// Randomness from a seed, so that a run can be had again.
import { createHash } from "node:crypto";

export type Random = {
  /** From 0 up to but not including 1. */
  next(): number;
  guid(): string;
  token(prefix: string): string;
};

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const drawn = new Map<string, number>();
  // Each kind has a sequence of its own: a fault that draws a number, or a client that asks for
  // one token more, must not change the ids of everything after it.
  const digest = (kind: string) => {
    const count = (drawn.get(kind) ?? 0) + 1;
    drawn.set(kind, count);
    return createHash("sha256").update(`${kind}:${seed}:${count}`).digest("hex");
  };
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = state;
      t = Math.imul(t ^ (t >>> 15), t | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
    },
    guid() {
      const h = digest("guid");
      return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-a${h.slice(17, 20)}-${h.slice(20, 32)}`;
    },
    token: (prefix) => `${prefix}${digest("token").slice(0, 36)}`,
  };
}
