// Slash commands: one table that is grammar, permission and help at once.

import { type PartName, type Role, roles } from "./plan.ts";

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

/** Commands that are carried out on a pull request that is closed as well. */
export function isProductionCommand({ kind }: Command): boolean {
  return kind === "rollback" || kind === "approve";
}
