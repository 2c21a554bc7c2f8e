// Which file of a commit a report means: reports name files by the folder they ran in, and on the machine they ran on.

import { limit } from "./limit.ts";
import { withoutLast } from "./plain.ts";

export interface Location {
  /** Relative to the repository, with forward slashes. */
  readonly file: string;
  /** 1-based. */
  readonly line: number | null;
}

/** What a report says of where a test failed, as it says it. */
export interface Whereabouts {
  /** The test's file; null where it gave none. */
  readonly file: string | null;
  readonly line: number | null;
  /** Places in the trace, the likeliest first; at most `limit.report.frames`. */
  readonly frames: readonly Frame[];
  /** The folder that absolute paths are below; empty when it is not known. */
  readonly root: string;
}

export interface Frame {
  /** With forward slashes, absolute or not. */
  readonly path: string;
  readonly line: number;
  /** The file was named without its folder, which was taken from elsewhere or is lacking. */
  readonly bare: boolean;
}

/** The files of one commit, by path and by name. */
export interface FileTree {
  has(path: string): boolean;
  /** Null where there are too many to look through, or not all are known. */
  named(name: string): readonly string[] | null;
}

export interface CommitPaths {
  /** Of plain files, relative to the repository, with forward slashes. */
  readonly paths: readonly string[];
  /** False where there are more of them. */
  readonly whole: boolean;
}

export function fileTree(files: CommitPaths): FileTree {
  const all = new Set(files.paths);
  let names: Map<string, string[]> | null = null;
  return {
    has: (path) => all.has(path),
    named(name) {
      if (!files.whole) return null;
      names ??= Map.groupBy(files.paths, nameOf);
      const same = names.get(name) ?? [];
      return same.length > limit.report.same_name ? null : same;
    },
  };
}

/**
 * The file's place in the tree, or null where the tree has no such file or has several that it could be.
 * The report's own file counts before its trace, which has the line within it.
 * @param report Path of the report below the repository; its folders are where its runner may have been.
 */
export function placeIn(tree: FileTree, at: Whereabouts, report: string): Location | null {
  const { file, line, root, frames } = at;
  const found = file === null ? null : find({ tree, path: file, root, report, isSure: true });
  if (found !== null) {
    const within = frames.find((frame) =>
      frame.bare
        ? nameOf(frame.path) === nameOf(found)
        : find({ tree, path: frame.path, root, report, isSure: false }) === found,
    );
    return { file: found, line: within?.line ?? line };
  }
  for (const frame of frames) {
    if (foreign.test(frame.path)) continue;
    const isSure = frame.bare;
    const own = find({ tree, path: frame.path, root, report, isSure });
    if (own !== null) return { file: own, line: frame.line };
  }
  return null;
}

/** What others have written, in a folder of the repository. */
export const foreign =
  /(?:^|\/)(?:node_modules|site-packages|dist-packages|vendor|\.venv|venv|\.yarn|\.git)\//;

interface Search {
  readonly tree: FileTree;
  readonly path: string;
  readonly root: string;
  readonly report: string;
  /** It is a file of the repository. A frame of a trace may lie anywhere, and needs a folder in common. */
  readonly isSure: boolean;
}

function find({ tree, path, root, report, isSure }: Search): string | null {
  const below = relativePath(path, root);
  // A report may call a path absolute that begins at the repository, or be written in a folder of it.
  if (below !== null && isBelow(path, root) && tree.has(below)) return below;
  const segments = segmentsOf(path);
  if (segments === null) return null;
  if (!isAbsolute(path)) {
    const near = besides(tree, report, slashes(path));
    if (near !== null) return near;
  }
  const same = tree.named(segments.at(-1) ?? "");
  if (same === null) return null;
  if (isAbsolute(path)) return cut(same, segments, { isSure });
  const whole = segments.join("/");
  // Relative to a folder of the repository that is not told.
  const deeper = same.filter((one) => (isSure || segments.length > 1) && one.endsWith(`/${whole}`));
  // Or to one above it, as where the checkout is.
  const beside = same.filter((one) => one.includes("/") && whole.endsWith(`/${one}`));
  const [only, ...more] = [...deeper, ...beside];
  return only !== undefined && more.length === 0 ? only : null;
}

/**
 * Of another machine: what stands there before the repository, or before the folder of it that this machine had,
 * is cut. The one file that has the most of its folders in common.
 */
function cut(
  same: readonly string[],
  segments: readonly string[],
  { isSure }: Pick<Search, "isSure">,
): string | null {
  const shared = same.map((one) => {
    const own = one.split("/");
    const common = commonEnd(own, segments);
    return { one, common, isWhole: common === own.length };
  });
  const most = Math.max(0, ...shared.map(({ common }) => common));
  const [best, ...more] = shared.filter(({ common }) => common === most);
  if (best === undefined || more.length > 0) return null;
  // A file of the repository's own folder has nothing but its name in common.
  const isAlike = most >= 2 ? isSure || best.isWhole : isSure && best.isWhole && same.length === 1;
  return isAlike ? best.one : null;
}

/** From the report's own folder up to the repository's. */
function besides(tree: FileTree, report: string, path: string): string | null {
  const folders = report.split("/").slice(0, -1);
  for (let depth = folders.length; depth >= 0; depth -= 1) {
    const joined = relativePath([...folders.slice(0, depth), path].join("/"), "");
    if (joined !== null && tree.has(joined)) return joined;
  }
  return null;
}

function commonEnd(one: readonly string[], other: readonly string[]): number {
  let common = 0;
  while (common < one.length && one.at(-1 - common) === other.at(-1 - common)) common += 1;
  return common;
}

/** Without what leads out of a folder that is not known; null for what is no path of a file. */
function segmentsOf(path: string): readonly string[] | null {
  const segments: string[] = [];
  for (const segment of slashes(path)
    .replace(/^[A-Za-z]:\//, "/")
    .split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  const whole = segments.join("/");
  const isPath = whole !== "" && whole.length <= limit.report.path_chars && !whole.includes(":");
  return isPath ? segments : null;
}

/** The path below `root`, or null when it is somewhere else or no path at all. */
export function relativePath(path: string, root: string): string | null {
  const given = slashes(path);
  const base = baseOf(root);
  const absolute = isAbsolute(given);
  if (absolute && !isBelow(given, root)) return null;
  const segments: string[] = [];
  for (const segment of (absolute ? given.slice(base.length) : given).split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === ".." && segments.pop() === undefined) return null;
    if (segment !== "..") segments.push(segment);
  }
  const result = segments.join("/");
  // A colon is a URL or one of the runtime's own modules.
  return result === "" || result.length > limit.report.path_chars || result.includes(":")
    ? null
    : result;
}

function isBelow(path: string, root: string): boolean {
  const base = baseOf(root);
  return base !== "" && slashes(path).startsWith(`${base}/`);
}

function isAbsolute(path: string): boolean {
  return /^(?:\/|[A-Za-z]:\/)/.test(slashes(path));
}

function baseOf(root: string): string {
  return withoutLast(slashes(root), "/");
}

/** A path with forward slashes, however the runner writes it. */
export function slashes(path: string): string {
  return path
    .trim()
    .replace(/^file:\/\//, "")
    .replaceAll("%20", " ")
    .replaceAll("\\", "/")
    .replace(/^\/([A-Za-z]:\/)/, "$1");
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
