// Keeps the requests of each installation below GitHub's secondary limit, verdicts first.

import type { Subject } from "../core/model/event.ts";
import { limit } from "../core/model/limit.ts";
import type { Urgency } from "../ports/github.ts";
import type { Clock } from "../ports/log.ts";

interface Entry {
  readonly at: number;
  readonly points: number;
}

interface Account {
  /** Within the sliding minute that GitHub counts. */
  spent: Entry[];
  /** Promises by the write they were made to; each is kept when the write comes back. */
  readonly promised: Map<string, Entry & { readonly urgency: Urgency }>;
  pausedUntil: number;
}

export interface Budget {
  /** Null where the read may go now and is counted, or the time before which it may not. */
  read(installation: number): number | null;
  /** Null where the write may go now and is counted; else when it may, which is then kept for `key`. */
  write(installation: number, key: string, urgency: Urgency): number | null;
  /** The time from which a read may go; not in the future where it may now. */
  readyAt(installation: number): number;
  /** The time from which a whole look at such a subject has room. Where GitHub itself says to wait for long, looks go on. */
  roomAt(installation: number, kind: Subject["kind"]): number;
  /** GitHub said to wait. */
  pause(installation: number, until: number): void;
}

/**
 * 900 points a minute for each installation, a read 1, a write 5.
 * Source: docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api (secondary limits).
 *
 * Pages leave room for verdicts, and both leave room for the reads that precede every write.
 */
export function openBudget(clock: Clock): Budget {
  const accounts = new Map<number, Account>();
  const { points, read_points, write_points, read_reserve_points, gate_reserve_points } =
    limit.github;
  const caps: Readonly<Record<Urgency, number>> = {
    gate: points - read_reserve_points,
    rest: points - read_reserve_points - gate_reserve_points,
  };

  return {
    read(installation) {
      const account = accountOf(installation);
      const at = readyAt(account);
      if (at > clock()) return at;
      account.spent.push({ at: clock(), points: read_points });
      return null;
    },
    readyAt: (installation) => readyAt(accountOf(installation)),
    roomAt(installation, kind) {
      const now = clock();
      // A release is followed and stopped whatever GitHub lets us read.
      if (kind === "commit") return now;
      const account = accountOf(installation);
      const { spent, pausedUntil } = account;
      if (pausedUntil > now) return pausedUntil - now <= limit.github.window_ms ? pausedUntil : now;
      return earliest(spent, { now, points: limit.github.look_points, cap: caps.gate });
    },
    write(installation, key, urgency) {
      const account = accountOf(installation);
      const now = clock();
      if (account.pausedUntil > now) return account.pausedUntil;
      const promise = account.promised.get(key);
      if (promise !== undefined && promise.at > now) return promise.at;
      account.promised.delete(key);
      // Anyone who was promised this moment only has to share it with what was really spent.
      const others = promise === undefined ? promises(account, urgency) : [];
      const wanted = { now, points: write_points, cap: caps[urgency] };
      const at = earliest([...account.spent, ...others], wanted);
      if (at === now) {
        account.spent.push({ at: now, points: write_points });
        return null;
      }
      const later = earliest([...account.spent, ...promises(account, urgency)], wanted);
      account.promised.set(key, { at: later, points: write_points, urgency });
      return later;
    },
    pause(installation, until) {
      const account = accountOf(installation);
      account.pausedUntil = Math.max(account.pausedUntil, until);
    },
  };

  function readyAt(account: Account): number {
    const now = clock();
    if (account.pausedUntil > now) return account.pausedUntil;
    return earliest(account.spent, { now, points: read_points, cap: points });
  }

  function accountOf(installation: number): Account {
    let account = accounts.get(installation);
    if (account === undefined) {
      account = { spent: [], promised: new Map(), pausedUntil: 0 };
      accounts.set(installation, account);
    }
    const since = clock() - limit.github.window_ms;
    account.spent = account.spent.filter((entry) => entry.at > since);
    for (const [key, entry] of account.promised)
      if (entry.at <= since) account.promised.delete(key);
    return account;
  }
}

/** A verdict does not wait for what was promised to pages. */
function promises(account: Account, urgency: Urgency): readonly Entry[] {
  return [...account.promised.values()].filter(
    (entry) => urgency === "rest" || entry.urgency === "gate",
  );
}

/** The first time at which the minute before it has room. */
function earliest(
  entries: readonly Entry[],
  wanted: { readonly now: number; readonly points: number; readonly cap: number },
): number {
  const { now, points, cap } = wanted;
  const { window_ms } = limit.github;
  const sorted = [...entries].sort((a, b) => a.at - b.at);
  const ends = sorted.map(({ at }) => at + window_ms).filter((end) => end > now);
  let used = 0;
  let entering = 0;
  let leaving = 0;
  for (const at of [now, ...ends]) {
    for (let next = sorted[entering]; next !== undefined && next.at <= at; ) {
      used += next.points;
      entering += 1;
      next = sorted[entering];
    }
    for (let next = sorted[leaving]; next !== undefined && next.at <= at - window_ms; ) {
      used -= next.points;
      leaving += 1;
      next = sorted[leaving];
    }
    if (used + points <= cap) return at;
  }
  return now + window_ms;
}
