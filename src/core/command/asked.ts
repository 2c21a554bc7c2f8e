// Which effect belongs to which request: the key of a rollback or an approval begins with that of its request.

import type { CommandResult } from "../model/effect.ts";

/** Keys of the rollbacks whose requests end as refused, with the reason: what no engine has yet ends with them. */
export function refusedIn(
  results: readonly CommandResult[],
): readonly { readonly key: string; readonly why: string }[] {
  return results.flatMap(({ key, outcome }) =>
    outcome.flatMap(({ kind, text }, index) =>
      kind === "refused" ? [{ key: `${key}|${index}`, why: text }] : [],
    ),
  );
}

/** Whether the request is behind the effect with that key. */
export function isAskedBy(key: string, request: string): boolean {
  return key.startsWith(`${request}|`);
}
