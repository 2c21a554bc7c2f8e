// What all replicas together have taken of each installation's budget at GitHub within the last minute.

import { limit } from "../core/model/limit.ts";
import type { Connection } from "./database.ts";

/**
 * False where the points and those that were taken within the last minute, and may have been used a moment
 * later, are more than `cap`. One statement: the row is locked while it counts.
 */
export async function takePoints(
  on: Connection,
  wanted: {
    readonly installation: number;
    readonly points: number;
    readonly cap: number;
    /** Milliseconds since 1970. */
    readonly at: number;
  },
): Promise<boolean> {
  const { installation, points, cap, at } = wanted;
  const since = at - limit.github.window_ms - limit.github.slice.use_ms;
  const recent = (what: string) => `
    select ${what} from jsonb_array_elements(own.taken) as one where (one ->> 0)::bigint > $4`;
  const rows = await on.query(
    `insert into interlock.spending as own (installation, taken)
     values ($1, jsonb_build_array(jsonb_build_array($2::bigint, $3::integer)))
         on conflict (installation) do update
        set taken = coalesce((${recent("jsonb_agg(one)")}), '[]') || excluded.taken
      where coalesce((${recent("sum((one ->> 1)::integer)")}), 0) + $3::integer <= $5::integer
     returning installation`,
    [installation, at, points, since, cap],
  );
  return rows.length > 0;
}
