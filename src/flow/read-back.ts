// Asks GitHub whether what a person asked for still stands there, before it touches production.

import type { Subject } from "../core/event.ts";
import type { Intention, Rollback } from "../core/fact.ts";
import { isAskedBy } from "../core/intervene.ts";
import { limit } from "../core/limit.ts";
import { touchesProduction } from "../core/wish.ts";
import type { Ports } from "./work.ts";

/** What touches production is looked up again at GitHub on every look, until it is settled or begun. */
export async function readBack(
  ports: Ports,
  subject: Subject,
  of: { readonly intentions: readonly Intention[]; readonly begun: readonly Rollback[] },
): Promise<readonly Intention[]> {
  return await Promise.all(
    of.intentions.map(async (intention) => {
      const { key, outcome, commands, origin, actor, askedAt } = intention;
      const isNeeded = commands.some((command) => touchesProduction(subject.kind, command));
      if (outcome !== null || !isNeeded) return intention;
      if (of.begun.some((one) => isAskedBy(one.key, key)))
        return { ...intention, readBack: asBefore };
      if (origin === null) return { ...intention, readBack: absent };
      const read = await ports.github.readBack(subject.repository, { origin, commands, actor });
      // GitHub may answer 404 for what it has just told us of.
      const isYoung = ports.clock() - askedAt < limit.look.young_ms;
      const notYet = isYoung && read.kind === "known" && read.value === "absent";
      return { ...intention, readBack: notYet ? notShown : read };
    }),
  );
}

const asBefore = { kind: "known", value: "same" } as const;
const absent = { kind: "known", value: "absent" } as const;
const notShown = { kind: "unknown", why: "GitHub does not show it yet." } as const;
