// Patterns for paths and branches: lists of them become one automaton, and what it may take is counted.
// Anybody may open a pull request with paths made to keep a matcher busy, and a plan may be as hostile.

import { limit } from "../model/limit.ts";
import { type Automaton, compile, type Node, never, start } from "./glob-automaton.ts";
import { parseGlob } from "./glob-parse.ts";

/** What matching may still take, shared by all that are given it. Below zero it has run out. */
export interface Steps {
  left: number;
}

/** One budget for all patterns and paths of one pass. A step is about 50 ns. */
export function openSteps(most: number = limit.plan.steps): Steps {
  return { left: most };
}

/** Null where the steps ran out: it is not known whether the path matches. */
export type Matcher = (path: string) => boolean | null;

/**
 * Whether a pattern matches the path and no exclude (`!pattern`) does, in whatever order they stand.
 * Throws on a pattern in which `globProblem` finds a fault.
 */
export function matcher(globs: readonly string[], steps: Steps = openSteps()): Matcher {
  const matching = matchLists(compile([globs]), steps);
  return (path) => {
    const lists = matching(path);
    return lists === null ? null : lists.length > 0;
  };
}

/** The indexes of the lists that match the path, ascending; null where the steps ran out. */
export type ListMatcher = (path: string) => readonly number[] | null;

/**
 * Matches paths against many lists at once. Which patterns are still possible after a beginning of a
 * path is worked out once, so that what most paths cost does not depend on the number of patterns.
 * The automaton's own making is counted each time, however often it is used: what is decided must
 * not depend on what was decided before.
 */
export function matchLists(automaton: Automaton, steps: Steps): ListMatcher {
  steps.left -= automaton.cost;
  const states = new Map<string, State>();
  const seen = new Uint32Array(automaton.size);
  let turn = 0;
  const first = stateOf(start(automaton));
  /** Where the path before this one led, by its characters: neighbours mostly share their folders. */
  let before = "";
  let trail: State[] = [first];

  return (path) => {
    if (steps.left < 0) return null;
    let at = sharedLength(before, path);
    let state = trail[at] ?? first;
    trail.length = at + 1;
    before = path;
    while (at < path.length && state.nodes.length > 0) {
      const letter = String.fromCodePoint(path.codePointAt(at) ?? 0);
      steps.left -= 1;
      state = state.next.get(letter) ?? follow(state, letter);
      if (steps.left < 0) {
        before = "";
        trail = [first];
        return null;
      }
      // The second half of a pair is no place to begin from.
      for (let half = 0; half < letter.length; half += 1) trail.push(state);
      at += letter.length;
    }
    if (at < path.length) before = path.slice(0, at);
    state.lists ??= listsOf(state.nodes);
    return at < path.length ? [] : state.lists;
  };

  function follow(from: State, letter: string): State {
    const nodes: Node[] = [];
    turn += 1;
    for (const node of from.nodes) {
      steps.left -= 1;
      if (letter !== "/") {
        add(nodes, node.any);
        if (node.loops) add(nodes, node);
        add(nodes, node.inside);
        for (const { atom, to } of node.sets) {
          steps.left -= atom.ranges.length;
          const within = atom.ranges.some(([low, high]) => low <= letter && letter <= high);
          if (within !== atom.negated) add(nodes, to);
        }
      } else add(nodes, node.folder);
      add(nodes, node.letters.get(letter) ?? never);
      if (steps.left < 0) break;
    }
    const state = stateOf(nodes);
    from.next.set(letter, state);
    return state;
  }

  /** With everything that it stands for without a further character. */
  function add(nodes: Node[], node: Node | null): void {
    for (let one = node; one !== null && seen[one.id] !== turn; ) {
      seen[one.id] = turn;
      nodes.push(one);
      steps.left -= 1;
      add(nodes, one.star);
      one = one.globstar;
    }
  }

  function stateOf(nodes: Node[]): State {
    steps.left -= nodes.length;
    nodes.sort((one, other) => one.id - other.id);
    const key = nodes.map(({ id }) => id).join();
    let state = states.get(key);
    if (state === undefined) {
      state = { nodes, next: new Map(), lists: null };
      states.set(key, state);
    }
    return state;
  }
}

/** What is wrong with a pattern, as a sentence; null where nothing is. */
export function globProblem(glob: string): string | null {
  let problem = problems.get(glob);
  if (problem === undefined) {
    const parsed = parseGlob(isExclude(glob) ? glob.slice(1) : glob);
    problem = parsed.kind === "invalid" ? parsed.why : null;
    if (problems.size >= limit.plan.globs_known) problems.clear();
    problems.set(glob, problem);
  }
  return problem;
}

/** A plan repeats its patterns: by aliases, and because several rules ask about the same one. */
const problems = new Map<string, string | null>();

export function isExclude(glob: string): boolean {
  return glob.startsWith("!");
}

/** Where some patterns are after some characters. */
interface State {
  readonly nodes: readonly Node[];
  readonly next: Map<string, State>;
  /** The lists that match what ends here; null until somebody asks. */
  lists: readonly number[] | null;
}

function listsOf(nodes: readonly Node[]): readonly number[] {
  const excluded = new Set(nodes.flatMap((node) => node.excludes));
  const included = new Set(nodes.flatMap((node) => node.includes));
  return [...included].filter((list) => !excluded.has(list)).sort((one, other) => one - other);
}

function sharedLength(one: string, other: string): number {
  const most = Math.min(one.length, other.length);
  let length = 0;
  while (length < most && one.charCodeAt(length) === other.charCodeAt(length)) length += 1;
  // Half a character is none.
  const last = one.charCodeAt(length - 1);
  return length > 0 && last >= 0xd800 && last <= 0xdbff ? length - 1 : length;
}
