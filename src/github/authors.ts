// Who wrote what a commit brings, as far as GitHub knows them by name.

import type { Repository } from "../core/model/event.ts";
import type { AuthorsOf } from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import type { Answer, Client } from "./client.ts";
import { place, unknown } from "./read.ts";
import * as shapes from "./shape.ts";

/** The account by which GitHub commits what people do on its pages. */
const ownAccount = "web-flow";

/**
 * Who opened the pull requests that what goes out came by, and author and committer of each
 * commit beyond `since`, or beyond its first parent where that is null; merges only bring together what others
 * wrote. `cut` where GitHub does not list them all, or does not say whose one of them is.
 */
export async function authorsOf(
  client: Client,
  repository: Repository,
  { sha, since }: { readonly sha: string; readonly since: string | null },
): Promise<AuthorsOf["reading"]> {
  const written = await commitsOf(client, repository, { sha, since });
  if (written.kind !== "known") return written;
  const brought = [...new Set([sha, ...written.value.map((commit) => commit.sha)])];
  const most = limit.github.authors_commits;
  if (brought.length > most) {
    const why = `it brings ${brought.length} commits, and whose pull requests they came by is asked for ${most}.`;
    return { kind: "cut", why };
  }
  const opened: string[] = [];
  for (const one of brought) {
    const openers = await openersOf(client, repository, one);
    if (openers.kind !== "known") return openers;
    opened.push(...openers.value);
  }
  const own = written.value.filter(({ parents }) => parents.length < 2);
  const nobodys = own.find((commit) => peopleOf(commit).includes(undefined));
  if (nobodys !== undefined) {
    const why = `no account has the address of the author or the committer of ${nobodys.sha.slice(0, 7)}.`;
    return { kind: "cut", why };
  }
  const people = own.flatMap(peopleOf).filter((login) => login !== undefined);
  return { kind: "known", value: [...new Set([...opened, ...people])] };
}

/** Who opened the pull requests that the commit is the head or the merge of. */
async function openersOf(client: Client, repository: Repository, sha: string) {
  const pulls = await client.read(
    repository.installation,
    (octokit) =>
      octokit.request("GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls", {
        ...place(repository),
        commit_sha: sha,
        per_page: 100,
      }),
    shapes.pullsOfCommit,
  );
  if (pulls.kind !== "ok") return noAnswer(pulls);
  const value = pulls.data
    .filter(({ head, merge_commit_sha }) => head.sha === sha || merge_commit_sha === sha)
    .flatMap(({ user }) => (user == null ? [] : [user.login]));
  return { kind: "known", value } as const;
}

/**
 * Undefined for one whom GitHub does not know. Its own account commits what others wrote on its pages, and writes
 * nothing itself: anybody can give its address as the author's.
 */
function peopleOf({ author, committer }: shapes.Commit): readonly (string | undefined)[] {
  const by = committer?.login === ownAccount ? [] : [committer?.login];
  return [author?.login === ownAccount ? undefined : author?.login, ...by];
}

/** A commit that GitHub does not have is no reading that could come later. */
function noAnswer(answer: Exclude<Answer<unknown>, { kind: "ok" }>) {
  const gone = answer.kind === "absent" || answer.kind === "refused";
  return gone
    ? ({ kind: "cut", why: "GitHub does not have the commit." } as const)
    : unknown(answer);
}

async function commitsOf(
  client: Client,
  repository: Repository,
  { sha, since }: { readonly sha: string; readonly since: string | null },
) {
  if (since !== null) return await comparedTo(client, repository, { sha, since });
  const one = await client.read(
    repository.installation,
    (octokit) =>
      octokit.request("GET /repos/{owner}/{repo}/commits/{ref}", {
        ...place(repository),
        ref: sha,
      }),
    shapes.commit,
  );
  if (one.kind !== "ok") return noAnswer(one);
  const [first, ...merged] = one.data.parents;
  return first === undefined || merged.length === 0
    ? ({ kind: "known", value: [one.data] } as const)
    : await comparedTo(client, repository, { sha, since: first.sha });
}

async function comparedTo(
  client: Client,
  repository: Repository,
  { sha, since }: { readonly sha: string; readonly since: string },
) {
  const compared = await client.read(
    repository.installation,
    (octokit) =>
      octokit.request("GET /repos/{owner}/{repo}/compare/{basehead}", {
        ...place(repository),
        basehead: `${since}...${sha}`,
      }),
    shapes.commits,
  );
  if (compared.kind !== "ok") return noAnswer(compared);
  const { commits, total_commits } = compared.data;
  if (commits.length < total_commits) {
    const why = `it has ${total_commits} commits, and GitHub lists ${commits.length}.`;
    return { kind: "cut", why } as const;
  }
  return { kind: "known", value: commits } as const;
}
