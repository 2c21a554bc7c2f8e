// What files a commit has, for whoever has to tell a path of the repository from any other one.

import type { Repository } from "../core/event.ts";
import type { Known } from "../core/fact.ts";
import type { CommitPaths } from "../core/place.ts";

export interface TreeReader {
  /** At most one request for a commit, as long as it is remembered. Never throws. */
  commitPaths(repository: Repository, sha: string): Promise<Known<CommitPaths>>;
}
