// What each subject's last look saw: written where it is another than before, and dated each time.

import { hash } from "node:crypto";
import { limit } from "../core/model/limit.ts";
import type { ReconcileResult } from "../ports/store.ts";
import type { Connection, Param } from "./database.ts";

/** What is to be done with the snapshot of a look. `same`: what is there is as this one, but for its time. */
export type SnapshotWrite =
  | { readonly kind: "none" | "same" }
  | { readonly kind: "new"; readonly content: string };

/** What this process has written. Anyone who looked in between has raised the epoch by more than one. */
export class WrittenSnapshots {
  readonly #known = new Map<string, { readonly epoch: number; readonly digest: string }>();

  /** Says what is to be written, and what to call once it is. */
  plan(look: ReconcileResult): { readonly write: SnapshotWrite; readonly written: () => void } {
    const { key, epoch, snapshot } = look;
    const known = this.#known.get(key);
    if (snapshot === null) return { write: { kind: "none" }, written: () => {} };
    const digest = hash("sha256", JSON.stringify({ ...snapshot.facts, now: null }), "base64");
    const isSame = known?.epoch === epoch - 1 && known.digest === digest;
    const write: SnapshotWrite = isSame
      ? { kind: "same" }
      : { kind: "new", content: JSON.stringify(snapshot) };
    return { write, written: () => this.#note(key, { epoch, digest }) };
  }

  #note(key: string, one: { readonly epoch: number; readonly digest: string }): void {
    this.#known.delete(key);
    this.#known.set(key, one);
    const [oldest] = this.#known.keys();
    if (this.#known.size > limit.store.snapshots && oldest !== undefined)
      this.#known.delete(oldest);
  }
}

/** A part of the statement that writes the look: `looked` has its key where it holds its lease. */
export function snapshotStep(
  write: SnapshotWrite,
  { at, first }: { readonly at: number; readonly first: number },
): { readonly text: string; readonly params: readonly Param[] } | null {
  switch (write.kind) {
    case "none":
      return null;
    case "same":
      return {
        text: `update interlock.snapshot set taken_at = $${first}::bigint
                where subject_key in (select key from looked)`,
        params: [at],
      };
    case "new":
      return {
        text: `insert into interlock.snapshot (subject_key, content, taken_at)
               select key, $${first + 1}, $${first}::bigint from looked
                   on conflict (subject_key) do update
                  set content = excluded.content, taken_at = excluded.taken_at`,
        params: [at, write.content],
      };
  }
}

/** With the time of the last look that saw the same. */
export async function readSnapshot(
  on: Connection,
  key: string,
): Promise<ReconcileResult["snapshot"]> {
  const [row] = await on.query<{ content: string; taken_at: number }>(
    "select content, taken_at from interlock.snapshot where subject_key = $1",
    [key],
  );
  if (row === undefined) return null;
  const snapshot = JSON.parse(row.content) as NonNullable<ReconcileResult["snapshot"]>;
  return { ...snapshot, facts: { ...snapshot.facts, now: row.taken_at } };
}
