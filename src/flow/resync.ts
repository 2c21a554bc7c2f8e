// Finds what no event told: looks over all repositories with few requests, and at those where something moved.

import type { ListedRepository, RepositoryOverview } from "../core/decide/shown.ts";
import { canonical } from "../core/model/canonical.ts";
import { type Repository, removalKey, subjectKey } from "../core/model/event.ts";
import { limit } from "../core/model/limit.ts";
import type { Ports } from "./ports.ts";

/** What the last look over a repository saw; kept once whatever it showed was looked at. */
export interface HintedRepository {
  readonly defaultBranch: string;
  /** Null where GitHub did not say. */
  readonly overview: RepositoryOverview | null;
}

/** What GitHub lists, and whether that is all of it. */
export interface Listed {
  readonly repositories: readonly Repository[];
  readonly whole: boolean;
}

/** Every repository that may have changed gets a job; those that are not listed are asked about. */
export async function lookOver(ports: Ports): Promise<Listed> {
  const { github, store, log, clock } = ports;
  // Before the lists are read, so that one that is added meanwhile is not taken for gone.
  const moment = await store.moment();
  const known = await store.repositories();
  const before = new Set(known.map(keyOf));
  const there = new Set<string>();
  const repositories: Repository[] = [];
  let whole = true;
  const installations = await github.installations();
  if (installations.kind === "unknown") {
    log.warn({ why: installations.why }, "The installations could not be read");
    whole = false;
  }
  for (const installation of installations.kind === "known" ? installations.value : []) {
    const asked = await store.moment();
    const listed = await github.repositories(installation);
    if (listed.kind === "unknown") {
      log.warn({ installation, why: listed.why }, "Its repositories could not be read");
      whole = false;
      continue;
    }
    for (const { repository } of listed.value) there.add(keyOf(repository));
    repositories.push(...listed.value.map(({ repository }) => repository));
    // Before any of them is seen: one that was renamed brings its history along.
    await store.describe(
      listed.value.map(({ repository }) => repository),
      asked,
    );
    const moved = await movedOf(ports, installation, listed.value, before);
    const hints = moved.map((repository) => ({
      subject: { kind: "repository", repository } as const,
      head: null,
      before: null,
    }));
    await store.see(hints, clock());
  }
  for (const repository of known) {
    const key = keyOf(repository);
    if (there.has(key)) continue;
    // A list of several pages misses one where another one is removed meanwhile: anyone who looks at it asks again.
    if (whole)
      await store.keepReading(removalKey(repository), { etag: null, moment, value: "unlisted" });
    await store.wake([key]);
  }
  return { repositories, whole };
}

/** Where something differs from what was looked at last, or from what the ledger says. */
async function movedOf(
  ports: Ports,
  installation: number,
  listed: readonly ListedRepository[],
  known: ReadonlySet<string>,
): Promise<readonly Repository[]> {
  const { github, store, log } = ports;
  // Taken before GitHub is asked: what is heard meanwhile may not show in the answer.
  const moment = await store.moment();
  const repositories = listed.map(({ repository }) => repository);
  const read = await github.overviews(installation, repositories);
  if (read.kind === "unknown")
    log.warn({ installation, why: read.why }, "Its repositories could not be looked over at once");
  const moved: Repository[] = [];
  for (const [at, { repository, defaultBranch }] of listed.entries()) {
    const overview = read.kind === "known" ? (read.value[at] ?? null) : null;
    const sighted: HintedRepository = { defaultBranch, overview };
    const isKnown = known.has(keyOf(repository));
    if (isKnown && overview !== null && (await isAsBefore(ports, repository, sighted))) continue;
    await store.keepReading(hintedKey(repository), {
      etag: null,
      moment,
      value: sighted,
    });
    moved.push(repository);
  }
  return moved;
}

async function isAsBefore(
  { store }: Ports,
  repository: Repository,
  sighted: HintedRepository,
): Promise<boolean> {
  const inspected = await store.reading(inspectedKey(repository));
  if (inspected === null || inspected.age_ms < 0) return false;
  if (inspected.age_ms > limit.sweep.whole_ms) return false;
  if (canonical(inspected.value) !== canonical(sighted)) return false;
  // An event may have told something else meanwhile, and the one after it was lost.
  const open = (await store.openSubjects(repository)).filter(
    ({ subject }) => subject.kind === "pull",
  );
  const { pulls = 0, newest = [] } = sighted.overview ?? {};
  if (open.length !== pulls) return false;
  const byNumber = new Map(
    open.map((row) => [row.subject.kind === "pull" ? row.subject.number : 0, row]),
  );
  return newest.every(({ number, head, base }) => {
    const row = byNumber.get(number);
    return row?.head === head && row.base === base;
  });
}

export function hintedKey({ owner, name }: Repository): string {
  return `sighted|${owner}/${name}`;
}

export function inspectedKey({ owner, name }: Repository): string {
  return `inspected|${owner}/${name}`;
}

function keyOf(repository: Repository): string {
  return subjectKey({ kind: "repository", repository });
}
