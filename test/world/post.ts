// What is posted to the program, without a server: the body is there at once.

import type { Post } from "../../src/port.ts";

export function postOf(request: {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}): Post {
  return {
    headers: request.headers,
    body: async ({ most_bytes, seen, verified }) => {
      const bytes = Buffer.from(request.body);
      if (bytes.length > most_bytes) return { kind: "too_large" };
      seen?.(bytes);
      return verified?.() === false ? { kind: "unverified" } : { kind: "whole", bytes };
    },
  };
}
