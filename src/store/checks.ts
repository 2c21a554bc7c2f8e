// The ledger of what was written to GitHub: check runs and answers to comments.

import type { AnswerPresent, CheckPresent, CheckWanted } from "../core/effect.ts";
import type { Repository } from "../core/event.ts";
import type { Connection } from "./database.ts";

export async function readChecks(
  on: Connection,
  repository: Repository,
  shas: readonly string[],
): Promise<readonly CheckPresent[]> {
  const rows = await on.query<Row>(
    `select sha, check_name, id, content, sent_at from interlock.check_run
      where owner = $1 and name = $2 and sha = any($3::text[])
      order by sha, check_name`,
    [repository.owner, repository.name, shas],
  );
  return rows.map(checkPresent);
}

export async function readOpenChecks(
  on: Connection,
  key: string,
  exceptSha: string,
): Promise<readonly CheckPresent[]> {
  const rows = await on.query<Row>(
    `select sha, check_name, id, content, sent_at from interlock.check_run
      where subject_key = $1 and in_progress and sha <> $2
      order by sent_at, sha, check_name`,
    [key, exceptSha],
  );
  return rows.map(checkPresent);
}

/** Noted before the request, so that an answer that is lost is looked for instead of asked twice. */
export async function intendCheck(on: Connection, key: string, check: CheckWanted): Promise<void> {
  await on.query(
    `insert into interlock.check_run as present
            (owner, name, sha, check_name, subject_key, content, in_progress, sent_at)
     select owner, name, $2, $3, subject.key, $4, $5::boolean, 0
       from interlock.subject where subject.key = $1
         on conflict (owner, name, sha, check_name) do update
        set subject_key = excluded.subject_key, content = excluded.content,
            in_progress = excluded.in_progress
      where present.id is null`,
    [key, ...columns(check)],
  );
}

export async function recordCheck(
  on: Connection,
  key: string,
  check: CheckWanted,
  sent: { readonly id: number; readonly at: number },
): Promise<void> {
  await on.query(
    `insert into interlock.check_run
            (owner, name, sha, check_name, subject_key, content, in_progress, id, sent_at)
     select owner, name, $2, $3, subject.key, $4, $5::boolean, $6::bigint, $7::bigint
       from interlock.subject where subject.key = $1
         on conflict (owner, name, sha, check_name) do update
        set subject_key = excluded.subject_key, content = excluded.content,
            in_progress = excluded.in_progress, id = excluded.id, sent_at = excluded.sent_at`,
    [key, ...columns(check), sent.id, sent.at],
  );
}

export async function readAnswers(on: Connection, key: string): Promise<readonly AnswerPresent[]> {
  return on.query<AnswerPresent>(
    `select intention_key as key, id, body from interlock.answer
      where subject_key = $1 order by intention_key`,
    [key],
  );
}

export async function intendAnswer(
  on: Connection,
  key: string,
  intentionKey: string,
  pull: number,
): Promise<void> {
  await on.query(
    `insert into interlock.answer (subject_key, intention_key, pull, body)
     values ($1, $2, $3, '') on conflict do nothing`,
    [key, intentionKey, pull],
  );
}

export async function recordAnswer(
  on: Connection,
  key: string,
  intentionKey: string,
  sent: { readonly id: number; readonly body: string },
): Promise<void> {
  await on.query(
    `update interlock.answer set id = $3, body = $4
      where subject_key = $1 and intention_key = $2`,
    [key, intentionKey, sent.id, sent.body],
  );
}

function columns(check: CheckWanted): [string, string, string, boolean] {
  return [check.sha, check.name, JSON.stringify(check), check.state.status === "in_progress"];
}

interface Row {
  readonly sha: string;
  readonly check_name: string;
  readonly id: number | null;
  readonly content: string;
  readonly sent_at: number;
}

function checkPresent(row: Row): CheckPresent {
  return {
    sha: row.sha,
    name: row.check_name,
    id: row.id,
    content: JSON.parse(row.content) as CheckWanted,
    sentAt: row.sent_at,
  };
}
