// Pages of a list, with tokens that only fit the list that gave them.
import { createHash } from "node:crypto";
import { type Refusal, refuse } from "./refusal.ts";

export type Page<T> = { items: T[]; nextToken: string | undefined };

/** `list` says what the list is of; a token of another list is refused, as AWS does. */
export function pageOf<T>(
  all: readonly T[],
  wanted: { size: number; token: string | undefined; list: string; idOf: (item: T) => string },
): Page<T> | Refusal {
  const mark = createHash("sha256").update(wanted.list).digest("hex").slice(0, 12);
  const start = startOf(all, wanted, mark);
  if (start === undefined)
    return refuse(
      "InvalidNextTokenException",
      "The next token was specified in an invalid format.",
    );
  const items = all.slice(start, start + wanted.size);
  const last = items.at(-1);
  const more = last !== undefined && start + wanted.size < all.length;
  // The last item rather than a count: what comes to the front meanwhile moves nothing.
  const nextToken = more ? encode(`${mark}:${wanted.idOf(last)}`) : undefined;
  return { items, nextToken };
}

function startOf<T>(
  all: readonly T[],
  wanted: { token: string | undefined; idOf: (item: T) => string },
  mark: string,
): number | undefined {
  if (wanted.token === undefined) return 0;
  const [, tokenMark, id] = /^([0-9a-f]{12}):(.*)$/s.exec(decode(wanted.token)) ?? [];
  if (tokenMark !== mark) return undefined;
  const at = all.findIndex((item) => wanted.idOf(item) === id);
  return at === -1 ? undefined : at + 1;
}

function encode(text: string): string {
  return Buffer.from(text).toString("base64url");
}

function decode(token: string): string {
  return Buffer.from(token, "base64url").toString();
}
