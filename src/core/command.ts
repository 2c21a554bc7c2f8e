// Slash commands: one table that is grammar, permission and help at once, and the reading of comments.

import { type Role, roles } from "./plan.ts";

export type Verb = "help" | "status" | "explain" | "verify" | "retry" | "stop";

export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "status" }
  | { readonly kind: "explain" }
  /** `sha` is lower case, 7 to 40 digits; null means the head. */
  | { readonly kind: "verify"; readonly sha: string | null }
  /** `stage` as written; null means every stage that failed. */
  | { readonly kind: "retry"; readonly stage: string | null }
  | { readonly kind: "stop" }
  | { readonly kind: "unknown"; readonly word: string; readonly nearest: Verb | null }
  | { readonly kind: "invalid"; readonly verb: Verb; readonly why: string };

export interface CommandRow {
  readonly verb: Verb;
  readonly usage: string;
  /** One sentence. */
  readonly help: string;
  /** Who may give it unless the plan says otherwise. */
  readonly roles: readonly Role[];
  readonly examples: readonly string[];
}

const everybody: readonly Role[] = roles;
const writers: readonly Role[] = roles.slice(roles.indexOf("write"));

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
    help: "Runs a failed verify part again, from the named stage where one is named.",
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
];

/** The commands that a reader of the comment would see as commands, in order. */
export function parseCommands(_body: string): readonly Command[] {
  return [];
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
