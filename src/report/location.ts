// Where a test failed: a path below the repository and a line, or nothing.

import { limit } from "../core/limit.ts";

export interface Location {
  /** Relative to the repository, with forward slashes. */
  readonly file: string;
  /** 1-based. */
  readonly line: number | null;
}

interface Hint {
  /** What the report gave as the test's file, in whatever form. */
  readonly file: string | undefined;
  readonly line: string | number | undefined;
  readonly trace: string;
  /** The folder that absolute paths are below; empty when it is not known. */
  readonly root: string;
}

/**
 * The line in the trace is where it went wrong; the report's own line is where the test begins.
 * So the report's file wins, and within that file the trace's line.
 */
export function locate(hint: Hint): Location | null {
  const frames = framesOf(hint.trace);
  const known = hint.file === undefined ? null : relativePath(hint.file, hint.root);
  if (known === null) return guess(frames, hint.root);
  const within = pick(
    frames.filter((frame) =>
      // A Java frame carries only the name of its file.
      frame.bare
        ? known.split("/").at(-1) === frame.path
        : relativePath(frame.path, hint.root) === known,
    ),
  );
  return { file: known, line: within?.line ?? lineOf(hint.line) };
}

/** The path below `root`, or null when it is somewhere else or no path at all. */
export function relativePath(path: string, root: string): string | null {
  const given = slashes(path);
  const base = slashes(root).replace(/\/+$/, "");
  const absolute = /^(?:\/|[A-Za-z]:\/)/.test(given);
  if (absolute && (base === "" || !given.startsWith(`${base}/`))) return null;
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

function slashes(path: string): string {
  return path
    .trim()
    .replace(/^file:\/\//, "")
    .replaceAll("%20", " ")
    .replaceAll("\\", "/")
    .replace(/^\/([A-Za-z]:\/)/, "$1");
}

interface Frame {
  readonly path: string;
  readonly line: number;
  /** Only the file's name is known, so it can confirm a path but not be one. */
  readonly bare: boolean;
}

const sources =
  "[cm]?[jt]sx?|vue|svelte|py|rb|php|go|rs|java|kts?|scala|groovy|cs|fs|vb|cc?|cpp|cxx|hh?|hpp|swift|mm?|dart|exs?|erl|cljs?|hs|lua|p[lm]|t|sh|bats|feature";
const python = /^\s*File "([^"]+)", line (\d{1,9})/;
const dotnet = / in ((?:(?! in ).)+):line (\d{1,9})\s*$/;
/** In words, as IBM describes it and linters write it: a line with the file, and one with the line. */
const stated = /^\s*File: ?(\S.*)$/;
const statedLine = /^\s*Line: ?(\d{1,9})\s*$/;
const bracketed = new RegExp(String.raw`\(([^()]+\.(?:${sources})):(\d{1,9})(?::\d{1,9})?\)`);
const plainToken = new RegExp(String.raw`^(.*?\.(?:${sources})):(\d{1,9})(?!\d)`);

/** No pattern looks at a character more than a few times, so a hostile trace costs only its length. */
function framesOf(trace: string): Frame[] {
  const lines = trace.split("\n");
  return lines.flatMap((line, at) => {
    const text = line.slice(0, 1000);
    const file = stated.exec(text)?.[1];
    const number = file && statedLine.exec((lines[at + 1] ?? "").slice(0, 100))?.[1];
    if (file && number) return frameAt(file.trim(), number);
    const whole = python.exec(text) ?? dotnet.exec(text) ?? bracketed.exec(text);
    if (whole) return frame(whole);
    for (const token of text.split(/[\s()'"<>`,]+/)) {
      const match = plainToken.exec(token);
      if (match) return frame(match);
    }
    return [];
  });
}

function frame([, path = "", digits]: RegExpExecArray): Frame[] {
  return frameAt(path, digits);
}

function frameAt(path: string, digits: string | undefined): Frame[] {
  const line = lineOf(digits);
  // Java and Go print file names without their folder.
  const bare = /\.(?:java|kts?|scala|groovy|go)$/.test(path) && !/[\\/]/.test(path);
  return line === null ? [] : [{ path, line, bare }];
}

function guess(frames: readonly Frame[], root: string): Location | null {
  const own = frames.flatMap((frame) => {
    const file = frame.bare ? null : relativePath(frame.path, root);
    return file === null || foreign.test(file) ? [] : [{ path: file, line: frame.line }];
  });
  const best = pick(own);
  return best === undefined ? null : { file: best.path, line: best.line };
}

const foreign =
  /(?:^|\/)(?:node_modules|site-packages|dist-packages|vendor|\.venv|venv|\.yarn|\.git)\//;

/** Python prints the innermost frame last, everybody else first. */
function pick<T extends { readonly path: string }>(frames: readonly T[]): T | undefined {
  return frames.some((frame) => frame.path.endsWith(".py")) ? frames.at(-1) : frames[0];
}

function lineOf(line: string | number | undefined): number | null {
  const value = Number(line);
  return Number.isSafeInteger(value) && value >= 1 && value < 2 ** 31 ? value : null;
}
