// The three-way merge, on whole files: two different changes to one file are a conflict.
import type { FileEntry, Files } from "./objects.ts";

export type MergedFiles = { kind: "merged"; files: Files } | { kind: "conflict"; paths: string[] };

export function mergeFiles(base: Files, ours: Files, theirs: Files): MergedFiles {
  const files = new Map<string, FileEntry>();
  const conflicts: string[] = [];
  for (const path of new Set([...base.keys(), ...ours.keys(), ...theirs.keys()])) {
    const [b, o, t] = [base.get(path), ours.get(path), theirs.get(path)];
    const taken = same(o, t) || same(t, b) ? o : same(o, b) ? t : "conflict";
    if (taken === "conflict") conflicts.push(path);
    else if (taken) files.set(path, taken);
  }
  return conflicts.length > 0 ? { kind: "conflict", paths: conflicts } : { kind: "merged", files };
}

function same(a: FileEntry | undefined, b: FileEntry | undefined): boolean {
  return a?.sha === b?.sha && a?.mode === b?.mode;
}
