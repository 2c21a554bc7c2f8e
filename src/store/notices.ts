// The ledger of notices: recorded with the look that found the fact, taken by one sender at a time, kept once sent.

import { limit } from "../core/limit.ts";
import type { Notice } from "../core/notice.ts";
import type { LookRecord, NoticeEnd, NoticeLedger } from "../port.ts";
import type { Connection } from "./database.ts";

/** One that is there already stays as it is, sent or not. */
export async function insertNotices(
  tx: Connection,
  { key, at, notices }: Pick<LookRecord, "key" | "at" | "notices">,
): Promise<void> {
  if (notices.length === 0) return;
  await tx.query(
    `insert into interlock.notice (target, key, subject_key, content, next_at)
     select given.target, given.key, subject.key, given.content, $5::bigint
       from unnest($2::text[], $3::text[], $4::text[]) as given (target, key, content)
            join interlock.subject on subject.key = $1
         on conflict do nothing`,
    [
      key,
      notices.map(({ target }) => target),
      notices.map(({ notice }) => notice.key),
      notices.map(({ notice }) => JSON.stringify(notice)),
      at,
    ],
  );
}

export function noticeLedger(on: Connection): NoticeLedger {
  return {
    // The next try is set before this one is made: should its sender die, another one takes over then.
    take: async (now, count) => {
      const rows = await on.query<Row>(
        `update interlock.notice
            set attempts = attempts + 1,
                next_at = $1::bigint + least($3::double precision * 2 ^ attempts, $4)::bigint
          where (key, target) in (
                  select key, target from interlock.notice
                   where state = 'waiting' and next_at <= $1
                   order by next_at limit $2 for update skip locked)
        returning target, content, attempts`,
        [now, count, limit.notify.again_ms, limit.notify.again_ms_max],
      );
      return rows.map(({ target, content, attempts }) => ({
        target,
        notice: JSON.parse(content) as Notice,
        attempt: attempts,
      }));
    },
    settle: async ({ target, notice }, end) => {
      await on.query(
        "update interlock.notice set state = $3, why = $4 where key = $1 and target = $2",
        [notice.key, target, stateOf(end), end.kind === "sent" ? "" : end.why],
      );
    },
  };
}

function stateOf({ kind }: NoticeEnd): string {
  return kind === "failed" ? "waiting" : kind;
}

interface Row {
  readonly target: string;
  readonly content: string;
  readonly attempts: number;
}
