// Asks GitHub what the people who asked for something may do.

import { isAskedBy } from "../core/command/asked.ts";
import { touchesProduction } from "../core/command/wish.ts";
import type { Intention, Rollback } from "../core/model/fact.ts";
import type { SubjectRow } from "../ports/store.ts";
import type { Ports } from "./ports.ts";

/**
 * A person's permission is looked up once, when the wish is first read. Where production depends on it, it is
 * looked up on every look until its engine has it: the person may have lost it while the wish waited.
 */
export async function readRoles(
  ports: Ports,
  row: SubjectRow,
  of: { readonly intentions: readonly Intention[]; readonly taken: readonly Rollback[] },
): Promise<readonly Intention[]> {
  const { subject } = row;
  /** Once for each person, however much they ask for. */
  const asking = new Map<string, ReturnType<Ports["github"]["role"]>>();
  return await Promise.all(
    of.intentions.map(async (intention) => {
      const { key, commands } = intention;
      if (intention.outcome !== null) return intention;
      const before = intention.role;
      const touches = commands.some((command) => touchesProduction(subject.kind, command));
      const isTaken = of.taken.some((one) => isAskedBy(one.key, key));
      if (before.kind === "known" && (!touches || isTaken)) return intention;
      const asked = asking.get(intention.actor);
      const asks = asked ?? ports.github.role(subject.repository, intention.actor);
      asking.set(intention.actor, asks);
      const role = await asks;
      const isNews =
        before.kind !== "known" || role.kind !== "known" || role.value !== before.value;
      if (role.kind === "known" && isNews) await ports.store.recordRole(row, key, role.value);
      return { ...intention, role };
    }),
  );
}
