// The ledger of what was written to GitHub: check runs and answers to comments.

import type { Bequest } from "../core/converge.ts";
import type { AnswerPresent, CheckPresent, CheckWanted } from "../core/effect.ts";
import type { Repository } from "../core/event.ts";
import type { Connection } from "./database.ts";

export async function readChecks(
  on: Connection,
  repository: Repository,
  shas: readonly string[],
): Promise<readonly CheckPresent[]> {
  const rows = await on.query<Row>(
    `${selectCheck}
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
    `${selectCheck}
      where subject_key = $1 and (in_progress or intended is not null) and sha <> $2
      order by sent_at, sha, check_name`,
    [key, exceptSha],
  );
  return rows.map(checkPresent);
}

/**
 * A check that stands already keeps its id and content aside, for the case that nothing is sent. Who
 * means to write it answers for it from now on: the other may be gone before it is known what came of it.
 */
export async function intendCheck(on: Connection, key: string, check: CheckWanted): Promise<void> {
  await on.query(
    `insert into interlock.check_run
            (owner, name, sha, check_name, subject_key, in_progress, sent_at, intended)
     select owner, name, $2, $3, subject.key, false, 0, $4
       from interlock.subject where subject.key = $1
         on conflict (owner, name, sha, check_name) do update
        set subject_key = excluded.subject_key, intended = excluded.intended`,
    [key, check.sha, check.name, JSON.stringify(check)],
  );
}

/** What stood before belongs to whoever wrote it, where there still is such a subject. */
export async function dropIntendedCheck(
  tx: Connection,
  key: string,
  check: CheckWanted,
): Promise<void> {
  const rows = await tx.query<{ owner: string; name: string; content: string | null }>(
    `select owner, name, content
       from interlock.check_run join interlock.subject using (owner, name)
      where subject.key = $1 and check_run.sha = $2 and check_name = $3 and intended = $4
        for update of check_run`,
    [key, check.sha, check.name, JSON.stringify(check)],
  );
  for (const { owner, name, content } of rows) {
    const which = [owner, name, check.sha, check.name] as const;
    const one = "owner = $1 and name = $2 and sha = $3 and check_name = $4";
    if (content === null) await tx.query(`delete from interlock.check_run where ${one}`, which);
    // Read here and not by the database, whose JSON refuses what a check can contain.
    else
      await tx.query(
        `update interlock.check_run
            set intended = null,
                subject_key = coalesce((select key from interlock.subject where key = $5), subject_key)
          where ${one}`,
        [...which, (JSON.parse(content) as CheckWanted).externalId],
      );
  }
}

/**
 * GitHub shows the newest run of a name, so one that was made before it is not worth a record. Where
 * another subject has meant to write it since, the two may have arrived in either order: what stands is
 * in doubt then, as after a lost answer, and the result is false.
 */
export async function recordCheck(
  on: Connection,
  key: string,
  check: CheckWanted,
  sent: { readonly id: number; readonly at: number },
): Promise<boolean> {
  const newer = (column: string) =>
    `case when check_run.id > excluded.id then check_run.${column} else excluded.${column} end`;
  const [row] = await on.query<{ certain: boolean }>(
    `insert into interlock.check_run
            (owner, name, sha, check_name, subject_key, content, in_progress, id, sent_at)
     select owner, name, $2, $3, subject.key, $4, $5::boolean, $6::bigint, $7::bigint
       from interlock.subject where subject.key = $1
         on conflict (owner, name, sha, check_name) do update
        set subject_key = excluded.subject_key, content = ${newer("content")},
            in_progress = ${newer("in_progress")}, id = ${newer("id")},
            sent_at = ${newer("sent_at")},
            intended = case when check_run.intended = excluded.content then null
                            else excluded.content end
      returning intended is null as certain`,
    [key, check.sha, check.name, JSON.stringify(check), inProgress(check), sent.id, sent.at],
  );
  return row?.certain ?? true;
}

/** From now on it is the heir's to bring up to date, and to end where the heir has nothing to say. */
export async function bequeathCheck(
  tx: Connection,
  key: string,
  { sha, name, to }: Bequest,
): Promise<void> {
  const rows = await tx.query<{ content: string | null; intended: string | null }>(
    `select content, intended from interlock.check_run join interlock.subject as heir using (owner, name)
      where heir.key = $4 and subject_key = $1 and check_run.sha = $2 and check_name = $3
        for update of check_run`,
    [key, sha, name, to],
  );
  const inherited = (content: string | null) =>
    content && JSON.stringify({ ...(JSON.parse(content) as CheckWanted), externalId: to });
  for (const { content, intended } of rows)
    await tx.query(
      `update interlock.check_run set subject_key = $4, content = $5, intended = $6
        where subject_key = $1 and sha = $2 and check_name = $3`,
      [key, sha, name, to, inherited(content), inherited(intended)],
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

function inProgress({ state }: CheckWanted): boolean {
  return state.status === "in_progress";
}

const selectCheck = `
  select sha, check_name, case when intended is null then id end as id,
         coalesce(intended, content) as content, sent_at
    from interlock.check_run`;

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
