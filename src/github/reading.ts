// Readings that are kept: some for good because they cannot change, some while they are fresh, all with their ETag.

import { limit } from "../core/limit.ts";
import type { Clock, Store } from "../port.ts";
import type { Answer } from "./client.ts";

export interface Kept<T> {
  readonly key: string;
  /** `forever` for what a SHA names; `fresh` for what may be old by `limit.look.fresh_ms`; `checked` is asked about each time. */
  readonly keep: "forever" | "fresh" | "checked";
  /** A reading from before this is not fresh: something has happened since. */
  readonly since?: number;
  readonly ask: (headers: Record<string, string>) => Promise<Answer<T>>;
}

export type Readings = <T>(kept: Kept<T>) => Promise<Exclude<Answer<T>, { kind: "unchanged" }>>;

export function openReadings(with_: {
  readonly store: Pick<Store, "reading" | "keepReading" | "dropReading">;
  readonly clock: Clock;
}): Readings {
  const { store, clock } = with_;
  return async <T>({ key, keep, since, ask }: Kept<T>) => {
    const old = await store.reading(key);
    const now = clock();
    const fresh =
      old !== null &&
      now - old.readAt <= limit.look.fresh_ms &&
      (since === undefined || old.readAt > since);
    if (old !== null && (keep === "forever" || (keep === "fresh" && fresh)))
      return { kind: "ok", data: old.value as T, headers: {} };

    const etag = old?.etag ?? null;
    const answer = await ask(etag === null ? {} : { "if-none-match": etag });
    if (answer.kind === "ok") {
      const tag = answer.headers.etag;
      await store.keepReading(key, {
        etag: typeof tag === "string" ? tag : null,
        readAt: now,
        value: answer.data,
      });
      return answer;
    }
    if (answer.kind !== "unchanged") {
      // What is known to be out of date must not serve others, who do not know.
      if (old !== null && since !== undefined && old.readAt <= since) await store.dropReading(key);
      return answer;
    }
    if (old === null) return { kind: "failed", why: "GitHub answered 304 to a first reading." };
    await store.keepReading(key, { ...old, readAt: now });
    return { kind: "ok", data: old.value as T, headers: {} };
  };
}
