// Reads the words behind a command with util.parseArgs, and says in a sentence what is wrong with them.

import { parseArgs } from "node:util";
import { nearestWord } from "../core/model/nearest.ts";

/** The command line says something that cannot be meant: exit code 2. */
export class Misused extends Error {
  override name = "Misused";
}

export interface Grammar {
  /** As people call it, such as `npm run audit`. */
  readonly call: string;
  /** By name; a value or only there. */
  readonly options?: Readonly<Record<string, "value" | "flag">>;
  /** What the one word is that it takes besides options; without it none is taken. */
  readonly word?: string;
}

export interface Words {
  /** Those that were given. */
  readonly values: Readonly<Record<string, string>>;
  readonly word: string | null;
  readonly help: boolean;
}

/** Throws `Misused`. */
export function readWords(grammar: Grammar, args: readonly string[]): Words {
  const kinds: Readonly<Record<string, "value" | "flag">> = { ...grammar.options, help: "flag" };
  const names = Object.keys(kinds);
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: {
      ...Object.fromEntries(
        Object.entries(kinds).map(([name, kind]) => [
          name,
          { type: kind === "value" ? ("string" as const) : ("boolean" as const) },
        ]),
      ),
      help: { type: "boolean", short: "h" },
    },
  });
  const values: Record<string, string> = {};
  const words: string[] = [];
  let help = false;
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName } = token;
    const kind = kinds[name];
    if (kind === undefined) throw new Misused(unknownOption(grammar, rawName, names));
    if (kind === "flag" && token.value !== undefined)
      throw new Misused(`--${name} takes no value.`);
    if (kind === "value" && isMissing(token))
      throw new Misused(`--${name} needs a value, such as --${name}=VALUE.`);
    if (values[name] !== undefined) throw new Misused(`--${name} is given twice.`);
    if (name === "help") help = true;
    else values[name] = token.value ?? "";
  }
  const most = grammar.word === undefined ? 0 : 1;
  const extra = words[most];
  if (!help && extra !== undefined)
    throw new Misused(
      most === 0
        ? `${grammar.call} takes no “${extra}”.`
        : `${grammar.call} takes one ${grammar.word}, and “${extra}” besides is too much.`,
    );
  return { values, word: words[0] ?? null, help };
}

function isMissing(token: {
  readonly value?: string | undefined;
  readonly inlineValue?: unknown;
}): boolean {
  // What looks like the next option is one: its value was forgotten.
  return (
    token.value === undefined ||
    token.value === "" ||
    (token.inlineValue !== true && token.value.startsWith("-"))
  );
}

function unknownOption({ call }: Grammar, given: string, names: readonly string[]): string {
  const near = nearestWord(given.replace(/^-+/, ""), names);
  return `${call} has no option ${given}.${near === null ? "" : ` Did you mean --${near}?`}`;
}
