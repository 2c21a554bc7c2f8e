// What people are told of, recorded first and sent afterwards.

import type { Notice } from "../core/render/notice.ts";

// ---------------------------------------------------------------- notices
/** One notice for one place. */
export interface NoticeDraft {
  /** ARN of a topic. */
  readonly target: string;
  readonly notice: Notice;
}

export interface TakenNotice extends NoticeDraft {
  /** Which try this is, from 1. */
  readonly attempt: number;
}

/** Notices that were recorded with a look, until they are sent. */
export interface NoticeLedger {
  /** At most `count` that are due, each for this caller alone during `limit.notify.lease_ms`. */
  take(now: number, count: number): Promise<readonly TakenNotice[]>;
  /** Once it is sent or given up that stays so. A try that failed changes nothing once another one has begun. */
  settle(notice: TakenNotice, end: NoticeEnd): Promise<void>;
}

export type NoticeEnd =
  | { readonly kind: "sent" }
  /** At that time; it is tried again after a wait that grows with the tries. */
  | { readonly kind: "failed"; readonly why: string; readonly at: number }
  | { readonly kind: "given_up"; readonly why: string };

/** Tells people and programs. Never throws for what the other side does. */
export interface Notifier {
  send(notice: NoticeDraft): Promise<Told>;
}

export type Told =
  | { readonly kind: "sent" }
  | { readonly kind: "failed"; readonly why: string }
  /** Asking again would not help. */
  | { readonly kind: "refused"; readonly why: string };
