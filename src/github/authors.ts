// Who wrote what a commit brings, as far as GitHub knows them by name.

import type { Repository } from "../core/event.ts";
import type { AuthorsOf } from "../core/fact.ts";
import type { Answer, Client } from "./client.ts";
import { place, unknown } from "./read.ts";
import * as shapes from "./shape.ts";

/**
 * The author of the pull request that the commit came by or is the head of, and of each commit beyond
 * `since`; merges only bring together what others wrote. `since` null for the commit alone.
 */
export async function authorsOf(
  client: Client,
  repository: Repository,
  { sha, since }: { readonly sha: string; readonly since: string | null },
): Promise<AuthorsOf["reading"]> {
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
  const opened = pulls.data
    .filter(({ head, merge_commit_sha }) => head.sha === sha || merge_commit_sha === sha)
    .map(({ user }) => user?.login);
  const written = await commitsOf(client, repository, { sha, since });
  if (written.kind !== "known") return written;
  const own = written.value
    .filter(({ parents }) => parents.length < 2)
    .map(({ author }) => author?.login);
  const all = [...opened, ...own].filter((login) => login !== undefined);
  return { kind: "known", value: [...new Set(all)] };
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
  if (since === null) {
    const one = await client.read(
      repository.installation,
      (octokit) =>
        octokit.request("GET /repos/{owner}/{repo}/commits/{ref}", {
          ...place(repository),
          ref: sha,
        }),
      shapes.commit,
    );
    return one.kind === "ok" ? ({ kind: "known", value: [one.data] } as const) : noAnswer(one);
  }
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
