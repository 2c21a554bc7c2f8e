// What came in: an event names a subject to look at, or stores a person's request, or is ignored.

import type { Command } from "./command.ts";
import type { EventHint } from "./told.ts";

/** A repository as GitHub names it, with the installation that lets us in. */
export interface Repository {
  readonly installation: number;
  readonly owner: string;
  readonly name: string;
  /** GitHub's ids, which stay when the names change. Absent while GitHub has not told them. */
  readonly id?: number;
  readonly ownerId?: number;
  /** Absent while GitHub has not told it. */
  readonly defaultBranch?: string;
}

/** What one unit of work looks at. */
export type Subject =
  | { readonly kind: "pull"; readonly repository: Repository; readonly number: number }
  | {
      readonly kind: "commit";
      readonly repository: Repository;
      readonly branch: string;
      readonly sha: string;
    }
  | { readonly kind: "repository"; readonly repository: Repository };

/** A person's request, kept once under its key and read back as a fact. */
export interface CommandRequestDraft {
  /**
   * Made of what is signed, so that a delivery that is sent again under another GUID is the same request:
   * `comment:<id>`, or the id of a check with what was pressed, by whom, and the state that it showed.
   */
  readonly key: string;
  readonly source: "comment" | "rerequest" | "button";
  readonly actor: string;
  /** The comment to answer; null where the request was not a comment. */
  readonly comment: number | null;
  readonly commands: readonly Command[];
  /** The commit that the request names by itself (a check's head); null for comments. */
  readonly sha: string | null;
  /** When the person wrote it; null where GitHub does not say. */
  readonly writtenAt: number | null;
  readonly origin: Origin;
}

/** Where a request was made, and what has to be found there before it touches production. */
export type Origin =
  /** On the pull request with that number. */
  | { readonly kind: "comment"; readonly id: number; readonly pull: number }
  | {
      readonly kind: "check";
      readonly id: number;
      readonly name: string;
      readonly sha: string;
      /** As GitHub calls them; times as it writes them. */
      readonly status: string | null;
      readonly conclusion: string | null;
      readonly completedAt: string | null;
    }
  /** "Re-run all checks". */
  | { readonly kind: "suite"; readonly id: number; readonly sha: string };

/** Why a delivery needs nothing. A closed list, so that a new kind of event is a decision. */
export type IgnoredReason =
  | "unknown_event"
  | "unknown_action"
  | "own_check"
  | "other_check"
  | "not_a_branch"
  | "branch_deleted"
  | "bot_comment"
  | "bot_check"
  | "no_command"
  | "not_a_pull_request"
  | "comment_edited"
  | "old_comment"
  | "closed_pull_request"
  | "no_installation"
  | "incomplete_payload"
  | "id_too_large"
  | "other_notice"
  | "incomplete_notice"
  | "unknown_execution";

/** Where a command request belongs: a subject, or every subject whose head is the commit. */
export type RequestTarget =
  | Subject
  | { readonly kind: "head"; readonly repository: Repository; readonly sha: string };

export type Event =
  | { readonly kind: "look"; readonly hints: readonly SubjectHint[] }
  | {
      readonly kind: "intend";
      readonly target: RequestTarget;
      readonly request: CommandRequestDraft;
    }
  /** We are told to be let in no more, which GitHub is asked about. */
  | { readonly kind: "forget"; readonly repositories: readonly Repository[] }
  | { readonly kind: "moved"; readonly what: Moved }
  | { readonly kind: "ignored"; readonly reason: IgnoredReason };

/** What an engine's notice speaks of: a run of ours by its key, or by that of the request for it, or a commit that something ran for. */
export type Moved =
  | {
      readonly kind: "run";
      readonly key: string;
      /** What was told of it, for its engine to read: it counts once, with the delivery. */
      readonly told: string;
      /** Somebody had it run again: where it had ended by our ledger, what was read of it is old. */
      readonly resumed: boolean;
    }
  | {
      readonly kind: "commit";
      readonly owner: string;
      readonly name: string;
      readonly sha: string;
    };

/** A subject with the hints that came along. Hints bind commands and wake siblings, never decide. */
export interface SubjectHint {
  readonly subject: Subject;
  /** The head commit that the event speaks of. */
  readonly head: string | null;
  /** The commit before a push; null where unknown or where the branch is new. */
  readonly before: string | null;
  /** What the event shows; absent where no event spoke of it. */
  readonly told?: EventHint;
}

/** The one name of a subject: the key of its row, its job and its lease. */
export function subjectKey(subject: Subject): string {
  const { owner, name } = subject.repository;
  switch (subject.kind) {
    case "pull":
      return `pull:${owner}/${name}#${subject.number}`;
    case "commit":
      return `commit:${owner}/${name}@${subject.sha}:${subject.branch}`;
    case "repository":
      return `repository:${owner}/${name}`;
  }
}

/** The reading that says that an event told of the repository's removal, until GitHub has been asked. */
export function removalKey({ owner, name }: Repository): string {
  return `removal|${owner}/${name}|`;
}

/** Reads a key back. `installation` is not part of the key because a repository can be re-installed. */
export function subjectOf(key: string, installation: number): Subject | undefined {
  const match =
    /^(pull|commit|repository):([^/\s]+)\/([^/#@\s]+)(?:#(\d+)|@([0-9a-f]{40}):(.+))?$/.exec(key);
  if (match === null) return undefined;
  const [, kind, owner = "", name = "", number, sha, branch] = match;
  const repository = { installation, owner, name };
  if (kind === "pull" && number !== undefined) return { kind, repository, number: Number(number) };
  if (kind === "commit" && sha !== undefined && branch !== undefined)
    return { kind, repository, branch, sha };
  if (kind === "repository" && number === undefined && sha === undefined)
    return { kind, repository };
  return undefined;
}
