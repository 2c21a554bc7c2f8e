// Limits on the rate of requests, as AWS has them: a bucket for each operation of an account in a region.
import type { Clock } from "../github/clock.ts";

export type RateLimits = {
  /** From here on; the bucket starts full. AWS publishes no figures for CodePipeline. */
  set(limit: RateLimit): void;
  /** Takes one request from the bucket; false when it is empty. */
  take(request: { service: string; operation: string; account: string; region: string }): boolean;
};

export type RateLimit = { service: string; operation?: string; perSecond: number; burst: number };

export function createRateLimits(clock: Clock): RateLimits {
  const limits: RateLimit[] = [];
  const buckets = new Map<string, { tokens: number; at: number }>();
  return {
    set: (limit) => limits.push(limit),
    take({ service, operation, account, region }) {
      const limit = limits.findLast(
        (l) => l.service === service && (l.operation ?? operation) === operation,
      );
      if (!limit) return true;
      const scope = [account, region, service, limit.operation ?? ""].join("/");
      const now = clock.now();
      const before = buckets.get(scope) ?? { tokens: limit.burst, at: now };
      const refilled = before.tokens + ((now - before.at) / 1000) * limit.perSecond;
      const tokens = Math.min(limit.burst, refilled);
      buckets.set(scope, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
      return tokens >= 1;
    },
  };
}
