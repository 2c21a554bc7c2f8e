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
  let drawn = 0;
  // Ids come from their own sequence: a fault rule that draws a number must not change them.
  const digest = (kind: string) => {
    drawn += 1;
    return createHash("sha256").update(`${kind}:${seed}:${drawn}`).digest("hex");
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
