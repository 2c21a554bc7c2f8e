// What a landed commit brings: the paths that differ from where its branch stood before, also where that was moved by force.

import type { Subject } from "../core/model/event.ts";
import type { CommitFacts, Comparison, Files, Known } from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import type { Leased } from "../ports/store.ts";
import { standsAt } from "./branch.ts";
import { holdersOf } from "./landing.ts";
import type { Ports } from "./ports.ts";

type Commit = Extract<Subject, { kind: "commit" }>;
type Brought = Pick<CommitFacts, "files" | "isLate" | "holders">;

/** What changed since the commit that we know before it. Without one, every path may have. */
export async function readBrought(ports: Ports, row: Leased, subject: Commit): Promise<Brought> {
  const onTime = { isLate: false, holders: [] };
  const left = await cameBackFrom(ports, row, subject);
  if (left.kind === "unknown") return { files: left, ...onTime };
  const before = left.value ?? row.before;
  if (before === null)
    return {
      files: { kind: "cut", why: "the commit before it on the branch is not known" },
      ...onTime,
    };
  const compared = await ports.github.compare(subject.repository, before, subject.sha);
  if (compared.kind === "unknown") return { files: compared, ...onTime };
  const files = await withUnreleased(ports, subject, { before, compared: compared.value });
  const { relation } = compared.value;
  if (relation !== "behind" && relation !== "identical") return { files, ...onTime };
  const holders = await holdersOf(ports, subject, before);
  if (holders.kind === "unknown") return { files: holders, isLate: true, holders: [] };
  return { files, isLate: true, holders: holders.value };
}

/**
 * The last commit of the branch that we knew, where the branch has left that for this one, which had landed
 * before: what was released meanwhile is undone by it. Null where the branch has not come back.
 */
async function cameBackFrom(
  ports: Ports,
  row: Leased,
  subject: Commit,
): Promise<Known<string | null>> {
  const { repository, branch, sha } = subject;
  const nothing = { kind: "known", value: null } as const;
  if ((await ports.store.newer(subject)).length === 0) return nothing;
  const tip = await ports.store.tip(repository, branch);
  if (tip === null || tip === sha) return nothing;
  const stands = await standsAt(ports, { repository, branch, now: row.now, since: row.heard });
  if (stands.kind === "known") return stands.value === sha ? { ...stands, value: tip } : nothing;
  if (stands.kind === "absent") return nothing;
  const heard = await ports.store.told(repository, { kind: "branch", branch });
  // Events say that the branch is elsewhere, whatever GitHub shows.
  const isHere = heard?.bound.kind === "branch" && heard.bound.head.now === sha;
  return isHere ? stands : nothing;
}

/**
 * A commit that the branch dropped before it was released has undone nothing: what it would have undone is
 * undone by the one that came in its place, which is compared with what was there before both.
 */
async function withUnreleased(
  { store, github }: Ports,
  { repository, branch, sha }: Commit,
  of: { readonly before: string; readonly compared: Comparison },
): Promise<Files> {
  let { before, compared } = of;
  let { files } = compared;
  for (let count = 0; count < limit.look.holders; count += 1) {
    if (compared.relation === "ahead" || compared.relation === "identical") return files;
    const dropped = await store.landed(repository, branch, before);
    if (dropped === null || dropped.verdict === "success") return files;
    const earlier = (await store.subject(dropped.key))?.before ?? null;
    if (earlier === null || earlier === sha) return files;
    const read = await github.compare(repository, earlier, sha);
    if (read.kind === "unknown") return read;
    before = earlier;
    compared = read.value;
    files = both(files, compared.files);
  }
  return { kind: "cut", why: "its branch was moved by force more often than anybody looks back" };
}

function both(one: Files, other: Files): Files {
  if (one.kind !== "known") return one;
  if (other.kind !== "known") return other;
  return { kind: "known", value: [...new Set([...one.value, ...other.value])] };
}
