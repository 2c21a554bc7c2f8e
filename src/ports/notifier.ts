// What people are told of, recorded first and sent afterwards.

import type { Notification } from "../core/render/notification.ts";

// ---------------------------------------------------------------- notices
/** One notice for one place. */
export interface NotificationDraft {
  /** ARN of a topic. */
  readonly target: string;
  readonly notice: Notification;
}

export interface TakenNotification extends NotificationDraft {
  /** Which try this is, from 1. */
  readonly attempt: number;
}

/** Notices that were recorded with a look, until they are sent. */
export interface NotificationLedger {
  /** At most `count` that are due, each for this caller alone during `limit.notify.lease_ms`. */
  take(now: number, count: number): Promise<readonly TakenNotification[]>;
  /** Once it is sent or given up that stays so. A try that failed changes nothing once another one has started. */
  settle(notice: TakenNotification, end: NotificationEnd): Promise<void>;
}

export type NotificationEnd =
  | { readonly kind: "sent" }
  /** At that time; it is tried again after a wait that grows with the tries. */
  | { readonly kind: "failed"; readonly why: string; readonly at: number }
  | { readonly kind: "given_up"; readonly why: string };

/** Tells people and programs. Never throws for what the other side does. */
export interface Notifier {
  send(notice: NotificationDraft): Promise<SendResult>;
}

export type SendResult =
  | { readonly kind: "sent" }
  | { readonly kind: "failed"; readonly why: string }
  /** Asking again would not help. */
  | { readonly kind: "refused"; readonly why: string };
