// Where a branch stands, and the plan there: held against what was told of it, which GitHub may not show yet.

import type { Repository } from "../core/model/event.ts";
import type { PlanReading } from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import type { LowerBound } from "../core/model/told.ts";
import { outdated } from "../core/model/told.ts";
import type { Read } from "../ports/github.ts";
import type { Ports } from "./ports.ts";

export interface BranchQuestion {
  readonly repository: Repository;
  readonly branch: string;
  /** The store's clock, in milliseconds since 1970. */
  readonly now: number;
  /** A reading from before the event with this number is not good enough. */
  readonly since: number;
}

/**
 * The commit that the branch stands at. Unknown where GitHub shows one that it stood at before the last push
 * told, or that this push contains: a branch can be put back without our hearing of it, so that is believed
 * when the push is older than `limit.look.stale_ms`.
 */
export async function standsAt(ports: Ports, question: BranchQuestion): Promise<Read<string>> {
  const { repository, branch } = question;
  const heard = await ports.store.told(repository, { kind: "branch", branch });
  const since = Math.max(question.since, heard?.heard ?? 0);
  return await held(
    ports,
    { ...question, heard },
    await ports.github.branch(repository, branch, since),
  );
}

/** The same, read from GitHub for this very question, before anything is started by it. */
export async function tipNow(
  ports: Ports,
  question: Omit<BranchQuestion, "since">,
): Promise<Read<string>> {
  const { repository, branch } = question;
  const shown = await ports.github.branchTip(repository, branch);
  // After the answer: whatever was told until then is the least that it has to know.
  const heard = await ports.store.told(repository, { kind: "branch", branch });
  return await held(ports, { ...question, heard }, shown);
}

/** Whether events told that the branch stood at the commit and left it, so that a list which shows it there is old. */
export async function hasLeft(
  { store }: Ports,
  question: Omit<BranchQuestion, "since"> & { readonly sha: string },
): Promise<boolean> {
  const { repository, branch, now, sha } = question;
  const bound = boundOf(await store.told(repository, { kind: "branch", branch }), now);
  return bound?.left.includes(sha) === true;
}

/** The plan where the branch stands. */
export async function planOf(ports: Ports, question: BranchQuestion): Promise<PlanReading> {
  const at = await standsAt(ports, question);
  return at.kind === "known" ? await ports.github.plan(question.repository, at.value) : at;
}

/** The plan of the default branch, also where nobody has told yet which one that is. */
export async function defaultPlanOf(
  ports: Ports,
  question: Omit<BranchQuestion, "branch">,
): Promise<PlanReading> {
  const { repository, since } = question;
  const { defaultBranch } = repository;
  return defaultBranch === undefined
    ? await ports.github.defaultPlan(repository, since)
    : await planOf(ports, { ...question, branch: defaultBranch });
}

async function held(
  ports: Ports,
  question: Omit<BranchQuestion, "since"> & { readonly heard: LowerBound | null },
  shown: Read<string>,
): Promise<Read<string>> {
  const { repository, heard, now } = question;
  const bound = boundOf(heard, now);
  if (bound === null || shown.kind === "unknown") return shown;
  if (shown.kind === "absent") return unshown;
  if (shown.value === bound.now) return shown;
  if (bound.left.includes(shown.value)) return unshown;
  const stands = await ports.github.compare(repository, bound.now, shown.value);
  if (stands.kind === "unknown") return stands;
  const { relation, files } = stands.value;
  // It left the pushed commit for one that nobody told of. A list that is cut says that GitHub may lack one of both.
  const isOther = relation === "diverged" && files.kind === "known";
  return relation === "ahead" || isOther ? shown : unshown;
}

const unshown = { kind: "unknown", why: `${outdated}.` } as const;

function boundOf(heard: LowerBound | null, now: number) {
  if (heard?.bound.kind !== "branch") return null;
  // Also one that is timed in the future: the store's clock was ahead then, and how old it is nobody knows.
  return Math.abs(now - heard.bound.at) > limit.look.stale_ms ? null : heard.bound.head;
}
