// What changed between two trees, as GitHub lists it.

import { type LineDiff, lineDiff } from "./line-diff.ts";
import { perOwner } from "./model.ts";
import { blobOf, type FileEntry, type Files, type GitStore } from "./objects.ts";

export type FileDiff = {
  path: string;
  status: "added" | "removed" | "modified" | "renamed";
  previous: string | undefined;
  /** The blob after the change; for a removed file the one before. */
  sha: string;
  before: string | undefined;
  after: string | undefined;
};

export function diffFiles(before: Files, after: Files): FileDiff[] {
  const removed = new Map<string, string[]>();
  for (const [path, entry] of before)
    if (!after.has(path)) removed.set(key(entry), [...(removed.get(key(entry)) ?? []), path]);

  const out: FileDiff[] = [];
  const renamedFrom = new Set<string>();
  for (const [path, entry] of after) {
    const old = before.get(path);
    if (old && key(old) === key(entry)) continue;
    const previous = old ? undefined : removed.get(key(entry))?.shift();
    if (previous !== undefined) renamedFrom.add(previous);
    const status = old ? "modified" : previous === undefined ? "added" : "renamed";
    const was = old?.sha ?? (previous === undefined ? undefined : entry.sha);
    out.push({ path, status, previous, sha: entry.sha, before: was, after: entry.sha });
  }
  for (const [path, entry] of before) {
    if (after.has(path) || renamedFrom.has(path)) continue;
    out.push({
      path,
      status: "removed",
      previous: undefined,
      sha: entry.sha,
      before: entry.sha,
      after: undefined,
    });
  }
  return out.sort((a, b) => (a.path < b.path ? -1 : 1));
}

export function linesOf(store: GitStore, diff: FileDiff): LineDiff {
  const key = `${diff.before}:${diff.after}`;
  const known = compared(store).get(key);
  if (known) return known;
  const text = (sha: string | undefined) => (sha === undefined ? "" : blobText(store, sha));
  const lines = lineDiff(text(diff.before), text(diff.after));
  compared(store).set(key, lines);
  return lines;
}

// The same change is shown many times over: in lists, in webhooks, in each look at it.
const compared = perOwner<GitStore, Map<string, LineDiff>>(() => new Map());

function blobText(store: GitStore, sha: string): string {
  const blob = blobOf(store, sha);
  // A zero byte is what git itself goes by to call a file binary.
  return blob.includes(0) ? "" : blob.toString("utf8");
}

function key(entry: FileEntry): string {
  return `${entry.mode}:${entry.sha}`;
}
