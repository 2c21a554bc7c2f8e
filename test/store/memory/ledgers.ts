// The ledgers in memory: executions, rollbacks, checks, answers and notices.

import type { Handover } from "../../../src/core/diff.ts";
import type { CheckWanted, RollbackWanted, RunWanted } from "../../../src/core/model/effect.ts";
import type { Repository } from "../../../src/core/model/event.ts";
import type { ActFact, Execution, Rollback } from "../../../src/core/model/fact.ts";
import { limit } from "../../../src/core/model/limit.ts";
import { isSamePlace, productionPlace } from "../../../src/core/model/production-place.ts";
import { gateName } from "../../../src/core/render/checks.ts";
import type { NotificationLedger } from "../../../src/ports/notifier.ts";
import type {
  ExecutionChange,
  ReconcileResult,
  RollbackChange,
  Store,
} from "../../../src/ports/store.ts";
import {
  byText,
  type CheckRecord,
  type ExecutionRecord,
  freshExecution,
  isUnderWay,
  type RollbackRecord,
  saysSomething,
  slug,
  slugOf,
  type Tables,
} from "./tables.ts";

type Executions = Pick<
  Store,
  | "executions"
  | "previousReleases"
  | "releases"
  | "intendRun"
  | "intendRelease"
  | "recordExecution"
  | "recordApproval"
  | "reopenExecution"
>;

export function executionLedger(tables: Tables): Executions {
  const { executions, subjects } = tables;
  const all = () => [...executions.values()];
  const intendRun = tables.under((key, run: RunWanted, at: number) => {
    const subject = subjects.get(key)?.subject;
    if (subject === undefined || executions.has(run.key)) return;
    executions.set(run.key, {
      ...run,
      ...freshExecution(at),
      subjectKey: key,
      repository: slugOf(subject),
      position: tables.next(),
    });
  });
  return {
    executions: async (key) =>
      all()
        .filter(({ subjectKey }) => subjectKey === key)
        .map(told),
    previousReleases: async (key) => {
      const own = all().filter((one) => one.subjectKey === key && one.part === "release");
      return [...Map.groupBy(own, ({ pipeline }) => pipeline).entries()]
        .sort(byText(([pipeline]) => pipeline))
        .flatMap(([pipeline, runs]) => {
          const startedAt = Math.max(...runs.map(({ createdAt }) => createdAt));
          const [before] = all()
            .filter((one) => one.part === "release" && one.pipeline === pipeline)
            .filter((one) => one.subjectKey !== key && one.repository === runs[0]?.repository)
            .filter((one) => one.endedAt !== null && one.endedAt <= startedAt && saysSomething(one))
            .sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0) || b.position - a.position);
          return before === undefined ? [] : [told(before)];
        });
    },
    releases: async (repository, branch) => {
      const counts = new Map<string, number>();
      return all()
        .filter((one) => one.repository === slug(repository) && one.part === "release")
        .filter(({ engineId, subjectKey }) => {
          const subject = subjects.get(subjectKey)?.subject;
          return engineId !== null && subject?.kind === "commit" && subject.branch === branch;
        })
        .reverse()
        .filter(({ pipeline }) => {
          counts.set(pipeline, (counts.get(pipeline) ?? 0) + 1);
          return (counts.get(pipeline) ?? 0) <= limit.look.releases;
        })
        .map((one) => ({
          ...told(one),
          stages: one.stages.map((stage) => ({ ...stage, output: "", reports: [] })),
        }));
    },
    intendRun,
    intendRelease: async (lease, run, at) => {
      const subject = subjects.get(lease.key)?.subject;
      const since = at - limit.look.engine_gone_ms;
      const place = productionPlace(run.pipeline, run.spec);
      const isMeeting = (one: ExecutionRecord | RollbackRecord) =>
        subject !== undefined &&
        one.repository === slugOf(subject) &&
        isUnderWay(one) &&
        one.createdAt > since &&
        isSamePlace(place, productionPlace(one.pipeline, one.spec));
      const isTaken =
        all().some(
          (one) => one.subjectKey !== lease.key && one.part === "release" && isMeeting(one),
        ) ||
        [...tables.rollbacks.values()].some((one) => one.state === "running" && isMeeting(one));
      return isTaken && tables.holds(lease) ? "taken" : await intendRun(lease, run, at);
    },
    recordExecution: tables.under((_, key: string, change: ExecutionChange) => {
      const known = executions.get(key);
      if (known === undefined) return;
      const { state, why, stages, endedAt, ...rest } = change;
      const isLate = state !== undefined && isUnderWay({ state }) && !isUnderWay(known);
      if (!isLate) assign(known, { state, why, stages, endedAt });
      assign(known, rest);
    }),
    recordApproval: tables.under((_, key: string, answer: ActFact) => {
      const known = executions.get(key);
      if (known === undefined || known.approvals.some((one) => one.key === answer.key)) return;
      known.approvals = [...known.approvals, answer];
    }),
    reopenExecution: tables.under((_, key: string) => {
      const known = executions.get(key);
      if (known === undefined) return;
      assign(known, { state: "running", why: "", endedAt: null, stopReason: null });
      assign(known, { stopRefused: null, surveyedAt: null });
    }),
  };
}

function told(record: ExecutionRecord): Execution {
  const { subjectKey, repository, position, ...execution } = record;
  return execution;
}

/** What is undefined changes nothing. */
function assign<T extends object>(row: T, change: { [K in keyof T]?: T[K] | undefined }): void {
  for (const [name, value] of Object.entries(change))
    if (value !== undefined) Object.assign(row, { [name]: value });
}

// ------------------------------------------------------------ rollbacks

export function rollbacksFor(tables: Tables, key: string): readonly Rollback[] {
  const own = tables.subjects.get(key)?.subject;
  if (own === undefined) return [];
  return [...tables.rollbacks.values()]
    .filter(
      ({ subjectKey, execution, repository, sha }) =>
        subjectKey === key ||
        tables.executions.get(execution)?.subjectKey === key ||
        (own.kind === "commit" && repository === slugOf(own) && sha === own.sha),
    )
    .map(toldRollback);
}

export function rollbacksOf(tables: Tables, repository: Repository): readonly Rollback[] {
  return [...tables.rollbacks.values()]
    .filter((one) => one.repository === slug(repository))
    .slice(-limit.look.rollbacks)
    .map(toldRollback);
}

export function intendRollback(
  tables: Tables,
  key: string,
  wanted: RollbackWanted,
  at: number,
): void {
  const subject = tables.subjects.get(key)?.subject;
  if (subject === undefined || tables.rollbacks.has(wanted.key)) return;
  const { among, ...rest } = wanted;
  tables.rollbacks.set(wanted.key, {
    ...rest,
    subjectKey: key,
    repository: slugOf(subject),
    sha: null,
    engineId: null,
    state: "intended",
    why: "",
    createdAt: at,
    endedAt: null,
  });
}

/** Returns the keys of all whom it concerns. */
export function recordRollback(
  tables: Tables,
  key: string,
  change: RollbackChange,
): readonly string[] {
  const known = tables.rollbacks.get(key);
  if (known !== undefined && isUnderWay(known)) assign(known, change);
  return concerned(tables, key);
}

export function concerned(tables: Tables, key: string): readonly string[] {
  const rollback = tables.rollbacks.get(key);
  if (rollback === undefined) return [];
  const brought = [...tables.subjects.values()].filter(
    ({ subject }) =>
      subject.kind === "commit" &&
      slugOf(subject) === rollback.repository &&
      subject.sha === rollback.sha,
  );
  const out = tables.executions.get(rollback.execution)?.subjectKey;
  return [
    ...new Set([
      rollback.subjectKey,
      ...(out === undefined ? [] : [out]),
      ...brought.map((one) => one.key),
    ]),
  ];
}

function toldRollback(record: RollbackRecord): Rollback {
  const { subjectKey, repository, ...rollback } = record;
  return rollback;
}

// ------------------------------------------------------------ checks and answers

type Checks = Pick<
  Store,
  | "checks"
  | "openChecks"
  | "intendCheck"
  | "dropIntendedCheck"
  | "recordCheck"
  | "doubtCheck"
  | "gates"
  | "doubtGate"
  | "answers"
  | "intendAnswer"
  | "dropIntendedAnswer"
  | "recordAnswer"
>;

export function checkLedger(tables: Tables, wake: (keys: readonly string[]) => void): Checks {
  const { checks, answers, subjects } = tables;
  /** The row, made where there is none; undefined where the subject is not known. */
  const rowFor = (key: string, { sha, name }: CheckWanted): CheckRecord | undefined => {
    const subject = subjects.get(key)?.subject;
    if (subject === undefined) return undefined;
    const repository = slugOf(subject);
    const place = `${repository} ${sha} ${name}`;
    let row = checks.get(place);
    if (row === undefined) {
      row = { repository, sha, name, subjectKey: key, ...nothing };
      checks.set(place, row);
    }
    return row;
  };
  return {
    checks: async (repository, shas) =>
      [...checks.values()]
        .filter((row) => row.repository === slug(repository) && shas.includes(row.sha))
        .sort(byText(({ sha, name }) => `${sha} ${name}`))
        .map(present),
    openChecks: async (key, exceptSha) =>
      [...checks.values()]
        .filter((row) => row.subjectKey === key && row.sha !== exceptSha)
        .filter((row) => row.intended !== null || row.content?.state.status === "in_progress")
        .sort(byText(({ sha, name }) => `${sha} ${name}`))
        .sort((one, other) => one.sentAt - other.sentAt)
        .map(present),
    intendCheck: tables.under((key, check: CheckWanted) => {
      const row = rowFor(key, check);
      if (row !== undefined) Object.assign(row, { subjectKey: key, intended: check });
    }),
    dropIntendedCheck: tables.under((key, check: CheckWanted) => {
      const subject = subjects.get(key)?.subject;
      const place = subject && `${slugOf(subject)} ${check.sha} ${check.name}`;
      const row = place === undefined ? undefined : checks.get(place);
      if (place === undefined || row === undefined || !isSame(row.intended, check)) return;
      if (row.content === null) checks.delete(place);
      else {
        row.intended = null;
        if (subjects.has(row.content.externalId)) row.subjectKey = row.content.externalId;
      }
    }),
    recordCheck: async (lease, check, { id, at }) => {
      const { key } = lease;
      const row = tables.holds(lease) ? rowFor(key, check) : undefined;
      if (row === undefined) return "lost";
      const isCertain = row.intended === null ? row.content === null : isSame(row.intended, check);
      row.subjectKey = key;
      row.intended = isCertain ? null : check;
      if (row.id === null || row.id <= id) Object.assign(row, { id, content: check, sentAt: at });
      return isCertain ? "written" : "doubtful";
    },
    doubtCheck: async (key, check) => {
      const subject = subjects.get(key)?.subject;
      const row = subject && checks.get(`${slugOf(subject)} ${check.sha} ${check.name}`);
      if (row === undefined) return;
      row.intended = check;
      wake([row.subjectKey]);
    },
    gates: async (since) => {
      const told = new Set(
        [...subjects.values()]
          .filter(
            ({ open, touchedAt, subject: { kind } }) =>
              open || (touchedAt >= since && kind === "commit"),
          )
          .map(({ subject, head }) => `${slugOf(subject)} ${head}`),
      );
      return [...checks.values()]
        .filter(
          ({ repository, sha, name }) => name === gateName && told.has(`${repository} ${sha}`),
        )
        .sort(byText(({ repository, sha }) => `${repository} ${sha}`))
        .flatMap(({ repository, content, intended, id, sentAt }) => {
          const known = tables.repositories.get(repository);
          if (!known?.present || content === null || intended !== null || id === null) return [];
          const [owner = "", name = ""] = repository.split("/");
          return [
            { repository: { installation: known.installation, owner, name }, content, sentAt },
          ];
        });
    },
    doubtGate: async ({ repository, content, sentAt }, how) => {
      const place = `${slug(repository)} ${content.sha} ${content.name}`;
      const row = checks.get(place);
      if (row === undefined || row.intended !== null || row.sentAt !== sentAt) return false;
      if (!isSame(row.content, content)) return false;
      if (how === "find") row.intended = row.content;
      else checks.delete(place);
      wake([row.subjectKey]);
      return true;
    },
    answers: async (key) =>
      [...answers.values()]
        .filter(({ subjectKey }) => subjectKey === key)
        .sort(byText((row) => row.key))
        .map(({ subjectKey, ...answer }) => answer),
    intendAnswer: tables.under((key, request: string) => {
      const place = `${key} ${request}`;
      if (!answers.has(place))
        answers.set(place, { subjectKey: key, key: request, id: null, body: "" });
    }),
    dropIntendedAnswer: tables.under((key, request: string) => {
      const place = `${key} ${request}`;
      if (answers.get(place)?.id === null) answers.delete(place);
    }),
    recordAnswer: tables.under((key, request: string, sent: { id: number; body: string }) => {
      const row = answers.get(`${key} ${request}`);
      if (row !== undefined) Object.assign(row, sent);
    }),
  };
}

const nothing = { id: null, content: null, intended: null, sentAt: 0 };

/** From now on it is the other's to bring up to date. */
export function handOver(tables: Tables, key: string, { sha, name, to }: Handover): void {
  const next = tables.subjects.get(to)?.subject;
  const row = next && tables.checks.get(`${slugOf(next)} ${sha} ${name}`);
  if (row?.subjectKey !== key) return;
  row.subjectKey = to;
  if (row.content !== null) row.content = { ...row.content, externalId: to };
  if (row.intended !== null) row.intended = { ...row.intended, externalId: to };
}

function present({ sha, name, id, content, intended, sentAt }: CheckRecord) {
  const shown = intended ?? content;
  if (shown === null) throw new Error(`${name} of ${sha} has no content`);
  return { sha, name, id: intended === null ? id : null, content: shown, sentAt };
}

function isSame(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

// ------------------------------------------------------------ notices

/** One that is there already stays as it is, sent or not. */
export function addNotifications(
  tables: Tables,
  { key, at, notifications }: Pick<ReconcileResult, "key" | "at" | "notifications">,
): void {
  if (!tables.subjects.has(key)) return;
  for (const draft of notifications) {
    const place = `${draft.notice.key} ${draft.target}`;
    if (!tables.notifications.has(place))
      tables.notifications.set(place, {
        ...draft,
        subjectKey: key,
        state: "waiting",
        attempts: 0,
        nextAt: at,
      });
  }
}

export function notificationsIn({ notifications }: Tables): NotificationLedger {
  return {
    take: async (now, count) =>
      [...notifications.values()]
        .filter(({ state, nextAt }) => state === "waiting" && nextAt <= now)
        .sort((one, other) => one.nextAt - other.nextAt)
        .slice(0, count)
        .map((row) => {
          row.attempts += 1;
          row.nextAt = now + limit.notify.lease_ms;
          return { target: row.target, notice: row.notice, attempt: row.attempts };
        }),
    settle: async ({ target, notice, attempt }, end) => {
      const row = notifications.get(`${notice.key} ${target}`);
      if (row?.state !== "waiting") return;
      if (end.kind === "sent") row.state = "sent";
      else if (row.attempts !== attempt) return;
      else if (end.kind === "given_up") row.state = "given_up";
      else {
        const wait = limit.notify.again_ms * 2 ** (attempt - 1);
        row.nextAt = end.at + Math.min(wait, limit.notify.again_ms_max);
      }
    },
  };
}
