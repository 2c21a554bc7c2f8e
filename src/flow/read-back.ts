// Asks GitHub whether what a person asked for still stands there, before it touches production.

import { isAskedBy } from "../core/command/asked.ts";
import { touchesProduction } from "../core/command/request.ts";
import type { Subject } from "../core/model/event.ts";
import type { CommandRequest, Rollback } from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import type { Ports } from "./ports.ts";

/** What touches production is looked up again at GitHub on every look, until it is settled or its engine has it. */
export async function readBack(
  ports: Ports,
  subject: Subject,
  of: {
    readonly requests: readonly CommandRequest[];
    /** Those that their engines have. */
    readonly taken: readonly Rollback[];
    /** The store's time at which the look began, in milliseconds since 1970. */
    readonly now: number;
  },
): Promise<readonly CommandRequest[]> {
  return await Promise.all(
    of.requests.map(async (request) => {
      const { key, outcome, commands, origin, actor, askedAt } = request;
      const isNeeded = commands.some((command) => touchesProduction(subject.kind, command));
      if (outcome !== null || !isNeeded) return request;
      if (of.taken.some((one) => isAskedBy(one.key, key)))
        return { ...request, readBack: asBefore };
      if (origin === null) return { ...request, readBack: absent };
      const read = await ports.github.readBack(subject.repository, { origin, commands, actor });
      if (read.kind === "unknown") return { ...request, readBack: read };
      const { state, age_ms } = read.value;
      // GitHub may answer 404 for what it has just told us of.
      if (state === "absent" && of.now - askedAt < limit.look.young_ms)
        return { ...request, readBack: notShown };
      return {
        ...request,
        askedAt: age_ms === null ? askedAt : asked(askedAt, of.now - age_ms),
        readBack: { kind: "known", value: state },
      };
    }),
  );
}

/**
 * When it was asked, never later than that: by GitHub's clock as far as it agrees with the store's, by which all is
 * timed that it is compared with, and otherwise by its age.
 */
function asked(told: number, byAge: number): number {
  const agree = Math.abs(told - byAge) <= 2 * second_ms;
  return agree ? Math.min(told, byAge) : byAge - second_ms;
}

/** GitHub's times are cut to it. */
const second_ms = 1_000;

const asBefore = { kind: "known", value: "same" } as const;
const absent = { kind: "known", value: "absent" } as const;
const notShown = { kind: "unknown", why: "GitHub does not show it yet." } as const;
