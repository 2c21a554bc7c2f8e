// Requests of people, as they were when they arrived, and what became of them.

import { refusedIn } from "../core/command/asked.ts";
import type { Command } from "../core/model/command.ts";
import type { CommandResult } from "../core/model/effect.ts";
import type { Origin } from "../core/model/event.ts";
import type { CommandRequest, Outcome } from "../core/model/fact.ts";
import type { Role } from "../core/model/plan.ts";
import type { Lease, Written } from "../ports/store.ts";
import type { Connection } from "./database.ts";
import { writeUnder } from "./fence.ts";

export async function readRequests(
  on: Pick<Connection, "query">,
  key: string,
): Promise<readonly CommandRequest[]> {
  const rows = await on.query<Row>(
    "select * from interlock.intention where subject_key = $1 order by position",
    [key],
  );
  return rows.map(request);
}

/** The same person for every subject that the request belongs to. */
export async function writeRole(
  on: Connection,
  lease: Lease,
  requestKey: string,
  role: Role | "none",
): Promise<Written> {
  return await writeUnder(on, lease, {
    text: "update interlock.intention set role = $4 where key = $3 and exists (select from held)",
    params: [requestKey, role],
  });
}

export async function writeResults(
  tx: Connection,
  subjectKey: string,
  results: readonly CommandResult[],
): Promise<void> {
  if (results.length === 0) return;
  await tx.query(
    `update interlock.intention set outcome = settled.outcome
       from unnest($2::text[], $3::text[]) as settled (key, outcome)
      where subject_key = $1 and intention.key = settled.key`,
    [
      subjectKey,
      results.map(({ key }) => key),
      results.map(({ outcome }) => JSON.stringify(outcome)),
    ],
  );
  const refused = refusedIn(results);
  if (refused.length > 0)
    await tx.query(
      `update interlock.rollback set state = 'refused', why = refused.why
         from unnest($1::text[], $2::text[]) as refused (key, why)
        where rollback.key = refused.key and rollback.state = 'intended'`,
      [refused.map(({ key }) => key), refused.map(({ why }) => why)],
    );
}

interface Row {
  readonly key: string;
  readonly source: CommandRequest["source"];
  readonly actor: string;
  readonly comment: number | null;
  readonly commands: string;
  readonly sha: string | null;
  readonly received_at: number;
  readonly role: Role | "none" | null;
  readonly outcome: string | null;
  readonly origin: string | null;
}

function request(row: Row): CommandRequest {
  return {
    key: row.key,
    source: row.source,
    actor: row.actor,
    comment: row.comment,
    commands: JSON.parse(row.commands) as readonly Command[],
    sha: row.sha,
    askedAt: row.received_at,
    role:
      row.role === null
        ? { kind: "unknown", why: "It has not been looked up yet." }
        : { kind: "known", value: row.role },
    origin: row.origin === null ? null : (JSON.parse(row.origin) as Origin),
    readBack: null,
    outcome: row.outcome === null ? null : (JSON.parse(row.outcome) as readonly Outcome[]),
  };
}
