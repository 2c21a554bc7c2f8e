// By branch: the last plan that came there by a pull request whose gate had passed.

import type { Repository } from "../core/model/event.ts";
import type { Lease, Written } from "../ports/store.ts";
import type { Connection } from "./database.ts";
import { writeUnder } from "./fence.ts";

/** Its blob; null where none did. */
export async function readGatedPlan(
  on: Connection,
  { owner, name }: Repository,
  branch: string,
): Promise<string | null> {
  const [row] = await on.query<{ blob: string }>(
    "select blob from interlock.gated_plan where owner = $1 and name = $2 and branch = $3",
    [owner, name, branch],
  );
  return row?.blob ?? null;
}

export async function writeGatedPlan(
  on: Connection,
  lease: Lease,
  of: { readonly repository: Repository; readonly branch: string; readonly blob: string },
): Promise<Written> {
  const { repository, branch, blob } = of;
  return await writeUnder(on, lease, {
    text: `
      insert into interlock.gated_plan (owner, name, branch, blob)
      select $3, $4, $5, $6 from held
          on conflict (owner, name, branch) do update set blob = excluded.blob`,
    params: [repository.owner, repository.name, branch, blob],
  });
}
