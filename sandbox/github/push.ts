// Branches that move, and everything that follows from it: webhooks, suites, pull requests.

import { requestSuites } from "./checks.ts";
import { announce } from "./events.ts";
import { commitsBetween, isAncestor } from "./history.ts";
import { countFiles } from "./mergeability.ts";
import type { Actor, Pull, Repository, World } from "./model.ts";
import { commitOf } from "./objects.ts";
import { hasRole } from "./people.ts";
import { announcePull, closeAsMerged, closePull } from "./pull-state.ts";
import { renderPushedCommit } from "./render/commit.ts";
import { renderPushedRepository } from "./render/repository.ts";
import { networkOf } from "./repositories.ts";

/** Documented for the `push` payload: "The array includes a maximum of 2048 commits". */
const commits_max = 2048;
const zero = "0".repeat(40);

export type PushResult = { kind: "pushed"; sha: string } | { kind: "refused"; message: string };
export type Push = { repository: Repository; branch: string; sha: string; actor: Actor };

export function push(world: World, wanted: Push): PushResult {
  const { repository, branch, sha, actor } = wanted;
  const denied = mayPush(repository, actor);
  if (denied !== undefined) return { kind: "refused", message: denied };
  const before = repository.refs.get(`heads/${branch}`);
  const forced = before !== undefined && !isAncestor(repository.store, before, sha);
  for (const rule of world.rules.push) {
    const message = rule(world, { repository, branch, sha, forced }, actor);
    if (message !== undefined) return { kind: "refused", message };
  }
  moveBranch(world, wanted);
  return { kind: "pushed", sha };
}

/** Moves the branch without asking any rule: for merges, which were asked already. */
export function moveBranch(world: World, wanted: Push): void {
  const { repository, branch, sha, actor } = wanted;
  const before = repository.refs.get(`heads/${branch}`);
  if (before === sha) return;
  repository.refs.set(`heads/${branch}`, sha);
  repository.pushedAt = world.clock.now();
  announcePush(world, { repository, ref: `heads/${branch}`, before, after: sha, actor });
  if (before === undefined)
    announceRef(world, "create", { repository, type: "branch", name: branch, actor });
  for (const pull of openPulls(world, repository))
    if (pull.head.repository === repository && pull.head.ref === branch)
      followHead(world, pull, wanted);
  requestSuites(world, { repository, branch, before: before ?? zero, sha, actor });
  for (const pull of openPulls(world, repository))
    if (pull.base.repository === repository && pull.base.ref === branch)
      if (isAncestor(repository.store, pull.head.sha, sha))
        closeAsMerged(world, pull, {
          actor,
          sha: pull.head.sha,
          before: before ?? pull.base.sha,
          tip: pull.head.sha,
        });
}

/** GitHub tells of a tag by the same events as of a branch. */
export function pushTag(
  world: World,
  wanted: Omit<Push, "branch"> & { readonly tag: string },
): PushResult {
  const { repository, tag, sha, actor } = wanted;
  const denied = mayPush(repository, actor);
  if (denied !== undefined) return { kind: "refused", message: denied };
  const before = repository.refs.get(`tags/${tag}`);
  repository.refs.set(`tags/${tag}`, sha);
  announcePush(world, { repository, ref: `tags/${tag}`, before, after: sha, actor });
  if (before === undefined)
    announceRef(world, "create", { repository, type: "tag", name: tag, actor });
  return { kind: "pushed", sha };
}

export function deleteBranch(world: World, wanted: Omit<Push, "sha">): PushResult {
  const { repository, branch, actor } = wanted;
  const before = repository.refs.get(`heads/${branch}`);
  const denied = mayPush(repository, actor);
  if (denied !== undefined) return { kind: "refused", message: denied };
  if (before === undefined) return { kind: "refused", message: "Reference does not exist" };
  if (repository.protection.has(branch) || branch === repository.defaultBranch)
    return { kind: "refused", message: "Cannot delete this branch" };
  repository.refs.delete(`heads/${branch}`);
  announcePush(world, { repository, ref: `heads/${branch}`, before, after: undefined, actor });
  announceRef(world, "delete", { repository, type: "branch", name: branch, actor });
  for (const pull of openPulls(world, repository)) {
    const isHead = pull.head.repository === repository && pull.head.ref === branch;
    const isBase = pull.base.repository === repository && pull.base.ref === branch;
    if (isHead || isBase) closePull(world, pull, actor);
  }
  return { kind: "pushed", sha: before };
}

function mayPush(repository: Repository, actor: Actor): string | undefined {
  if (repository.archived) return "This repository was archived so it is read-only.";
  const allowed =
    actor.kind === "user"
      ? hasRole(repository, actor.account, "write")
      : actor.kind === "installation" && actor.token.permissions.contents === "write";
  return allowed
    ? undefined
    : `Permission to ${repository.fullName}.git denied to ${actor.account.login}.`;
}

function openPulls(world: World, repository: Repository): Pull[] {
  return networkOf(world, repository)
    .flatMap((r) => [...r.pulls.values()])
    .filter((p) => p.state === "open");
}

function followHead(world: World, pull: Pull, moved: Push): void {
  const before = pull.head.sha;
  const { repository, ref } = pull.base;
  pull.head.sha = moved.sha;
  pull.base.sha = repository.refs.get(`heads/${ref}`) ?? pull.base.sha;
  pull.changedFiles = countFiles(pull);
  pull.updatedAt = world.clock.now();
  repository.refs.set(`pull/${pull.number}/head`, moved.sha);
  announcePull(world, pull, {
    action: "synchronize",
    actor: moved.actor,
    extra: { before, after: moved.sha },
  });
}

function announcePush(
  world: World,
  moved: {
    repository: Repository;
    /** Without `refs/` in front. */
    ref: string;
    before: string | undefined;
    after: string | undefined;
    actor: Actor;
  },
): void {
  const { repository, ref, before, after, actor } = moved;
  const { store } = repository;
  const from = before ?? repository.refs.get(`heads/${repository.defaultBranch}`);
  // A new branch lists what the default branch does not have yet; a new default branch, all.
  const commits =
    after === undefined ? [] : commitsBetween(store, from === after ? undefined : from, after);
  const listed = before === undefined && from === after ? [] : commits.slice(-commits_max);
  announce(world, {
    event: "push",
    repository,
    actor,
    payload: {
      ref: `refs/${ref}`,
      before: before ?? zero,
      after: after ?? zero,
      created: before === undefined,
      deleted: after === undefined,
      forced: before !== undefined && after !== undefined && !isAncestor(store, before, after),
      base_ref: null,
      compare: `${world.urls.html}/${repository.fullName}/compare/${short(before)}...${short(after)}`,
      commits: listed.map((c) => renderPushedCommit(world, repository, c)),
      head_commit:
        after === undefined ? null : renderPushedCommit(world, repository, commitOf(store, after)),
      repository: renderPushedRepository(world, repository),
      pusher: { name: actor.account.login, email: actor.account.email },
    },
  });
}

function announceRef(
  world: World,
  event: "create" | "delete",
  of: { repository: Repository; type: "branch" | "tag"; name: string; actor: Actor },
): void {
  const { repository, type, name, actor } = of;
  announce(world, {
    event,
    repository,
    actor,
    payload: {
      ref: name,
      ref_type: type,
      ...(event === "create"
        ? {
            master_branch: repository.defaultBranch,
            description: repository.description ?? null,
          }
        : {}),
      pusher_type: "user",
    },
  });
}

function short(sha: string | undefined): string {
  return (sha ?? zero).slice(0, 12);
}
