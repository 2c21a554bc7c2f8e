// Reads one pattern: `*`, `**`, `?`, `[a-z]`, `[!a-z]` and `{a,b}`; all else stands for itself.

import { limit } from "../model/limit.ts";

export type Segment =
  /** `**`: any number of segments. */
  { readonly kind: "globstar" } | { readonly kind: "name"; readonly atoms: readonly Atom[] };

export type Atom =
  | { readonly kind: "letter"; readonly letter: string }
  | { readonly kind: "any" }
  | { readonly kind: "star" }
  | {
      readonly kind: "set";
      readonly negated: boolean;
      readonly ranges: readonly (readonly [low: string, high: string])[];
    };

export type GlobParse =
  | { readonly kind: "valid"; readonly alternatives: readonly (readonly Segment[])[] }
  /** `why` is a sentence. */
  | { readonly kind: "invalid"; readonly why: string };

/** Reads a pattern without its `!`. Braces become alternatives. */
export function parseGlob(glob: string): GlobParse {
  const fault = shapeFault(glob);
  if (fault !== null) return { kind: "invalid", why: fault };
  const spelled = spellOut(glob);
  if (typeof spelled === "string") return { kind: "invalid", why: spelled };
  const alternatives: Segment[][] = [];
  for (const text of spelled) {
    const segments: Segment[] = [];
    for (const part of text.split("/")) {
      const segment = parseSegment(part);
      if (typeof segment === "string") return { kind: "invalid", why: segment };
      segments.push(segment);
    }
    // `docs/**` stands for what is in docs, not for a file of that name.
    if (segments.at(-1)?.kind === "globstar")
      segments.push({ kind: "name", atoms: [{ kind: "star" }] });
    alternatives.push(segments);
  }
  return { kind: "valid", alternatives };
}

function shapeFault(glob: string): string | null {
  if (glob === "") return "A pattern must not be empty.";
  if (glob.length > limit.plan.glob_chars)
    return `A pattern has at most ${limit.plan.glob_chars} characters.`;
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(glob))
    return "A pattern must not hold control characters or characters that cannot be seen.";
  if (glob.trim() !== glob) return "A pattern must not begin or end with a space.";
  if (glob.includes("\\")) return "Use / between folders; a pattern knows no backslash.";
  if (glob.startsWith("!")) return "A pattern is excluded by one ! in front.";
  if (/[@+!?*]\(/.test(glob)) return "Patterns such as @(a|b) are not known here; use {a,b}.";
  return null;
}

/** Every text that the braces stand for, or a sentence about what is wrong with them. */
function spellOut(glob: string): readonly string[] | string {
  const done: string[] = [];
  const waiting = [glob];
  for (let text = waiting.shift(); text !== undefined; text = waiting.shift()) {
    const braces = firstBraces(text);
    if (typeof braces === "string") return braces;
    if (braces === null) done.push(text);
    else {
      const { from, to, options } = braces;
      const before = text.slice(0, from);
      const after = text.slice(to);
      waiting.push(...options.map((option) => before + option + after));
    }
    if (done.length + waiting.length > limit.plan.glob_alternatives)
      return `The braces of a pattern may stand for at most ${limit.plan.glob_alternatives} alternatives.`;
  }
  return done;
}

function firstBraces(
  text: string,
):
  | { readonly from: number; readonly to: number; readonly options: readonly string[] }
  | string
  | null {
  const options: string[] = [];
  let from = -1;
  let depth = 0;
  let begin = 0;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (letter === "[") {
      const end = text.indexOf("]", at);
      if (end > 0) at = end;
    } else if (letter === "{") {
      if (depth === 0) {
        from = at;
        begin = at + 1;
      }
      depth += 1;
    } else if (letter === "," && depth === 1) {
      options.push(text.slice(begin, at));
      begin = at + 1;
    } else if (letter === "}") {
      if (depth === 0) return "A } has no { before it.";
      depth -= 1;
      if (depth > 0) continue;
      if (options.length === 0) return "Braces need alternatives with a comma between them: {a,b}.";
      return { from, to: at + 1, options: [...options, text.slice(begin, at)] };
    }
  }
  return depth > 0 ? "A { has no } after it." : null;
}

function parseSegment(part: string): Segment | string {
  if (part === "**") return { kind: "globstar" };
  if (part === "")
    return "A pattern is relative and has something between its slashes: docs/**, not /docs/.";
  if (part === "." || part === "..") return "A pattern must not hold . or .. as a folder.";
  if (part.includes("**")) return "Two stars stand between slashes: **/*.md, not **.md.";
  const atoms: Atom[] = [];
  for (const [token] of part.matchAll(/\[[!^]?[^\]]*\]?|[^[]/gsu)) {
    if (token === "*") atoms.push({ kind: "star" });
    else if (token === "?") atoms.push({ kind: "any" });
    else if (token.startsWith("[")) {
      const set = parseSet(token);
      if (typeof set === "string") return set;
      atoms.push(set);
    } else atoms.push({ kind: "letter", letter: token });
  }
  return { kind: "name", atoms };
}

function parseSet(token: string): Atom | string {
  const match = /^\[([!^]?)([^\]]+)\]$/su.exec(token);
  if (match === null) return "A [ needs at least one character and a ] after it.";
  const [, not, members = ""] = match;
  if (members.includes("[:")) return "Classes such as [[:digit:]] are not known here; use [0-9].";
  const ranges: (readonly [string, string])[] = [];
  for (const [, low = "", high = low] of members.matchAll(/(.)(?:-(.))?/gsu)) {
    if (high < low) return `The range ${low}-${high} is the wrong way round.`;
    ranges.push([low, high]);
  }
  return { kind: "set", negated: not !== "", ranges };
}
