// Answers of GitHub arrive whole and in time, or not at all.

import { limit } from "../core/model/limit.ts";
import { token } from "./shape.ts";

type Fetch = typeof globalThis.fetch;

/**
 * No request waits for ever, its body included; of an archive, which may take longer, only the beginning is
 * bounded. Rejects where the body breaks off. The answer about a token is read by octokit alone, which
 * would keep a broken one for an hour, so its shape is looked at here.
 */
export function whole(fetch: Fetch): Fetch {
  return async (input, init) => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), limit.github.request_ms);
    try {
      const response = await fetch(input, { ...init, signal: controller.signal });
      const { pathname } = new URL(input instanceof Request ? input.url : input);
      if (response.body === null || archive.test(pathname)) return response;
      const text = await response.text();
      if (response.ok && pathname.endsWith("/access_tokens")) token.parse(JSON.parse(text));
      const { status, statusText, headers } = response;
      return new Response(text, { status, statusText, headers });
    } finally {
      clearTimeout(timer);
    }
  };
}

const archive = /\/repos\/[^/]+\/[^/]+\/tarball\//;
