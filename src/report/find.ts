// Finds the files of a workspace that a glob means, without following links.

import { opendir, realpath } from "node:fs/promises";
import { join, posix } from "node:path";
import { limit } from "../core/model/limit.ts";
import { globProblem, matcher, openSteps } from "../core/plan/glob.ts";
import { failureOf } from "./open.ts";

export type Found =
  | { readonly kind: "found" /** Sorted. */; readonly paths: readonly string[] }
  | { readonly kind: "refused"; readonly why: string };

/** Links are found like files, so that anyone who opens them can say why they are not read. */
export async function find(
  root: string,
  pattern: string,
  most_entries: number = limit.report.entries,
): Promise<Found> {
  const glob = pattern.replace(/^(?:\.\/)+/, "");
  if (glob.startsWith("/") || glob.split("/").includes("..")) {
    return { kind: "refused", why: "leaves the workspace" };
  }
  if (!special.test(glob)) return { kind: "found", paths: [posix.normalize(glob)] };
  const problem = globProblem(glob);
  if (problem !== null) return { kind: "refused", why: `is no pattern: ${problem}` };
  const folders = glob.split("/");
  const base = folders
    .slice(
      0,
      folders.findIndex((folder) => special.test(folder)),
    )
    .join("/");
  return await search({ root, glob, base, most_entries });
}

/** What makes a pattern of a name. A brace can stand for a slash, so its folder is searched. */
const special = /[*?[\]{}!]/;

interface Search {
  readonly root: string;
  readonly glob: string;
  /** The part of the glob that is a plain folder. */
  readonly base: string;
  readonly most_entries: number;
}

async function search({ root, glob, base, most_entries }: Search): Promise<Found> {
  const matches = matcher([glob], openSteps(limit.report.steps));
  const paths: string[] = [];
  const folders = [base];
  let entries = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const opened = await openFolder(join(root, folder));
    if (opened.kind === "refused") return opened;
    if (opened.kind === "gone") continue;
    for await (const entry of opened.dir) {
      entries += 1;
      if (entries > most_entries) {
        return { kind: "refused", why: `looks at more than ${most_entries} files` };
      }
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!unsearched.has(entry.name)) folders.push(path);
      } else {
        const found = matches(path);
        if (found === null) return { kind: "refused", why: "takes too long to be matched" };
        if (found) paths.push(path);
      }
    }
    if (paths.length > limit.report.files) {
      return { kind: "refused", why: `matches more than ${limit.report.files} files` };
    }
  }
  return { kind: "found", paths: paths.sort() };
}

/** Large, and never where a stage puts its reports. */
const unsearched = new Set(["node_modules", ".git"]);

async function openFolder(path: string) {
  try {
    // The folder that a pattern names may itself be a link to anywhere.
    if ((await realpath(path)) !== path) {
      return { kind: "refused", why: "goes through a symbolic link" } as const;
    }
    return { kind: "open", dir: await opendir(path) } as const;
  } catch (error) {
    const trouble = failureOf(error);
    if (trouble === null) throw error;
    return trouble;
  }
}
