// Pull requests as GitHub writes them, and the issue that each of them also is.
import { iso } from "../clock.ts";
import { diffFiles, linesOf } from "../diff.ts";
import { commitsBetween, isAncestor } from "../history.ts";
import { baseOfChange, currentMergeability } from "../mergeability.ts";
import type { Pull, Repository, World } from "../model.ts";
import { filesOf } from "../objects.ts";
import { associationOf } from "../people.ts";
import { missingChecks } from "../protection.ts";
import { nodeId, renderAccount } from "./account.ts";
import { renderReactions } from "./comment.ts";
import { renderRepository, repositoryUrl } from "./repository.ts";

/** The form in lists. */
export function renderPull(world: World, pull: Pull) {
  const api = pullUrl(world, pull);
  const issue = issueUrl(world, pull);
  const repo = repositoryUrl(world, pull.base.repository);
  const html = pullPage(world, pull);
  return {
    url: api,
    id: pull.id,
    node_id: nodeId("PullRequest", pull.id),
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    issue_url: issue,
    number: pull.number,
    state: pull.state,
    locked: pull.locked,
    title: pull.title,
    user: renderAccount(world, pull.author),
    body: pull.body ?? null,
    created_at: iso(pull.createdAt),
    updated_at: iso(pull.updatedAt),
    closed_at: optional(pull.closedAt),
    merged_at: optional(pull.merged?.at),
    merge_commit_sha: pull.merged?.sha ?? pull.mergeability?.sha ?? null,
    assignee: null,
    assignees: [],
    requested_reviewers: [],
    requested_teams: [],
    labels: [],
    milestone: null,
    draft: pull.draft,
    commits_url: `${api}/commits`,
    review_comments_url: `${api}/comments`,
    review_comment_url: `${repo}/pulls/comments{/number}`,
    comments_url: `${issue}/comments`,
    statuses_url: `${repo}/statuses/${pull.head.sha}`,
    head: side(world, pull.head),
    base: side(world, pull.base),
    _links: {
      self: { href: api },
      html: { href: html },
      issue: { href: issue },
      comments: { href: `${issue}/comments` },
      review_comments: { href: `${api}/comments` },
      review_comment: { href: `${repo}/pulls/comments{/number}` },
      commits: { href: `${api}/commits` },
      statuses: { href: `${repo}/statuses/${pull.head.sha}` },
    },
    author_association: associationOf(pull.base.repository, pull.author),
    auto_merge: null,
    active_lock_reason: null,
  };
}

/** The form of a single pull request, and of webhooks. */
export function renderFullPull(world: World, pull: Pull) {
  const { store } = pull.base.repository;
  const base = baseOfChange(pull);
  const files = diffFiles(
    base === undefined ? new Map() : filesOf(store, base),
    filesOf(store, pull.head.sha),
  );
  const lines = files.map((f) => linesOf(store, f));
  const known = currentMergeability(pull);
  const mergeable = pull.merged || !known ? null : known.sha !== undefined;
  return {
    ...renderPull(world, pull),
    merged: pull.merged !== undefined,
    mergeable,
    rebaseable: mergeable,
    mergeable_state: mergeableState(pull, mergeable),
    merged_by: pull.merged ? renderAccount(world, pull.merged.by) : null,
    comments: commentsOn(pull),
    review_comments: 0,
    maintainer_can_modify: false,
    commits: commitsBetween(store, base, pull.head.sha).length,
    additions: lines.reduce((sum, l) => sum + l.additions, 0),
    deletions: lines.reduce((sum, l) => sum + l.deletions, 0),
    changed_files: pull.changedFiles,
  };
}

/** The short form inside checks; empty for heads in forks, as on GitHub. */
export function renderMinimalPulls(world: World, repository: Repository, sha: string) {
  return [...repository.pulls.values()]
    .filter((p) => p.state === "open" && p.head.sha === sha && p.head.repository === repository)
    .map((pull) => ({
      url: pullUrl(world, pull),
      id: pull.id,
      number: pull.number,
      head: minimalSide(world, pull.head),
      base: minimalSide(world, pull.base),
    }));
}

export function renderIssue(world: World, pull: Pull) {
  const api = issueUrl(world, pull);
  const html = pullPage(world, pull);
  return {
    url: api,
    repository_url: repositoryUrl(world, pull.base.repository),
    labels_url: `${api}/labels{/name}`,
    comments_url: `${api}/comments`,
    events_url: `${api}/events`,
    html_url: html,
    id: pull.id + 1,
    node_id: nodeId("PullRequest", pull.id),
    number: pull.number,
    title: pull.title,
    user: renderAccount(world, pull.author),
    labels: [],
    state: pull.state,
    locked: pull.locked,
    assignee: null,
    assignees: [],
    milestone: null,
    comments: commentsOn(pull),
    created_at: iso(pull.createdAt),
    updated_at: iso(pull.updatedAt),
    closed_at: optional(pull.closedAt),
    author_association: associationOf(pull.base.repository, pull.author),
    active_lock_reason: null,
    draft: pull.draft,
    pull_request: {
      url: pullUrl(world, pull),
      html_url: html,
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
    },
    body: pull.body ?? null,
    reactions: renderReactions(`${api}/reactions`, []),
    timeline_url: `${api}/timeline`,
    performed_via_github_app: null,
  };
}

function issueUrl(world: World, pull: Pull): string {
  return `${repositoryUrl(world, pull.base.repository)}/issues/${pull.number}`;
}

function pullPage(world: World, pull: Pull): string {
  return `${world.urls.html}/${pull.base.repository.fullName}/pull/${pull.number}`;
}

function pullUrl(world: World, pull: Pull): string {
  return `${repositoryUrl(world, pull.base.repository)}/pulls/${pull.number}`;
}

function commentsOn(pull: Pull): number {
  return [...pull.base.repository.comments.values()].filter((c) => c.number === pull.number).length;
}

function mergeableState(pull: Pull, mergeable: boolean | null): string {
  if (mergeable === null) return "unknown";
  if (!mergeable) return "dirty";
  if (pull.draft) return "draft";
  const { repository, ref } = pull.base;
  const protection = repository.protection.get(ref);
  const tip = repository.refs.get(`heads/${ref}`);
  if (protection && missingChecks(repository, protection, pull.head.sha) !== undefined)
    return "blocked";
  if (protection?.strict && tip && !isAncestor(repository.store, tip, pull.head.sha))
    return "behind";
  const failing = [...repository.runs.values()].some(
    (r) => r.headSha === pull.head.sha && r.conclusion !== undefined && r.conclusion === "failure",
  );
  return failing ? "unstable" : "clean";
}

function side(world: World, end: Pull["head"]) {
  return {
    label: `${end.repository.owner.login}:${end.ref}`,
    ref: end.ref,
    sha: end.sha,
    user: renderAccount(world, end.repository.owner),
    repo: renderRepository(world, end.repository),
  };
}

function minimalSide(world: World, end: Pull["head"]) {
  const { id, name } = end.repository;
  return {
    ref: end.ref,
    sha: end.sha,
    repo: { id, url: repositoryUrl(world, end.repository), name },
  };
}

function optional(ms: number | undefined): string | null {
  return ms === undefined ? null : iso(ms);
}
