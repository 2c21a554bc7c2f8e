// Names and texts in the forms and lengths that AWS takes them.

import type { Repository } from "../core/model/event.ts";
import { limit } from "../core/model/limit.ts";
import { cutChars, plainLine } from "../core/model/plain.ts";

/** Who it is in the role's records of use. */
export function sessionName({ owner, name }: Repository): string {
  const line = `interlock-${owner}-${name}`.replace(/[^\w+=,.@-]/g, "-");
  return line.slice(0, limit.codepipeline.session_name_chars);
}

export function fullName({ owner, name }: Repository): string {
  return `${owner}/${name}`;
}

/** Keeps apart two repositories that had the same name one after the other. */
export function identityKey(repository: Repository): string {
  const { id, ownerId } = repository;
  return [fullName(repository), id ?? "", ownerId ?? ""].join(" ");
}

/** Foreign words for a sentence of ours. */
export function oneLine(text: string, chars: number): string {
  return cutChars(plainLine(text), chars);
}
