// Patterns for paths and branches. Matching takes time in proportion to the pattern times the path:
// anybody may open a pull request with a path made to keep a backtracking matcher busy for minutes.

import { parseGlob, type Segment } from "./glob-parse.ts";

export type Matcher = (path: string) => boolean;

/**
 * Whether a pattern matches the path and no exclude (`!pattern`) does, in whatever order they stand.
 * Throws on a pattern in which `globProblem` finds a fault.
 */
export function matcher(globs: readonly string[]): Matcher {
  const excluded = anyOf(globs.filter(isExclude).map((glob) => glob.slice(1)));
  const included = anyOf(globs.filter((glob) => !isExclude(glob)));
  return (path) => {
    const segments = path.split("/").map((segment) => [...segment]);
    return included(segments) && !excluded(segments);
  };
}

/** What is wrong with a pattern, as a sentence; null where nothing is. */
export function globProblem(glob: string): string | null {
  const parsed = parseGlob(isExclude(glob) ? glob.slice(1) : glob);
  return parsed.kind === "invalid" ? parsed.why : null;
}

export function isExclude(glob: string): boolean {
  return glob.startsWith("!");
}

type Path = readonly (readonly string[])[];

function anyOf(globs: readonly string[]): (path: Path) => boolean {
  const alternatives = globs.flatMap((glob) => {
    const parsed = parseGlob(glob);
    if (parsed.kind === "invalid") throw new Error(`the pattern ${glob} is invalid: ${parsed.why}`);
    return parsed.alternatives;
  });
  return (path) => alternatives.some((segments) => matchPath(segments, path));
}

function matchPath(segments: readonly Segment[], path: Path): boolean {
  return matchAll({
    pattern: segments,
    text: path,
    isStar: (segment) => segment.kind === "globstar",
    matches: (segment, name) => segment.kind === "name" && matchName(segment, name),
  });
}

function matchName(segment: Extract<Segment, { kind: "name" }>, name: readonly string[]): boolean {
  return matchAll({
    pattern: segment.atoms,
    text: name,
    isStar: (atom) => atom.kind === "star",
    matches: (atom, letter) => {
      if (atom.kind === "letter") return atom.letter === letter;
      if (atom.kind === "set")
        return atom.ranges.some(([low, high]) => low <= letter && letter <= high) !== atom.negated;
      return true;
    },
  });
}

/**
 * Matches a sequence in which some members stand for any number of others. It is enough to go
 * back to the last of these, for whatever an earlier one could take over the last can take, too.
 */
function matchAll<P, T>(question: {
  readonly pattern: readonly P[];
  readonly text: readonly T[];
  readonly isStar: (member: P) => boolean;
  readonly matches: (member: P, item: T) => boolean;
}): boolean {
  const { pattern, text, isStar, matches } = question;
  let at = 0;
  let index = 0;
  let star: { readonly at: number; index: number } | null = null;
  while (index < text.length) {
    const member = pattern[at];
    const item = text[index];
    if (member !== undefined && isStar(member)) {
      star = { at, index };
      at += 1;
    } else if (member !== undefined && item !== undefined && matches(member, item)) {
      at += 1;
      index += 1;
    } else if (star !== null) {
      star.index += 1;
      at = star.at + 1;
      index = star.index;
    } else return false;
  }
  return pattern.slice(at).every(isStar);
}
