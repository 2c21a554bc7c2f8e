// What files a commit has, for anyone who has to tell a path of the repository from any other one.

import type { Repository } from "../core/model/event.ts";
import type { Known } from "../core/model/fact.ts";
import type { CommitPaths } from "../core/model/place.ts";

/** Where GitHub's limit ends, in milliseconds since 1970. */
export type Limited = { readonly kind: "limited"; readonly until: number };

export interface CommitEntry {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  /** As git writes it: `100644`, `100755`, `120000` for a link, `160000` for a submodule; folders are left out. */
  readonly mode: string;
  /** Of the blob; of the commit for a submodule. */
  readonly sha: string;
}

export interface CommitTree {
  readonly entries: readonly CommitEntry[];
  /** False where there are more of them. */
  readonly whole: boolean;
}

export interface TreeReader {
  /** At most one request for a commit, as long as it is remembered. Never throws. */
  commitPaths(repository: Repository, sha: string): Promise<Known<CommitPaths>>;
  /** The same with what is in them. */
  commitTree(repository: Repository, sha: string): Promise<Known<CommitTree> | Limited>;
  /** The bytes of a blob, of up to 100 MB. Never throws. */
  blob(repository: Repository, sha: string): Promise<Known<Uint8Array> | Limited>;
}
