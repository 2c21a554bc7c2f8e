// Lanes of the queue: each repository has one for its pull requests, one for its commits, one for its resync.

import { createHash } from "node:crypto";
import type { LaneKind } from "../ports/queue.ts";
import { queueName } from "./boss.ts";
import type { Connection } from "./database.ts";

export interface Lane {
  /** What pg-boss takes for a priority: fetching one priority is fetching one lane. */
  readonly number: number;
  readonly installation: number;
  readonly kind: LaneKind;
  readonly isResync: boolean;
}

const kinds: readonly LaneKind[] = ["pull", "commit", "repository"];

/**
 * A 31-bit number: of the repository by a hash, and of the kind. The salt keeps anybody from making a
 * repository that shares the lane of another; where two do by chance, they take their turns together.
 */
export function laneOf(salt: string, key: string, installation: number): number {
  const kind = kinds.findIndex((one) => key.startsWith(`${one}:`));
  const repository = /^\w+:([^/]*\/[^#@]*)/.exec(key)?.[1] ?? key;
  const hash = createHash("sha256").update(`${salt} ${installation} ${repository}`).digest();
  return (hash.readUInt32BE(0) >>> 3) * 4 + Math.max(kind, 0);
}

/** Known to nobody outside, and the same for every process on the database. */
export async function readSalt(on: Connection): Promise<string> {
  const [row] = await on.query<{ salt: string }>(
    "select applied_at::text as salt from interlock.migration order by number limit 1",
  );
  return row?.salt ?? "";
}

/**
 * The lanes in which something waits that may be taken now. One step in an index for each, whatever
 * waits in it: pg-boss's index of what it fetches begins with the priority.
 */
export async function readLanes(on: Connection): Promise<readonly Lane[]> {
  const rows = await on.query<{ priority: number; installation: number }>(
    `with recursive lane as (
       (${first("")})
       union all
       select further.* from lane, lateral (${first("and priority < lane.priority")}) as further
     )
     select priority, installation from lane`,
    // As a parameter: a statement without any is planned at each call, which took five times as long as running it.
    [queueName],
  );
  return rows.map(({ priority, installation }) => laneIn(priority, installation));
}

function laneIn(number: number, installation: number): Lane {
  const kind = kinds[number % 4] ?? "pull";
  return { number, installation, kind, isResync: kind === "repository" };
}

function first(further: string): string {
  return `select priority, (data ->> 'installation')::bigint as installation
            from pgboss.job
           where name = $1 and state < 'active' and not blocked
             and start_after <= now() ${further}
           order by priority desc limit 1`;
}
