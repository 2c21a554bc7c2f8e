// Subjects in memory: what is open, due and landed, and what the last reconciliation came to.

import { refusedIn } from "../../../src/core/command/asked.ts";
import { canonical } from "../../../src/core/model/canonical.ts";
import { type Repository, type Subject, subjectKey } from "../../../src/core/model/event.ts";
import type { Landed, Sibling } from "../../../src/core/model/fact.ts";
import { limit } from "../../../src/core/model/limit.ts";
import { productionPlace } from "../../../src/core/model/production-place.ts";
import type { ReconcileResult, Store } from "../../../src/ports/store.ts";
import { open } from "./intake.ts";
import { addNotifications, handOver } from "./ledgers.ts";
import { byText, isUnderWay, type SubjectRecord, slug, slugOf, type Tables } from "./tables.ts";

type CommitSubject = Extract<Subject, { kind: "commit" }>;

type Subjects = Pick<
  Store,
  | "subject"
  | "lease"
  | "currentState"
  | "openSubjects"
  | "openPulls"
  | "unfinishedSubjects"
  | "postpone"
  | "snapshot"
  | "siblings"
  | "landed"
  | "firstLanded"
  | "newer"
  | "waiting"
  | "busy"
  | "carried"
>;

export function subjectsIn(tables: Tables): Subjects {
  const { subjects, executions } = tables;
  const all = () => [...subjects.values()];
  const releasesOf = (key: string) =>
    [...executions.values()].filter((one) => one.subjectKey === key && one.part === "release");
  const landed = ({ key, subject, verdict }: SubjectRecord): Landed => ({
    key,
    sha: subject.kind === "commit" ? subject.sha : "",
    verdict,
    released: [...new Set(releasesOf(key).map(({ pipeline }) => pipeline))].sort(),
    places: [
      ...new Map(
        releasesOf(key)
          .sort(byText(({ pipeline }) => pipeline))
          .map(({ pipeline, spec }) => productionPlace(pipeline, spec))
          .map((place) => [canonical(place), place]),
      ).values(),
    ],
  });
  /** Commits of the branch in the order of landing, and the place of this one. */
  const around = (subject: CommitSubject) => {
    const onBranch = all()
      .filter((one) => one.subject.kind === "commit" && one.subject.branch === subject.branch)
      .filter((one) => slugOf(one.subject) === slugOf(subject))
      .sort((one, other) => one.position - other.position);
    const at = onBranch.findIndex(({ key }) => key === subjectKey(subject));
    return at < 0
      ? { earlier: [], later: [] }
      : { earlier: onBranch.slice(0, at), later: onBranch.slice(at + 1) };
  };
  /** Null also where its repository is gone. */
  const present = (key: string): SubjectRecord | null => {
    const record = subjects.get(key);
    return record !== undefined && tables.isPresent(slugOf(record.subject)) ? record : null;
  };
  const siblings = (key: string, repository: Repository, sha: string): readonly Sibling[] =>
    all()
      .filter((one) => one.key !== key && one.head === sha)
      .filter((one) => slugOf(one.subject) === slug(repository))
      .filter((one) => one.open || (one.subject.kind === "commit" && one.verdict !== null))
      .filter((one) => one.verdict !== null || one.verdictSha !== sha || one.silentFor !== null)
      .sort(byText((one) => one.key))
      .map(({ key: other, base, subject, verdict, verdictSha, ownBranch, silentFor }) => ({
        key: other,
        base: base ?? (subject.kind === "commit" ? subject.branch : "?"),
        verdict: verdictSha === sha ? verdict : null,
        ...(ownBranch === true && { ownBranch }),
        ...(silentFor !== null && verdictSha === sha && { silentFor }),
      }));
  return {
    subject: async (key) => {
      const record = present(key);
      return record === null ? null : tables.row(record);
    },
    lease: async (key) => {
      const record = present(key);
      if (record === null) return null;
      record.epoch += 1;
      return {
        ...tables.row(record),
        now: tables.now(),
        generation: tables.generationOf(record.subject),
      };
    },
    currentState: async (lease, repository, sha) => ({
      held: tables.holds(lease),
      now: tables.now(),
      siblings: siblings(lease.key, repository, sha),
    }),
    openPulls: async (repository, { base, most }) =>
      all()
        .filter(({ open, subject }) => open && subject.kind === "pull")
        .filter((one) => slugOf(one.subject) === slug(repository))
        .map((one) => tables.row(one))
        .filter((row) => base === null || row.base === base)
        .map(({ key }) => key)
        .slice(0, most ?? undefined),
    openSubjects: async (repository) =>
      all()
        .filter((one) => one.open && slugOf(one.subject) === slug(repository))
        .map((one) => tables.row(one)),
    unfinishedSubjects: async () => {
      const live = new Set(
        [...executions.values()].filter(isUnderWay).map((one) => one.subjectKey),
      );
      return all()
        .filter(({ open, subject }) => open && subject.kind !== "repository")
        .filter(
          ({ key, verdict }) => verdict === null || verdict === "in_progress" || live.has(key),
        )
        .map(({ key }) => key);
    },
    postpone: tables.under((key, dueAt: number, failures: number) => {
      const record = subjects.get(key);
      if (record === undefined) return;
      Object.assign(record, { dueAt, failures, open: tables.isPresent(slugOf(record.subject)) });
    }),
    snapshot: async (key) => tables.snapshots.get(key) ?? null,
    siblings: async (key, repository, sha) => siblings(key, repository, sha),
    landed: async (repository, branch, sha) => {
      const record = subjects.get(subjectKey({ kind: "commit", repository, branch, sha }));
      return record === undefined ? null : landed(record);
    },
    firstLanded: async (repository, branch) => {
      const [first] = all()
        .filter(({ subject }) => subject.kind === "commit" && subject.branch === branch)
        .filter(({ subject }) => slugOf(subject) === slug(repository))
        .sort((one, other) => one.position - other.position);
      return first === undefined || present(first.key) === null ? null : tables.row(first);
    },
    newer: async (subject) => {
      const { later } = around(subject);
      const newest = new Map(
        later.flatMap((one) =>
          releasesOf(one.key).map(({ pipeline }) => [pipeline, one.key] as const),
        ),
      );
      const carriers = new Set(newest.values());
      return later
        .filter(({ key }, step) => step < limit.look.later || carriers.has(key))
        .map(landed);
    },
    waiting: async (subject) =>
      around(subject)
        .earlier.filter(
          ({ open, verdict }) => open && (verdict === null || verdict === "in_progress"),
        )
        .slice(0, limit.look.earlier)
        .map(({ key }) => key),
    busy: async (subject) => [
      ...[...executions.values()]
        .filter((one) => one.repository === slugOf(subject) && one.part === "release")
        .filter((one) => isUnderWay(one) && one.subjectKey !== subjectKey(subject))
        .map(({ pipeline, sha, subjectKey: key, spec, createdAt, retries }) => ({
          pipeline,
          sha,
          key,
          spec,
          createdAt,
          retries,
        })),
      ...[...tables.rollbacks.values()]
        .filter((one) => one.repository === slugOf(subject) && one.state === "running")
        .map(({ pipeline, from, subjectKey: key, spec, createdAt }) => ({
          pipeline,
          sha: from,
          key,
          spec,
          createdAt,
          retries: [],
          isRollback: true as const,
        })),
    ],
    carried: async (subject) => {
      const { earlier } = around(subject);
      const own = new Set(releasesOf(subjectKey(subject)).map(({ pipeline }) => pipeline));
      const bound = (pipeline: string | null) =>
        earlier.findLastIndex(({ key }) =>
          releasesOf(key).some((one) => pipeline === null || one.pipeline === pipeline),
        );
      const from = own.size === 0 ? bound(null) : Math.min(...[...own].map(bound));
      return earlier
        .slice(from + 1)
        .slice(-limit.look.carried)
        .map(({ key }) => key);
    },
  };
}

/** A repository that went away during the look stays closed. */
export function writeReconcileResult(tables: Tables, look: ReconcileResult): void {
  const record = tables.subjects.get(look.key);
  if (record === undefined) return;
  record.open = look.open && tables.isPresent(slugOf(record.subject));
  record.head = look.head ?? record.head;
  record.base = look.base ?? record.base;
  record.dueAt = look.open ? look.dueAt : null;
  record.failures = look.failures;
  record.verdict = look.verdict;
  record.verdictSha = look.verdictSha;
  record.silentFor = look.silentFor;
  record.ownBranch = look.ownBranch ?? record.ownBranch;
  record.touchedAt = Math.max(record.touchedAt, look.at);
  for (const handover of look.handovers ?? []) handOver(tables, look.key, handover);
  if (look.snapshot !== null) tables.snapshots.set(look.key, look.snapshot);
  for (const { key, outcome } of look.results) {
    const request = tables.requests.get(`${look.key} ${key}`);
    if (request !== undefined) request.outcome = outcome;
  }
  for (const { key, why } of refusedIn(look.results)) {
    const there = tables.rollbacks.get(key);
    if (there?.state === "intended") Object.assign(there, { state: "refused", why });
  }
  addNotifications(tables, look);
}

/** Opens what was closed while something of it was under way. Returns the keys. */
export function openUnfinished(
  tables: Tables,
  repository: Repository,
  at: number,
): readonly string[] {
  const unfinished = new Set<string>();
  for (const one of tables.executions.values()) if (isUnderWay(one)) unfinished.add(one.subjectKey);
  for (const one of tables.rollbacks.values()) {
    if (!isUnderWay(one)) continue;
    unfinished.add(one.subjectKey);
    const out = tables.executions.get(one.execution)?.subjectKey;
    if (out !== undefined) unfinished.add(out);
  }
  const closed = [...tables.subjects.values()].filter(
    ({ key, open, subject }) =>
      !open && unfinished.has(key) && slugOf(subject) === slug(repository),
  );
  if (!tables.isPresent(slug(repository))) return [];
  for (const record of closed) {
    open(tables, record, at);
    record.touchedAt = Math.max(record.touchedAt, at);
  }
  return closed.map(({ key }) => key);
}

/** Deletes what is older than its retention, with all that belongs to it. */
export function prune(tables: Tables, now: number): void {
  const { keep } = limit;
  const old = <T>(table: Map<string, T>, isOld: (row: T) => boolean) => {
    for (const [key, row] of table) if (isOld(row)) table.delete(key);
  };
  old(tables.deliveries, (at) => at < now - keep.deliveries_ms);
  old(tables.subjects, (one) => !one.open && one.touchedAt < now - keep.subjects_ms);
  const gone = ({ subjectKey: key }: { subjectKey: string }) => !tables.subjects.has(key);
  for (const key of tables.snapshots.keys())
    if (!tables.subjects.has(key)) tables.snapshots.delete(key);
  old(tables.requests, gone);
  old(tables.executions, gone);
  old(tables.checks, gone);
  old(tables.answers, gone);
  old(tables.notifications, gone);
  old(tables.rollbacks, ({ execution }) => !tables.executions.has(execution));
  old(tables.tips, ({ heardAt }) => heardAt !== null && heardAt < now - keep.tips_ms);
  old(tables.readings, ({ moment }) => moment.at < now - keep.readings_ms);
  old(
    tables.localRuns,
    ({ endedAt, workspace }) =>
      endedAt !== null && endedAt < now - keep.subjects_ms && workspace === null,
  );
  old(
    tables.pipelineRuns,
    ({ token, startedAt }) =>
      startedAt < now - keep.subjects_ms &&
      !tables.executions.has(token) &&
      !tables.rollbacks.has(token),
  );
}
