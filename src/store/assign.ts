// The `set` part of an update that changes only what it was given.

import type { Param } from "./database.ts";

export interface Assignments {
  /** The assignments, with placeholders counting up from `first`. */
  text(first: number): string;
  readonly params: readonly Param[];
}

/** Columns come from the program, never from outside. Null where nothing is to be changed. */
export function assignments(
  columns: Readonly<Record<string, Param | undefined>>,
): Assignments | null {
  const given = Object.entries(columns).filter(
    (entry): entry is [string, Param] => entry[1] !== undefined,
  );
  if (given.length === 0) return null;
  return {
    text: (first) => given.map(([column], index) => `${column} = $${first + index}`).join(", "),
    params: given.map(([, value]) => value),
  };
}
