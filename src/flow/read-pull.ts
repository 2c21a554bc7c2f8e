// Reads a pull request, held against what events told of it.

import type { Pull } from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import type { PullBound } from "../core/model/told.ts";
import type { Read } from "../ports/github.ts";
import type { Leased } from "../ports/store.ts";
import type { Ports } from "./ports.ts";

export interface PullReading {
  readonly pull: Read<Pull>;
  /** Whether it is what was known before with what an event told since, because GitHub does not show it. */
  readonly asTold: boolean;
}

/** GitHub can answer 404 for a pull request that it has just told us of. */
export async function readPull(ports: Ports, row: Leased, number: number): Promise<PullReading> {
  const { repository } = row.subject;
  const heard = await ports.store.told(repository, { kind: "pull", number });
  const bound = heard?.bound.kind === "pull" ? heard.bound : null;
  const known = { since: row.heard, bound, now: row.now };
  const pull = await ports.github.pull(repository, number, known);
  if (pull.kind === "unknown" && bound !== null) {
    const moved = await movedBase(ports, row, bound);
    if (moved !== null) return { pull: { kind: "known", value: moved }, asTold: true };
  }
  if (pull.kind === "absent" && row.now - row.createdAt < limit.look.young_ms)
    return { pull: { kind: "unknown", why: "GitHub does not show it yet." }, asTold: false };
  return { pull, asTold: false };
}

/**
 * A gate that was earned for one base must not stay open for another one while GitHub does not show it.
 * Null where the base is the one that it was judged for.
 */
async function movedBase(ports: Ports, row: Leased, bound: PullBound): Promise<Pull | null> {
  if (row.base === null || row.base === bound.base.now || bound.state === "closed") return null;
  const facts = (await ports.store.snapshot(row.key))?.facts;
  if (facts === undefined || !("pull" in facts) || facts.pull.kind !== "known") return null;
  const { head, ...last } = facts.pull.value;
  return { ...last, head: { ...head, sha: bound.head.now }, base: { ref: bound.base.now } };
}
