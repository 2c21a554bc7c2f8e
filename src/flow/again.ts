// When a subject is looked at again after what went wrong.

import { limit } from "../core/model/limit.ts";
import type { Leased } from "../ports/store.ts";
import type { Ports } from "./ports.ts";

/** `lost`: another process leased the subject meanwhile, and it answers for what is left to do. */
export type Worked = "done" | "lost";

/** 5 s, 10 s, 20 s … 5 min. */
export function backoff(failures: number): number {
  return Math.min(limit.look.again_ms * 2 ** (failures - 1), limit.look.again_ms_max);
}

/**
 * Where the budget is what kept GitHub from being read, the time to come back. Spread out, because
 * everybody waits for the same moment; by the key, so that each look says the same.
 */
export function turnOf({ github, clock }: Ports, { subject, key, now }: Leased): number | null {
  // By the clock of this process, which is not the store's.
  const wait = github.readyAt(subject.repository) - clock();
  if (wait <= 0) return null;
  let hash = 0;
  for (let at = 0; at < key.length; at += 1) hash = (hash * 31 + key.charCodeAt(at)) | 0;
  return now + wait + (Math.abs(hash) % limit.look.spread_ms);
}
