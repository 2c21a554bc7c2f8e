// Keeps the writes of each installation below GitHub's secondary limit, verdicts first.

import { limit } from "../core/limit.ts";
import type { Clock, Urgency } from "../port.ts";

/** Points spent or promised, in the sliding minute that GitHub counts. */
interface Entry {
  readonly at: number;
  readonly points: number;
}

interface Account {
  spent: Entry[];
  /** Promises by the write they were made to; each is kept when the write comes back. */
  readonly promised: Map<string, Entry>;
  pausedUntil: number;
}

export interface Budget {
  /** Counts a read. Null, or the time before which GitHub wants no request. */
  read(installation: number): number | null;
  /** Null where the write may go now and is counted; else when it may, which is then kept for `key`. */
  write(installation: number, key: string, urgency: Urgency): number | null;
  /** GitHub said to wait. */
  pause(installation: number, until: number): void;
}

/**
 * 900 points a minute for each installation, a read 1, a write 5.
 * Source: docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api (secondary limits).
 */
export function openBudget(clock: Clock): Budget {
  const accounts = new Map<number, Account>();

  return {
    read(installation) {
      const account = accountOf(installation);
      const now = clock();
      if (account.pausedUntil > now) return account.pausedUntil;
      account.spent.push({ at: now, points: limit.github.read_points });
      return null;
    },
    write(installation, key, urgency) {
      const account = accountOf(installation);
      const now = clock();
      if (account.pausedUntil > now) return account.pausedUntil;
      const promise = account.promised.get(key);
      if (promise !== undefined && promise.at > now) return promise.at;
      account.promised.delete(key);
      const points = limit.github.write_points;
      const cap = limit.github.points - (urgency === "rest" ? limit.github.gate_reserve_points : 0);
      const at = promise === undefined ? earliest(account, now, points, cap) : now;
      if (at > now) {
        account.promised.set(key, { at, points });
        return at;
      }
      account.spent.push({ at: now, points });
      return null;
    },
    pause(installation, until) {
      const account = accountOf(installation);
      account.pausedUntil = Math.max(account.pausedUntil, until);
    },
  };

  function accountOf(installation: number): Account {
    let account = accounts.get(installation);
    if (account === undefined) {
      account = { spent: [], promised: new Map(), pausedUntil: 0 };
      accounts.set(installation, account);
    }
    const now = clock();
    account.spent = account.spent.filter((entry) => entry.at > now - limit.github.window_ms);
    for (const [key, entry] of account.promised)
      if (entry.at < now - limit.github.window_ms) account.promised.delete(key);
    return account;
  }
}

/** The first time at which the minute before it, promises included, has room. */
function earliest(account: Account, now: number, points: number, cap: number): number {
  const entries = [...account.spent, ...account.promised.values()];
  const ends = entries.map((entry) => entry.at + limit.github.window_ms).sort((a, b) => a - b);
  for (const at of [now, ...ends.filter((end) => end > now)]) {
    const from = at - limit.github.window_ms;
    const used = entries.reduce(
      (sum, entry) => (entry.at > from && entry.at <= at ? sum + entry.points : sum),
      0,
    );
    if (used + points <= cap) return at;
  }
  return now + limit.github.window_ms;
}
