// The gates that stand at GitHub by the ledger, and the doubt about one.

import type { LedgerGate } from "../core/decide/shown.ts";
import type { CheckWanted } from "../core/model/effect.ts";
import { gateName } from "../core/render/checks.ts";
import type { Connection } from "./database.ts";

/** Without those of which something is under way. */
export async function readGates(on: Connection, since: number): Promise<readonly LedgerGate[]> {
  const rows = await on.query<{
    installation: number;
    owner: string;
    name: string;
    content: string;
    sent_at: number;
  }>(
    `select installation, owner, name, content, check_run.sent_at
       from (select owner, name, head from interlock.subject where open
              union
             select owner, name, head from interlock.subject
              where not open and touched_at >= $2 and kind = 'commit') as told
       join interlock.repository using (owner, name)
       join interlock.check_run using (owner, name)
      where present and sha = head and check_name = $1 and intended is null and check_run.id is not null
      order by owner, name, sha`,
    [gateName, since],
  );
  return rows.map(({ installation, owner, name, content, sent_at }) => ({
    repository: { installation, owner, name },
    content: JSON.parse(content) as CheckWanted,
    sentAt: sent_at,
  }));
}

/** Returns the keys of the subjects that it concerns; none where it was written since. */
export async function doubtGate(
  on: Connection,
  { repository, content, sentAt }: LedgerGate,
  how: "find" | "replace",
): Promise<readonly string[]> {
  const which = `owner = $1 and name = $2 and sha = $3 and check_name = $4 and content = $5
                 and sent_at = $6 and intended is null`;
  const rows = await on.query<{ key: string }>(
    how === "find"
      ? `update interlock.check_run set intended = content where ${which} returning subject_key as key`
      : `delete from interlock.check_run where ${which} returning subject_key as key`,
    [repository.owner, repository.name, content.sha, content.name, JSON.stringify(content), sentAt],
  );
  return rows.map(({ key }) => key);
}
