// Reads command requests: each command is granted, refused with a sentence, or not ruled on yet.

import {
  type Command,
  commandTable,
  isProductionCommand,
  mayGive,
  type Verb,
} from "../model/command.ts";
import type { Subject } from "../model/event.ts";
import type { CommandRequest } from "../model/fact.ts";
import type { Plan } from "../model/plan.ts";

export interface PendingCommand {
  readonly request: CommandRequest;
  readonly command: Command;
  readonly authorization:
    | { readonly kind: "granted" }
    | { readonly kind: "refused"; readonly why: string }
    /** The person's permission, or what they said, could not be read; asked again later. */
    | { readonly kind: "unknown" };
}

/** Every command that is not settled yet, in the order in which the requests arrived. */
export function authorizeCommands(question: {
  readonly requests: readonly CommandRequest[];
  readonly head: string;
  readonly fork: boolean;
  /** Null where none is in force: who may do what is then as the table says. */
  readonly plan: Plan | null;
  /** Present where the head was taken out of production: to run it again is to undo that, which takes who may do that. */
  readonly takenOut?: { readonly by: Plan | null; readonly isKnown: boolean };
}): readonly PendingCommand[] {
  const consented = hasConsent(question.requests, question.head);
  return question.requests
    .filter((request) => request.outcome === null)
    .flatMap((request) =>
      request.commands.map((command) => {
        const authorization = rule({ request, command, consented, ...question });
        return {
          request,
          command,
          authorization:
            authorization.kind === "granted" ? readBack(request, command) : authorization,
        };
      }),
    );
}

/** Whether the command may change what is in production, or is on its way there, when given on such a subject. */
export function touchesProduction(subject: Subject["kind"], { kind }: Command): boolean {
  switch (kind) {
    case "rollback":
    case "approve":
      return true;
    // Of a landed commit it is the release that they are about.
    case "verify":
    case "retry":
    case "stop":
      return subject === "commit";
    case "help":
    case "status":
    case "explain":
    case "unknown":
    case "invalid":
      return false;
  }
}

/** What touches production has to stand at GitHub as it was told: an event alone can be old, or taken back. */
function readBack(
  { readBack: read, source }: CommandRequest,
  command: Command,
): PendingCommand["authorization"] {
  // Without a reading it would not be known what the command is about.
  if (read === null)
    return isProductionCommand(command) ? { kind: "unknown" } : { kind: "granted" };
  if (read.kind === "unknown") return { kind: "unknown" };
  const what = source === "comment" ? "comment" : "check";
  switch (read.value) {
    case "same":
      return { kind: "granted" };
    case "absent":
      return refused(`GitHub does not show the ${what} any more that this was asked with.`);
    case "changed":
      return refused(
        source === "comment"
          ? "The comment is not as it was written. Write it again as a new one."
          : "The check is not as it was when this was asked. Look at it again.",
      );
  }
}

/** Whether a person who may has asked for this very commit of a fork to be run. */
export function forkAllowed(
  requests: readonly CommandRequest[],
  pendingCommands: readonly PendingCommand[],
  head: string,
): boolean {
  const granted = pendingCommands.some(
    ({ command, authorization }) => command.kind === "verify" && authorization.kind === "granted",
  );
  return granted || hasConsent(requests, head);
}

/** A re-run names no commit: anyone who presses it need not have seen what it is about. */
function hasConsent(requests: readonly CommandRequest[], head: string): boolean {
  return requests.some((request) =>
    request.commands.some(
      (command, index) =>
        command.kind === "verify" &&
        request.outcome?.[index]?.kind === "done" &&
        command.sha === head,
    ),
  );
}

function rule(question: {
  readonly request: CommandRequest;
  readonly command: Command;
  readonly head: string;
  readonly fork: boolean;
  /** Whether somebody who may has named the head before. */
  readonly consented: boolean;
  readonly plan: Plan | null;
  readonly takenOut?: { readonly by: Plan | null; readonly isKnown: boolean };
}): PendingCommand["authorization"] {
  const { request, command, head, fork, consented, plan, takenOut } = question;
  if (command.kind === "unknown") {
    const hint = command.nearest === null ? "" : ` Did you mean /interlock ${command.nearest}?`;
    return refused(`There is no such command.${hint} /interlock help lists them.`);
  }
  if (command.kind === "invalid") return refused(command.why);
  if (request.role.kind === "unknown") return { kind: "unknown" };
  if (!mayGive(command.kind, request.role.value, plan?.commands ?? {}))
    return refused(mayNot(command.kind, plan));
  if (takenOut !== undefined && (command.kind === "verify" || command.kind === "retry")) {
    const { by, isKnown } = takenOut;
    const may = mayGive("rollback", request.role.value, by?.commands ?? {});
    if (!may && !isKnown) return { kind: "unknown" };
    if (!may)
      return refused(
        `${short(head)} was rolled back, and this would undo that, so it takes who may roll back. ${mayNot("rollback", by)}`,
      );
  }
  switch (command.kind) {
    case "help":
    case "status":
    case "explain":
      return { kind: "granted" };
    case "verify":
      if (command.sha !== null && !head.startsWith(command.sha))
        return refused(`The head is ${short(head)}, not ${short(command.sha)}.`);
      // Another commit with the same first digits is made in minutes, so a stranger's is named whole.
      if (request.source !== "comment" && request.sha !== head) return bound(request, head);
      if (fork && !consented && command.sha !== head)
        return refused(
          `The change comes from a fork: read it, then name the whole commit with /interlock verify ${head}.`,
        );
      if (command.sha !== null) return { kind: "granted" };
      return bound(request, head);
    case "retry":
    case "stop":
      return bound(request, head);
    // They are about what a pipeline has released or runs, not about the head.
    case "rollback":
    case "approve":
      return { kind: "granted" };
  }
}

/** A request without a SHA is about the head that was known when it arrived, and about no other. */
function bound(request: CommandRequest, head: string): PendingCommand["authorization"] {
  if (request.sha === null)
    return refused(
      `Interlock did not know the head when this arrived. Say /interlock verify ${short(head)} to name it.`,
    );
  if (request.sha !== head)
    return refused(
      `The head moved from ${short(request.sha)} to ${short(head)} since; repeat it if it is meant for ${short(head)}.`,
    );
  return { kind: "granted" };
}

function mayNot(verb: Verb, plan: Plan | null): string {
  const own = plan !== null && Object.hasOwn(plan.commands, verb) ? plan.commands[verb] : undefined;
  const allowed = own ?? commandTable.find((row) => row.verb === verb)?.roles ?? [];
  return `You need one of these roles on the repository: ${allowed.join(", ")}.`;
}

function refused(why: string): PendingCommand["authorization"] {
  return { kind: "refused", why };
}

function short(sha: string): string {
  return sha.slice(0, 7);
}
