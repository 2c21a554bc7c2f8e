// Commits, files of a change, refs and trees as GitHub writes them.
import { iso } from "../clock.ts";
import { diffFiles, type FileDiff, linesOf } from "../diff.ts";
import type { Repository, World } from "../model.ts";
import { type Commit, commitOf, type Files, filesOf, type Signature } from "../objects.ts";
import { findAccount } from "../people.ts";
import { nodeId, renderAccount } from "./account.ts";
import { repositoryUrl } from "./repository.ts";

export function renderCommit(world: World, repository: Repository, sha: string) {
  const commit = commitOf(repository.store, sha);
  const api = repositoryUrl(world, repository);
  const account = (who: Signature) => {
    const known = who.login === undefined ? undefined : findAccount(world, who.login);
    return known ? renderAccount(world, known) : null;
  };
  return {
    sha,
    node_id: nodeId("Commit", sha),
    commit: {
      author: gitUser(commit.author),
      committer: gitUser(commit.committer),
      message: commit.message,
      tree: { sha: commit.tree, url: `${api}/git/trees/${commit.tree}` },
      url: `${api}/git/commits/${sha}`,
      comment_count: 0,
      verification: unsigned,
    },
    url: `${api}/commits/${sha}`,
    html_url: commitPage(world, repository, sha),
    comments_url: `${api}/commits/${sha}/comments`,
    author: account(commit.author),
    committer: account(commit.committer),
    parents: commit.parents.map((p) => ({
      sha: p,
      url: `${api}/commits/${p}`,
      html_url: commitPage(world, repository, p),
    })),
  };
}

export function renderGitCommit(world: World, repository: Repository, sha: string) {
  const commit = commitOf(repository.store, sha);
  const api = repositoryUrl(world, repository);
  return {
    sha,
    node_id: nodeId("Commit", sha),
    url: `${api}/git/commits/${sha}`,
    html_url: commitPage(world, repository, sha),
    author: gitUser(commit.author),
    committer: gitUser(commit.committer),
    message: commit.message,
    tree: { sha: commit.tree, url: `${api}/git/trees/${commit.tree}` },
    parents: commit.parents.map((p) => ({
      sha: p,
      url: `${api}/git/commits/${p}`,
      html_url: commitPage(world, repository, p),
    })),
    verification: unsigned,
  };
}

/** The files that a commit changed against its first parent. */
export function changesOf(repository: Repository, commit: Commit): FileDiff[] {
  const [parent] = commit.parents;
  const before: Files = parent === undefined ? new Map() : filesOf(repository.store, parent);
  return diffFiles(before, filesOf(repository.store, commit.sha));
}

export function renderFile(world: World, repository: Repository, diff: FileDiff, sha: string) {
  const lines = linesOf(repository.store, diff);
  const page = `${world.urls.html}/${repository.fullName}`;
  const path = diff.path.split("/").map(encodeURIComponent).join("/");
  return {
    sha: diff.sha,
    filename: diff.path,
    status: diff.status,
    additions: lines.additions,
    deletions: lines.deletions,
    changes: lines.additions + lines.deletions,
    blob_url: `${page}/blob/${sha}/${path}`,
    raw_url: `${page}/raw/${sha}/${path}`,
    contents_url: `${repositoryUrl(world, repository)}/contents/${path}?ref=${sha}`,
    ...(lines.patch === undefined ? {} : { patch: lines.patch }),
    ...(diff.previous === undefined ? {} : { previous_filename: diff.previous }),
  };
}

/** A commit inside a `push` webhook. */
export function renderPushedCommit(world: World, repository: Repository, commit: Commit) {
  const changes = changesOf(repository, commit);
  const paths = (...statuses: FileDiff["status"][]) =>
    changes.filter((c) => statuses.includes(c.status)).map((c) => c.path);
  return {
    id: commit.sha,
    tree_id: commit.tree,
    distinct: true,
    message: commit.message,
    timestamp: iso(commit.committer.date),
    url: commitPage(world, repository, commit.sha),
    author: hookUser(commit.author),
    committer: hookUser(commit.committer),
    added: paths("added", "renamed"),
    removed: [
      ...paths("removed"),
      ...changes.flatMap((c) => (c.previous === undefined ? [] : [c.previous])),
    ],
    modified: paths("modified"),
  };
}

/** The few facts about a commit that check suites carry. */
export function renderSimpleCommit(commit: Commit) {
  return {
    id: commit.sha,
    tree_id: commit.tree,
    message: commit.message,
    timestamp: iso(commit.committer.date),
    author: { name: commit.author.name, email: commit.author.email },
    committer: { name: commit.committer.name, email: commit.committer.email },
  };
}

export function renderRef(world: World, repository: Repository, ref: string, sha: string) {
  const api = repositoryUrl(world, repository);
  return {
    ref: `refs/${ref}`,
    node_id: nodeId("Ref", `${repository.id}:refs/${ref}`),
    url: `${api}/git/refs/${ref}`,
    object: { type: "commit", sha, url: `${api}/git/commits/${sha}` },
  };
}

function commitPage(world: World, repository: Repository, sha: string): string {
  return `${world.urls.html}/${repository.fullName}/commit/${sha}`;
}

function gitUser(who: Signature) {
  return { name: who.name, email: who.email, date: iso(who.date) };
}

function hookUser(who: Signature) {
  return {
    name: who.name,
    email: who.email,
    ...(who.login === undefined ? {} : { username: who.login }),
  };
}

const unsigned = {
  verified: false,
  reason: "unsigned",
  signature: null,
  payload: null,
  verified_at: null,
};
