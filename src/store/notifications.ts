// The ledger of notices: recorded with the look that found the fact, taken by one sender at a time, kept once sent.

import { limit } from "../core/model/limit.ts";
import type { Notification } from "../core/render/notification.ts";
import type { NotificationLedger } from "../ports/notifier.ts";
import type { ReconcileResult } from "../ports/store.ts";
import type { Connection } from "./database.ts";

/** One that is there already stays as it is, sent or not. */
export async function insertNotifications(
  tx: Connection,
  { key, at, notifications }: Pick<ReconcileResult, "key" | "at" | "notifications">,
): Promise<void> {
  if (notifications.length === 0) return;
  await tx.query(
    `insert into interlock.notice (target, key, subject_key, content, next_at)
     select given.target, given.key, subject.key, given.content, $5::bigint
       from unnest($2::text[], $3::text[], $4::text[]) as given (target, key, content)
            join interlock.subject on subject.key = $1
         on conflict do nothing`,
    [
      key,
      notifications.map(({ target }) => target),
      notifications.map(({ notice }) => notice.key),
      notifications.map(({ notice }) => JSON.stringify(notice)),
      at,
    ],
  );
}

export function notificationLedger(on: Connection): NotificationLedger {
  return {
    // Leased for longer than a try can last: should its sender die, another one takes over then.
    take: async (now, count) => {
      const rows = await on.query<Row>(
        `update interlock.notice
            set attempts = attempts + 1, next_at = $1::bigint + $3::bigint
          where (key, target) in (
                  select key, target from interlock.notice
                   where state = 'waiting' and next_at <= $1
                   order by next_at limit $2 for update skip locked)
        returning target, content, attempts`,
        [now, count, limit.notify.lease_ms],
      );
      return rows.map(({ target, content, attempts }) => ({
        target,
        notice: JSON.parse(content) as Notification,
        attempt: attempts,
      }));
    },
    settle: async ({ target, notice, attempt }, end) => {
      const which = [notice.key, target] as const;
      switch (end.kind) {
        case "sent":
          await on.query(`update interlock.notice set state = 'sent', why = '' ${open}`, which);
          break;
        case "failed":
          await on.query(
            `update interlock.notice set next_at = $4, why = $5 ${open} and attempts = $3`,
            [...which, attempt, end.at + waitAfter(attempt), end.why],
          );
          break;
        case "given_up":
          await on.query(
            `update interlock.notice set state = 'given_up', why = $4 ${open} and attempts = $3`,
            [...which, attempt, end.why],
          );
          break;
      }
    },
  };
}

const open = "where key = $1 and target = $2 and state = 'waiting'";

/** Milliseconds from a failed try to the next. */
function waitAfter(attempt: number): number {
  return Math.min(limit.notify.again_ms * 2 ** (attempt - 1), limit.notify.again_ms_max);
}

interface Row {
  readonly target: string;
  readonly content: string;
  readonly attempts: number;
}
