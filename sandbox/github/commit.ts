// Committing files to a branch, which is how anything gets pushed here.
import type { Actor, Repository, World } from "./model.ts";
import { applyChanges, type Change, filesOf, writeCommit } from "./objects.ts";
import { type PushResult, push } from "./push.ts";
import { resolveBranch, signature } from "./repositories.ts";

export type NewCommit = {
  branch: string;
  files: Readonly<Record<string, Change>>;
  message?: string;
  actor: Actor;
  /** What a new branch starts from; by default the default branch. */
  from?: string;
  /** Replaces the branch's history by one commit on top of this: a force push. */
  onto?: string;
  /** The date that the author claims; by default now. */
  authoredAt?: number;
};

export function commitVerb(world: World, repository: Repository, wanted: NewCommit): PushResult {
  const { branch, actor } = wanted;
  const sha = writeOn(world, repository, wanted);
  return push(world, { repository, branch, sha, actor });
}

function writeOn(world: World, repository: Repository, wanted: NewCommit): string {
  const { branch, onto, from, files } = wanted;
  const start = onto ?? repository.refs.get(`heads/${branch}`) ?? from ?? repository.defaultBranch;
  const parent = resolveBranch(repository, start);
  if (parent === undefined) throw new Error(`${repository.fullName} has no ${start}`);
  const now = world.clock.now();
  const author = signature(wanted.actor.account, wanted.authoredAt ?? now);
  return writeCommit(repository.store, {
    files: applyChanges(repository.store, filesOf(repository.store, parent), files),
    parents: [parent],
    message: wanted.message ?? `Change ${Object.keys(files).join(", ")}`,
    author,
    committer: signature(wanted.actor.account, now),
  }).sha;
}
