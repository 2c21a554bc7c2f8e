// What is posted to the program, without a server: the body is there at once.

import type { Post } from "../../src/ports/http.ts";

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
      return verified?.() === false
        ? { kind: "unverified" }
        : { kind: "whole", text: request.body };
    },
  };
}

/** A delivery whose signature is taken for good: to make one takes longer than to read it. */
export function unsigned(headers: Readonly<Record<string, string>>, body: string): Post {
  const read = ["content-type", "x-github-delivery", "x-github-event"];
  const kept = read.map((name) => [name, headers[name] ?? ""] as const);
  const signature = `sha256=${"0".repeat(64)}`;
  return {
    headers: { ...Object.fromEntries(kept), "x-hub-signature-256": signature },
    body: async () => ({ kind: "whole", text: body }),
  };
}
