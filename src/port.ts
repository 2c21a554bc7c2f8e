// The interfaces between the flow and the outside world. Adapters implement them; nothing here runs.

import type {
  LedgerGate,
  ListedRepository,
  OpenPull,
  RepositoryOverview,
  ShownGate,
} from "./core/decide/shown.ts";
import type { Bequest } from "./core/diff.ts";
import type { Command } from "./core/model/command.ts";
import type {
  Annotation,
  AnswerPresent,
  CheckPresent,
  CheckWanted,
  RollbackWanted,
  RunWanted,
  Settlement,
} from "./core/model/effect.ts";
import type { Event, Origin, Repository, Sight, Subject } from "./core/model/event.ts";
import type {
  ActFact,
  AuthorsOf,
  BegunRollback,
  Comparison,
  Execution,
  Facts,
  Files,
  GateState,
  Intention,
  Known,
  Landed,
  PlanReading,
  Pull,
  Rollback,
  ShownRequest,
  Sibling,
  StageFact,
} from "./core/model/fact.ts";
import type { Part, Role } from "./core/model/plan.ts";
import type { Survey } from "./core/model/survey.ts";
import type { Heard, PullKnown, ToldOf } from "./core/model/told.ts";
import type { Notice } from "./core/render/notice.ts";
import type { FindComments, SentAnswer } from "./ports/comments.ts";
import type { GatheredReads, ReadingLedger } from "./ports/reads.ts";

/** Milliseconds since 1970. The world of the tests has its own. */
export type Clock = () => number;

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

// ---------------------------------------------------------------- what is posted to us

/** A request to one of our endpoints, before anybody knows who sent it. */
export interface Post {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Reads the body, once. */
  readonly body: (asked: PostBodyAsked) => Promise<PostBody>;
}

export interface PostBodyAsked {
  readonly most_bytes: number;
  /** Is given each piece as it arrives; the piece is not kept. */
  readonly seen?: (piece: Uint8Array) => void;
  /** Asked at the end, before anything is made of the body. */
  readonly verified?: () => boolean;
}

/**
 * `unverified`: `verified` said no. `no_room`: strangers hold all that they may together, and this one
 * was among those who held most. `broken`: the sender is gone, or was too slow.
 */
export type PostBody =
  | { readonly kind: "whole"; readonly bytes: Uint8Array }
  | { readonly kind: "too_large" | "no_room" | "unverified" | "broken" };

export interface PostReply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

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

/**
 * Whether a write may still go out. `lost`: another process has leased the subject since. `overtaken`: what
 * the write was decided from is too old by now, or no longer so.
 */
export type Permission = "go" | "lost" | "overtaken";

/** Asked immediately before a request goes out, after everything else that takes time. */
export type Permit = () => Promise<Permission>;

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
  /** The commit that the branch stands at now, read anew. */
  branchTip(repository: Repository, branch: string): Promise<Read<string>>;
  /** Which repository has the name now, read anew: under another name where it was renamed. */
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

// ---------------------------------------------------------------- engines

export interface StartRequest {
  readonly run: RunWanted;
  readonly repository: Repository;
  /** For the environment of the commands and for names in logs. */
  readonly pull: number | null;
  readonly branch: string;
}

export type Started =
  | { readonly kind: "started"; readonly engineId: string }
  /** Final: asking again would be refused again. */
  | { readonly kind: "refused"; readonly why: string }
  /** It may or may not have started; `find` will tell. */
  | { readonly kind: "failed"; readonly why: string };

export interface Observation {
  readonly state: Exclude<Execution["state"], "intended" | "unconfirmed" | "refused">;
  readonly why: string;
  readonly stages: readonly StageFact[];
  readonly endedAt: number | null;
}

export type Acted =
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "failed"; readonly why: string };

/** Something that runs a part of a pipeline. Every call may be repeated; the run's key makes it once. */
export interface Engine {
  readonly name: string;
  /** Starts the run, or returns what an earlier call with the same `run.key` started. */
  start(request: StartRequest): Promise<Started>;
  /** What became of a start whose answer was lost. Absent: it never began and may be started. */
  find(key: string): Promise<Read<string>>;
  observe(engineId: string): Promise<Read<Observation>>;
  stop(engineId: string, reason: string): Promise<Acted>;
  /** Runs the failed execution again from the stage on, in the same place. `key` makes it once. */
  retry(engineId: string, stage: string, key: string): Promise<Acted>;
  /** The commit that `rollback` would bring back now, for one that is about to begin. */
  target?(request: RollbackRequest): Promise<ChosenTarget>;
  /** Brings an older commit back into one stage. `key` makes it once. */
  rollback?(request: RollbackRequest): Promise<RolledBack>;
  /** Answers the approval that this execution, and no other one, waits for. `key` makes it once. */
  approve?(approval: Approval): Promise<Acted>;
  /** How what the engine has differs from the plan, and what others did in it for the commit. */
  survey?(question: SurveyQuestion): Promise<Known<Survey>>;
  /**
   * The same engine, each act of which asks the permit immediately before its request leaves. Absent where
   * an act does not wait for anything. What was not sent counts as failed.
   */
  under?(permit: Permit): Engine;
  /** Keys of runs of ours for whose commits others have started something since the last call. */
  patrol?(): Promise<readonly string[]>;
}

export interface SurveyQuestion {
  readonly spec: Part;
  readonly repository: Repository;
  readonly sha: string;
  /** The execution that it is made for. */
  readonly engineId: string;
  /** A reading from before then is not good enough; null for whatever is known, and nothing is asked. */
  readonly since: number | null;
}

export interface RollbackRequest {
  readonly spec: Part;
  readonly repository: Repository;
  readonly stage: string;
  /** The commit to take out: where another one is in the stage by now, nothing is done. */
  readonly from: string;
  /** The commit to go back to, by its first digits or whole; null for the newest of `among` before it. */
  readonly to: string | null;
  /** Commits that may come back: they passed the stage by themselves, and nobody took them out of it. */
  readonly among: readonly string[];
  readonly key: string;
}

export type RolledBack =
  | BegunRollback
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "failed"; readonly why: string };

export type ChosenTarget =
  | { readonly kind: "chosen"; readonly sha: string }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "failed"; readonly why: string };

export interface Approval {
  readonly engineId: string;
  readonly stage: string;
  /** Login of the person who approves. */
  readonly actor: string;
  readonly key: string;
}

/** Called by an engine when one of its executions moved: only a hint to look again. */
export type EngineNotice = (executionKey: string) => void;

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
export interface Standing {
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
export interface LookRecord extends Lease {
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
  /** Wishes that came to their end with this look. */
  readonly settlements: readonly Settlement[];
  /** The snapshot and what was decided from it, for `explain`. Null when nothing could be decided. */
  readonly snapshot: { readonly facts: Facts; readonly decision: unknown } | null;
  /** Gates that belong to another subject from now on. */
  readonly bequests?: readonly Bequest[];
  /** Subjects that should be looked at because this one changed. */
  readonly wake: readonly string[];
  /** What somebody should be told; those that are known already change nothing. */
  readonly notices: readonly NoticeDraft[];
}

/** A moment by the store, which all replicas share. */
export interface Moment {
  /** Greater than that of every event and reading before it. */
  readonly number: number;
  /** The store's clock, in milliseconds since 1970. */
  readonly at: number;
}

/** One reading kept for later looks. */
export interface KeptReading {
  readonly etag: string | null;
  /** When it was begun. */
  readonly moment: Moment;
  readonly value: unknown;
}

export interface AgedReading extends KeptReading {
  /** By the store's clock; negative where that was set back. */
  readonly age_ms: number;
}

export interface Job {
  readonly id: string;
  readonly key: string;
  readonly installation: number;
  /** GUID of the delivery that made it necessary; absent where none did, or several at once that tell of no subject. */
  readonly delivery?: string;
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
    | "marks"
    | "surveyedAt"
  >
>;

/** What may change about a rollback. */
export type RollbackChange = Partial<
  Pick<Rollback, "engineId" | "sha" | "stays" | "state" | "why" | "endedAt">
>;

/** Durable state. Methods throw only when the database does; `work` then hands the job back. */
export interface Store extends GatheredReads, ReadingLedger {
  /** Deliveries, their subjects, intentions and jobs, in one transaction. */
  accept(deliveries: readonly Delivery[]): Promise<ReadonlyMap<string, Accepted>>;
  knownDeliveries(guids: readonly string[]): Promise<ReadonlySet<string>>;

  /** Makes sure the subjects exist and each has a job. Under a lease where one look found them. */
  see(sights: readonly Sight[], at: number, lease?: Lease): Promise<Written>;
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
  told(repository: Repository, of: ToldOf): Promise<Heard | null>;
  /** What was landed as this commit on the branch. */
  landed(repository: Repository, branch: string, sha: string): Promise<Landed | null>;

  /** The commit of the branch that was heard of first, of those that are kept. */
  firstLanded(repository: Repository, branch: string): Promise<SubjectRow | null>;

  subject(key: string): Promise<SubjectRow | null>;
  /** The subject under a new lease: whoever had it before writes nothing more. */
  lease(key: string): Promise<Leased | null>;
  /** Read before something is written outside; `sha` is the commit whose siblings are asked for. */
  standing(lease: Lease, repository: Repository, sha: string): Promise<Standing>;
  /** Open subjects of a repository. */
  openSubjects(repository: Repository): Promise<readonly SubjectRow[]>;
  /** Keys of its open pull requests: into one base, or all; and only so many, or all. */
  openPulls(
    repository: Repository,
    which: { readonly base: string | null; readonly most: number | null },
  ): Promise<readonly string[]>;
  /** Keys of all open subjects that are not at rest: no verdict yet, or something still runs. */
  restless(): Promise<readonly string[]>;
  repositories(): Promise<readonly Repository[]>;
  record(look: LookRecord): Promise<Written>;
  /** A look that could not be made: when to try again, and how many failed in a row. */
  postpone(lease: Lease, dueAt: number, failures: number): Promise<Written>;
  snapshot(key: string): Promise<LookRecord["snapshot"]>;

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

  intentions(key: string): Promise<readonly Intention[]>;
  recordRole(lease: Lease, intentionKey: string, role: Role | "none"): Promise<Written>;

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
  /** Takes the intention back: nothing was sent. What stood before stands again. */
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
  intendAnswer(lease: Lease, intentionKey: string, pull: number): Promise<Written>;
  dropIntendedAnswer(lease: Lease, intentionKey: string): Promise<Written>;
  recordAnswer(lease: Lease, intentionKey: string, sent: SentAnswer): Promise<Written>;

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

  /** After a restore: what is begun from now on has keys that were never used. */
  renewGeneration(): Promise<void>;
  /** Deletes what is older than its retention in `limit.keep`. */
  prune(now: number): Promise<void>;
  /** Throws where the database or the queue does not work. */
  check(): Promise<void>;
}

/** What kind of subject the jobs of a lane are about. */
export type LaneKind = Subject["kind"];

/** Jobs of one installation at once, while no other has anything to do and while one has. */
export interface Share {
  readonly alone: number;
  readonly beside: number;
}

export interface TurnLimits {
  /** While the process waits for others most of the time, and while it has no time left. */
  readonly calm: Share;
  readonly loaded: Share;
  /** Resyncs of repositories at once, of all installations together. */
  readonly resyncs: number;
  /** From one resync of an installation to its next. */
  readonly resyncEvery_ms: number;
}

export interface Working extends TurnLimits {
  /** By which `readyAt` tells the time. */
  readonly clock: Clock;
  /** Jobs at once. */
  readonly workers: number;
  /** When such jobs may begin, in milliseconds since 1970: they wait in the queue until then. */
  readyAt(lane: { readonly installation: number; readonly kind: LaneKind }): number;
}

/** Leases subjects: at most one job per subject is active, on any number of replicas. */
export interface Queue {
  /**
   * Runs `handler` for each job until stopped, in fair turns. Resolves when the workers are up. A job that was
   * `lost` is handed back: another process has worked on its subject meanwhile, and may not have come to the end.
   */
  work(
    working: Working,
    handler: (job: Job) => Promise<"done" | "lost" | undefined>,
  ): Promise<void>;
  /** Takes jobs by hand, in the same order: the test world's single step. */
  take(count: number): Promise<readonly Job[]>;
  done(job: Job): Promise<void>;
  /** Hands a job back to be taken again. */
  handBack(job: Job): Promise<void>;
  /** Takes no more work and waits up to `grace_ms` for what is leased; the rest is handed back. */
  stop(grace_ms: number): Promise<void>;
}

/** State of the local engine's runs, kept in the store so that every replica sees them. */
export interface LocalRuns {
  /** False where the token is known already. */
  add(run: LocalRun): Promise<boolean>;
  get(token: string): Promise<LocalRun | null>;
  update(token: string, change: Partial<Omit<LocalRun, "token">>): Promise<void>;
  /** Runs that have not ended. */
  live(): Promise<readonly LocalRun[]>;
  /** Ended runs whose workspace is still kept, oldest first. */
  kept(instance: string): Promise<readonly LocalRun[]>;
}

export interface LocalRun {
  /** The run's key. */
  readonly token: string;
  readonly request: StartRequest;
  /** The Interlock process that runs it. */
  readonly instance: string;
  /** Alive sign of that process. */
  readonly beatAt: number;
  readonly state: Observation["state"];
  readonly why: string;
  readonly stages: readonly StageFact[];
  readonly createdAt: number;
  readonly endedAt: number | null;
  /** The running command's process group, with its start time, so that another process's id is never killed. */
  readonly process: { readonly group: number; readonly startedAt: string } | null;
  readonly stopRequested: string | null;
  /** Keys of retries already carried out. */
  readonly retries: readonly string[];
  /** Folder of the commit while it is kept. */
  readonly workspace: string | null;
}

/** What was asked of AWS CodePipeline, kept in the store: AWS tells nothing of our keys and commits. */
export interface PipelineRuns {
  /** Before AWS is asked. False where the token is known already. */
  add(run: PipelineRun): Promise<boolean>;
  get(token: string): Promise<PipelineRun | null>;
  byExecution(executionId: string): Promise<PipelineRun | null>;
  /** Those of the executions that are in the ledger, by their ids: the rest was started by others. */
  known(executionIds: readonly string[]): Promise<ReadonlyMap<string, PipelineRun>>;
  /**
   * Begun at that time or later, newest first: at most so many of each pipeline, and where that is too much
   * of all together, those that are the newest of theirs.
   */
  since(
    time: number,
    count: { readonly each: number; readonly all: number },
  ): Promise<readonly PipelineRun[]>;
  update(token: string, change: Partial<Pick<PipelineRun, "executionId" | "acts">>): Promise<void>;
}

export interface PipelineRun {
  /** The run's key, or the key of the wish for a rollback or an approval. */
  readonly token: string;
  readonly request: PipelineRequest;
  /** Null until AWS has answered. */
  readonly executionId: string | null;
  readonly startedAt: number;
  /** What was told of it: how often, and the newest. Every replica reads here what one of them was told. */
  readonly heard: { readonly count: number; readonly last: readonly string[] };
  readonly acts: readonly PipelineAct[];
}

export type PipelineRequest =
  | {
      readonly kind: "start";
      readonly start: StartRequest;
      /** As sent: the same token must come with the same parameters. */
      readonly source: string;
      readonly variables: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: "rollback";
      readonly rollback: RollbackRequest;
      /** The execution to go back to. */
      readonly target: string;
      readonly sha: string;
      /** The newest execution of the pipeline before the wish; ours is newer. */
      readonly after: string | null;
      readonly stays?: BegunRollback["stays"];
    }
  /** An entry of its own, which never has an execution: the key stands for this place and no other one. */
  | {
      readonly kind: "approve";
      readonly approval: Approval;
      /** Marks of what waited there then; never their tokens. */
      readonly asked: readonly string[];
    };

export type PipelineAct =
  | {
      readonly kind: "retry";
      readonly key: string;
      readonly stage: string;
      /** The stage's runs of actions before; others than these show that it took effect. */
      readonly before: readonly string[];
      readonly at: number;
      readonly done: boolean;
    }
  /** The way into the stage was closed for a stop, and is to be opened again. */
  | {
      readonly kind: "closed";
      readonly stage: string;
      readonly reason: string;
      /** When that was asked for; absent in entries of earlier versions. */
      readonly at?: number;
    }
  /** When AWS was asked last for the rollback that this entry is. */
  | { readonly kind: "sent"; readonly at: number };

// ---------------------------------------------------------------- notices
/** One notice for one place. */
export interface NoticeDraft {
  /** ARN of a topic. */
  readonly target: string;
  readonly notice: Notice;
}

export interface TakenNotice extends NoticeDraft {
  /** Which try this is, from 1. */
  readonly attempt: number;
}

/** Notices that were recorded with a look, until they are sent. */
export interface NoticeLedger {
  /** At most `count` that are due, each for this caller alone during `limit.notify.lease_ms`. */
  take(now: number, count: number): Promise<readonly TakenNotice[]>;
  /** Once it is sent or given up that stays so. A try that failed changes nothing once another one has begun. */
  settle(notice: TakenNotice, end: NoticeEnd): Promise<void>;
}

export type NoticeEnd =
  | { readonly kind: "sent" }
  /** At that time; it is tried again after a wait that grows with the tries. */
  | { readonly kind: "failed"; readonly why: string; readonly at: number }
  | { readonly kind: "given_up"; readonly why: string };

/** Tells people and programs. Never throws for what the other side does. */
export interface Notifier {
  send(notice: NoticeDraft): Promise<Told>;
}

export type Told =
  | { readonly kind: "sent" }
  | { readonly kind: "failed"; readonly why: string }
  /** Asking again would not help. */
  | { readonly kind: "refused"; readonly why: string };

// ---------------------------------------------------------------- the audit trail
/** Who had what done, when, from where, and what became of it. The store adds the rows itself. */
export interface AuditTrail {
  /** Notes the settings of this start, none of which is secret, and how they differ from those of the start before. */
  started(start: {
    readonly host: string;
    readonly settings: Readonly<Record<string, unknown>>;
  }): Promise<void>;
  /** Oldest first. */
  entries(question: AuditQuestion): AsyncIterable<AuditEntry>;
}

export interface AuditQuestion {
  /** Milliseconds since 1970. */
  readonly since: number;
  /** `owner/name`; null for all, with what concerns no repository. */
  readonly repository: string | null;
}

export interface AuditEntry {
  /** ISO 8601, by the clock of the database. */
  readonly at: string;
  readonly kind: /** A request arrived. */
    | "command"
    /** What became of all its commands. */
    | "answer"
    | "start"
    | "stop"
    | "retry"
    | "approval"
    | "rollback"
    /** An execution ended. */
    | "end"
    /** What others did to an execution at its engine. */
    | "outside"
    /** The program started with these settings. */
    | "settings";
  /** A login at GitHub, `interlock`, or `operator`; null where nobody is known. */
  readonly who: string | null;
  readonly from: {
    readonly source:
      | "comment"
      | "button"
      | "rerequest"
      | "interlock"
      | "local"
      | "codepipeline"
      | "delivery"
      | "start";
    /** Of the comment or check, of the execution at its engine, or of the host that started. */
    readonly key: string | null;
    /** GUID of the delivery that brought the request. */
    readonly delivery: string | null;
  };
  readonly repository: string | null;
  readonly subject: string | null;
  readonly outcome: string;
  readonly detail: unknown;
}
