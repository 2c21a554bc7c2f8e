// Opening, editing, closing and reopening pull requests.
import { isAncestor } from "./history.ts";
import { countFiles } from "./mergeability.ts";
import type { Actor, Pull, Repository, World } from "./model.ts";
import { hasRole } from "./people.ts";
import { announcePull, closePull } from "./pull-state.ts";
import { networkOf } from "./repositories.ts";

export type PullResult = { kind: "done"; pull: Pull } | { kind: "refused"; message: string };

export type NewPull = {
  /** A branch, or `owner:branch` of a fork. */
  head: string;
  base?: string;
  title: string;
  body?: string;
  draft?: boolean;
};

export function openPull(
  world: World,
  repository: Repository,
  wanted: NewPull & { actor: Actor },
): PullResult {
  if (repository.archived) return refused("Repository was archived so is read-only.");
  const head = findHead(world, repository, wanted.head);
  if (!head) return refused("head is invalid");
  const baseRef = wanted.base ?? repository.defaultBranch;
  const baseSha = repository.refs.get(`heads/${baseRef}`);
  if (baseSha === undefined) return refused("base is invalid");
  const clash = clashing(repository, { head, base: baseRef });
  if (clash !== undefined) return refused(clash);
  if (isAncestor(repository.store, head.sha, baseSha))
    return refused(`No commits between ${baseRef} and ${wanted.head}`);
  const now = world.clock.now();
  const number = repository.nextNumber;
  repository.nextNumber += 1;
  const pull: Pull = {
    id: world.nextId(),
    number,
    title: wanted.title,
    body: wanted.body,
    author: wanted.actor.account,
    state: "open",
    draft: wanted.draft ?? false,
    locked: false,
    changedFiles: 0,
    head,
    base: { repository, ref: baseRef, sha: baseSha },
    createdAt: now,
    updatedAt: now,
    closedAt: undefined,
    merged: undefined,
    mergeability: undefined,
  };
  pull.changedFiles = countFiles(pull);
  repository.pulls.set(number, pull);
  repository.refs.set(`pull/${number}/head`, head.sha);
  announcePull(world, pull, { action: "opened", actor: wanted.actor });
  return { kind: "done", pull };
}

export type PullEdit = { title?: string; body?: string; base?: string };

export function editPull(world: World, pull: Pull, edit: PullEdit & { actor: Actor }): PullResult {
  const changes: Record<string, unknown> = {};
  if (edit.base !== undefined && edit.base !== pull.base.ref) {
    const sha = pull.base.repository.refs.get(`heads/${edit.base}`);
    if (sha === undefined || pull.state !== "open") return refused("base is invalid");
    const clash = clashing(pull.base.repository, { head: pull.head, base: edit.base });
    if (clash !== undefined) return refused(clash);
    if (isAncestor(pull.base.repository.store, pull.head.sha, sha))
      return refused(`There are no new commits between base branch '${edit.base}' and head branch`);
    changes.base = { ref: { from: pull.base.ref }, sha: { from: pull.base.sha } };
    pull.base = { ...pull.base, ref: edit.base, sha };
    pull.changedFiles = countFiles(pull);
  }
  if (edit.title !== undefined && edit.title !== pull.title) {
    changes.title = { from: pull.title };
    pull.title = edit.title;
  }
  if (edit.body !== undefined && edit.body !== pull.body) {
    changes.body = { from: pull.body ?? "" };
    pull.body = edit.body;
  }
  if (Object.keys(changes).length > 0) {
    pull.updatedAt = world.clock.now();
    announcePull(world, pull, { action: "edited", actor: edit.actor, extra: { changes } });
  }
  return { kind: "done", pull };
}

export function setPullState(
  world: World,
  pull: Pull,
  wanted: { state: "open" | "closed"; actor: Actor },
): PullResult {
  if (pull.state === wanted.state) return { kind: "done", pull };
  if (wanted.state === "closed") {
    closePull(world, pull, wanted.actor);
    return { kind: "done", pull };
  }
  const sha = pull.head.repository.refs.get(`heads/${pull.head.ref}`);
  if (pull.merged || sha === undefined) return refused("state cannot be changed.");
  const clash = clashing(pull.base.repository, { head: pull.head, base: pull.base.ref });
  if (clash !== undefined) return refused(clash);
  pull.state = "open";
  pull.closedAt = undefined;
  pull.updatedAt = world.clock.now();
  pull.head = { ...pull.head, sha };
  pull.changedFiles = countFiles(pull);
  pull.base.repository.refs.set(`pull/${pull.number}/head`, sha);
  announcePull(world, pull, { action: "reopened", actor: wanted.actor });
  return { kind: "done", pull };
}

export function markReady(world: World, pull: Pull, actor: Actor): void {
  if (!pull.draft) return;
  pull.draft = false;
  announcePull(world, pull, { action: "ready_for_review", actor });
}

export function convertToDraft(world: World, pull: Pull, actor: Actor): void {
  if (pull.draft) return;
  pull.draft = true;
  announcePull(world, pull, { action: "converted_to_draft", actor });
}

/** Authors may change their own pull requests; for others it takes the right to triage. */
export function mayEdit(pull: Pull, actor: Actor): boolean {
  if (actor.kind !== "user") return true;
  return pull.author === actor.account || hasRole(pull.base.repository, actor.account, "triage");
}

function findHead(world: World, repository: Repository, name: string): Pull["head"] | undefined {
  const colon = name.indexOf(":");
  const owner = colon < 0 ? repository.owner.login : name.slice(0, colon);
  const ref = colon < 0 ? name : name.slice(colon + 1);
  // The repository itself first: its owner can have another one of the network.
  const source = [repository, ...networkOf(world, repository)].find(
    (r) => r.owner.login.toLowerCase() === owner.toLowerCase(),
  );
  const sha = source?.refs.get(`heads/${ref}`);
  return source && sha !== undefined ? { repository: source, ref, sha } : undefined;
}

function clashing(
  repository: Repository,
  wanted: { head: Pull["head"]; base: string },
): string | undefined {
  const { head, base } = wanted;
  const clash = [...repository.pulls.values()].some(
    (p) =>
      p.state === "open" &&
      p.base.ref === base &&
      p.head.ref === head.ref &&
      p.head.repository === head.repository,
  );
  return clash
    ? `A pull request already exists for ${head.repository.owner.login}:${head.ref}.`
    : undefined;
}

function refused(message: string): PullResult {
  return { kind: "refused", message };
}
