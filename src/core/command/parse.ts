// Reads the slash commands of a comment, by the table of commands.

import { type Command, commandTable, type Verb } from "../model/command.ts";
import { limit } from "../model/limit.ts";
import { stageName } from "../model/name.ts";
import { nearestWord } from "../model/nearest.ts";
import { plainLines } from "./comment.ts";

/** The commands that a reader of the comment would see as commands, in order; the first few only. */
export function parseCommands(body: string): readonly Command[] {
  if (body.length > limit.command.comment_chars || !body.includes(mark)) return [];
  return plainLines(body)
    .flatMap((line) => parseLine(line) ?? [])
    .slice(0, limit.command.per_comment);
}

const mark = "/interlock";

const verbs = commandTable.map((row) => row.verb);

function parseLine(line: string): Command | undefined {
  const [first, word = "help", ...rest] = line.split(/[ \t]+/);
  if (first !== mark) return undefined;
  const verb = commandTable.find((row) => row.verb === word.toLowerCase())?.verb;
  if (verb === undefined)
    return {
      kind: "unknown",
      word: word.slice(0, limit.command.word_chars),
      nearest: nearestWord(word, verbs),
    };
  switch (verb) {
    case "help":
    case "status":
    case "explain":
    case "stop":
      if (rest.length === 0) return { kind: verb };
      return invalid(verb, `\`${mark} ${verb}\` takes no argument.`);
    case "verify":
      return parseVerify(rest);
    case "retry":
      return parseRetry(rest);
    case "rollback":
      return parseRollback(rest);
    case "approve":
      return parseApprove(rest);
  }
}

function parseVerify(args: readonly string[]): Command {
  const [sha] = args;
  if (sha === undefined) return { kind: "verify", sha: null };
  if (args.length === 1 && /^[0-9a-f]{7,40}$/i.test(sha))
    return { kind: "verify", sha: sha.toLowerCase() };
  return invalid(
    "verify",
    `\`${mark} verify\` takes at most one argument, a commit by 7 to 40 hexadecimal digits.`,
  );
}

function parseRetry(args: readonly string[]): Command {
  const [name, ...more] = unquoted(args);
  if (name === undefined) return { kind: "retry", stage: null };
  const stage = [name, ...more].join(" ");
  if (!stageName.test(stage))
    return invalid(
      "retry",
      `\`${mark} retry\` takes the name of a stage as the plan has it: letters, digits, spaces, dots, underscores and hyphens.`,
    );
  if (more.length > 0)
    return invalid("retry", `Put a name with spaces in quotes: \`${mark} retry "${stage}"\`.`);
  return { kind: "retry", stage };
}

function parseRollback(args: readonly string[]): Command {
  const words = unquoted(args);
  const at = words.length - 2;
  const named = at > 0 && words[at]?.toLowerCase() === "to";
  const [pipeline = "", stage = null, ...more] = named ? words.slice(0, at) : words;
  const to = named ? (words[at + 1] ?? "").toLowerCase() : null;
  const isClear = to === null || /^[0-9a-f]{7,40}$/.test(to);
  if (!isNames([pipeline, ...(stage === null ? [] : [stage])]) || more.length > 0 || !isClear)
    return invalid(
      "rollback",
      `\`${mark} rollback\` takes the name of a pipeline as the plan has it, then perhaps a stage, then perhaps \`to\` and a commit by 7 to 40 hexadecimal digits: \`${mark} rollback shop Production to 3f9a1c7\`. Names with spaces stand in quotes.`,
    );
  return { kind: "rollback", pipeline, stage, to };
}

function parseApprove(args: readonly string[]): Command {
  const [pipeline = "", stage = "", ...more] = unquoted(args);
  if (!isNames([pipeline, stage]) || more.length > 0)
    return invalid(
      "approve",
      `\`${mark} approve\` takes the name of a pipeline and of the stage that waits, as the plan has them: \`${mark} approve shop Production\`. Names with spaces stand in quotes.`,
    );
  return { kind: "approve", pipeline, stage };
}

/** Pipelines and stages are named by the same rule. */
function isNames(names: readonly string[]): boolean {
  return names.every((name) => stageName.test(name));
}

/** What stands in quotes is one word. Phones and macOS turn straight quotes into curly ones while people type. */
function unquoted(args: readonly string[]): readonly string[] {
  const word = /"([^"]*)"(?!\S)|'([^']*)'(?!\S)|“([^“”]*)”(?!\S)|‘([^‘’]*)’(?!\S)|(\S+)/g;
  return [...args.join(" ").matchAll(word)].map(
    ([whole, ...groups]) => groups.find((group) => group !== undefined) ?? whole,
  );
}

function invalid(verb: Verb, why: string): Command {
  return { kind: "invalid", verb, why };
}
