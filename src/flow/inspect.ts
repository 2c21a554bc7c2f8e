// Looks at a repository as a whole: which pull requests and branch tips moved without our hearing of it.

import type { OpenPull } from "../core/decide/shown.ts";
import { type Repository, removalKey, type SubjectHint, subjectKey } from "../core/model/event.ts";
import { limit } from "../core/model/limit.ts";
import { openSteps } from "../core/plan/glob.ts";
import { branchMatcher } from "../core/plan/route.ts";
import type { Leased, Written } from "../ports/store.ts";
import { backoff, turnOf, type Worked } from "./again.ts";
import { changedBases } from "./bases.ts";
import { defaultPlanOf, hasLeft } from "./branch.ts";
import { settleClaims } from "./identity.ts";
import type { Ports } from "./ports.ts";
import { type Access, accessTo } from "./removal.ts";
import { type HintedRepository, hintedKey, inspectedKey } from "./resync.ts";

/** Costs two conditional requests where nothing moved, and nothing per pull request that did not move. */
export async function inspect(ports: Ports, row: Leased): Promise<Worked> {
  const { repository } = row.subject;
  const { now } = row;
  if ((await ports.store.reading(removalKey(repository))) !== null) {
    const access = await accessTo(ports, repository);
    if (access !== "in") return await leave(ports, row, access);
    await ports.store.dropReading(removalKey(repository));
  }
  const name = await settleClaims(ports, repository);
  if (name !== "same" && name !== "told") return await leave(ports, row, "unknown");
  // Read first: whatever is looked at from here on is as new as it, or newer.
  const sighted = await ports.store.reading(hintedKey(repository));
  const inspected = await ports.store.reading(inspectedKey(repository));
  const pulls = await ports.github.openPulls(repository);
  const branches = await ports.github.branches(repository);
  if (pulls.kind === "absent" || branches.kind === "absent")
    return await leave(ports, row, await accessTo(ports, repository));

  // Whatever was under way when the repository was forgotten: later releases wait for it.
  if ((await ports.store.reopenUnfinished(row, repository, now)) === "lost") return "lost";
  const known = await ports.store.openSubjects(repository);
  // Which branches are governed is another plan's matter then, for every pull request. Where none was seen before,
  // it may have been switched since a pull request was judged.
  const switched = isSwitched(sighted?.value, inspected?.value);
  if (switched) await defaultPlanOf(ports, { repository, now, since: row.heard });
  const hints: SubjectHint[] = [];
  const bases =
    pulls.kind === "known" && branches.kind === "known"
      ? await changedBases(ports, row, { pulls: pulls.value, branches: branches.value })
      : null;
  const isJudgedOtherwise = (base: string) =>
    switched || bases?.names.has(base) || bases?.names.has(repository.defaultBranch ?? "");
  if (pulls.kind === "known") {
    const rows = new Map(
      known.flatMap((other) =>
        other.subject.kind === "pull" ? [[other.subject.number, other] as const] : [],
      ),
    );
    for (const pull of pulls.value) {
      const before = rows.get(pull.number);
      rows.delete(pull.number);
      const isSame = before?.head === pull.head && before.base === pull.base;
      if (isSame && !isJudgedOtherwise(pull.base)) continue;
      const subject = { kind: "pull", repository, number: pull.number } as const;
      hints.push({ subject, head: await headOf(ports, row, pull), before: null });
    }
    // Open for us and not in GitHub's list: it was closed.
    for (const { subject } of rows.values()) hints.push({ subject, head: null, before: null });
  }
  // Where releases run is said by the default branch's plan.
  if (bases?.names.has(repository.defaultBranch ?? ""))
    for (const { subject } of known)
      if (subject.kind === "commit") hints.push({ subject, head: null, before: null });
  const tips = branches.kind === "known" ? await movedTips(ports, row, branches.value) : null;
  hints.push(...(tips ?? []));

  if ((await ports.store.see(hints, now, row)) === "lost") return "lost";
  // Recorded last: a tip that is known is taken for seen.
  for (const { subject, head } of hints)
    if (subject.kind === "commit" && head !== null)
      await ports.store.recordTip(row, repository, subject.branch, subject.sha);

  await bases?.keep();

  // Without the plan it is not known which tips matter, so that nobody has looked at them.
  const unread = pulls.kind === "unknown" || tips === null;
  if (!unread && sighted !== null)
    await ports.store.keepReading(inspectedKey(repository), {
      ...sighted,
      moment: { ...sighted.moment, at: now },
    });
  const turn = unread ? turnOf(ports, row) : null;
  const failures = unread && turn === null ? row.failures + 1 : 0;
  const recorded = await ports.store.record({
    key: row.key,
    epoch: row.epoch,
    at: now,
    open: true,
    head: null,
    base: null,
    dueAt: failures > 0 ? now + backoff(failures) : turn,
    failures,
    verdict: null,
    verdictSha: null,
    ownBranch: null,
    silentFor: null,
    results: [],
    snapshot: null,
    wake: [],
    notifications: [],
  });
  return isLost(recorded);
}

/** Nothing of it is known any more only where GitHub says that it lets us in no more; otherwise it is asked again. */
async function leave({ store }: Ports, row: Leased, access: Access): Promise<Worked> {
  if (access === "out") return isLost(await store.forget(row.subject.repository, row));
  const failures = row.failures + 1;
  return isLost(await store.postpone(row, row.now + backoff(failures), failures));
}

/** The list can be older than an event: it takes back nothing that was told. */
async function headOf(ports: Ports, row: Leased, { number, head }: OpenPull) {
  const heard = await ports.store.told(row.subject.repository, { kind: "pull", number });
  const isOld =
    heard?.bound.kind === "pull" &&
    row.now - heard.bound.at <= limit.look.stale_ms &&
    heard.bound.head.left.includes(head);
  return isOld ? null : head;
}

function isLost(written: Written): Worked {
  return written === "lost" ? "lost" : "done";
}

function isSwitched(sighted: unknown, inspected: unknown): boolean {
  const [now, before] = [sighted, inspected] as (Partial<HintedRepository> | undefined)[];
  return now !== undefined && now.defaultBranch !== before?.defaultBranch;
}

/**
 * Takes down where the branches of the plan stand, and says whether that could be read. Unlike a look at
 * the repository it needs no lease: what is found is seen, as if an event had told of it.
 */
export async function readTips(ports: Ports, repository: Repository): Promise<boolean> {
  const { github, store, clock } = ports;
  const defaultPlan = await defaultPlanOf(ports, { repository, now: clock(), since: 0 });
  const branches = await github.branches(repository);
  if (defaultPlan.kind === "unknown" || branches.kind === "unknown") return false;
  if (
    branches.kind === "absent" ||
    defaultPlan.kind === "absent" ||
    defaultPlan.parse.kind === "invalid"
  )
    return true;
  const isCovered = branchMatcher(defaultPlan.parse.plan, openSteps());
  const hints: SubjectHint[] = [];
  for (const [branch, sha] of branches.value) {
    if (isCovered(branch) === false) continue;
    const before = await store.tip(repository, branch);
    if (before === sha || (await hasLeft(ports, { repository, branch, sha, now: clock() })))
      continue;
    hints.push({ subject: { kind: "commit", repository, branch, sha }, head: sha, before });
  }
  await store.see(hints, clock());
  return true;
}

/** A branch that the plan did not name when it was heard of. */
async function seenAtFirst(
  { store }: Ports,
  row: Leased,
  { branch, sha }: { readonly branch: string; readonly sha: string },
): Promise<void> {
  const { repository } = row.subject;
  await store.recordTip(row, repository, branch, sha);
  await store.recordFloor(row, repository, branch, sha);
}

/**
 * Tips of the plan's branches that no push told us of; null where the plan could not be read. The first
 * look at a branch releases nothing.
 */
async function movedTips(
  ports: Ports,
  row: Leased,
  branches: ReadonlyMap<string, string>,
): Promise<readonly SubjectHint[] | null> {
  const { repository } = row.subject;
  const defaultPlan = await defaultPlanOf(ports, { repository, now: row.now, since: row.heard });
  if (defaultPlan.kind === "unknown") return null;
  if (defaultPlan.kind !== "read" || defaultPlan.parse.kind !== "valid") return [];
  const { plan } = defaultPlan.parse;
  const hints: SubjectHint[] = [];
  const isCovered = branchMatcher(plan, openSteps());
  for (const [branch, sha] of branches) {
    const covers = isCovered(branch);
    if (covers === null) {
      ports.log.warn({ subject: row.key }, "The plan's patterns are too costly for its branches");
      return hints;
    }
    if (!covers || (await hasLeft(ports, { repository, branch, sha, now: row.now }))) continue;
    const before = await ports.store.tip(repository, branch);
    if (before === null) await ports.store.recordTip(row, repository, branch, sha);
    else if ((await ports.store.floor(repository, branch)) === null)
      await seenAtFirst(ports, row, { branch, sha });
    else if (before !== sha)
      hints.push(...(await movedTo(ports, { repository, branch, sha, before })));
  }
  return hints;
}

/**
 * Put back to a commit that had landed before, it does not count as landed once more: what lands next is compared
 * with what was released last. It is looked at until it is compared with that too.
 */
async function movedTo(
  { store }: Ports,
  of: {
    readonly repository: Repository;
    readonly branch: string;
    readonly sha: string;
    readonly before: string;
  },
): Promise<readonly SubjectHint[]> {
  const { before, ...place } = of;
  const subject = { kind: "commit", ...place } as const;
  const known = await store.subject(subjectKey(subject));
  if (known === null) return [{ subject, head: place.sha, before }];
  return known.before === before ? [] : [{ subject, head: null, before: null }];
}
