// Whether a commit that is told to have landed may still be released: GitHub is asked right before a start.

import type { Subject } from "../core/model/event.ts";
import type { Comparison, Known, Landed, Landing } from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import type { Leased, SubjectRow } from "../ports/store.ts";
import { tipNow } from "./branch.ts";
import type { Ports } from "./ports.ts";

type Commit = Extract<Subject, { kind: "commit" }>;

export interface LandingQuestion {
  readonly row: Leased;
  readonly subject: Commit;
  /** Commits that are known to have landed later on the branch. */
  readonly newer: readonly { readonly sha: string }[];
  /** Its executions in the ledger. */
  readonly executions: readonly unknown[];
}

/**
 * Events come late, twice and by the hand of anyone who kept one, and a ledger can be lost: only GitHub says
 * what a branch holds. A commit that the branch had moved past before it was heard of is older code.
 */
export async function askLanding(ports: Ports, question: LandingQuestion): Promise<Landing> {
  const { row, subject, newer } = question;
  const { repository, branch, sha } = subject;
  const { store } = ports;
  if (isFirst(row)) return { kind: "first", noted: true };
  const read = await tipNow(ports, { repository, branch, now: row.now });
  if (read.kind === "unknown") return read;
  if (read.kind === "absent") return { kind: "gone", tip: null };
  const tip = read.value;
  const isTip = tip === sha;
  if (!isTip) {
    const held = await compare(ports, subject, tip);
    if (held.kind === "unknown") return held;
    if (!isWithin(held.value)) return await notHeld(ports, question, tip);
  }
  const known = await store.floor(repository, branch);
  if (known === null) {
    await store.recordFloor(row, repository, branch, tip);
    // After a restore what has started something can be asked for again by a person, if the branch stands there.
    if (question.executions.length === 0) return { kind: "first", noted: true };
  }
  const floor = known ?? tip;
  const passed = await passedBy(ports, { ...question, floor });
  if (passed.kind === "unknown") return passed;
  // It was there before anything was known of it, or has been released already and is forgotten.
  if (passed.value === "identical") return { kind: "first", noted: true };
  // A branch that was put back to an older commit on purpose stands at it now.
  if (passed.value === "behind" && !isTip) {
    // Once it is back, anyone who looks at this commit again wakes nobody: they could wake each other without an end.
    const { before } = row;
    if (before !== null && before !== sha && (await store.tip(repository, branch)) === sha) {
      // Meanwhile they may have been compared with a tip that the branch had long left.
      await store.wake(await store.openPulls(repository, { base: branch, most: null }));
      await store.returnTip(row, repository, branch, { sha, before });
    }
    return { kind: "old", tip };
  }
  if (isTip) {
    if (newer.length > 0) await noteReturn(ports, row, subject);
    return { kind: "landed", isTip };
  }
  if (newer.some((one) => one.sha === tip)) return { kind: "landed" };
  // Of many later ones only the next are told, and a branch can come back to one that had landed before.
  if ((await store.landed(repository, branch, tip)) === null)
    return await unheard(ports, subject, tip);
  const after = await store.newer({ ...subject, sha: tip });
  return after.some((one) => one.sha === sha) ? { kind: "old", tip } : { kind: "landed" };
}

/** Whatever lands next, it stays so that the branch came back to the commit from what was released meanwhile. */
async function noteReturn(
  { store }: Ports,
  row: Leased,
  { repository, branch, sha }: Commit,
): Promise<void> {
  const left = await store.tip(repository, branch);
  if (left !== null && left !== sha && left !== row.before) await store.recordBefore(row, left);
}

/**
 * What a branch holds when it is seen for the first time is not ours to release, nor anything before it. What
 * was known of one with its name is forgotten once GitHub shows that this is another one.
 */
export async function noteFirst(
  ports: Ports,
  row: Leased,
  { repository, branch, sha }: Commit,
): Promise<Landing> {
  const { store } = ports;
  const floor = await store.floor(repository, branch);
  // It was noted with this very commit.
  if (floor === sha) return { kind: "first", noted: true };
  const tip = await tipNow(ports, { repository, branch, now: row.now });
  if (tip.kind === "unknown") return { kind: "first", noted: false };
  if (tip.kind === "absent") return { kind: "first", noted: true };
  if (floor !== null && tip.value !== sha) {
    const goesOn = await holdsPast(ports, row, {
      kind: "commit",
      repository,
      branch,
      sha: tip.value,
    });
    if (goesOn.kind === "unknown") return { kind: "first", noted: false };
    if (goesOn.value) {
      if (row.before !== null && row.before !== sha)
        await store.returnTip(row, repository, branch, { sha, before: row.before });
      return { kind: "first", noted: true };
    }
  }
  await store.recordFloor(row, repository, branch, tip.value);
  // No plan has come there through a gate: none has this name.
  if (floor !== null) await store.recordGatedPlan(row, repository, branch, "");
  return { kind: "first", noted: true };
}

/**
 * Whether the branch goes on from where it was known to stand before it was told to be created: then that event
 * is an old one.
 */
async function holdsPast(
  ports: Ports,
  { before }: SubjectRow,
  tip: Commit,
): Promise<Known<boolean>> {
  if (before === null) return { kind: "known", value: true };
  const stands = await compare(ports, tip, before);
  if (stands.kind === "unknown") return stands;
  const { value } = stands;
  return { kind: "known", value: value === "ahead" || value === "identical" };
}

/**
 * Of the commits that had landed before this one was heard of those that hold it, newest first. The last of
 * them brought it, so that what it brings was judged there. `newest` is a commit that holds it.
 */
export async function holdersOf(
  ports: Ports,
  subject: Commit,
  newest: string,
): Promise<Known<readonly Landed[]>> {
  const { repository, branch } = subject;
  const holders: Landed[] = [];
  for (let sha = newest; holders.length < limit.look.holders; ) {
    const holder = await ports.store.landed(repository, branch, sha);
    if (holder === null) return { kind: "known", value: holders };
    holders.push(holder);
    const before = (await ports.store.subject(holder.key))?.before ?? null;
    if (before === null) return { kind: "known", value: holders };
    const held = await compare(ports, subject, before);
    if (held.kind === "unknown") return held;
    if (!isWithin(held.value)) return { kind: "known", value: holders };
    sha = before;
  }
  // Where it came in is further back than anybody looks, so that nobody answers for it.
  return { kind: "known", value: [] };
}

export function isFirst({ arrival, before }: SubjectRow): boolean {
  return arrival === "first" || (before === null && arrival !== "known");
}

/** How the commit stands to what may be in production, and to the tip that was known before it. */
async function passedBy(
  ports: Ports,
  of: LandingQuestion & { readonly floor: string },
): Promise<Known<"identical" | "behind" | "after">> {
  const { row, subject, floor, executions } = of;
  const isOwn = floor === subject.sha && executions.length > 0;
  const { repository, branch } = subject;
  // A branch that was put back to where it was first seen: something is known to have landed in between.
  const isBack =
    row.before !== null &&
    row.before !== subject.sha &&
    (await ports.store.landed(repository, branch, row.before)) !== null;
  if (row.arrival === "known" || (floor === subject.sha && !isOwn && !isBack))
    return { kind: "known", value: "identical" };
  const earliers = [...(isOwn ? [] : [floor]), ...(row.before === null ? [] : [row.before])];
  for (const earlier of new Set(earliers)) {
    const stands = await compare(ports, subject, earlier);
    if (stands.kind === "unknown") return stands;
    if (isWithin(stands.value)) return { kind: "known", value: "behind" };
  }
  return { kind: "known", value: "after" };
}

/** The branch stands elsewhere. GitHub may show it as it was before the event for a while. */
async function notHeld(ports: Ports, question: LandingQuestion, tip: string): Promise<Landing> {
  const { row, subject, newer } = question;
  const isKnown = newer.some((one) => one.sha === tip);
  if (isKnown || row.now - row.createdAt > limit.look.order_ms) return { kind: "gone", tip };
  return await unheard(ports, subject, tip);
}

/** Where the branch stands was not heard of yet: anyone who looks at the repository finds it. */
async function unheard(ports: Ports, { repository }: Commit, tip: string): Promise<Landing> {
  const subject = { kind: "repository", repository } as const;
  await ports.store.see([{ subject, head: null, before: null }], ports.clock());
  return { kind: "unknown", why: `GitHub shows ${tip.slice(0, 7)} there, which was not heard of.` };
}

/** How the commit stands to another one. Both are named by their SHAs, so the answer never changes. */
async function compare(
  ports: Ports,
  { repository, sha }: Commit,
  to: string,
): Promise<Known<Comparison["relation"]>> {
  const compared = await ports.github.compare(repository, to, sha);
  return compared.kind === "unknown" ? compared : { kind: "known", value: compared.value.relation };
}

function isWithin(relation: Comparison["relation"]): boolean {
  return relation === "behind" || relation === "identical";
}
