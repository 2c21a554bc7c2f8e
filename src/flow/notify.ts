// From facts to notices in the ledger, and from the ledger to those who are told. Nothing waits for them.

import { subjectKey } from "../core/model/event.ts";
import type { Facts } from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import { notificationsOf } from "../core/render/notification.ts";
import type { Clock, Log } from "../ports/log.ts";
import type { Meter } from "../ports/meter.ts";
import type {
  NotificationDraft,
  NotificationLedger,
  Notifier,
  TakenNotification,
} from "../ports/notifier.ts";
import type { Store } from "../ports/store.ts";
import { every, type Scheduler } from "./interval.ts";

/** What the plan of a landed commit wants to be told, known to the ledger or not. */
export async function draftNotifications(
  store: Pick<Store, "previousReleases">,
  facts: Facts,
): Promise<readonly NotificationDraft[]> {
  if ("pull" in facts) return [];
  const { plan, executions, subject } = facts;
  if (plan.kind !== "read" || plan.parse.kind !== "valid") return [];
  const { notify } = plan.parse.plan;
  if (notify.length === 0) return [];
  const ended = executions.some(({ endedAt }) => endedAt !== null);
  const previous = ended ? await store.previousReleases(subjectKey(subject)) : [];
  const notifications = notificationsOf({ facts, previous });
  return notify.flatMap(({ topic, kinds }) =>
    notifications
      .filter(({ kind }) => kinds.includes(kind))
      .map((notice) => ({ target: topic, notice })),
  );
}

export interface NotificationSender {
  readonly ledger: NotificationLedger;
  readonly notifier: Notifier;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter?: Pick<Meter, "notification">;
}

/** Sends what is due until it is stopped. */
export function startNotificationSender(telling: NotificationSender): Scheduler {
  return every(limit.notify.every_ms, {
    name: "notices",
    log: telling.log,
    turn: async () => {
      await tell(telling);
    },
  });
}

/** Sends what is due once. Resolves with how many it tried. */
export async function tell(telling: NotificationSender): Promise<number> {
  const due = await telling.ledger.take(telling.clock(), limit.notify.together);
  // All at once: a place that does not answer must not keep the others waiting.
  await Promise.all(due.map((taken) => one(telling, taken)));
  return due.length;
}

async function one(
  { ledger, notifier, clock, log, meter }: NotificationSender,
  taken: TakenNotification,
): Promise<void> {
  const { target, notice, attempt } = taken;
  const told = await notifier.send(taken);
  const about = { target, notice: notice.key, attempt };
  if (told.kind === "sent") {
    log.info(about, "Told");
    meter?.notification("sent");
    return await ledger.settle(taken, told);
  }
  const { why } = told;
  const over = told.kind === "refused" || attempt >= limit.notify.attempts;
  meter?.notification(over ? "given_up" : "failed");
  if (over) {
    log.error({ ...about, why }, "A notice could not be sent and is given up");
    return await ledger.settle(taken, { kind: "given_up", why });
  }
  log.warn({ ...about, why }, "A notice could not be sent and will be tried again");
  await ledger.settle(taken, { kind: "failed", why, at: clock() });
}
