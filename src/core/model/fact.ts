// Everything a decision may know: one snapshot of a subject, taken by `flow/gather`.

import type { Command } from "./command.ts";
import type { DriftReport, OutOfBandChange } from "./drift.ts";
import type { Origin, Subject } from "./event.ts";
import type { ExecutionState } from "./execution.ts";
import type { Part, PartName, PlanParse, Role } from "./plan.ts";
import type { ProductionPlace } from "./production-place.ts";
import type { ReportReading } from "./report.ts";

/** A reading of the outside world. Unknown is never good news. */
export type Known<T> =
  | { readonly kind: "known"; readonly value: T }
  | { readonly kind: "unknown"; readonly why: string };

export interface Pull {
  readonly number: number;
  readonly state: "open" | "closed";
  readonly merged: boolean;
  readonly draft: boolean;
  readonly author: string;
  readonly head: { readonly sha: string; readonly ref: string };
  readonly base: { readonly ref: string };
  readonly defaultBranch: string;
  /** The head lives in another repository, or that repository is gone. */
  readonly fork: boolean;
  readonly changedFiles: number;
  /** GitHub's id of the repository, where that has the name by which it was asked for. */
  readonly repository?: number;
}

/** A plan as read at one place. `blob` is the git blob of the file, by which a reader can check it. */
export type PlanReading =
  | { readonly kind: "absent" }
  | { readonly kind: "unknown"; readonly why: string }
  | { readonly kind: "read"; readonly blob: string; readonly parse: PlanParse };

/** Changed paths, a rename by both its names. `cut` where GitHub does not list them all, which waiting does not fix. */
export type Files = Known<readonly string[]> | { readonly kind: "cut"; readonly why: string };

/** How a commit stands to an earlier one, and the paths that changed between them. */
export interface Comparison {
  /** `behind` and `identical`: the earlier one contains it already. */
  readonly relation: "ahead" | "behind" | "diverged" | "identical";
  readonly files: Files;
}

export type StageState =
  | "pending"
  | "running"
  /** Nothing of it runs until a person approves. */
  | "waiting"
  | "succeeded"
  | "failed"
  | "skipped"
  | "stopped"
  | "unknown";

export interface StageFact {
  readonly name: string;
  readonly state: StageState;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** A sentence from the engine about what went wrong; empty while nothing did. */
  readonly why: string;
  /** The last lines that the stage printed, bounded, secrets of ours never in it. */
  readonly output: string;
  readonly reports: readonly ReportReading[];
}

/** What became of one request to act on a stage of an execution: to run it again from there, or to approve it. */
export interface ActFact {
  /** The effect's key, which names the request that asked. */
  readonly key: string;
  readonly stage: string;
  readonly state: "done" | "refused";
  readonly why: string;
  /** When the engine answered; a deadline counts from here again. */
  readonly at: number;
}

/** One run of one part of a pipeline for one commit. Times are milliseconds since 1970. */
export interface Execution {
  readonly key: string;
  readonly pipeline: string;
  readonly part: PartName;
  readonly sha: string;
  /** 1, then counting up for the same subject, pipeline, part and commit. */
  readonly attempt: number;
  /** Why it was started: `auto`, or the key of the request that asked for it. */
  readonly cause: string;
  /** What it was told to run, as the plan said then. */
  readonly spec: Part;
  readonly engineId: string | null;
  readonly state: ExecutionState;
  readonly why: string;
  readonly stages: readonly StageFact[];
  readonly createdAt: number;
  readonly endedAt: number | null;
  /** Set once a stop was asked of the engine; the reason code that it was asked for. */
  readonly stopReason: string | null;
  /** Why the engine would not stop it; null where it did not say so. */
  readonly stopRefused: string | null;
  readonly retries: readonly ActFact[];
  readonly approvals: readonly ActFact[];
  /** What was done to it from outside; once found, it stays. */
  readonly outOfBandChanges: readonly OutOfBandChange[];
  /** When it was looked around after its end; null where it was not yet. */
  readonly surveyedAt: number | null;
}

/** What was found in the engine's own pipeline beside the executions that Interlock started. */
export interface DriftFact {
  readonly pipeline: string;
  readonly part: PartName;
  readonly reading: Known<DriftReport>;
  /** Whether it was made for this look, rather than being what was known. */
  readonly fresh: boolean;
}

/** A commit taken out of a stage again: an execution of its own, which is no run of that commit. */
export interface Rollback {
  readonly key: string;
  readonly pipeline: string;
  readonly stage: string;
  /** Key of the release whose commit is taken out, and that commit. */
  readonly execution: string;
  readonly from: string;
  /** What was asked for; null for whatever was there before. */
  readonly to: string | null;
  /** What is brought back; null until the engine has said. */
  readonly sha: string | null;
  /** The stage is before the one where the plan ends, so that the commit is still there. Absent where nobody has said so. */
  readonly stays?: true;
  readonly actor: string;
  readonly spec: Part;
  readonly engineId: string | null;
  readonly state: ExecutionState;
  readonly why: string;
  readonly createdAt: number;
  readonly endedAt: number | null;
}

/** A request of a person as stored, with what was found out about the person when it was first read. */
export interface CommandRequest {
  readonly key: string;
  readonly source: "comment" | "rerequest" | "button";
  readonly actor: string;
  readonly comment: number | null;
  readonly commands: readonly Command[];
  /** The head known when the request arrived; null where we had never seen the pull request. */
  readonly sha: string | null;
  /** When it was written; where that is not known, when it arrived. GitHub may bring it days later. */
  readonly askedAt: number;
  readonly role: Known<Role | "none">;
  /** Null for one that an earlier version stored. */
  readonly origin: Origin | null;
  /** What GitHub shows of it now; null where it was not asked, because nothing in production depends on it. */
  readonly readBack: Known<ReadBack> | null;
  /** Null until the request has been carried out or refused. */
  readonly outcome: readonly Outcome[] | null;
}

/** `changed`: by another author, edited, or about something else than was told. */
export type ReadBack = "same" | "changed" | "absent";

/** What GitHub shows of the comment or check that a person asked with. */
export interface ShownRequest {
  readonly state: ReadBack;
  /** How old it is in milliseconds, by GitHub's clock alone and give or take a second; null where GitHub does not say. */
  readonly age_ms: number | null;
}

/** What became of one command of a command request. */
export interface Outcome {
  readonly kind: "done" | "refused";
  /** A sentence for the person who asked. */
  readonly text: string;
  /** The commit that it speaks of; null where none was known. */
  readonly sha: string | null;
}

/** Another subject that speaks about the same commit; the strictest verdict wins. */
export interface Sibling {
  readonly key: string;
  readonly base: string;
  /** Null while it has not been decided for this commit. */
  readonly verdict: GateState | null;
  /** Whether its head is a branch of the repository itself, to which only who may write pushes. */
  readonly ownBranch?: true;
  /** The base for which it says nothing as long as the repository itself has a pull request with the commit. */
  readonly silentFor?: string;
}

export type GateState = "success" | "failure" | "action_required" | "in_progress";

interface Common {
  /** What patterns may still take in this look; absent where nothing was matched before: `limit.plan.steps`. */
  readonly steps?: number;
  /** Milliseconds since 1970, the only clock of the decision. */
  readonly now: number;
  /** Of the store, part of the keys of new attempts. Empty in tests and in what an earlier version stored. */
  readonly generation: string;
  readonly executions: readonly Execution[];
  readonly requests: readonly CommandRequest[];
  readonly siblings: readonly Sibling[];
  /** What this subject said at its last look, and of which commit. */
  readonly lastVerdict: { readonly verdict: GateState; readonly sha: string } | null;
  /** The subject that wrote the gate that stands on the commit. */
  readonly gateOwner: string | null;
  /** Subjects that speak about a commit on which this one left a gate unfinished: it is theirs now. */
  readonly successors: readonly string[];
  /** Names of the engines that this installation of Interlock may use. */
  readonly engines: readonly string[];
  /** Names of those of them that can do what not every engine can. */
  readonly engineCapabilities: {
    readonly rollback: readonly string[];
    readonly approve: readonly string[];
  };
  readonly driftReports: readonly DriftFact[];
  /** Those that this subject asked for, and those that took one of its releases out. */
  readonly rollbacks: readonly Rollback[];
  /** The last releases of each pipeline on the branch, newest first; read only where a request is about one. */
  readonly releases: readonly Execution[];
  /** The last rollbacks of the repository, in the order in which they were asked for; read with the releases. */
  readonly rolledBack: readonly Rollback[];
  /**
   * What the engines would bring back for the rollbacks that are about to begin, by their keys. Absent while
   * not asked: a decision then only says what to ask about. One that is not in it waits.
   */
  readonly targets?: readonly RollbackTarget[];
  /** Who wrote what would go out by the rollbacks and approvals that are about to be done; as `targets`. */
  readonly authors?: readonly AuthorsOf[];
  /** Whether GitHub says that not everybody can read the repository; absent while not asked: no log would be shown. */
  readonly isPrivate?: boolean;
  /** Looks in a row before this one that could not be finished. */
  readonly failures: number;
}

/** What an engine says of a rollback that it has started. */
export interface StartedRollback extends Pick<Rollback, "stays"> {
  readonly kind: "started";
  /** An execution of its own, which can be observed. */
  readonly engineId: string;
  /** What it brings back. */
  readonly sha: string;
}

export interface RollbackTarget {
  /** The rollback's. */
  readonly key: string;
  /** The whole SHA, or why there is none; unknown where the engine has not said. */
  readonly reading: Known<string> | { readonly kind: "refused"; readonly why: string };
}

export interface AuthorsOf {
  /** The rollback's or the approval's. */
  readonly key: string;
  /** Logins; `cut` where it cannot be told of every commit, which waiting does not change. */
  readonly reading: Known<readonly string[]> | { readonly kind: "cut"; readonly why: string };
}

export interface PullFacts extends Common {
  readonly subject: Extract<Subject, { kind: "pull" }>;
  readonly pull: Known<Pull> | { readonly kind: "absent" };
  /** The default branch's plan, which says what branches are governed; null where the base is that branch. */
  readonly defaultPlan: PlanReading | null;
  /** The plan of the base branch. Where it differs from the default branch's, both are obeyed. */
  readonly plan: PlanReading;
  /** Whether that plan came into the base branch by a pull request whose gate had passed. */
  readonly gated?: boolean;
  readonly files: Files;
  /** The plan at the head, read only where the change touches it; shown, never obeyed. */
  readonly proposed: PlanReading | null;
}

/** A later commit of the same branch and what its releases came to. */
export interface Landed {
  readonly key: string;
  readonly sha: string;
  readonly verdict: GateState | null;
  /** Pipelines for which this commit has an execution of its release. */
  readonly released: readonly string[];
  /** Where they took effect; absent in what an earlier version stored. */
  readonly places?: readonly ProductionPlace[];
}

/** Whether a commit that is told to have landed may be released, as GitHub says now. */
export type Landing =
  /** The branch has it, and whatever came after it is known and waits. `isTip`: nothing came after it, or that was dropped. */
  | { readonly kind: "landed"; readonly isTip?: true }
  /**
   * The branch was seen for the first time with it: whatever is there at first is not ours to release.
   * `noted` once it is in the ledger what that is.
   */
  | { readonly kind: "first"; readonly noted: boolean }
  /** The branch had moved past it, to `tip`, before it was heard of. */
  | { readonly kind: "old"; readonly tip: string }
  /** The branch has it no longer. */
  | { readonly kind: "gone"; readonly tip: string | null }
  | { readonly kind: "unknown"; readonly why: string };

export interface CommitFacts extends Common {
  readonly subject: Extract<Subject, { kind: "commit" }>;
  /** The plan of the default branch: it says which branches are governed at all. */
  readonly defaultPlan: PlanReading;
  /** The plan at the landed commit. */
  readonly plan: PlanReading;
  readonly files: Files;
  /** Null or absent while it was not asked for: nothing is to be started. */
  readonly landing?: Landing | null;
  /** Whether the branch was past the commit already, by the tip that was known: it was heard of late. */
  readonly isLate: boolean;
  /** Of those that landed before it was heard of, the ones that hold it, newest first: back to where it came in. */
  readonly holders: readonly Landed[];
  /** Commits that landed later on the same branch, oldest first. */
  readonly newer: readonly Landed[];
  /**
   * Pipelines whose release runs right now for another commit of the repository, or in which a commit is being
   * rolled back.
   */
  readonly busy: readonly {
    readonly pipeline: string;
    readonly sha: string;
    readonly key: string;
    /** What the engine calls the place; absent in what an earlier version stored. */
    readonly at?: string;
    /** It is a rollback, which takes the commit out. */
    readonly isRollback?: true;
  }[];
  /** Commits of the branch that landed earlier and still wait for a verdict. */
  readonly waiting: readonly string[];
  /** Commits that landed before this one and since the release before it: this one may carry them. */
  readonly carried: readonly string[];
  /** Open pull requests into the branch that were judged by another plan than this commit brings. */
  readonly judgedOtherwise: readonly string[];
}

export type Facts = PullFacts | CommitFacts;
