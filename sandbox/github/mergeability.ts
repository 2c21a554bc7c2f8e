// Whether a pull request merges without conflict. Worked out late, as on GitHub.
import { diffFiles } from "./diff.ts";
import { mergeBase } from "./history.ts";
import type { Pull, World } from "./model.ts";
import { filesOf, writeCommit } from "./objects.ts";
import { accountOf } from "./people.ts";
import { signature } from "./repositories.ts";
import { mergeFiles } from "./three-way.ts";

/** What is known for the present head and base; undefined while GitHub "is still checking". */
export function currentMergeability(pull: Pull): { sha: string | undefined } | undefined {
  const known = pull.mergeability;
  const fresh = known && known.head === pull.head.sha && known.base === baseTip(pull);
  return fresh ? known : undefined;
}

/** Works it out, and leaves the test merge at `refs/pull/N/merge`. */
export function computeMergeability(world: World, pull: Pull): { sha: string | undefined } {
  const { repository } = pull.base;
  const base = baseTip(pull);
  const merged = mergedFiles(pull);
  const ref = `pull/${pull.number}/merge`;
  let sha: string | undefined;
  if (merged.kind === "merged") {
    const by = signature(accountOf(world, "web-flow"), world.clock.now());
    const message = `Merge ${pull.head.sha} into ${base}`;
    const parents = [base, pull.head.sha];
    sha = writeCommit(repository.store, {
      files: merged.files,
      parents,
      message,
      author: by,
      committer: by,
    }).sha;
    repository.refs.set(ref, sha);
  } else repository.refs.delete(ref);
  pull.mergeability = { head: pull.head.sha, base, sha };
  return pull.mergeability;
}

export function mergedFiles(pull: Pull) {
  const { store } = pull.base.repository;
  const base = mergeBase(store, baseTip(pull), pull.head.sha);
  return mergeFiles(
    base === undefined ? new Map() : filesOf(store, base),
    filesOf(store, baseTip(pull)),
    filesOf(store, pull.head.sha),
  );
}

/** What a pull request's changes are counted from; after a merge, the base it was merged into. */
export function baseOfChange(pull: Pull): string | undefined {
  const tip = pull.state === "open" ? baseTip(pull) : pull.base.sha;
  return mergeBase(pull.base.repository.store, tip, pull.head.sha);
}

export function baseTip(pull: Pull): string {
  return pull.base.repository.refs.get(`heads/${pull.base.ref}`) ?? pull.base.sha;
}

/** How many files the change touches, seen from the base as it is now. */
export function countFiles(pull: Pull): number {
  const { store } = pull.base.repository;
  const base = baseOfChange(pull);
  const before = base === undefined ? new Map() : filesOf(store, base);
  return diffFiles(before, filesOf(store, pull.head.sha)).length;
}
