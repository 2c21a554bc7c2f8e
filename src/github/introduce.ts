// Asks GitHub who this App is, where it is installed, and whether it may do what it needs.

import { z } from "zod";
import { limit } from "../core/model/limit.ts";
import type { Introduce, Introduced } from "../ports/identity.ts";
import type { Clock } from "../ports/log.ts";
import type { Octokit } from "./client.ts";
import { neededPermissions } from "./permission.ts";
import { hasMore } from "./read.ts";
import { subscribed } from "./webhook.ts";

export function openIntroduce(with_: {
  readonly authenticate: () => Promise<Octokit>;
  readonly apiUrl: string;
  readonly clock: Clock;
}): Introduce {
  const { authenticate, apiUrl, clock } = with_;
  return async () => {
    try {
      const octokit = await authenticate();
      const { data, headers } = await octokit.request("GET /app");
      const app = identity.safeParse(data);
      if (!app.success) return elsewhere(apiUrl, "what answers there is not GitHub's API");
      const installations: Installation[] = [];
      for (let page = 1; page <= limit.github.pages; page += 1) {
        const answer = await octokit.request("GET /app/installations", { per_page: 100, page });
        const read = z.array(installation).safeParse(answer.data);
        if (!read.success) return elsewhere(apiUrl, "what answers there is not GitHub's API");
        installations.push(...read.data);
        if (!hasMore(answer.headers)) break;
      }
      return knownOf(app.data, { installations, ahead_s: aheadOf(headers, clock()) });
    } catch (error) {
      return failureOf(error, apiUrl, clock());
    }
  };
}

const rights = {
  permissions: z.record(z.string(), z.string()),
  events: z.array(z.string()),
};
const identity = z.object({ slug: z.string().optional(), name: z.string(), ...rights });
const installation = z.object({
  id: z.int(),
  account: z.object({ login: z.string().optional(), slug: z.string().optional() }).nullable(),
  suspended_at: z.string().nullish(),
  ...rights,
});
type Rights = Pick<z.infer<typeof installation>, "permissions" | "events">;
type Installation = z.infer<typeof installation>;

function knownOf(
  app: z.infer<typeof identity>,
  { installations, ahead_s }: { installations: readonly Installation[]; ahead_s: number | null },
): Introduced {
  const awake = installations.filter((one) => (one.suspended_at ?? null) === null);
  return {
    kind: "known",
    app: app.slug ?? app.name,
    missing: missingOf(app),
    installations: awake.map((one) => ({
      id: one.id,
      account: one.account?.login ?? one.account?.slug ?? `installation ${one.id}`,
      missing: missingOf(one),
    })),
    suspended: installations.length - awake.length,
    ahead_s,
  };
}

function missingOf({ permissions, events }: Rights): readonly string[] {
  const levels = ["read", "write", "admin"];
  const lacking = Object.entries(neededPermissions)
    .filter(([name, level]) => levels.indexOf(permissions[name] ?? "") < levels.indexOf(level))
    .map(([name, level]) => `${name}: ${level}`);
  const unheard = subscribed.filter((event) => !events.includes(event));
  return [...lacking, ...unheard.map((event) => `the event ${event}`)];
}

function failureOf(error: unknown, apiUrl: string, now: number): Introduced {
  const known = failure.safeParse(error);
  if (!known.success || known.data.response === undefined) {
    const why = error instanceof Error ? error.message : String(error);
    return { kind: "unreachable", why: `GitHub at ${apiUrl} could not be reached: ${why}` };
  }
  const { status, response } = known.data;
  if (status === 401) {
    const ahead_s = aheadOf(response.headers, now);
    const clock =
      ahead_s !== null && Math.abs(ahead_s) >= limit.github.clock_s
        ? ` This machine's clock may be wrong: it is ${skew(ahead_s)} GitHub's, and GitHub refuses what is signed in its future or past.`
        : "";
    return {
      kind: "refused",
      why: `GitHub refuses APP_ID with PRIVATE_KEY: they do not belong together, or the key was deleted. Set the id of the App, and a key that its page lists.${clock}`,
    };
  }
  if (status === 403 || status === 429 || status >= 500)
    return { kind: "unreachable", why: `GitHub at ${apiUrl} answered ${status}` };
  return elsewhere(
    apiUrl,
    `${apiUrl}/app answers ${status}, so that its path is wrong, or APP_ID names no App there`,
  );
}

function elsewhere(apiUrl: string, what: string): Introduced {
  return {
    kind: "refused",
    why: `GITHUB_API_URL is ${apiUrl}, and ${what}. It is https://api.github.com, or https://HOST/api/v3 for GitHub Enterprise Server.`,
  };
}

const failure = z.object({
  status: z.int(),
  response: z.object({ headers: z.record(z.string(), z.unknown()) }).optional(),
});

function aheadOf(headers: Readonly<Record<string, unknown>>, now: number): number | null {
  const told = Date.parse(String(headers.date));
  return Number.isNaN(told) ? null : Math.round((now - told) / 1_000);
}

function skew(ahead_s: number): string {
  return `${Math.abs(ahead_s)} seconds ${ahead_s > 0 ? "ahead of" : "behind"}`;
}
