// Lists of patterns as one tree of what may come next, in which patterns share their beginnings.

import { limit } from "../model/limit.ts";
import { type Atom, parseGlob, type Segment } from "./glob-parse.ts";

type SetAtom = Extract<Atom, { kind: "set" }>;

/** A place between two parts of a pattern. */
export interface Node {
  readonly id: number;
  readonly letters: Map<string, Node>;
  /** After any one character but a slash. */
  any: Node | null;
  readonly sets: { readonly atom: SetAtom; readonly to: Node }[];
  /** The place of a `*` that may begin here; it costs no character. */
  star: Node | null;
  /** The place of a `**` that may begin here; it costs no character. */
  globstar: Node | null;
  /** Whether every character but a slash leads back here, as in the name that a `*` stands for. */
  loops: boolean;
  /** Where any character but a slash leads within a folder that a `**` stands for. */
  inside: Node | null;
  /** Where a slash leads at the end of such a folder. */
  folder: Node | null;
  /** The lists of which a pattern ends here, and those of which an exclude does. */
  readonly includes: number[];
  readonly excludes: number[];
}

export interface Automaton {
  readonly root: Node;
  readonly size: number;
  /** Steps that it took to make. */
  readonly cost: number;
}

/**
 * Stops where it costs more than a whole budget, so that anyone who counts its cost has none left.
 * Throws on a pattern in which `globProblem` finds a fault.
 */
export function compile(lists: readonly (readonly string[])[]): Automaton {
  const making = new Making();
  for (const [list, globs] of lists.entries())
    for (const glob of globs) {
      if (making.cost > limit.plan.steps) return making;
      making.add(glob, list);
    }
  return making;
}

/** The place before the first character. */
export function start({ root }: Automaton): Node[] {
  const nodes: Node[] = [];
  const add = (node: Node | null) => {
    if (node === null || nodes.includes(node)) return;
    nodes.push(node);
    add(node.star);
    add(node.globstar);
  };
  add(root);
  return nodes;
}

/** Leads nowhere. */
export const never = null;

/** In steps: it takes memory, too. */
const nodeCost = 3;

class Making implements Automaton {
  size = 0;
  cost = 0;
  readonly root: Node = this.#node();

  add(glob: string, list: number): void {
    const isExclude = glob.startsWith("!");
    const parsed = parseGlob(isExclude ? glob.slice(1) : glob);
    if (parsed.kind === "invalid") throw new Error(`the pattern ${glob} is invalid: ${parsed.why}`);
    for (const segments of parsed.alternatives) {
      const end = this.#path(segments);
      const ends = isExclude ? end.excludes : end.includes;
      if (!ends.includes(list)) ends.push(list);
    }
  }

  #path(segments: readonly Segment[]): Node {
    let node = this.root;
    for (const [index, segment] of segments.entries()) {
      this.cost += 1;
      if (segment.kind === "globstar") node = this.#globstar(node);
      else {
        for (const atom of segment.atoms) node = this.#atom(node, atom);
        if (index < segments.length - 1) node = this.#letter(node, "/");
      }
    }
    return node;
  }

  #atom(node: Node, atom: Atom): Node {
    this.cost += 1;
    switch (atom.kind) {
      case "letter":
        return this.#letter(node, atom.letter);
      case "any":
        node.any ??= this.#node();
        return node.any;
      case "star":
        if (node.star === null) {
          node.star = this.#node();
          node.star.loops = true;
        }
        return node.star;
      case "set": {
        const to = this.#node();
        node.sets.push({ atom, to });
        return to;
      }
    }
  }

  #letter(node: Node, letter: string): Node {
    let next = node.letters.get(letter);
    if (next === undefined) {
      next = this.#node();
      node.letters.set(letter, next);
    }
    return next;
  }

  /** Any number of folders, each with its slash. */
  #globstar(node: Node): Node {
    if (node.globstar === null) {
      const before = this.#node();
      const within = this.#node();
      before.inside = within;
      before.folder = before;
      within.loops = true;
      within.folder = before;
      node.globstar = before;
    }
    return node.globstar;
  }

  #node(): Node {
    this.cost += nodeCost;
    return {
      id: this.size++,
      letters: new Map(),
      any: null,
      sets: [],
      star: null,
      globstar: null,
      loops: false,
      inside: null,
      folder: null,
      includes: [],
      excludes: [],
    };
  }
}
