// The ledger of what was written to GitHub: check runs and answers to comments.

import type { Handover } from "../core/diff.ts";
import type { AnswerPresent, CheckPresent, CheckWanted } from "../core/model/effect.ts";
import type { Repository } from "../core/model/event.ts";
import type { Lease, Written } from "../ports/store.ts";
import type { Connection } from "./database.ts";
import { hold, writeUnder } from "./fence.ts";

export async function readChecks(
  on: Pick<Connection, "query">,
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
  on: Pick<Connection, "query">,
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
export async function intendCheck(
  on: Connection,
  lease: Lease,
  check: CheckWanted,
): Promise<Written> {
  return await writeUnder(on, lease, {
    text: `
      insert into interlock.check_run
             (owner, name, sha, check_name, subject_key, in_progress, sent_at, intended)
      select owner, name, $3, $4, held.key, false, 0, $5
        from held
          on conflict (owner, name, sha, check_name) do update
         set subject_key = excluded.subject_key, intended = excluded.intended`,
    params: [check.sha, check.name, JSON.stringify(check)],
  });
}

/** What stood before belongs to the one who wrote it, where there still is such a subject. */
export async function dropIntendedCheck(
  tx: Connection,
  lease: Lease,
  check: CheckWanted,
): Promise<Written> {
  if ((await hold(tx, lease)) === "lost") return "lost";
  const { key } = lease;
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
  return "written";
}

/**
 * GitHub shows the newest run of a name, so one that was made before it is not worth a record. Where
 * another subject has meant to write it since, the two may have arrived in either order: what stands is
 * in doubt then, as after a lost answer.
 */
export async function recordCheck(
  on: Connection,
  { key, epoch }: Lease,
  check: CheckWanted,
  sent: { readonly id: number; readonly at: number },
): Promise<Written | "doubtful"> {
  const newer = (column: string) =>
    `case when check_run.id > excluded.id then check_run.${column} else excluded.${column} end`;
  const [row] = await on.query<{ certain: boolean }>(
    `with held as materialized (
       select key, owner, name from interlock.subject where key = $1 and epoch = $8 for share
     )
     insert into interlock.check_run
            (owner, name, sha, check_name, subject_key, content, in_progress, id, sent_at)
     select owner, name, $2, $3, held.key, $4, $5::boolean, $6::bigint, $7::bigint
       from held
         on conflict (owner, name, sha, check_name) do update
        set subject_key = excluded.subject_key, content = ${newer("content")},
            in_progress = ${newer("in_progress")}, id = ${newer("id")},
            sent_at = ${newer("sent_at")},
            intended = case when check_run.intended = excluded.content then null
                            else excluded.content end
      returning intended is null as certain`,
    [key, check.sha, check.name, JSON.stringify(check), inProgress(check), sent.id, sent.at, epoch],
  );
  if (row === undefined) return "lost";
  return row.certain ? "written" : "doubtful";
}

/** Anyone who answers for it now finds it as after a lost answer. Returns the keys of those. */
export async function doubtCheck(
  on: Connection,
  key: string,
  check: CheckWanted,
): Promise<readonly string[]> {
  const rows = await on.query<{ key: string }>(
    `update interlock.check_run set intended = $4
       from interlock.subject
      where subject.key = $1 and check_run.owner = subject.owner and check_run.name = subject.name
        and check_run.sha = $2 and check_name = $3
     returning subject_key as key`,
    [key, check.sha, check.name, JSON.stringify(check)],
  );
  return rows.map((row) => row.key);
}

/** From now on it is the successor's to bring up to date, and to end where the successor has nothing to say. */
export async function handOverCheck(
  tx: Connection,
  key: string,
  { sha, name, to }: Handover,
): Promise<void> {
  const rows = await tx.query<{ content: string | null; intended: string | null }>(
    `select content, intended from interlock.check_run join interlock.subject as successor using (owner, name)
      where successor.key = $4 and subject_key = $1 and check_run.sha = $2 and check_name = $3
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

export async function readAnswers(
  on: Pick<Connection, "query">,
  key: string,
): Promise<readonly AnswerPresent[]> {
  return on.query<AnswerPresent>(
    `select intention_key as key, id, body from interlock.answer
      where subject_key = $1 order by intention_key`,
    [key],
  );
}

export async function intendAnswer(
  on: Connection,
  lease: Lease,
  requestKey: string,
  pull: number,
): Promise<Written> {
  return await writeUnder(on, lease, {
    text: `
      insert into interlock.answer (subject_key, intention_key, pull, body)
      select held.key, $3, $4::bigint, '' from held
          on conflict do nothing`,
    params: [requestKey, pull],
  });
}

/** Of one that was surely not sent. */
export async function dropIntendedAnswer(
  on: Connection,
  lease: Lease,
  requestKey: string,
): Promise<Written> {
  return await writeUnder(on, lease, {
    text: `
      delete from interlock.answer
       where subject_key = $1 and intention_key = $3 and id is null and exists (select from held)`,
    params: [requestKey],
  });
}

export async function recordAnswer(
  on: Connection,
  lease: Lease,
  requestKey: string,
  sent: { readonly id: number; readonly body: string },
): Promise<Written> {
  return await writeUnder(on, lease, {
    text: `
      update interlock.answer set id = $4, body = $5
       where subject_key = $1 and intention_key = $3 and exists (select from held)`,
    params: [requestKey, sent.id, sent.body],
  });
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
