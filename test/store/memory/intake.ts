// What deliveries and the resync tell, written into the tables.

import { byStoreClock } from "../../../src/core/model/arrival.ts";
import {
  type CommandRequestDraft,
  type Moved,
  type Repository,
  removalKey,
  type SubjectHint,
  subjectKey,
} from "../../../src/core/model/event.ts";
import type { ToldOf } from "../../../src/core/model/told.ts";
import { withTold } from "../../../src/core/model/told.ts";
import type { Accepted, Delivery } from "../../../src/ports/store.ts";
import type { JobData } from "./queue.ts";
import { withhold } from "./replaced.ts";
import {
  type RepositoryRecord,
  type SubjectRecord,
  slug,
  slugOf,
  type Tables,
  type WithheldEvent,
} from "./tables.ts";

/** Returns the jobs that it makes necessary with what became of each delivery. */
export function accept(
  tables: Tables,
  deliveries: readonly Delivery[],
): { readonly accepted: ReadonlyMap<string, Accepted>; readonly jobs: readonly JobData[] } {
  const accepted = new Map<string, Accepted>();
  const told: WithheldEvent[] = [];
  for (const delivery of deliveries) {
    const { guid, receivedAt } = delivery;
    if (accepted.has(guid)) continue;
    accepted.set(guid, tables.deliveries.has(guid) ? "known" : "new");
    if (tables.deliveries.has(guid)) continue;
    tables.deliveries.set(guid, receivedAt);
    told.push(...withhold(tables, byStoreClock(delivery, tables.now())));
  }
  return { accepted, jobs: takeIn(tables, told) };
}

/** Writes what was told. Returns the jobs that it makes necessary. */
export function takeIn(tables: Tables, told: readonly WithheldEvent[]): readonly JobData[] {
  const jobs: JobData[] = [];
  const moved: { readonly what: Moved; readonly at: number; readonly guid: string }[] = [];
  for (const { receivedAt, event, guid } of told) {
    const before = jobs.length;
    switch (event.kind) {
      case "look":
        jobs.push(...see(tables, event.hints, receivedAt));
        for (const hint of event.hints) tell(tables, hint, receivedAt);
        break;
      case "intend": {
        const { target, request } = event;
        if (target.kind === "head")
          jobs.push(...intendForHead(tables, { ...target, draft: request, receivedAt }));
        else {
          const key = subjectKey(target);
          const head = tables.subjects.get(key)?.head ?? null;
          jobs.push(...see(tables, [{ subject: target, head: null, before: null }], receivedAt));
          intend(tables, { subject: key, draft: request, receivedAt, head });
        }
        break;
      }
      case "forget":
        for (const repository of event.repositories) {
          const { installation, owner, name } = repository;
          if (!isLetIn(tables, repository)) continue;
          const moment = { number: tables.moment(), at: receivedAt };
          tables.readings.set(removalKey(repository), { etag: null, moment, value: guid });
          const subject = {
            kind: "repository",
            repository: { installation, owner, name },
          } as const;
          jobs.push(...see(tables, [{ subject, head: null, before: null }], receivedAt));
        }
        break;
      case "moved":
        moved.push({ what: event.what, at: receivedAt, guid });
        break;
      case "ignored":
        break;
    }
    if (guid !== "")
      for (const [at, job] of jobs.entries())
        if (at >= before) jobs[at] = { ...job, delivery: guid };
  }
  const [first, ...more] = moved;
  const by = first !== undefined && more.length === 0 ? { delivery: first.guid } : {};
  for (const one of moved)
    jobs.push(...move(tables, one.what, one.at).map((job) => ({ ...job, ...by })));
  return jobs;
}

/** Writes the subjects and opens them. */
export function see(tables: Tables, hints: readonly SubjectHint[], at: number): readonly JobData[] {
  return hints.map((hint) => {
    const { subject } = hint;
    const key = subjectKey(subject);
    const { owner: _, name: __, ...told } = subject.repository;
    // What was told first stays, until GitHub is asked.
    const place = slugOf(subject);
    const described: Partial<RepositoryRecord> = tables.repositories.get(place) ?? {};
    // An event can be sent again after the App was installed once more.
    const installation = Math.max(told.installation, described.installation ?? 0);
    tables.repositories.set(place, { ...told, ...described, installation, present: true });
    const { before, arrival } = followTip(tables, hint, at);
    const head = hint.head ?? (subject.kind === "commit" ? subject.sha : null);
    const known = tables.subjects.get(key);
    if (known === undefined)
      tables.subjects.set(key, {
        ...fresh(tables, hint, at),
        head,
        before,
        ...(arrival !== null && { arrival }),
      });
    else {
      known.head = head ?? known.head;
      known.before ??= before;
      open(tables, known, at);
    }
    return { key, installation };
  });
}

/** One that is opened again has a say until it has been looked at. */
export function open(tables: Tables, record: SubjectRecord, at: number): void {
  if (!record.open && record.verdict === null) record.verdictSha = null;
  record.open = true;
  tables.hear(record, at);
}

/** Otherwise another installation lets us in by now, or another repository has the name. */
function isLetIn(tables: Tables, repository: Repository): boolean {
  const known = tables.repositories.get(slug(repository));
  if (known?.installation !== repository.installation) return false;
  const { id } = repository;
  return known.present && (known.id === undefined || id === undefined || known.id === id);
}

export function forget(tables: Tables, repository: Repository): void {
  const gone = slug(repository);
  const known = tables.repositories.get(gone);
  if (known === undefined || !isLetIn(tables, repository)) return;
  known.present = false;
  for (const place of tables.tips.keys())
    if (place.startsWith(`${gone} `)) tables.tips.delete(place);
  for (const rows of [tables.gatedPlans, tables.told])
    for (const place of rows.keys()) if (place.startsWith(`${gone} `)) rows.delete(place);
  for (const record of tables.subjects.values())
    if (slugOf(record.subject) === gone) Object.assign(record, { open: false, dueAt: null });
}

function tell(tables: Tables, { subject, told }: SubjectHint, at: number): void {
  if (told === undefined || subject.kind === "repository") return;
  const key = toldKey(
    subject.repository,
    subject.kind === "pull" ? subject : { kind: "branch", branch: subject.branch },
  );
  const bound = withTold(tables.told.get(key)?.bound ?? null, told, at);
  tables.told.set(key, { bound, heard: tables.moment() });
}

export function toldKey(repository: Repository, of: ToldOf): string {
  return `${slug(repository)} ${of.kind === "branch" ? `branch:${of.branch}` : `pull:${of.number}`}`;
}

export function placeOf(repository: Repository, branch: string): string {
  return `${slug(repository)} ${branch}`;
}

function fresh(
  tables: Tables,
  { subject }: SubjectHint,
  at: number,
): Omit<SubjectRecord, "head" | "before"> {
  return {
    key: subjectKey(subject),
    subject,
    epoch: tables.replaced.get(slugOf(subject)) ?? 0,
    position: tables.next(),
    heardAt: at,
    heard: tables.moment(),
    touchedAt: at,
    createdAt: at,
    base: null,
    open: true,
    dueAt: null,
    failures: 0,
    verdict: null,
    verdictSha: null,
    ownBranch: null,
    silentFor: null,
  };
}

/** The tip that we knew before the commit: a push that was not heard of is part of what it brings. */
function followTip(
  tables: Tables,
  { subject, before, head }: SubjectHint,
  at: number,
): { readonly before: string | null; readonly arrival: "first" | "known" | null } {
  if (subject.kind !== "commit") return { before, arrival: null };
  // What somebody only speaks of has not landed by that.
  if (tables.subjects.has(subjectKey(subject)) || head === null)
    return { before, arrival: "first" };
  const place = placeOf(subject.repository, subject.branch);
  const known = tables.tips.get(place);
  const isFirst = known === undefined || before === null;
  const floor = known?.floor ?? null;
  tables.tips.set(place, { sha: subject.sha, heardAt: at, floor });
  const isKnown = known?.sha === subject.sha;
  return {
    before: known === undefined || isKnown ? before : known.sha,
    arrival: isFirst ? "first" : isKnown ? "known" : null,
  };
}

function intendForHead(
  tables: Tables,
  wanted: {
    readonly repository: Repository;
    readonly sha: string;
    readonly draft: CommandRequestDraft;
    readonly receivedAt: number;
  },
): readonly JobData[] {
  const { repository, sha, draft, receivedAt } = wanted;
  const own = ofHead(tables, { ...repository, sha });
  for (const record of own) {
    record.open = true;
    tables.hear(record, receivedAt);
    record.touchedAt = Math.max(record.touchedAt, receivedAt);
    intend(tables, { subject: record.key, draft, receivedAt, head: sha });
  }
  return own.map(({ key }) => ({ key, installation: repository.installation }));
}

function intend(
  tables: Tables,
  wanted: {
    readonly subject: string;
    readonly draft: CommandRequestDraft;
    readonly receivedAt: number;
    readonly head: string | null;
  },
): void {
  const { subject, draft, receivedAt, head } = wanted;
  const key = `${subject} ${draft.key}`;
  if (tables.requests.has(key)) return;
  const { writtenAt, sha, ...rest } = draft;
  tables.requests.set(key, {
    ...rest,
    subjectKey: subject,
    sha: sha ?? head,
    askedAt: Math.min(writtenAt ?? receivedAt, receivedAt),
    role: { kind: "unknown", why: "It has not been looked up yet." },
    readBack: null,
    outcome: null,
  });
}

function ofHead(
  tables: Tables,
  { owner, name, sha }: { readonly owner: string; readonly name: string; readonly sha: string },
): readonly SubjectRecord[] {
  return [...tables.subjects.values()].filter(
    ({ subject, head, open }) =>
      slugOf(subject) === slug({ owner, name }) &&
      head === sha &&
      (open || subject.kind === "commit"),
  );
}

/** The subjects that a run or the request for it belongs to, or those whose head is the commit. */
function move(tables: Tables, what: Moved, at: number): readonly JobData[] {
  const keys = new Set<string>();
  const hear = (key: string) => {
    const record = tables.subjects.get(key);
    if (record !== undefined) tables.hear(record, at);
  };
  if (what.kind === "commit")
    for (const { key } of ofHead(tables, what)) {
      keys.add(key);
      hear(key);
    }
  else {
    const told = tables.pipelineRuns.get(what.key);
    if (told !== undefined) {
      const { count, last } = told.heard;
      const heard = { count: count + 1, last: [...last, what.told] };
      tables.pipelineRuns.set(what.key, { ...told, heard });
    }
    const execution = tables.executions.get(what.key);
    if (execution !== undefined) {
      keys.add(execution.subjectKey);
      if (what.resumed && execution.endedAt !== null) hear(execution.subjectKey);
    }
    const rollback = tables.rollbacks.get(what.key);
    const out = rollback && tables.executions.get(rollback.execution);
    if (rollback !== undefined) keys.add(rollback.subjectKey);
    if (out !== undefined) keys.add(out.subjectKey);
  }
  return [...keys].flatMap((key) => {
    const record = tables.subjects.get(key);
    const repository = record && tables.repositories.get(slugOf(record.subject));
    return repository === undefined ? [] : [{ key, installation: repository.installation }];
  });
}
