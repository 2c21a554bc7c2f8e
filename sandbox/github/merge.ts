// Merging a pull request in GitHub's three ways, or refusing to.
import { commitsBetween, mergeBase } from "./history.ts";
import { baseTip, mergedFiles } from "./mergeability.ts";
import type { Account, Actor, Pull, World } from "./model.ts";
import { commitOf, type Files, filesOf, writeCommit } from "./objects.ts";
import { accountOf, hasRole } from "./people.ts";
import { closeAsMerged } from "./pull-state.ts";
import { moveBranch, type PushResult, push } from "./push.ts";
import { signature } from "./repositories.ts";
import { mergeFiles } from "./three-way.ts";

export type MergeMethod = "merge" | "squash" | "rebase";
export type MergeResult =
  | { kind: "merged"; sha: string }
  /** The status that the API answers with. */
  | { kind: "refused"; status: 403 | 405 | 409; message: string };

export type MergeOptions = {
  actor: Actor;
  method?: MergeMethod;
  /** The head that the caller has seen. */
  sha?: string;
  title?: string;
  message?: string;
};

export function mergePull(world: World, pull: Pull, options: MergeOptions): MergeResult {
  const refusal = whyNot(world, pull, options);
  if (refusal) return refusal;
  const made = makeCommit(world, pull, options);
  if (made === undefined) return refused(405, "Pull Request is not mergeable");
  const before = baseTip(pull);
  const { repository, ref } = pull.base;
  const { actor } = options;
  // Closed before the branch moves: otherwise this would look like a merge made by hand.
  pull.state = "closed";
  moveBranch(world, { repository, branch: ref, sha: made, actor });
  closeAsMerged(world, pull, { actor, sha: made, before, tip: made });
  return { kind: "merged", sha: made };
}

/** "Update branch": merges the base into the head. */
export function updateBranch(world: World, pull: Pull, actor: Actor): PushResult {
  const merged = mergedFiles(pull);
  if (merged.kind === "conflict")
    return { kind: "refused", message: "merge conflict between base and head" };
  const { repository, ref, sha } = pull.head;
  const by = signature(actor.account, world.clock.now());
  const made = writeCommit(repository.store, {
    files: merged.files,
    parents: [sha, baseTip(pull)],
    message: `Merge branch '${pull.base.ref}' into ${ref}`,
    author: by,
    committer: by,
  });
  return push(world, { repository, branch: ref, sha: made.sha, actor });
}

function whyNot(world: World, pull: Pull, options: MergeOptions): MergeResult | undefined {
  const { repository } = pull.base;
  const { actor } = options;
  if (repository.archived) return refused(403, "Repository was archived so is read-only.");
  if (actor.kind === "user" && !hasRole(repository, actor.account, "write"))
    return refused(403, "Must have write access to the repository to merge.");
  if (pull.state !== "open") return refused(405, "Pull Request is not mergeable");
  if (options.sha !== undefined && options.sha !== pull.head.sha)
    return refused(409, "Head branch was modified. Review and try the merge again.");
  if (pull.draft) return refused(405, "Pull Request is still a draft");
  for (const rule of world.rules.merge) {
    const message = rule(world, pull, actor);
    if (message !== undefined) return refused(405, message);
  }
  return undefined;
}

function makeCommit(world: World, pull: Pull, options: MergeOptions): string | undefined {
  const method = options.method ?? "merge";
  switch (method) {
    case "merge":
    case "squash":
      return combine(world, pull, options);
    case "rebase":
      return replay(world, pull, options.actor.account);
  }
}

function combine(world: World, pull: Pull, options: MergeOptions): string | undefined {
  const merged = mergedFiles(pull);
  if (merged.kind === "conflict") return undefined;
  const squash = options.method === "squash";
  const from = `${pull.head.repository.owner.login}/${pull.head.ref}`;
  const title =
    options.title ??
    (squash
      ? `${pull.title} (#${pull.number})`
      : `Merge pull request #${pull.number} from ${from}`);
  const message = options.message ?? (squash ? (pull.body ?? "") : pull.title);
  const now = world.clock.now();
  const author = squash ? pull.author : options.actor.account;
  return writeCommit(pull.base.repository.store, {
    files: merged.files,
    parents: squash ? [baseTip(pull)] : [baseTip(pull), pull.head.sha],
    message: message === "" ? title : `${title}\n\n${message}`,
    author: signature(author, now),
    committer: signature(accountOf(world, "web-flow"), now),
  }).sha;
}

function replay(world: World, pull: Pull, by: Account): string | undefined {
  const { store } = pull.base.repository;
  const base = mergeBase(store, baseTip(pull), pull.head.sha);
  let tip = baseTip(pull);
  let files: Files = filesOf(store, tip);
  for (const commit of commitsBetween(store, base, pull.head.sha)) {
    // Git leaves merge commits out when it rebases.
    if (commit.parents.length > 1) continue;
    const [parent] = commit.parents;
    const before = parent === undefined ? new Map() : filesOf(store, commitOf(store, parent).sha);
    const merged = mergeFiles(before, files, filesOf(store, commit.sha));
    if (merged.kind === "conflict") return undefined;
    files = merged.files;
    tip = writeCommit(store, {
      files,
      parents: [tip],
      message: commit.message,
      author: commit.author,
      committer: signature(by, world.clock.now()),
    }).sha;
  }
  return tip;
}

function refused(status: 403 | 405 | 409, message: string): MergeResult {
  return { kind: "refused", status, message };
}
