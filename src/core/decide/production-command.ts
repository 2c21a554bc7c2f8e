// A command that acts on production, and the answers that need no engine.

import type { PendingCommand } from "../command/request.ts";
import type { ApprovalWanted, RollbackWanted } from "../model/effect.ts";
import type { Facts, Outcome } from "../model/fact.ts";
import type { Part, Plan } from "../model/plan.ts";
import { code, prose } from "../render/markdown.ts";

export interface ProductionCommand {
  readonly pendingCommand: PendingCommand;
  /** Null while the engine has not answered. Its commit is the one that it is about, where there is one. */
  readonly become: Outcome | null;
  readonly rollback: RollbackWanted | null;
  readonly approval: ApprovalWanted | null;
}

export type Ask<K extends "rollback" | "approve"> = {
  readonly pendingCommand: PendingCommand;
  readonly command: Extract<PendingCommand["command"], { kind: K }>;
};

/** The same key asks for the same. */
export function keyOf({ request, command }: PendingCommand): string {
  return `${request.key}|${request.commands.indexOf(command)}`;
}

export function nothing(pendingCommand: PendingCommand): ProductionCommand {
  return { pendingCommand, become: null, rollback: null, approval: null };
}

/** `next` is Markdown already. */
export function refused(pendingCommand: PendingCommand, why: string, next = ""): ProductionCommand {
  return {
    ...nothing(pendingCommand),
    become: { kind: "refused", text: prose(why) + next, sha: null },
  };
}

export function noPipeline({ pipelines }: Plan, named: string): string {
  return `The plan has no pipeline ${named}; it has ${pipelines.map(({ name }) => name).join(", ")}.`;
}

export function noStage(pipeline: string, spec: Part, named: string): string {
  return `The release of ${pipeline} has no stage ${named}; it has ${spec.stages.map(({ name }) => name).join(", ")}.`;
}

export function stageCalled(spec: Part, named: string): string | null {
  return spec.stages.find(({ name }) => isCalled(name, named))?.name ?? null;
}

export function isCalled(name: string, as: string): boolean {
  return name.toLowerCase() === as.toLowerCase();
}

export function short(sha: string): string {
  return sha.slice(0, 7);
}

/** Nobody alone decides that what they wrote goes to production; null where nothing stands against it. */
export function authorship(
  { authors }: Facts,
  plan: Plan,
  of: {
    readonly pendingCommand: PendingCommand;
    readonly verb: "approve" | "rollback";
    readonly sha: string;
  },
): ProductionCommand | null {
  const { pendingCommand, verb, sha } = of;
  if (authors === undefined || plan.byAuthor?.includes(verb) === true) return null;
  const reading = authors.find((one) => one.key === keyOf(pendingCommand))?.reading;
  if (reading === undefined) return nothing(pendingCommand);
  switch (reading.kind) {
    case "unknown":
      return nothing(pendingCommand);
    case "cut":
      return refused(
        pendingCommand,
        `Who wrote what would go out with ${short(sha)} cannot be told: ${reading.why}`,
        ` To go on no matter who wrote it, let the plan say ${code("not_author: false")} for ${verb}.`,
      );
    case "known": {
      const { actor } = pendingCommand.request;
      if (!reading.value.some((login) => login.toLowerCase() === actor.toLowerCase())) return null;
      return refused(
        pendingCommand,
        `${actor} wrote a part of what would go out with ${short(sha)}, so somebody else has to say ${verb}.`,
      );
    }
  }
}
