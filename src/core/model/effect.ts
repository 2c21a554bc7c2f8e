// What Interlock wants to be true of the outside world, and the writes that make it so.

import type { Outcome } from "./fact.ts";
import type { Part, PartName } from "./plan.ts";
import type { ReasonCode } from "./reason.ts";
import type { StopReason } from "./stop.ts";

export interface Annotation {
  readonly path: string;
  readonly line: number;
  readonly level: "notice" | "warning" | "failure";
  readonly title: string;
  readonly message: string;
}

export interface CheckAction {
  /** GitHub allows 20 characters. */
  readonly label: string;
  /** 40 characters. */
  readonly description: string;
  /** 20 characters. */
  readonly identifier: string;
}

export type CheckState =
  | { readonly status: "in_progress" }
  | {
      readonly status: "completed";
      readonly conclusion: "success" | "failure" | "action_required" | "cancelled";
    };

/** A check run as it should be. */
export interface CheckWanted {
  readonly sha: string;
  readonly name: string;
  /** The subject's key, by which a button on the check finds its subject again. */
  readonly externalId: string;
  readonly state: CheckState;
  readonly title: string;
  readonly summary: string;
  readonly text: string;
  readonly annotations: readonly Annotation[];
  readonly actions: readonly CheckAction[];
  /** What a person has to do for it to go on; null where it goes on by itself. GitHub is not told. */
  readonly awaits: ReasonCode | null;
}

/** A check run as the ledger says it is. */
export interface CheckPresent {
  readonly sha: string;
  readonly name: string;
  /** Null while a create was started and its answer is not recorded. */
  readonly id: number | null;
  readonly content: CheckWanted;
  readonly sentAt: number;
}

/** One execution that should exist. */
export interface RunWanted {
  readonly key: string;
  readonly pipeline: string;
  readonly part: PartName;
  readonly sha: string;
  readonly attempt: number;
  readonly cause: string;
  readonly spec: Part;
}

/** A commit to be taken out of a stage. */
export interface RollbackWanted {
  /** The same for the same request. */
  readonly key: string;
  readonly pipeline: string;
  readonly spec: Part;
  readonly stage: string;
  /** Key of the release whose commit is taken out, and that commit. */
  readonly execution: string;
  readonly from: string;
  /** The commit to bring back, by its first digits or whole; null for the one before. */
  readonly to: string | null;
  /** Commits that may come back. */
  readonly among: readonly string[];
  readonly actor: string;
}

/** A stage that waits for a person, who has spoken. */
export interface ApprovalWanted {
  /** The same for the same request. */
  readonly key: string;
  readonly execution: string;
  readonly stage: string;
  readonly actor: string;
}

/** The answer to a comment. */
export interface AnswerWanted {
  /** Key of the request. */
  readonly key: string;
  readonly body: string;
}

/** What became of a command request for this subject. */
export interface CommandResult {
  /** Key of the request. */
  readonly key: string;
  readonly outcome: readonly Outcome[];
}

/** An answer as the ledger says it is. */
export interface AnswerPresent {
  readonly key: string;
  readonly id: number | null;
  readonly body: string;
}

export type Effect =
  | { readonly kind: "start"; readonly key: string; readonly run: RunWanted }
  | {
      readonly kind: "stop";
      readonly key: string;
      readonly execution: string;
      readonly reason: StopReason;
    }
  | {
      readonly kind: "retry";
      readonly key: string;
      readonly execution: string;
      readonly stage: string;
    }
  | { readonly kind: "approve"; readonly key: string; readonly approval: ApprovalWanted }
  | { readonly kind: "rollback"; readonly key: string; readonly rollback: RollbackWanted }
  | {
      readonly kind: "create_check";
      readonly key: string;
      readonly check: CheckWanted;
      /** A create of this name and commit was started before and its answer lost: find it first. */
      readonly unconfirmed: boolean;
    }
  | {
      readonly kind: "update_check";
      readonly key: string;
      readonly id: number;
      readonly check: CheckWanted;
      /** Those that GitHub does not have yet: it adds what an update sends. */
      readonly annotations: readonly Annotation[];
    }
  | {
      readonly kind: "create_answer";
      readonly key: string;
      readonly request: string;
      readonly body: string;
      readonly unconfirmed: boolean;
    }
  | {
      readonly kind: "update_answer";
      readonly key: string;
      readonly request: string;
      readonly id: number;
      readonly body: string;
    };
