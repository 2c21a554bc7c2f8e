// Asks GitHub what the people who asked for something may do.

import { isAskedBy } from "../core/command/asked.ts";
import { touchesProduction } from "../core/command/request.ts";
import type { CommandRequest, Rollback } from "../core/model/fact.ts";
import type { SubjectRow } from "../ports/store.ts";
import type { Ports } from "./ports.ts";

/**
 * A person's permission is looked up once, when the request is first read. Where production depends on it, it is
 * looked up on every look until its engine has it: the person may have lost it while the request waited.
 */
export async function readRoles(
  ports: Ports,
  row: SubjectRow,
  of: { readonly requests: readonly CommandRequest[]; readonly taken: readonly Rollback[] },
): Promise<readonly CommandRequest[]> {
  const { subject } = row;
  /** Once for each person, however much they ask for. */
  const asking = new Map<string, ReturnType<Ports["github"]["role"]>>();
  return await Promise.all(
    of.requests.map(async (request) => {
      const { key, commands } = request;
      if (request.outcome !== null) return request;
      const before = request.role;
      const touches = commands.some((command) => touchesProduction(subject.kind, command));
      const isTaken = of.taken.some((one) => isAskedBy(one.key, key));
      if (before.kind === "known" && (!touches || isTaken)) return request;
      const asked = asking.get(request.actor);
      const asks = asked ?? ports.github.role(subject.repository, request.actor);
      asking.set(request.actor, asks);
      const role = await asks;
      const isNews =
        before.kind !== "known" || role.kind !== "known" || role.value !== before.value;
      if (role.kind === "known" && isNews) await ports.store.recordRole(row, key, role.value);
      return { ...request, role };
    }),
  );
}
