// Loaded into the program before its own code: SNS's hosts are the embedded AWS, and the clock can be set forward.

import { goAhead } from "./ahead.ts";

/** Read from `process.env`. */
export interface Inside {
  readonly BENCH_AWS_URL: string;
  /** How far other clocks have been set forward before the program started. */
  readonly BENCH_AHEAD_MS: string;
}

const { BENCH_AWS_URL, BENCH_AHEAD_MS } = process.env as unknown as Inside;
const { fetch } = globalThis;

/** Certificates and confirmations have addresses that only the internet could resolve. */
globalThis.fetch = (input, init) => {
  const href = input instanceof Request ? input.url : String(input);
  if (!/^https:\/\/sns\.[a-z0-9-]+\.amazonaws\.com\//.test(href)) return fetch(input, init);
  const { pathname, search } = new URL(href);
  return fetch(new URL(pathname + search, BENCH_AWS_URL), init);
};

goAhead(Number(BENCH_AHEAD_MS));
process.on("message", (ms: number) => {
  goAhead(ms);
  process.send?.("done");
});
