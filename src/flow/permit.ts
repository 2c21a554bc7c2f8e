// Whether a look may still write: its lease is the newest, its facts are young, and nobody else speaks otherwise.

import { canonical } from "../core/model/canonical.ts";
import type { CheckWanted } from "../core/model/effect.ts";
import type { Facts } from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import { isGateName } from "../core/render/checks.ts";
import type { Engine } from "../ports/engine.ts";
import type { Permission, Permit } from "../ports/permit.ts";
import type { Leased } from "../ports/store.ts";
import type { Ports } from "./ports.ts";

/** One look at a subject: from the lease to the last write. */
export interface Pass {
  readonly row: Leased;
  readonly facts: Facts;
  /** What `ports.elapsed` said before the subject was leased: nothing of the facts is older. */
  readonly since: number;
}

/** For the write of a check, or for anything else that takes effect outside. */
export function permitFor(ports: Ports, look: Pass, check: CheckWanted | null): Permit {
  const { row, facts, since } = look;
  const { repository } = row.subject;
  return async () => {
    const standing = await ports.store.currentState(row, repository, check?.sha ?? "");
    if (!standing.held) return "lost";
    // A machine that is suspended stops its own clock, and the store's can be set: the greater age counts.
    const age = Math.max(ports.elapsed() - since, standing.now - row.now);
    if (age > limit.look.age_ms) return "overtaken";
    // A gate opens only if all who speak about the commit still say what the decision was made from.
    if (check !== null && opens(check) && !isSame(standing.siblings, facts.siblings))
      return "overtaken";
    return "go";
  };
}

/** The engine for one act: where it waits before it sends the request, it asks for the permission once more. */
export async function engineFor(
  ports: Ports,
  look: Pass,
  engine: Engine,
): Promise<
  | { readonly kind: "go"; readonly engine: Engine }
  | { readonly kind: "withheld"; readonly permission: Exclude<Permission, "go"> }
> {
  const permit = permitFor(ports, look, null);
  const permission = await permit();
  if (permission !== "go") return { kind: "withheld", permission };
  return { kind: "go", engine: engine.under?.(permit) ?? engine };
}

/** The store's clock now, by how long the look has taken. */
export function storeTime({ elapsed }: Pick<Ports, "elapsed">, look: Omit<Pass, "facts">): number {
  return look.row.now + Math.round(elapsed() - look.since);
}

function opens({ name, state }: CheckWanted): boolean {
  return isGateName(name) && state.status === "completed" && state.conclusion === "success";
}

function isSame(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other);
}
