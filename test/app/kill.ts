// What people do to a repository while the program is killed again and again.

import type { CommentHandle, PullHandle } from "../../sandbox/github/pull-handle.ts";
import type { Random } from "../../sandbox/github/random.ts";
import type { RepositoryHandle } from "../../sandbox/github/repository-handle.ts";

export interface Actors {
  readonly pulls: readonly PullHandle[];
  readonly comments: readonly Asked[];
  /** What was merged, as commits of the main branch. */
  readonly landed: readonly string[];
  /** Somebody does something, as the seed says. */
  act(): void;
  open(): PullHandle;
  merge(pull: PullHandle): void;
}

export interface Asked {
  readonly pull: PullHandle;
  readonly comment: CommentHandle;
}

export function gather(shop: RepositoryHandle, random: Random): Actors {
  const pulls: PullHandle[] = [];
  const comments: Asked[] = [];
  const landed: string[] = [];
  let files = 0;
  // No two changes touch the same file, so that every merge is possible.
  const change = (branch: string) => {
    files += 1;
    shop.commit({ branch, files: { [`src/${files}.js`]: `${files}\n` } });
  };
  const open = () => {
    const head = `branch-${pulls.length}`;
    change(head);
    const pull = shop.openPull({ head });
    pulls.push(pull);
    return pull;
  };
  return {
    pulls,
    comments,
    landed,
    open,
    merge(pull) {
      const merged = pull.merge("boss");
      if (merged.kind === "refused") throw new Error(merged.message);
      landed.push(merged.sha);
    },
    act() {
      const standing = pulls.filter(({ state }) => state === "open");
      const pull = standing[Math.floor(random.next() * standing.length)];
      const chance = random.next();
      if (pull === undefined || chance < 0.25) open();
      else if (chance < 0.5) change(pull.data.head.ref);
      else if (chance < 0.65) comments.push(ask(pull, "verify"));
      else if (chance < 0.92) comments.push(ask(pull, "status"));
      else pull.close("dev");
    },
  };
}

function ask(pull: PullHandle, command: string): Asked {
  return { pull, comment: pull.comment("dev", `/interlock ${command}`) };
}
