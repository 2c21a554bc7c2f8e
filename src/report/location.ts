// Where a test failed, by what its report says: the file that it names, and the places in its trace.

import { limit } from "../core/model/limit.ts";
import {
  type Frame,
  foreign,
  type Location,
  relativePath,
  slashes,
  type Whereabouts,
} from "../core/model/place.ts";

interface Hint {
  /** What the report gave as the test's file, in whatever form. */
  readonly file: string | undefined;
  readonly line: string | number | undefined;
  readonly trace: string;
  /** The folder that absolute paths are below; empty when it is not known. */
  readonly root: string;
}

/** All that can tell the place, for anyone who knows the files of the commit. */
export function whereabouts({ file, line, trace, root }: Hint): Whereabouts {
  return {
    file: file === undefined || file.length > limit.report.path_chars ? null : slashes(file),
    line: lineOf(line),
    frames: inOrder(framesOf(trace))
      .filter(({ path }) => path.length <= limit.report.path_chars)
      .slice(0, limit.report.frames),
    root,
  };
}

/**
 * The place as the report alone tells it, whether there is such a file or not.
 * The line in the trace is where it went wrong; the report's own line is where the test begins.
 * So the report's file wins, and within that file the trace's line.
 */
export function locate({ file, line, frames, root }: Whereabouts): Location | null {
  const known = file === null ? null : relativePath(file, root);
  if (known === null) return guess(frames, root);
  const within = frames.find((frame) =>
    // A Java frame carries only the name of its file.
    frame.bare
      ? known.split("/").at(-1) === frame.path.split("/").at(-1)
      : relativePath(frame.path, root) === known,
  );
  return { file: known, line: within?.line ?? line };
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
    if (whole) return frame(whole, text);
    for (const token of text.split(/[\s()'"<>`,]+/)) {
      const match = plainToken.exec(token);
      if (match) return frame(match, text);
    }
    return [];
  });
}

function frame([, path = "", digits]: RegExpExecArray, text: string): Frame[] {
  const found = frameAt(path, digits);
  return found.map((one) => (one.bare ? { ...one, path: `${packageOf(text)}${one.path}` } : one));
}

function frameAt(path: string, digits: string | undefined): Frame[] {
  const line = lineOf(digits);
  // Java and Go print file names without their folder.
  const bare = /\.(?:java|kts?|scala|groovy|go)$/.test(path) && !/[\\/]/.test(path);
  return line === null ? [] : [{ path: slashes(path), line, bare }];
}

/** A frame of Java names the class, and the file lies in the folders of its package. */
function packageOf(text: string): string {
  const called = /(?:^|[\s/])([\w$]+(?:\.[\w$<>]+)+)\([^()]*\)\s*$/.exec(text)?.[1];
  const folders = called?.split(".").slice(0, -2) ?? [];
  return folders.map((folder) => `${folder}/`).join("");
}

function guess(frames: readonly Frame[], root: string): Location | null {
  for (const frame of frames) {
    const file = frame.bare ? null : relativePath(frame.path, root);
    if (file !== null && !foreign.test(file)) return { file, line: frame.line };
  }
  return null;
}

/** Python prints the innermost frame last, everybody else first. */
function inOrder(frames: readonly Frame[]): readonly Frame[] {
  return frames.some((frame) => frame.path.endsWith(".py")) ? frames.toReversed() : frames;
}

function lineOf(line: string | number | undefined): number | null {
  const value = Number(line);
  return Number.isSafeInteger(value) && value >= 1 && value < 2 ** 31 ? value : null;
}
