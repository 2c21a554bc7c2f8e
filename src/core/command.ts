// Slash commands: one table that is grammar, permission and help at once, and the reading of comments.

import { plainLines } from "./comment.ts";
import { limit } from "./limit.ts";
import { nearestWord } from "./nearest.ts";
import { type PartName, type Role, roles } from "./plan.ts";
import { stageName } from "./plan-name.ts";

export type Verb =
  | "help"
  | "status"
  | "explain"
  | "verify"
  | "retry"
  | "stop"
  | "rollback"
  | "approve";

export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "status" }
  | { readonly kind: "explain" }
  /** `sha` is lower case, 7 to 40 digits; null means the head. */
  | { readonly kind: "verify"; readonly sha: string | null }
  /** `stage` as written; null means the first that did not pass. A button is about its own pipeline alone. */
  | { readonly kind: "retry"; readonly stage: string | null; readonly pipeline?: string }
  | { readonly kind: "stop"; readonly pipeline?: string }
  /** `stage` null means the last that the newest release has reached, `to` null the commit before. */
  | {
      readonly kind: "rollback";
      readonly pipeline: string;
      readonly stage: string | null;
      readonly to: string | null;
    }
  | { readonly kind: "approve"; readonly pipeline: string; readonly stage: string | null }
  /** By a button, which names what its check showed: the stage by its place in the execution, from 0. */
  | {
      readonly kind: "approve";
      readonly pipeline: string;
      readonly stage: null;
      readonly shown: { readonly part: PartName; readonly attempt: number; readonly stage: number };
    }
  | { readonly kind: "unknown"; readonly word: string; readonly nearest: Verb | null }
  | { readonly kind: "invalid"; readonly verb: Verb; readonly why: string };

export interface CommandRow {
  readonly verb: Verb;
  /** What follows `/interlock`. */
  readonly usage: string;
  /** One sentence. */
  readonly help: string;
  /** Who may give it unless the plan says otherwise. */
  readonly roles: readonly Role[];
  readonly examples: readonly string[];
}

const everybody: readonly Role[] = roles;
const writers: readonly Role[] = roles.slice(roles.indexOf("write"));
const maintainers: readonly Role[] = roles.slice(roles.indexOf("maintain"));

export const commandTable: readonly CommandRow[] = [
  {
    verb: "help",
    usage: "help",
    help: "Lists the commands and who may give them.",
    roles: everybody,
    examples: ["/interlock help"],
  },
  {
    verb: "status",
    usage: "status",
    help: "Says where the pipelines of the pull request stand.",
    roles: everybody,
    examples: ["/interlock status"],
  },
  {
    verb: "explain",
    usage: "explain",
    help: "Says why the gate stands as it does, with the facts behind it.",
    roles: everybody,
    examples: ["/interlock explain"],
  },
  {
    verb: "verify",
    usage: "verify [<sha>]",
    help: "Starts the verify part for the head commit, which must be the one named where one is named.",
    roles: writers,
    examples: ["/interlock verify", "/interlock verify 3f9a1c7"],
  },
  {
    verb: "retry",
    usage: "retry [<stage>]",
    help: "Runs a failed verify part again, from the named stage or else from the first that did not pass.",
    roles: writers,
    examples: ["/interlock retry", "/interlock retry test", '/interlock retry "unit tests"'],
  },
  {
    verb: "stop",
    usage: "stop",
    help: "Stops what runs for the head commit.",
    roles: writers,
    examples: ["/interlock stop"],
  },
  {
    verb: "rollback",
    usage: "rollback <pipeline> [<stage>] [to <sha>]",
    help: "Brings the commit before, or the named one, back into a stage of the pipeline's release: the stage that the newest release has reached, unless one is named.",
    roles: maintainers,
    examples: [
      "/interlock rollback shop",
      "/interlock rollback shop Production",
      "/interlock rollback shop Production to 3f9a1c7",
    ],
  },
  {
    verb: "approve",
    usage: "approve <pipeline> <stage>",
    help: "Answers the approval that the running execution of the pipeline waits for in the stage.",
    roles: maintainers,
    examples: ["/interlock approve shop Production", '/interlock approve shop "Go live"'],
  },
];

/** The commands that a reader of the comment would see as commands, in order; the first few only. */
export function parseCommands(body: string): readonly Command[] {
  if (body.length > limit.command.comment_chars || !body.includes(mark)) return [];
  return plainLines(body)
    .flatMap((line) => parseLine(line) ?? [])
    .slice(0, limit.command.per_comment);
}

/** Whether the role is at least `write`. */
export function isWriter(role: Role | "none"): boolean {
  return role !== "none" && writers.includes(role);
}

/** Whether the role may give the command: by the plan where it names the verb, else by the table. */
export function mayGive(
  verb: Verb,
  role: Role | "none",
  overrides: Readonly<Record<string, readonly Role[]>>,
): boolean {
  if (role === "none") return false;
  const own = Object.hasOwn(overrides, verb) ? overrides[verb] : undefined;
  const allowed = own ?? commandTable.find((row) => row.verb === verb)?.roles ?? [];
  return allowed.includes(role);
}

/** Whether a command is about the pipeline; one that names none is about all. */
export function isAbout(command: Command, pipeline: string): boolean {
  if (command.kind !== "retry" && command.kind !== "stop") return true;
  return command.pipeline === undefined || command.pipeline === pipeline;
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
