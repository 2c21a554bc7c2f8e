// Reads hostile YAML: only maps with text keys, lists and plain values come through, each with its place.

import {
  type Alias,
  Composer,
  isAlias,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  Parser,
} from "yaml";
import { limit } from "../model/limit.ts";
import type { PlanProblem } from "../model/plan.ts";
import type { Entry, Located, Place } from "./position.ts";
import { yamlSentence } from "./yaml-sentence.ts";
import { type Fault, tokenFault } from "./yaml-token.ts";

export interface YamlReading {
  /** Null where the text is no document; then there are problems. */
  readonly root: Located | null;
  readonly problems: readonly PlanProblem[];
}

export function readYaml(given: string): YamlReading {
  const text = given.startsWith("\ufeff") ? given.slice(1) : given;
  const lines = new LineCounter();
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const broken = (faults: readonly Fault[]): YamlReading => ({
    root: null,
    problems: faults.map(({ offset, message }) => ({ ...at(offset), path: "", message })),
  });

  const size = sizeFault(text);
  if (size !== null) return broken([{ offset: 0, message: size }]);
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  const fault = characterFault(text) ?? tokenFault(tokens);
  if (fault !== null) return broken([fault]);
  const [document] = new Composer({ schema: "core", uniqueKeys: false }).compose(
    tokens,
    true,
    text.length,
  );
  const errors = document?.errors ?? [];
  if (errors.length > 0)
    return firstOfEachLine(
      broken(errors.map((error) => ({ offset: error.pos[0], message: yamlSentence(error) }))),
    );
  const contents = document?.contents ?? null;
  if (contents === null) return broken([{ offset: 0, message: emptyPlan }]);
  return new Walk(at).read(contents);
}

/** The further errors of a line mostly come from the first. */
function firstOfEachLine(reading: YamlReading): YamlReading {
  const seen = new Set<number>();
  const problems = reading.problems.filter(({ line }) => !seen.has(line) && seen.add(line));
  return { ...reading, problems };
}

/** For a file with nothing in it, and for one without pipelines. */
export const emptyPlan =
  "An empty plan protects nothing: name at least one pipeline, or delete the file.";

function sizeFault(text: string): string | null {
  const most = limit.plan.bytes;
  // A character takes at least one byte, so a long text need not be encoded to be refused.
  const bytes = text.length > most ? text.length : new TextEncoder().encode(text).length;
  if (bytes <= most) return null;
  return `The file is larger than ${most / 1024} KiB (${Math.ceil(bytes / 1024)} KiB at least); a plan has a few.`;
}

/** Also characters that change the order of what a reader sees, so that a command reads as it runs. */
function characterFault(text: string): Fault | null {
  const offset = text.search(unreadable);
  if (offset < 0) return null;
  const code = text.charCodeAt(offset).toString(16).toUpperCase().padStart(4, "0");
  return {
    offset,
    message: `The character U+${code} cannot be seen by a reader; remove it.`,
  };
}

/** Whether a text holds characters that a plan must not, also where an escape brings them in. */
export function isUnreadable(text: string): boolean {
  return unreadable.test(text);
}

const unreadable =
  /[^\P{Cc}\t\n\r]|[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/u;

/** Goes through a document once. What it does not take it reports, and goes on with the rest. */
class Walk {
  readonly #at: (offset: number) => Place;
  readonly #problems: PlanProblem[] = [];
  readonly #anchors = new Map<string, Located>();
  #aliases = 0;
  /** Something stands where its value is not known, so there is no use in judging the values. */
  #unread = false;

  constructor(at: (offset: number) => Place) {
    this.#at = at;
  }

  read(contents: ParsedNode): YamlReading {
    const root = this.#node(contents);
    if (root.size > limit.plan.nodes)
      return {
        root: null,
        problems: [
          {
            ...root.place,
            path: "",
            message: `With every alias spelled out the plan has more than ${limit.plan.nodes} values; use fewer aliases.`,
          },
        ],
      };
    return { root: this.#unread ? null : root, problems: this.#problems };
  }

  #node(node: ParsedNode): Located {
    const place = this.#at(node.range[0]);
    if (isAlias(node)) return this.#alias(node.source, place);
    if (node.tag !== undefined)
      this.#unreadable(place, "A plan knows no tags; remove the word with the exclamation mark.");
    const located = this.#plain(node, place);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, located);
    return located;
  }

  #plain(node: Exclude<ParsedNode, Alias.Parsed>, place: Place): Located {
    if (isScalar(node)) return { kind: "scalar", place, size: 1, value: node.value };
    if (isSeq(node)) {
      const items = node.items.map((item) => this.#node(item));
      return { kind: "list", place, size: sum(items), items };
    }
    const entries = new Map<string, Entry>();
    for (const { key, value } of node.items) {
      const name = this.#key(key, entries);
      const keyPlace = this.#at(key.range[0]);
      const located: Located =
        value === null
          ? { kind: "scalar", place: keyPlace, size: 1, value: null }
          : this.#node(value);
      if (name !== null) entries.set(name, { key: keyPlace, value: located });
    }
    return {
      kind: "map",
      place,
      size: sum([...entries.values()].map(({ value }) => value)),
      entries,
    };
  }

  /** The key as text; null where it is none, or is one that stands there already. */
  #key(key: ParsedNode, entries: ReadonlyMap<string, Entry>): string | null {
    const place = this.#at(key.range[0]);
    if (!isScalar(key) || typeof key.value !== "string") {
      this.#report(place, "A key must be text; put it in quotes.");
      return null;
    }
    if (key.tag !== undefined || key.anchor !== undefined) {
      this.#report(place, "A key must be plain text, without a tag or an anchor.");
      return null;
    }
    if (key.value === "__proto__" || key.value === "<<") {
      this.#report(place, `A plan knows no key "${key.value}"; write out what it stands for.`);
      return null;
    }
    const first = entries.get(key.value);
    if (first === undefined) return key.value;
    this.#report(
      place,
      `"${key.value.slice(0, 60)}" stands here twice, first on line ${first.key.line}; remove one.`,
    );
    return null;
  }

  #alias(name: string, place: Place): Located {
    this.#aliases += 1;
    const target = this.#anchors.get(name);
    if (this.#aliases > limit.plan.aliases) {
      if (this.#aliases === limit.plan.aliases + 1)
        this.#unreadable(place, `A plan may use at most ${limit.plan.aliases} aliases.`);
    } else if (target === undefined)
      this.#unreadable(place, "The alias names no anchor that ends above it.");
    else return target;
    return { kind: "scalar", place, size: 1, value: null };
  }

  #unreadable(place: Place, message: string): void {
    this.#unread = true;
    this.#report(place, message);
  }

  #report(place: Place, message: string): void {
    this.#problems.push({ ...place, path: "", message });
  }
}

function sum(parts: readonly Located[]): number {
  return parts.reduce((total, part) => total + part.size, 1);
}
