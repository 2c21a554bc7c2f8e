// Reads intentions as wishes: each command is granted, refused with a sentence, or not ruled on yet.

import {
  type Command,
  commandTable,
  isIntervention,
  mayGive,
  type Verb,
} from "../model/command.ts";
import type { Subject } from "../model/event.ts";
import type { Intention } from "../model/fact.ts";
import type { Plan } from "../model/plan.ts";

export interface Wish {
  readonly intention: Intention;
  readonly command: Command;
  readonly ruling:
    | { readonly kind: "granted" }
    | { readonly kind: "refused"; readonly why: string }
    /** The person's permission, or what they said, could not be read; asked again later. */
    | { readonly kind: "unknown" };
}

/** Every command that is not settled yet, in the order in which the wishes arrived. */
export function openWishes(question: {
  readonly intentions: readonly Intention[];
  readonly head: string;
  readonly fork: boolean;
  /** Null where none is in force: who may do what is then as the table says. */
  readonly plan: Plan | null;
  /** Present where the head was taken out of production: to run it again is to undo that, which takes who may do that. */
  readonly takenOut?: { readonly by: Plan | null; readonly isKnown: boolean };
}): readonly Wish[] {
  const consented = hasConsent(question.intentions, question.head);
  return question.intentions
    .filter((intention) => intention.outcome === null)
    .flatMap((intention) =>
      intention.commands.map((command) => {
        const ruling = rule({ intention, command, consented, ...question });
        return {
          intention,
          command,
          ruling: ruling.kind === "granted" ? readBack(intention, command) : ruling,
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
function readBack({ readBack: read, source }: Intention, command: Command): Wish["ruling"] {
  // Without a reading it would not be known what the command is about.
  if (read === null) return isIntervention(command) ? { kind: "unknown" } : { kind: "granted" };
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
  intentions: readonly Intention[],
  wishes: readonly Wish[],
  head: string,
): boolean {
  const granted = wishes.some(
    ({ command, ruling }) => command.kind === "verify" && ruling.kind === "granted",
  );
  return granted || hasConsent(intentions, head);
}

/** A re-run names no commit: whoever presses it need not have seen what it is about. */
function hasConsent(intentions: readonly Intention[], head: string): boolean {
  return intentions.some((intention) =>
    intention.commands.some(
      (command, index) =>
        command.kind === "verify" &&
        intention.outcome?.[index]?.kind === "done" &&
        command.sha === head,
    ),
  );
}

function rule(question: {
  readonly intention: Intention;
  readonly command: Command;
  readonly head: string;
  readonly fork: boolean;
  /** Whether somebody who may has named the head before. */
  readonly consented: boolean;
  readonly plan: Plan | null;
  readonly takenOut?: { readonly by: Plan | null; readonly isKnown: boolean };
}): Wish["ruling"] {
  const { intention, command, head, fork, consented, plan, takenOut } = question;
  if (command.kind === "unknown") {
    const hint = command.nearest === null ? "" : ` Did you mean /interlock ${command.nearest}?`;
    return refused(`There is no such command.${hint} /interlock help lists them.`);
  }
  if (command.kind === "invalid") return refused(command.why);
  if (intention.role.kind === "unknown") return { kind: "unknown" };
  if (!mayGive(command.kind, intention.role.value, plan?.commands ?? {}))
    return refused(mayNot(command.kind, plan));
  if (takenOut !== undefined && (command.kind === "verify" || command.kind === "retry")) {
    const { by, isKnown } = takenOut;
    const may = mayGive("rollback", intention.role.value, by?.commands ?? {});
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
      if (intention.source !== "comment" && intention.sha !== head) return bound(intention, head);
      if (fork && !consented && command.sha !== head)
        return refused(
          `The change comes from a fork: read it, then name the whole commit with /interlock verify ${head}.`,
        );
      if (command.sha !== null) return { kind: "granted" };
      return bound(intention, head);
    case "retry":
    case "stop":
      return bound(intention, head);
    // They are about what a pipeline has released or runs, not about the head.
    case "rollback":
    case "approve":
      return { kind: "granted" };
  }
}

/** A wish without a SHA is about the head that was known when it arrived, and about no other. */
function bound(intention: Intention, head: string): Wish["ruling"] {
  if (intention.sha === null)
    return refused(
      `Interlock did not know the head when this arrived. Say /interlock verify ${short(head)} to name it.`,
    );
  if (intention.sha !== head)
    return refused(
      `The head moved from ${short(intention.sha)} to ${short(head)} since; repeat it if it is meant for ${short(head)}.`,
    );
  return { kind: "granted" };
}

function mayNot(verb: Verb, plan: Plan | null): string {
  const own = plan !== null && Object.hasOwn(plan.commands, verb) ? plan.commands[verb] : undefined;
  const allowed = own ?? commandTable.find((row) => row.verb === verb)?.roles ?? [];
  return `You need one of these roles on the repository: ${allowed.join(", ")}.`;
}

function refused(why: string): Wish["ruling"] {
  return { kind: "refused", why };
}

function short(sha: string): string {
  return sha.slice(0, 7);
}
