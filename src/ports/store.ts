// The ledger: what was told, intended, sent and confirmed.

import type { LedgerGate } from "../core/decide/shown.ts";
import type { Handover } from "../core/diff.ts";
import type {
  AnswerPresent,
  CheckPresent,
  CheckWanted,
  CommandResult,
  RollbackWanted,
  RunWanted,
} from "../core/model/effect.ts";
import type { Event, Repository, Subject, SubjectHint } from "../core/model/event.ts";
import type {
  ActFact,
  CommandRequest,
  Execution,
  Facts,
  GateState,
  Landed,
  Rollback,
  Sibling,
} from "../core/model/fact.ts";
import type { Role } from "../core/model/plan.ts";
import type { LowerBound, ToldOf } from "../core/model/told.ts";
import type { SentAnswer } from "./github.ts";
import type { NotificationDraft } from "./notifier.ts";
import type { Moment, ReadingLedger } from "./readings.ts";

// ---------------------------------------------------------------- the store
/** A webhook as it arrived, reduced to what is kept of it. */
export interface Delivery {
  readonly guid: string;
  readonly name: string;
  readonly action: string | null;
  readonly receivedAt: number;
  readonly event: Event;
}

export type Accepted = "new" | "known";

/**
 * The right to write on behalf of a subject. `epoch` counts the subject's leases: once another process has
 * taken a newer one, whatever is written under this one is refused.
 */
export interface Lease {
  readonly key: string;
  readonly epoch: number;
}

/** `lost`: another process has leased the subject since, and nothing was written. */
export type Written = "written" | "lost";

export interface SubjectRow extends Lease {
  readonly subject: Subject;
  /** When an event last spoke of it. */
  readonly heardAt: number;
  /** The number of that event in the store's order: readings with a smaller one are stale. */
  readonly heard: number;
  /** Last head commit that an event or a look told. */
  readonly head: string | null;
  /** For a landed commit: the tip before it, by our own ledger where that knows one. */
  readonly before: string | null;
  /**
   * For a landed commit: `first` where its branch was seen for the first time with it, `known` where it
   * was the branch's tip already when it was heard of; null for whatever came after a known tip.
   */
  readonly arrival?: "first" | "known" | null;
  readonly base: string | null;
  readonly open: boolean;
  readonly createdAt: number;
  readonly dueAt: number | null;
  /** Looks in a row that could not be finished; decides how long to wait. */
  readonly failures: number;
  /** The gate as this subject alone sees it, and the commit it is about. */
  readonly verdict: GateState | null;
  readonly verdictSha: string | null;
}

/** A subject that has just been leased. */
export interface Leased extends SubjectRow {
  /** The store's clock at that moment, in milliseconds since 1970: one for all replicas. */
  readonly now: number;
  /**
   * For the keys of attempts: another one after each restore of the store, and for each repository that has
   * had the name. So no engine takes an attempt for one that it knows.
   */
  readonly generation: string;
}

/** Whether what a look was made from still stands, all of it at one moment. */
export interface CurrentState {
  /** Whether the lease is the newest of its subject. */
  readonly held: boolean;
  /** The store's clock, in milliseconds since 1970. */
  readonly now: number;
  readonly siblings: readonly Sibling[];
}

/** A release that has not ended, as far as the ledger knows; `key` is its subject's. */
export interface Busy
  extends Pick<Execution, "pipeline" | "sha" | "spec" | "createdAt" | "retries"> {
  readonly key: string;
  /** A rollback that is under way; `sha` is taken out. */
  readonly isRollback?: true;
}

/** What one look came to, written in one transaction. */
export interface ReconcileResult extends Lease {
  readonly at: number;
  readonly open: boolean;
  readonly head: string | null;
  readonly base: string | null;
  readonly dueAt: number | null;
  readonly failures: number;
  readonly verdict: GateState | null;
  readonly verdictSha: string | null;
  readonly ownBranch: boolean | null; // null changes nothing
  readonly silentFor: string | null;
  /** Requests that came to their end with this look. */
  readonly results: readonly CommandResult[];
  /** The snapshot and what was decided from it, for `explain`. Null when nothing could be decided. */
  readonly snapshot: { readonly facts: Facts; readonly decision: unknown } | null;
  /** Gates that belong to another subject from now on. */
  readonly handovers?: readonly Handover[];
  /** Subjects that should be looked at because this one changed. */
  readonly wake: readonly string[];
  /** What somebody should be told; those that are known already change nothing. */
  readonly notifications: readonly NotificationDraft[];
}

/** What may change about an execution. */
export type ExecutionChange = Partial<
  Pick<
    Execution,
    | "engineId"
    | "state"
    | "why"
    | "stages"
    | "endedAt"
    | "stopReason"
    | "stopRefused"
    | "retries"
    | "outOfBandChanges"
    | "surveyedAt"
  >
>;

/** What may change about a rollback. */
export type RollbackChange = Partial<
  Pick<Rollback, "engineId" | "sha" | "stays" | "state" | "why" | "endedAt">
>;

/** Durable state. Methods throw only when the database does; `work` then hands the job back. */
export interface Store extends GatheredReads, ReadingLedger {
  /** Deliveries, their subjects, requests and jobs, in one transaction. */
  accept(deliveries: readonly Delivery[]): Promise<ReadonlyMap<string, Accepted>>;
  knownDeliveries(guids: readonly string[]): Promise<ReadonlySet<string>>;

  /** Makes sure the subjects exist and each has a job. Under a lease where one look found them. */
  see(hints: readonly SubjectHint[], at: number, lease?: Lease): Promise<Written>;
  /** One job for each subject that has none waiting. Unknown keys are left out. */
  wake(keys: readonly string[]): Promise<void>;
  /**
   * The subject that an execution belongs to gets a job; for a rollback all whom it concerns. Where others
   * did something, what was read before is old.
   */
  wakeExecution(executionKey: string, by: "us" | "others"): Promise<void>;
  /** Wakes subjects whose time has come by the store's clock; returns the next time at which one is due, if any. */
  wakeDue(): Promise<number | null>;
  forget(repository: Repository, lease?: Lease): Promise<Written>;
  /**
   * Opens the closed subjects of the repository for which something is under way by the ledger, and gives
   * each a job: while a repository was forgotten, nobody heard what became of it.
   */
  reopenUnfinished(lease: Lease, repository: Repository, at: number): Promise<Written>;

  /** The newest commit of a branch that we heard of; null for a branch never seen. */
  tip(repository: Repository, branch: string): Promise<string | null>;
  recordTip(lease: Lease, repository: Repository, branch: string, sha: string): Promise<Written>;
  /** The newest commit of the branch that may be in production; null where none is known. */
  floor(repository: Repository, branch: string): Promise<string | null>;
  recordFloor(lease: Lease, repository: Repository, branch: string, sha: string): Promise<Written>;
  /** An old event moved the tip to `sha`: it goes back to `before`, unless it has moved on since. */
  returnTip(
    lease: Lease,
    repository: Repository,
    branch: string,
    move: { readonly sha: string; readonly before: string },
  ): Promise<Written>;
  /** The branch came back to the commit that the lease is of, from `before`, which it is compared with from now on. */
  recordBefore(lease: Lease, before: string): Promise<Written>;
  /** Blob of the plan that came into the branch last by a pull request whose gate had passed. */
  gatedPlan(repository: Repository, branch: string): Promise<string | null>;
  recordGatedPlan(
    lease: Lease,
    repository: Repository,
    branch: string,
    blob: string,
  ): Promise<Written>;
  /**
   * What GitHub answered about them when it was asked, after the moment `asked`. Where a name belongs to
   * another repository than is known, all that was known under it is forgotten; what was renamed goes on
   * under its new name; and events that contradicted what was known are taken in, or dropped.
   */
  describe(answers: readonly Repository[], asked: Moment): Promise<void>;
  /** Repositories, as events that wait for GitHub's word call them, which claim the name or have the id. */
  claims(repository: Repository): Promise<readonly Repository[]>;
  /** What events told last of it, not longer ago than `limit.keep.told_ms`. */
  told(repository: Repository, of: ToldOf): Promise<LowerBound | null>;
  /** What was landed as this commit on the branch. */
  landed(repository: Repository, branch: string, sha: string): Promise<Landed | null>;

  /** The commit of the branch that was heard of first, of those that are kept. */
  firstLanded(repository: Repository, branch: string): Promise<SubjectRow | null>;

  subject(key: string): Promise<SubjectRow | null>;
  /** The subject under a new lease: anyone who had it before writes nothing more. */
  lease(key: string): Promise<Leased | null>;
  /** Read before something is written outside; `sha` is the commit whose siblings are asked for. */
  currentState(lease: Lease, repository: Repository, sha: string): Promise<CurrentState>;
  /** Open subjects of a repository. */
  openSubjects(repository: Repository): Promise<readonly SubjectRow[]>;
  /** Keys of its open pull requests: into one base, or all; and only so many, or all. */
  openPulls(
    repository: Repository,
    which: { readonly base: string | null; readonly most: number | null },
  ): Promise<readonly string[]>;
  /** Keys of all open subjects that are not at rest: no verdict yet, or something still runs. */
  unfinishedSubjects(): Promise<readonly string[]>;
  repositories(): Promise<readonly Repository[]>;
  record(look: ReconcileResult): Promise<Written>;
  /** A look that could not be made: when to try again, and how many failed in a row. */
  postpone(lease: Lease, dueAt: number, failures: number): Promise<Written>;
  snapshot(key: string): Promise<ReconcileResult["snapshot"]>;

  executions(key: string): Promise<readonly Execution[]>;
  /** For each pipeline that releases this subject, the release of another commit that ended last before. */
  previousReleases(key: string): Promise<readonly Execution[]>;
  /**
   * The last `limit.look.releases` of each pipeline for the branch that its engine has taken, newest first:
   * how their stages stand, without what these printed and reported.
   */
  releases(repository: Repository, branch: string): Promise<readonly Execution[]>;
  /** Nothing where the run is in the ledger already. */
  intendRun(lease: Lease, run: RunWanted, at: number): Promise<Written>;
  /** `taken`: another commit began one of the pipeline at the same moment, and nothing was written. */
  intendRelease(lease: Lease, run: RunWanted, at: number): Promise<Written | "taken">;
  /**
   * Writes what is given. Monotone: where the execution has ended, a change whose state has not is
   * an observation that came late, and what it says about state, why, stages and end is dropped.
   */
  recordExecution(lease: Lease, executionKey: string, change: ExecutionChange): Promise<Written>;
  /** Adds the answer to those that are there, unless one with its key is. */
  recordApproval(lease: Lease, executionKey: string, answer: ActFact): Promise<Written>;
  /** The engine runs it again in the same place: the one way back from an end. Stages stay as they were. */
  reopenExecution(lease: Lease, executionKey: string): Promise<Written>;

  /** Those that the subject asked for, those of its releases, and those that brought its commit back. */
  rollbacks(key: string): Promise<readonly Rollback[]>;
  /** The last `limit.look.rollbacks` of the repository, in the order in which they were asked for. */
  rollbacksOf(repository: Repository): Promise<readonly Rollback[]>;
  /** Before the engine is asked. Nothing where it is there. `busy` while another one of its pipeline is under way. */
  intendRollback(lease: Lease, wanted: RollbackWanted, at: number): Promise<Written | "busy">;
  /** Writes what is given, unless it has ended, and wakes all whom it concerns. */
  recordRollback(lease: Lease, key: string, change: RollbackChange): Promise<Written>;

  requests(key: string): Promise<readonly CommandRequest[]>;
  recordRole(lease: Lease, requestKey: string, role: Role | "none"): Promise<Written>;

  siblings(key: string, repository: Repository, sha: string): Promise<readonly Sibling[]>;
  /** The next ones that landed later, and of each pipeline the newest with a release of it; oldest first. */
  newer(subject: Extract<Subject, { kind: "commit" }>): Promise<readonly Landed[]>;
  waiting(subject: Extract<Subject, { kind: "commit" }>): Promise<readonly string[]>;
  busy(subject: Extract<Subject, { kind: "commit" }>): Promise<readonly Busy[]>;
  /**
   * The commits of the branch that a release of this one carries with it, oldest first: those that landed
   * before it and after the last that had a release of such a pipeline, the last `limit.look.carried`.
   */
  carried(subject: Extract<Subject, { kind: "commit" }>): Promise<readonly string[]>;

  checks(repository: Repository, shas: readonly string[]): Promise<readonly CheckPresent[]>;
  /** Checks that this subject wrote on other commits and that are still in progress there. */
  openChecks(key: string, exceptSha: string): Promise<readonly CheckPresent[]>;
  /** Before a check is sent: after a crash, the next look knows that it may have arrived. */
  intendCheck(lease: Lease, check: CheckWanted): Promise<Written>;
  /** Takes the intent back: nothing was sent. What stood before stands again. */
  dropIntendedCheck(lease: Lease, check: CheckWanted): Promise<Written>;
  /** `doubtful`: another subject has written it at the same time, and what stands is not certain. */
  recordCheck(
    lease: Lease,
    check: CheckWanted,
    sent: { readonly id: number; readonly at: number },
  ): Promise<Written | "doubtful">;
  /**
   * Something was written to GitHub after the lease was lost: whatever the ledger says of this check is
   * uncertain from now on, and its subject gets a job. Needs no lease.
   */
  doubtCheck(key: string, check: CheckWanted): Promise<void>;
  /** The gates that stand by the ledger: of open subjects, and of those that were looked at since. */
  gates(since: number): Promise<readonly LedgerGate[]>;
  /**
   * GitHub shows something else than the ledger says. `find`: what stands is in doubt, and is looked for;
   * `replace`: a new one is to be made. Its subject gets a job. False where it was written meanwhile.
   */
  doubtGate(gate: LedgerGate, how: "find" | "replace"): Promise<boolean>;
  answers(key: string): Promise<readonly AnswerPresent[]>;
  intendAnswer(lease: Lease, requestKey: string, pull: number): Promise<Written>;
  dropIntendedAnswer(lease: Lease, requestKey: string): Promise<Written>;
  recordAnswer(lease: Lease, requestKey: string, sent: SentAnswer): Promise<Written>;

  /** False where all replicas together would have taken more than `cap` points of the installation's minute. */
  takePoints(wanted: {
    readonly installation: number;
    readonly points: number;
    readonly cap: number;
    /** Milliseconds since 1970. */
    readonly at: number;
  }): Promise<boolean>;

  /** The moment now: what is read after it knows of every event with a smaller number. */
  moment(): Promise<Moment>;

  /** After a restore: what is started from now on has keys that were never used. */
  renewGeneration(): Promise<void>;
  /** Deletes what is older than its retention in `limit.keep`. */
  prune(now: number): Promise<void>;
  /** Throws where the database or the queue does not work. */
  check(): Promise<void>;
}

/** What a look reads of its subject, of the others beside it, and of what was told of them. */
export type Reads = Pick<
  Store,
  | "told"
  | "executions"
  | "rollbacks"
  | "requests"
  | "siblings"
  | "newer"
  | "waiting"
  | "busy"
  | "carried"
  | "checks"
  | "openChecks"
  | "answers"
>;

export interface GatheredReads {
  /**
   * The same reads for one caller: those that it asks for within one turn of the event loop are one
   * statement, and so are of one moment. Where one of them fails, all do.
   */
  together(): Reads;
}
