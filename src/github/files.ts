// Reads which paths a change touches, and how two commits stand to each other. What is cut short says so.

import type { Repository } from "../core/model/event.ts";
import type { Comparison, Files, Pull } from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import type { GitHub } from "../ports/github.ts";
import type { Clock } from "../ports/log.ts";
import type { Answer, Client } from "./client.ts";
import { hasMore, mapped, place, slug, unknown } from "./read.ts";
import { misfit, type Readings } from "./reading.ts";
import * as shapes from "./shape.ts";

type Reads = Pick<GitHub, "pullFiles" | "compare">;

/** Paths as GitHub listed them, or why it will not list them all. */
type Listing =
  | { readonly kind: "whole"; readonly paths: readonly string[] }
  | { readonly kind: "cut"; readonly why: string };

interface Compared {
  readonly relation: Comparison["relation"];
  readonly listing: Listing;
  /** Files that were listed; a rename has two paths. */
  readonly count: number;
}

/** How the commits of the head alone stand on those of the base. */
interface Meeting {
  /** The common ancestor that GitHub compares with. */
  readonly mergeBase: string;
  /** Commits that both sides have and that one of the head's own has as a parent; null where not all are listed. */
  readonly joints: readonly string[] | null;
}

export function openFiles(with_: {
  readonly client: Client;
  readonly readings: Readings;
  readonly clock: Clock;
}): Reads {
  const { client, readings } = with_;
  const patience = openPatience(with_.clock);

  const compared = async (repository: Repository, base: string, head: string) =>
    await readings<Compared>({
      key: `compared|${slug(repository)}|${base}|${head}`,
      keep: "forever",
      of: repository.id,
      ask: async (headers) => await askCompare(client, repository, { base, head, headers }),
    });

  return {
    async pullFiles(repository, pull, base) {
      if (pull.changedFiles > limit.github.pull_files)
        return {
          kind: "cut",
          why: `it changes ${pull.changedFiles} files, and GitHub lists ${limit.github.pull_files}`,
        };
      const key = `changed|${slug(repository)}|${pull.number}|${pull.head.sha}|${base}|${pull.changedFiles}`;
      const answer = await readings<Listing>({
        key,
        // A branch can be moved back, and a change then brings more than before: the base is part of the key.
        keep: "forever",
        of: repository.id,
        ask: async (headers) =>
          patience(key, await listPaths(client, repository, { pull, base, headers })),
      });
      return answer.kind === "ok" ? filesOf(answer.data) : unknown(answer);
    },

    async compare(repository, base, head) {
      const there = await compared(repository, base, head);
      if (there.kind === "absent")
        return gone(`${base.slice(0, 7)} is no longer there to compare with`);
      const key = `compare|${slug(repository)}|${base}|${head}`;
      const read = patience(key, there);
      if (read.kind !== "ok") return unknown(read);
      if (!("relation" in read.data)) return gone(read.data.why);
      const { relation, listing } = read.data;
      if (relation === "ahead" || relation === "identical")
        return { kind: "known", value: { relation, files: filesOf(listing) } };
      // GitHub lists what came since the two parted, and not what the other side loses.
      const back = await compared(repository, head, base);
      if (back.kind === "absent")
        return gone(`${base.slice(0, 7)} is no longer there to compare with`);
      if (back.kind !== "ok") return unknown(back);
      return { kind: "known", value: { relation, files: both(listing, back.data.listing) } };
    },
  };
}

function gone(why: string): { readonly kind: "known"; readonly value: Comparison } {
  return { kind: "known", value: { relation: "diverged", files: { kind: "cut", why } } };
}

function both(one: Listing, other: Listing): Files {
  if (one.kind === "cut") return one;
  if (other.kind === "cut") return other;
  return { kind: "known", value: [...new Set([...one.paths, ...other.paths])] };
}

function filesOf(listing: Listing): Files {
  return listing.kind === "cut" ? listing : { kind: "known", value: listing.paths };
}

/**
 * The list of a pull request's files is of whatever head it has at the moment, and a push there and
 * back would leave the paths of one commit with another. A comparison names its commits. What is too
 * large to compare is listed, and every entry has to be of the head itself.
 */
async function listPaths(
  client: Client,
  repository: Repository,
  of: { readonly pull: Pull; readonly base: string; readonly headers: Headers },
): Promise<Answer<Listing>> {
  const { pull, base, headers } = of;
  const answer = await askCompare(client, repository, { base, head: pull.head.sha, headers });
  if (answer.kind !== "ok") return answer;
  const { listing, count } = answer.data;
  const met = await metOnce(client, repository, answer.data);
  if (met.kind !== "ok" || met.data !== null)
    return met.kind === "ok" ? { ...met, data: { kind: "cut", why: met.data ?? "" } } : met;
  if (listing.kind === "whole") return agreed(pull, { count, paths: listing.paths });
  return await allFiles(client, repository, pull);
}

/**
 * GitHub compares with one common ancestor. Where there are several that do not follow from each other (a history
 * that was merged crosswise), a merge can change what that comparison does not list: git merges the ancestors first.
 * Null where there is one, or a sentence. git-scm.com/docs/git-merge-base
 */
async function metOnce(
  client: Client,
  repository: Repository,
  { mergeBase, joints }: Meeting,
): Promise<Answer<string | null>> {
  const done = (data: string | null) => ({ kind: "ok", data, headers: {} }) as const;
  if (joints === null) return done("GitHub does not list all of its commits");
  const others = joints.filter((joint) => joint !== mergeBase);
  if (others.length > limit.github.joints)
    return done(`it has taken its base in ${joints.length} times`);
  for (const joint of others) {
    const answer = await askCompare(client, repository, {
      base: joint,
      head: mergeBase,
      headers: {},
    });
    if (answer.kind !== "ok") return answer;
    if (answer.data.relation !== "ahead" && answer.data.relation !== "identical")
      return done("it and its base have more than one common ancestor");
  }
  return done(null);
}

/**
 * The paths and the pull request are two readings. Where paths seem to be missing, one of the two is
 * stale; the number of files can stay so for ever, since GitHub does not count again when the base moves.
 */
function agreed(
  pull: Pull,
  { count, paths }: { readonly count: number; readonly paths: readonly string[] },
): Answer<Listing> & { kind: "ok" | "refused" } {
  if (count >= pull.changedFiles)
    return { kind: "ok", data: { kind: "whole", paths }, headers: {} };
  const why = `it listed ${count} of ${pull.changedFiles} changed files`;
  return { kind: "refused", status: misfit, why };
}

type Headers = Readonly<Record<string, string>>;

async function askCompare(
  client: Client,
  repository: Repository,
  of: { readonly base: string; readonly head: string; readonly headers: Headers },
): Promise<Answer<Compared & Meeting>> {
  const answer = await client.read(
    repository.installation,
    (octokit) =>
      octokit.request("GET /repos/{owner}/{repo}/compare/{basehead}", {
        ...place(repository),
        basehead: `${of.base}...${of.head}`,
        headers: of.headers,
      }),
    shapes.comparison,
  );
  return mapped(answer, ({ status: relation, files = [], ...commits }): Compared & Meeting => {
    const count = files.length;
    const meeting = meetingOf(commits);
    if (count < limit.github.compare_files)
      return { relation, count, listing: { kind: "whole", paths: namesOf(files) }, ...meeting };
    const why = `GitHub lists at most ${limit.github.compare_files} files of a comparison`;
    return { relation, count, listing: { kind: "cut", why }, ...meeting };
  });
}

function meetingOf(of: {
  readonly merge_base_commit: { readonly sha: string };
  readonly total_commits: number;
  readonly commits: readonly {
    readonly sha: string;
    readonly parents: readonly { readonly sha: string }[];
  }[];
}): Meeting {
  const { commits, total_commits, merge_base_commit } = of;
  const own = new Set(commits.map(({ sha }) => sha));
  const parents = new Set(commits.flatMap((one) => one.parents.map(({ sha }) => sha)));
  const joints = [...parents].filter((sha) => !own.has(sha));
  return { mergeBase: merge_base_commit.sha, joints: total_commits > own.size ? null : joints };
}

async function allFiles(
  client: Client,
  repository: Repository,
  pull: Pull,
): Promise<Answer<Listing>> {
  const paths: string[] = [];
  let count = 0;
  for (let page = 1; page <= limit.github.pull_files / 100; page++) {
    const answer = await client.read(
      repository.installation,
      (octokit) =>
        octokit.request("GET /repos/{owner}/{repo}/pulls/{pull_number}/files", {
          ...place(repository),
          pull_number: pull.number,
          per_page: 100,
          page,
        }),
      shapes.files,
    );
    if (answer.kind !== "ok") return answer;
    // What the change removes has no contents at the head, and says nothing of it.
    const strange = answer.data.some(
      ({ status, contents_url }) =>
        status !== "removed" && !contents_url.endsWith(`?ref=${pull.head.sha}`),
    );
    if (strange) return { kind: "failed", why: "GitHub listed the files of another head" };
    count += answer.data.length;
    paths.push(...namesOf(answer.data));
    if (!hasMore(answer.headers)) break;
  }
  return agreed(pull, { count, paths });
}

/** A rename touches both its paths. */
function namesOf(
  files: readonly { readonly filename: string; readonly previous_filename?: string | undefined }[],
): readonly string[] {
  return files.flatMap(({ filename, previous_filename }) =>
    previous_filename === undefined ? [filename] : [filename, previous_filename],
  );
}

type Cut = Extract<Listing, { kind: "cut" }>;

/**
 * Waits for what may still come, but not for ever: no common ancestor (404) and a diff that GitHub does not
 * make (422) stay so, and so may a stale number of files. After a few tries the list counts as cut.
 */
function openPatience(clock: Clock) {
  const refused = new Map<string, { readonly since: number; readonly tries: number }>();
  const { unlisted_tries, unlisted_ms, parsed_plans: kept } = limit.github;
  type Asked<T> = Exclude<Answer<T>, { kind: "unchanged" }>;

  function patience<T>(key: string, answer: Asked<T>): Asked<T | Cut>;
  function patience<T>(key: string, answer: Answer<T>): Answer<T | Cut>;
  function patience<T>(key: string, answer: Answer<T>): Answer<T | Cut> {
    const lasts =
      answer.kind === "absent" ||
      (answer.kind === "refused" && (answer.status === 422 || answer.status === misfit));
    if (!lasts) {
      refused.delete(key);
      return answer;
    }
    const { since, tries } = refused.get(key) ?? { since: clock(), tries: 0 };
    if (refused.size >= kept) refused.clear();
    refused.set(key, { since, tries: tries + 1 });
    if (tries + 1 < unlisted_tries || clock() - since < unlisted_ms) return answer;
    const why =
      answer.kind === "absent" ? "it knows no common ancestor of base and head" : whyOf(answer);
    return { kind: "ok", data: { kind: "cut", why }, headers: {} };
  }
  return patience;
}

function whyOf({ status, why }: { readonly status: number; readonly why: string }): string {
  return status === misfit ? why : `it refuses the comparison with ${status}`;
}
