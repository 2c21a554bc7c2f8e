// The branches that pull requests go into: whether they moved so that what goes into them is judged otherwise.

import type { OpenPull } from "../core/decide/shown.ts";
import type { Repository } from "../core/model/event.ts";
import { limit } from "../core/model/limit.ts";
import type { Leased } from "../ports/store.ts";
import type { Ports } from "./ports.ts";

interface Base {
  readonly sha: string;
  /** Null where there is none. */
  readonly plan: string | null;
}

export interface ChangedBases {
  /** Those with another plan than at the last resync, or that were put back. */
  readonly names: ReadonlySet<string>;
  /** Once whatever goes into them has been woken. */
  readonly keep: () => Promise<void>;
}

/**
 * What no push told: a plan that is another one now, and a branch that no longer contains where it stood,
 * so that a change brings other paths than before. What could not be read counts as changed, and is
 * asked for again by the next resync.
 */
export async function changedBases(
  ports: Ports,
  row: Leased,
  seen: {
    readonly pulls: readonly OpenPull[];
    readonly branches: ReadonlyMap<string, string>;
  },
): Promise<ChangedBases> {
  const { repository } = row.subject;
  const key = `bases|${repository.owner}/${repository.name}`;
  const before = ((await ports.store.reading(key))?.value ?? {}) as Readonly<Record<string, Base>>;
  const moment = await ports.store.moment();
  const names = new Set<string>();
  const value: Record<string, Base> = {};
  const { defaultBranch } = repository;
  const open = seen.pulls.map(({ base }) => base);
  for (const name of new Set([...open, ...(defaultBranch === undefined ? [] : [defaultBranch])])) {
    const sha = seen.branches.get(name);
    if (sha === undefined) continue;
    const old = before[name];
    const plan =
      old?.sha === sha
        ? { kind: "known" as const, value: old.plan }
        : await blobAt(ports, repository, sha);
    const base = plan.kind === "known" ? { sha, plan: plan.value } : undefined;
    const kept = base ?? old;
    if (kept !== undefined) value[name] = kept;
    if (old === undefined || old.sha === sha) continue;
    if (base?.plan !== old.plan || !(await contains(ports, repository, { sha, old: old.sha })))
      names.add(name);
  }
  return {
    names,
    keep: async () => await ports.store.keepReading(key, { etag: null, moment, value }),
  };
}

/** Keys of the open pull requests into a branch that a push has just put back, or onto something else. */
export async function putBack(ports: Ports, row: Leased): Promise<readonly string[]> {
  const { subject, now } = row;
  if (subject.kind !== "commit") return [];
  const { repository, branch, sha } = subject;
  const heard = await ports.store.told(repository, { kind: "branch", branch });
  if (heard?.bound.kind !== "branch" || now - heard.bound.at > limit.look.stale_ms) return [];
  const { head } = heard.bound;
  const old = head.left.at(-1);
  if (head.now !== sha || old === undefined) return [];
  // Nothing is asked about a branch that nobody's change goes into.
  const into = await ports.store.openPulls(repository, { base: branch, most: null });
  if (into.length === 0 || (await contains(ports, repository, { sha, old }))) return [];
  return into;
}

async function blobAt({ github }: Ports, repository: Repository, sha: string) {
  const plan = await github.plan(repository, sha);
  if (plan.kind === "unknown") return plan;
  return { kind: "known" as const, value: plan.kind === "read" ? plan.blob : null };
}

async function contains(
  { github }: Ports,
  repository: Repository,
  { sha, old }: { readonly sha: string; readonly old: string },
): Promise<boolean> {
  const stands = await github.compare(repository, old, sha);
  return stands.kind === "known" && stands.value.relation === "ahead";
}
