// The files of a commit, as git lists them: one request, and the last lists are remembered.

import type { Repository } from "../core/model/event.ts";
import type { Known } from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import type { CommitTree, Limited, TreeReader } from "../ports/tree.ts";
import { readBlob } from "./blob.ts";
import type { Client } from "./client.ts";
import { place, slug, unknown } from "./read.ts";
import * as shapes from "./shape.ts";

/**
 * A commit's files never change, so nothing is asked twice; kept in memory alone, for a list may have megabytes.
 * docs.github.com/rest/git/trees#get-a-tree: beyond 100,000 entries or 7 MB the list is truncated.
 */
export function openTrees(client: Client): TreeReader {
  const kept = new Map<string, CommitTree>();

  async function commitTree(
    repository: Repository,
    sha: string,
  ): Promise<Known<CommitTree> | Limited> {
    const key = `${slug(repository)}|${sha}`;
    const known = kept.get(key);
    if (known !== undefined) return { kind: "known", value: known };
    const answer = await client.read(
      repository.installation,
      (octokit) =>
        octokit.request("GET /repos/{owner}/{repo}/git/trees/{tree_sha}", {
          ...place(repository),
          tree_sha: sha,
          recursive: "1",
        }),
      shapes.wholeTree,
    );
    if (answer.kind === "limited") return answer;
    if (answer.kind !== "ok") return unknown(answer);
    const { tree, truncated } = answer.data;
    const entries = tree
      .filter(({ mode }) => mode !== "040000")
      .map(({ path, mode, sha }) => ({ path, mode, sha }));
    const value = { entries, whole: !truncated };
    kept.set(key, value);
    for (const oldest of kept.keys()) {
      if (kept.size <= limit.github.kept_trees) break;
      kept.delete(oldest);
    }
    return { kind: "known", value };
  }

  return {
    commitTree,
    async commitPaths(repository, sha) {
      const read = await commitTree(repository, sha);
      if (read.kind === "limited") return unknown(read);
      if (read.kind !== "known") return read;
      const { entries, whole } = read.value;
      return {
        kind: "known",
        value: { paths: entries.filter(isFile).map(({ path }) => path), whole },
      };
    },
    async blob(repository, sha) {
      const answer = await readBlob(client, repository, sha);
      if (answer.kind === "limited") return answer;
      if (answer.kind !== "ok") return unknown(answer);
      return { kind: "known", value: answer.data };
    },
  };
}

/** Neither a folder, nor a link, nor another repository. */
function isFile({ mode }: { readonly mode: string }): boolean {
  return mode.startsWith("100");
}
