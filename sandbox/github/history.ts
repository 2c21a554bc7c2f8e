// Questions about the history of commits: ancestors, merge bases, what lies between.
import { type Commit, commitOf, type GitStore } from "./objects.ts";

/** The commit itself and everything before it. */
function ancestors(store: GitStore, sha: string): Set<string> {
  const seen = new Set<string>();
  const waiting = [sha];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    waiting.push(...commitOf(store, next).parents);
  }
  return seen;
}

export function isAncestor(store: GitStore, older: string, newer: string): boolean {
  const target = commitOf(store, older);
  const seen = new Set<string>();
  const waiting = [newer];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next === older) return true;
    // Nothing below the older commit's generation can lead to it.
    if (seen.has(next) || commitOf(store, next).generation <= target.generation) continue;
    seen.add(next);
    waiting.push(...commitOf(store, next).parents);
  }
  return false;
}

/** The best common ancestor, undefined when the histories are unrelated. */
export function mergeBase(store: GitStore, a: string, b: string): string | undefined {
  const ofA = ancestors(store, a);
  let best: Commit | undefined;
  for (const sha of ancestors(store, b)) {
    if (!ofA.has(sha)) continue;
    const commit = commitOf(store, sha);
    if (!best || commit.generation > best.generation) best = commit;
  }
  return best?.sha;
}

/** Commits reachable from `to` and not from `from`, oldest first. */
export function commitsBetween(store: GitStore, from: string | undefined, to: string): Commit[] {
  const old = from === undefined ? new Set<string>() : ancestors(store, from);
  return [...ancestors(store, to)]
    .filter((sha) => !old.has(sha))
    .map((sha) => commitOf(store, sha))
    .sort((a, b) => a.generation - b.generation || (a.sha < b.sha ? -1 : 1));
}
