// Looks over the tokens of a YAML text before they are made into a document.

import type { CST } from "yaml";
import { limit } from "../model/limit.ts";

export interface Fault {
  readonly offset: number;
  readonly message: string;
}

/**
 * What makes the text no plan whatever it says: too deep a nesting, which the making of the
 * document would follow with recursion, several documents, directives.
 */
export function tokenFault(tokens: readonly CST.Token[]): Fault | null {
  let documents = 0;
  for (const token of tokens) {
    if (token.type === "directive")
      return { offset: token.offset, message: "A plan needs no % directive; remove the line." };
    if (token.type !== "document") continue;
    documents += 1;
    if (documents > 1)
      return {
        offset: token.offset,
        message: "A second document begins here; a plan is one document, without --- in it.",
      };
    const deep = token.value === undefined ? null : tooDeep(token.value);
    if (deep !== null) return deep;
  }
  return null;
}

function tooDeep(root: CST.Token): Fault | null {
  const waiting: { readonly token: CST.Token; readonly depth: number }[] = [
    { token: root, depth: 1 },
  ];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { token, depth } = next;
    if (depth > limit.plan.depth)
      return {
        offset: token.offset,
        message: `Maps and lists are nested more than ${limit.plan.depth} deep here; a plan needs nine.`,
      };
    if (!("items" in token)) continue;
    // The first stands last, so that it is looked at first and the fault told is the first one.
    for (const item of [...token.items].reverse())
      for (const inner of [item.value, item.key])
        if (inner !== null && inner !== undefined) waiting.push({ token: inner, depth: depth + 1 });
  }
  return null;
}
