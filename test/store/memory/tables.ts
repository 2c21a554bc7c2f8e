// What the store in memory holds: the tables of the database as maps, each row in the order in which it came.

import type { CheckWanted, RunWanted } from "../../../src/core/model/effect.ts";
import type { Repository, Subject } from "../../../src/core/model/event.ts";
import type { CommandRequest, Execution, Rollback } from "../../../src/core/model/fact.ts";
import type { LowerBound } from "../../../src/core/model/told.ts";
import type { Clock } from "../../../src/ports/log.ts";
import type { NotificationDraft } from "../../../src/ports/notifier.ts";
import type { KeptReading } from "../../../src/ports/readings.ts";
import type { LocalRun, PipelineRun } from "../../../src/ports/run.ts";
import type {
  Delivery,
  Lease,
  ReconcileResult,
  SubjectRow,
  Written,
} from "../../../src/ports/store.ts";

/** What is not known is not there. */
export type RepositoryRecord = Mutable<Omit<Repository, "owner" | "name">> & { present: boolean };

const unknown: RepositoryRecord = { installation: 0, present: false };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export type SubjectRecord = Mutable<Omit<SubjectRow, "subject">> & {
  /** Its installation is the one of its first event; the repository's own counts. */
  readonly subject: Subject;
  readonly position: number;
  touchedAt: number;
  ownBranch: boolean | null;
  silentFor: string | null;
};
export type ExecutionRecord = Mutable<Execution> & {
  readonly subjectKey: string;
  readonly repository: string;
  readonly position: number;
};
export type RollbackRecord = Mutable<Rollback> & {
  readonly subjectKey: string;
  readonly repository: string;
};
export type RequestRecord = Mutable<CommandRequest> & { readonly subjectKey: string };
export interface CheckRecord {
  readonly repository: string;
  readonly sha: string;
  readonly name: string;
  subjectKey: string;
  id: number | null;
  content: CheckWanted | null;
  intended: CheckWanted | null;
  sentAt: number;
}
export interface AnswerRecord {
  readonly subjectKey: string;
  readonly key: string;
  id: number | null;
  body: string;
}
export interface NotificationRecord extends NotificationDraft {
  readonly subjectKey: string;
  state: "waiting" | "sent" | "given_up";
  attempts: number;
  nextAt: number;
}

export class Tables {
  /** By `owner/name`. */
  readonly repositories = new Map<string, RepositoryRecord>();
  /** By `owner/name branch`. */
  readonly tips = new Map<string, { sha: string; heardAt: number | null; floor: string | null }>();
  /** What events told, by `owner/name what`. */
  readonly told = new Map<string, LowerBound>();
  /** When the name was found to belong to another one, by `owner/name`. */
  readonly replaced = new Map<string, number>();
  /** Events that contradict what is known of a repository, in their order. */
  readonly withheld: {
    readonly of: Repository & { id: number };
    moment: number;
    told: WithheldEvent;
  }[] = [];
  /** By `owner/name branch`. */
  readonly gatedPlans = new Map<string, string>();
  /** What was taken of each installation's budget, and when. */
  readonly spending = new Map<
    number,
    readonly { readonly at: number; readonly points: number }[]
  >();
  /** When each was received. */
  readonly deliveries = new Map<string, number>();
  readonly subjects = new Map<string, SubjectRecord>();
  readonly snapshots = new Map<string, NonNullable<ReconcileResult["snapshot"]>>();
  /** By subject and key. */
  readonly requests = new Map<string, RequestRecord>();
  readonly executions = new Map<string, ExecutionRecord>();
  readonly rollbacks = new Map<string, RollbackRecord>();
  /** By repository, commit and name. */
  readonly checks = new Map<string, CheckRecord>();
  /** By subject and intention. */
  readonly answers = new Map<string, AnswerRecord>();
  /** By key and target. */
  readonly notifications = new Map<string, NotificationRecord>();
  readonly readings = new Map<string, KeptReading>();
  readonly localRuns = new Map<string, LocalRun>();
  readonly pipelineRuns = new Map<string, PipelineRun>();
  /** The store's clock; null for the real one. */
  readonly time: { now: Clock | null } = { now: null };
  #renewals = 0;
  #position = 0;
  #moment = 0;

  now(): number {
    return this.time.now?.() ?? Date.now();
  }

  /** The same in each life of a simulation, where the database's is at random. */
  generationOf({ repository }: Subject): string {
    const place = slug(repository);
    const parts = [this.repositories.get(place)?.id, this.replaced.get(place)];
    return [`memory${this.#renewals}`, ...parts.filter((part) => part !== undefined)].join(".");
  }

  renewGeneration(): void {
    this.#renewals += 1;
    this.tips.clear();
    const started = new Set(
      [...this.executions.values()].filter(saysSomething).map(({ subjectKey }) => subjectKey),
    );
    for (const [key, record] of this.subjects)
      if (record.subject.kind === "commit" && !started.has(key)) record.arrival = "first";
    for (const key of this.readings.keys())
      if (key.startsWith("inspected|")) this.readings.delete(key);
  }

  /** One order for what is heard and what is read. */
  moment(): number {
    this.#moment += 1;
    return this.#moment;
  }

  /** Somebody spoke of it. */
  hear(record: SubjectRecord, at: number): void {
    record.heardAt = Math.max(record.heardAt, at);
    record.heard = this.moment();
  }

  holds({ key, epoch }: Lease): boolean {
    return this.subjects.get(key)?.epoch === epoch;
  }

  /** The write of a method of the port, refused where the lease is not the newest. */
  under<Args extends readonly unknown[]>(
    write: (key: string, ...args: Args) => void,
  ): (lease: Lease, ...args: Args) => Promise<Written> {
    return async (lease, ...args) => {
      if (!this.holds(lease)) return "lost";
      write(lease.key, ...args);
      return "written";
    };
  }

  /** Positions count over all tables, and are never given twice. */
  next(): number {
    this.#position += 1;
    return this.#position;
  }

  isPresent(repository: string): boolean {
    return this.repositories.get(repository)?.present ?? false;
  }

  /** The subject as it is told, with the installation that lets us in now. */
  row(record: SubjectRecord): SubjectRow {
    const { touchedAt, position, ownBranch, silentFor, subject, ...rest } = record;
    const { owner, name } = subject.repository;
    const { present, ...known } = this.repositories.get(slugOf(subject)) ?? unknown;
    return { ...rest, subject: { ...subject, repository: { ...known, owner, name } } };
  }

  clear(): void {
    for (const table of Object.values(this)) if (table instanceof Map) table.clear();
    this.withheld.length = 0;
  }
}

/** A repository as the tables name it. */
export function slug({ owner, name }: Pick<Repository, "owner" | "name">): string {
  return `${owner}/${name}`;
}

export function slugOf(subject: Subject): string {
  return slug(subject.repository);
}

export function isUnderWay({ state }: { readonly state: Execution["state"] }): boolean {
  return state === "intended" || state === "running";
}

/** The order of the database, which compares code points. */
export function byText<T>(text: (row: T) => string): (one: T, other: T) => number {
  return (one, other) => {
    const [a, b] = [text(one), text(other)];
    return a < b ? -1 : a > b ? 1 : 0;
  };
}

/** What nobody has been told of yet. */
export function freshExecution(at: number): Omit<Execution, keyof RunWanted> {
  return {
    engineId: null,
    state: "intended",
    why: "",
    stages: [],
    createdAt: at,
    endedAt: null,
    stopReason: null,
    stopRefused: null,
    retries: [],
    approvals: [],
    outOfBandChanges: [],
    surveyedAt: null,
  };
}

/** Those that ended because nobody wanted them any more say nothing. */
export function saysSomething({ state, stopReason }: Execution): boolean {
  if (state !== "stopped") return true;
  return stopReason === "deadline_passed" || (stopReason?.startsWith("person:") ?? false);
}

export type WithheldEvent = Pick<Delivery, "guid" | "receivedAt" | "event">;
