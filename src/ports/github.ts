// What the flow reads from GitHub and writes to it.

import type {
  ListedRepository,
  OpenPull,
  RepositoryOverview,
  ShownGate,
} from "../core/decide/shown.ts";
import type { Command } from "../core/model/command.ts";
import type { Annotation, CheckWanted } from "../core/model/effect.ts";
import type { Origin, Repository, Subject } from "../core/model/event.ts";
import type {
  AuthorsOf,
  Comparison,
  Files,
  Known,
  PlanReading,
  Pull,
  ShownRequest,
} from "../core/model/fact.ts";
import type { Role } from "../core/model/plan.ts";
import type { PullKnown } from "../core/model/told.ts";
import type { Permission, Permit } from "./permit.ts";

// ---------------------------------------------------------------- GitHub

/**
 * What became of a write.
 * `deferred`: a budget or a limit of GitHub says not before `until`; nothing was sent, or GitHub
 * refused it for its rate. `failed`: the answer was lost or GitHub was out of order; it may have taken effect.
 * `refused`: GitHub understood and will not do it. `tries` counts the refusals so far, 0 where it was not
 * asked this time because of an earlier one; `until` is when to ask again, null where it is given up.
 * `withheld`: there was no permission, and nothing was sent.
 */
export type Sent<T> =
  | { readonly kind: "sent"; readonly value: T }
  | { readonly kind: "deferred"; readonly until: number }
  | { readonly kind: "failed"; readonly why: string }
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly why: string;
      readonly tries: number;
      readonly until: number | null;
    }
  | { readonly kind: "withheld"; readonly permission: Exclude<Permission, "go"> };

/** What GitHub is asked about a request that somebody made there. */
export interface ReadBackQuestion {
  readonly origin: Origin;
  readonly actor: string;
  readonly commands: readonly Command[];
}

/** A reading that can also find nothing at the place. */
export type Read<T> = Known<T> | { readonly kind: "absent" };

/** Verdicts go before pages when the budget is short. */
export type Urgency = "gate" | "rest";

/** How a write on behalf of a subject goes out. */
export interface Terms {
  readonly urgency: Urgency;
  readonly permit: Permit;
}

/** `annotations` are those that GitHub does not have yet: it adds what an update sends. */
export interface CheckUpdate {
  readonly id: number;
  readonly check: CheckWanted;
  readonly annotations: readonly Annotation[];
}

/** `annotated` where GitHub has annotations of it already. */
export interface FoundCheck {
  readonly id: number;
  readonly annotated: boolean;
}

/** Attempts that failed, newest first. `cut` where there are more, older ones. */
export interface FailedDeliveries {
  readonly attempts: readonly HookDelivery[];
  readonly cut: boolean;
}

/** An attempt to deliver a webhook, as GitHub remembers it. */
export interface HookDelivery {
  /** GitHub's number, which is too large for a JavaScript number. */
  readonly id: string;
  readonly guid: string;
  readonly deliveredAt: number;
  readonly event: string;
  /** GitHub's id of the repository; null where the event is about none. */
  readonly repository: number | null;
}

/** Calls to GitHub. No method throws for anything that GitHub or the network does. */
export interface GitHub {
  /** When the installation's budget lets requests go again; not in the future where it does now. */
  readyAt(repository: Repository): number;
  /** When the budget has room for all that a look at such a subject takes; in the past where it has. */
  roomAt(installation: number, kind: Subject["kind"]): number;
  /** An answer that is older than what is known is unknown. */
  pull(repository: Repository, number: number, known: PullKnown): Promise<Read<Pull>>;
  /**
   * Every path that differs between the head and where it left the base; `base` is the commit that the base
   * branch stands at. `cut` where GitHub will not list them all.
   */
  pullFiles(repository: Repository, pull: Pull, base: string): Promise<Files>;
  /** The plan at a commit, as one that is in force. Absent only where GitHub shows the commit without it. */
  plan(repository: Repository, sha: string): Promise<PlanReading>;
  /** The same of a commit that anybody may have written. */
  proposedPlan(repository: Repository, sha: string): Promise<PlanReading>;
  /** The plan of the default branch, whichever that is. A reading from before the event `since` is not good enough. */
  defaultPlan(repository: Repository, since: number): Promise<PlanReading>;
  /** Logins of those who wrote all that the commit has beyond `since`, else beyond its first parent, and who opened its pull request. */
  authors(repository: Repository, sha: string, since: string | null): Promise<AuthorsOf["reading"]>;
  /** The commit that GitHub shows the branch at. A reading from before the event `since` is not good enough. */
  branch(repository: Repository, branch: string, since: number): Promise<Read<string>>;
  /** The commit that the branch stands at now, read again. */
  branchTip(repository: Repository, branch: string): Promise<Read<string>>;
  /** Which repository has the name now, read again: under another name where it was renamed. */
  identity(repository: Repository): Promise<Read<Repository>>;
  /**
   * Paths that differ between two commits, and how the second stands to the first. Where it does not
   * contain the first one, all that either of them has changed since they parted.
   */
  compare(repository: Repository, base: string, head: string): Promise<Known<Comparison>>;
  /** Whether not everybody can read it; false also where GitHub does not say. */
  isPrivate(repository: Repository): Promise<boolean>;
  role(repository: Repository, login: string): Promise<Known<Role | "none">>;
  openPulls(repository: Repository): Promise<Read<readonly OpenPull[]>>;
  /** Branch names with their tips. */
  branches(repository: Repository): Promise<Read<ReadonlyMap<string, string>>>;
  /** Repositories that the installation may see, without those that are archived. */
  repositories(installation: number): Promise<Known<readonly ListedRepository[]>>;
  /** In the order of the repositories; null where GitHub does not show one under its name. Few requests. */
  overviews(
    installation: number,
    repositories: readonly Repository[],
  ): Promise<Known<readonly (RepositoryOverview | null)[]>>;
  /** The gates on each commit, in the order of the commits; null where GitHub does not show them all. Few requests. */
  gates(
    installation: number,
    commits: readonly { readonly repository: Repository; readonly sha: string }[],
  ): Promise<Known<readonly (readonly ShownGate[] | null)[]>>;
  installations(): Promise<Known<readonly number[]>>;

  createCheck(repository: Repository, check: CheckWanted, terms: Terms): Promise<Sent<number>>;
  updateCheck(repository: Repository, update: CheckUpdate, terms: Terms): Promise<Sent<number>>;
  /** Our newest check run of this name on this commit. */
  findCheck(repository: Repository, sha: string, name: string): Promise<Read<FoundCheck>>;
  createComment(
    repository: Repository,
    comment: { readonly pull: number; readonly body: string },
    permit: Permit,
  ): Promise<Sent<number>>;
  updateComment(
    repository: Repository,
    comment: { readonly id: number; readonly body: string },
    permit: Permit,
  ): Promise<Sent<number>>;
  /** Our comments on the pull request that begin with one of the marks, by it; the first of several. */
  findComments: FindComments;

  /** Attempts to deliver that failed, none older than `since`. */
  failedDeliveries(since: number): Promise<Known<FailedDeliveries>>;
  redeliver(id: string): Promise<Sent<null>>;

  /** Whether a person's request stands at GitHub as it was told. */
  readBack(repository: Repository, question: ReadBackQuestion): Promise<Known<ShownRequest>>;
  /** A commit's tree as a gzipped tar stream with one top-level folder. */
  tarball(
    repository: Repository,
    sha: string,
  ): Promise<
    Known<ReadableStream<Uint8Array>> | { readonly kind: "limited"; readonly until: number }
  >;
}

/** One list of all comments, however many marks are looked for. */
export type FindComments = (
  repository: Repository,
  pull: number,
  marks: readonly string[],
) => Promise<Read<ReadonlyMap<string, number>>>;

/** An answer as it stands at GitHub. */
export interface SentAnswer {
  /** Of the comment. */
  readonly id: number;
  readonly body: string;
}

export interface Forgiving {
  /** Whatever was refused in the installation may be asked for at once: its permissions are other ones now. */
  forgive(installation: number): void;
}
