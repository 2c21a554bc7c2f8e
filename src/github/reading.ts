// Readings that are kept: some for good because they cannot change, some while they are fresh, all with their ETag.

import { limit } from "../core/model/limit.ts";
import type { Store } from "../ports/store.ts";
import type { Answer } from "./client.ts";

export interface Kept<T> {
  readonly key: string;
  /** `forever` for what a SHA names; `fresh` for what may be old by `limit.look.fresh_ms`; `checked` is asked about each time. */
  readonly keep: "forever" | "fresh" | "checked";
  /**
   * GitHub's id of the repository. What a SHA names stays what it is, so that this process need not ask
   * the store for it twice; under another id the name is another repository's.
   */
  readonly of?: number | undefined;
  /** The number of an event in the store's order: a reading from before it is not fresh. */
  readonly since?: number;
  /**
   * Why the value cannot be the newest one; null where it can. `earlier` was read before, not longer ago
   * than `limit.look.stale_ms`. Such a value is not kept, and serves nobody.
   */
  readonly refuses?: (value: T, earlier: T | null) => string | null;
  readonly ask: (headers: Record<string, string>) => Promise<Answer<T>>;
}

export type Readings = <T>(kept: Kept<T>) => Promise<Exclude<Answer<T>, { kind: "unchanged" }>>;

/** The status of an answer that is one, and does not fit to another. */
export const misfit = 200;

export function openReadings(with_: {
  readonly store: Pick<Store, "recall" | "keepReading" | "dropReading">;
}): Readings {
  const { store } = with_;
  const unchanging = openUnchanging();
  return async <T>(kept: Kept<T>) => {
    const { keep, of } = kept;
    if (keep !== "forever" || of === undefined) return await read(kept);
    const key = `${of} ${kept.key}`;
    const known = unchanging.get(key);
    if (known !== undefined) return { kind: "ok", data: known as T, headers: {} };
    const answer = await read(kept);
    if (answer.kind === "ok") unchanging.keep(key, answer.data);
    return answer;
  };

  async function read<T>({
    key,
    keep,
    since,
    refuses,
    ask,
  }: Kept<T>): Promise<Exclude<Answer<T>, { kind: "unchanged" }>> {
    // The moment is before GitHub is asked: what is heard meanwhile may not show in the answer.
    const { old, moment } = await store.recall(key);
    const stale = old !== null && since !== undefined && old.moment.number <= since;
    const young = old !== null && old.age_ms >= 0 && old.age_ms <= limit.look.fresh_ms;
    const fresh = young && !stale;
    const isRefused = old !== null && (refuses?.(old.value as T, null) ?? null) !== null;
    if (old !== null && !isRefused && (keep === "forever" || (keep === "fresh" && fresh)))
      return { kind: "ok", data: old.value as T, headers: {} };

    const etag = old?.etag ?? null;
    const answer = await ask(etag === null ? {} : { "if-none-match": etag });
    const isRecent = old !== null && old.age_ms <= limit.look.stale_ms;
    const why =
      answer.kind === "ok"
        ? refuses?.(answer.data, isRecent ? (old.value as T) : null)
        : answer.kind === "unchanged" && old !== null
          ? refuses?.(old.value as T, null)
          : null;
    // What was read before stays, as the least that the next answer has to know.
    if (typeof why === "string") return { kind: "refused", status: misfit, why };
    if (answer.kind === "ok") {
      const tag = answer.headers.etag;
      await store.keepReading(key, {
        etag: typeof tag === "string" ? tag : null,
        moment,
        value: answer.data,
      });
      return answer;
    }
    if (answer.kind !== "unchanged") {
      // What is known to be out of date must not serve others, who do not know.
      if (stale) await store.dropReading(key);
      return answer;
    }
    if (old === null) return { kind: "failed", why: "GitHub answered 304 to a first reading." };
    await store.keepReading(key, { etag: old.etag, moment, value: old.value });
    return { kind: "ok", data: old.value as T, headers: {} };
  }
}

/** In memory, those that were used last. Long lists are few, and the store has them too. */
function openUnchanging() {
  const known = new Map<string, unknown>();
  return {
    get(key: string): unknown {
      const value = known.get(key);
      if (value === undefined) return undefined;
      known.delete(key);
      known.set(key, value);
      return value;
    },
    keep(key: string, value: unknown): void {
      if (JSON.stringify(value).length > limit.github.unchanging_chars) return;
      known.set(key, value);
      const [oldest] = known.keys();
      if (known.size > limit.github.unchanging && oldest !== undefined) known.delete(oldest);
    },
  };
}
