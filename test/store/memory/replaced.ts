// Whose a name is: what GitHub has answered, and the events that wait for it.

import type { CheckWanted } from "../../../src/core/model/effect.ts";
import {
  type Event,
  type Repository,
  type SubjectHint,
  subjectKey,
} from "../../../src/core/model/event.ts";
import type { Moment } from "../../../src/ports/readings.ts";
import { readdressed } from "../../../src/store/withheld.ts";
import { slug, slugOf, type Tables, type WithheldEvent } from "./tables.ts";

type Identified = Repository & { readonly id: number };

interface Contradiction {
  readonly told: Identified;
  readonly by: "name" | "id" | "branch";
  readonly known: Repository;
}

function isIdentified(repository: Repository): repository is Identified {
  return repository.id !== undefined;
}

function contradictions(tables: Tables, all: readonly Identified[]): readonly Contradiction[] {
  const found: Contradiction[] = [];
  for (const told of all)
    for (const [place, { present, ...of }] of tables.repositories) {
      const [owner = "", name = ""] = place.split("/");
      const known = { ...of, owner, name };
      if (known.id === undefined) continue;
      const isOther =
        known.id !== told.id ||
        (known.ownerId !== undefined &&
          told.ownerId !== undefined &&
          known.ownerId !== told.ownerId);
      if (place === slug(told) && isOther) found.push({ told, by: "name", known });
      const { defaultBranch } = known;
      const isSwitched =
        defaultBranch !== undefined &&
        told.defaultBranch !== undefined &&
        defaultBranch !== told.defaultBranch;
      if (place === slug(told) && known.id === told.id && isSwitched)
        found.push({ told, by: "branch", known });
      if (place !== slug(told) && known.id === told.id && present)
        found.push({ told, by: "id", known });
    }
  return found;
}

/** Puts aside what contradicts what is known; the repositories that are known so are looked at instead. */
export function withhold(tables: Tables, one: WithheldEvent): readonly WithheldEvent[] {
  const { event } = one;
  const told = repositoriesOf(event).filter(isIdentified);
  const found = contradictions(tables, told);
  if (found.length === 0) return [one];
  const doubted = (repository: Repository) =>
    found.find(
      ({ told: of }) =>
        of.id === repository.id &&
        slug(of) === slug(repository) &&
        of.defaultBranch === repository.defaultBranch,
    )?.told;
  const keep = (of: Identified, what: Event) =>
    tables.withheld.push({ of, moment: tables.moment(), told: { ...one, event: what } });
  const rest: SubjectHint[] = [];
  if (event.kind === "look")
    for (const hint of event.hints) {
      const of = doubted(hint.subject.repository);
      if (of === undefined) rest.push(hint);
      else keep(of, { kind: "look", hints: [hint] });
    }
  if (event.kind === "intend") {
    const of = doubted(event.target.repository);
    if (of !== undefined) keep(of, event);
  }
  const asked = found.map(({ known }) => sightOf(known));
  return [{ ...one, event: { kind: "look", hints: [...rest, ...asked] } }];
}

export function claims(tables: Tables, repository: Repository): readonly Repository[] {
  const found = tables.withheld
    .map(({ of }) => of)
    .filter((of) => slug(of) === slug(repository) || of.id === repository.id)
    .map(({ installation, owner, name }) => ({ installation, owner, name }));
  return [...new Map(found.map((one) => [slug(one), one])).values()];
}

/** Returns what is to be taken in, and the subjects that have another key now. */
export function describe(
  tables: Tables,
  answers: readonly Repository[],
  asked: Moment,
): { readonly taken: readonly WithheldEvent[]; readonly moved: readonly string[] } {
  const all = answers.filter(isIdentified);
  const isLate = ({ known }: Contradiction) =>
    (tables.replaced.get(slug(known)) ?? 0) > asked.number;
  const found = contradictions(tables, all);
  const late = new Set(found.filter(isLate).map(({ told }) => told));
  const told = all.filter((one) => !late.has(one));
  const valid = found.filter((one) => !late.has(one.told));
  const moves = valid
    .filter(({ by }) => by === "id")
    .filter(({ known, told: to }) => known.ownerId === undefined || known.ownerId === to.ownerId)
    .map(({ known, told: to }) => ({ from: known, to }));
  const moving = new Set(moves.map(({ from }) => slug(from)));
  for (const move of moves)
    if (moving.has(slug(move.to))) {
      const aside = { ...move.from, name: `~${move.to.id}` };
      rename(tables, move.from, aside);
      move.from = aside;
    }
  const replaced = valid.filter(({ by, known }) => by === "name" && !moving.has(slug(known)));
  for (const { known } of replaced) forgetHistory(tables, slug(known));
  const renamed: Repository[] = [];
  for (const { from, to } of moves) {
    const isUsed = [...tables.subjects.values()].some((one) => slugOf(one.subject) === slug(to));
    if (isUsed) continue;
    rename(tables, from, to);
    renamed.push(to);
  }
  const switched: Repository[] = [];
  for (const one of told) {
    const { owner, name, installation: _, ...of } = one;
    const known = tables.repositories.get(`${owner}/${name}`);
    if (known?.defaultBranch !== undefined && known.defaultBranch !== of.defaultBranch)
      switched.push(one);
    if (known !== undefined) tables.repositories.set(`${owner}/${name}`, { ...known, ...of });
  }
  const isTold = (of: Identified) => told.some((one) => one.id === of.id && isSameOwner(one, of));
  const hasOtherName = ({ id, ...of }: Identified) =>
    [...tables.repositories].some(
      ([place, known]) => known.id === id && known.present && place !== slug(of),
    );
  const concerns = (of: Identified) =>
    told.some((one) => one.id === of.id || (slug(one) === slug(of) && !hasOtherName(of)));
  const released = tables.withheld.filter(({ of }) => isTold(of));
  const left = tables.withheld.filter(
    ({ of, moment }) => !isTold(of) && !(concerns(of) && moment < asked.number),
  );
  tables.withheld.splice(0, tables.withheld.length, ...left);
  const hints = [...replaced.map((one) => one.told), ...renamed].map(sightOf);
  const seen: WithheldEvent = { guid: "", receivedAt: asked.at, event: { kind: "look", hints } };
  const moved = [...tables.subjects.values()]
    .filter(({ open }) => open)
    .filter(({ subject }) => [...renamed, ...switched].some((one) => slug(one) === slugOf(subject)))
    .map(({ key }) => key);
  const taken = released.map(({ of, told: one }) => {
    const now = told.find(({ id }) => id === of.id);
    return now === undefined || slug(now) === slug(of) ? one : readdressed(one, now);
  });
  return { taken: [...taken, seen], moved };
}

function isSameOwner(one: Repository, other: Repository): boolean {
  return one.ownerId === undefined || other.ownerId === undefined || one.ownerId === other.ownerId;
}

function forgetHistory(tables: Tables, place: string): void {
  const keys = new Set(
    [...tables.subjects.values()]
      .filter(({ subject }) => slugOf(subject) === place)
      .map(({ key }) => key),
  );
  for (const runs of [tables.executions, tables.rollbacks])
    for (const [key, { repository }] of runs)
      if (repository === place) {
        const local = tables.localRuns.get(key);
        if (local?.endedAt === null)
          tables.localRuns.set(key, { ...local, stopRequested: "repository_replaced" });
        else if (local?.workspace === null) tables.localRuns.delete(key);
        tables.pipelineRuns.delete(key);
        runs.delete(key);
      }
  for (const key of keys) {
    tables.subjects.delete(key);
    tables.snapshots.delete(key);
  }
  for (const rows of [tables.requests, tables.checks, tables.answers, tables.notifications])
    for (const [key, { subjectKey: of }] of rows) if (keys.has(of)) rows.delete(key);
  for (const rows of [tables.tips, tables.gatedPlans, tables.told])
    for (const key of rows.keys()) if (key.startsWith(`${place} `)) rows.delete(key);
  for (const key of tables.readings.keys())
    if (key.split("|")[1] === place) tables.readings.delete(key);
  const { installation, present } = tables.repositories.get(place) ?? unknown;
  tables.repositories.set(place, { installation, present });
  tables.replaced.set(place, tables.moment());
}

const unknown = { installation: 0, present: false };

function rename(tables: Tables, from: Repository, to: Repository): void {
  const [old, place] = [slug(from), slug(to)];
  const keys = new Map<string, string>();
  for (const [key, { subject, ...rest }] of [...tables.subjects]) {
    if (slugOf(subject) !== old) continue;
    const { owner, name } = to;
    const moved = { ...subject, repository: { ...subject.repository, owner, name } };
    const record = { ...rest, subject: moved, key: subjectKey(moved), epoch: rest.epoch + 1 };
    keys.set(key, record.key);
    tables.subjects.delete(key);
    tables.subjects.set(record.key, record);
  }
  const rekeyed = (key: string) => keys.get(key) ?? key;
  for (const runs of [tables.executions, tables.rollbacks])
    for (const one of runs.values())
      if (one.repository === old)
        Object.assign(one, { repository: place, subjectKey: rekeyed(one.subjectKey) });
  for (const [key, snapshot] of [...tables.snapshots]) {
    tables.snapshots.delete(key);
    tables.snapshots.set(rekeyed(key), snapshot);
  }
  const inside = (key: string) => {
    const at = key.indexOf(" ");
    return `${rekeyed(key.slice(0, at))}${key.slice(at)}`;
  };
  for (const rows of [tables.requests, tables.answers] as Map<string, { subjectKey: string }>[])
    for (const [key, one] of [...rows]) {
      rows.delete(key);
      rows.set(inside(key), { ...one, subjectKey: rekeyed(one.subjectKey) });
    }
  for (const [key, one] of [...tables.notifications])
    tables.notifications.set(key, { ...one, subjectKey: rekeyed(one.subjectKey) });
  for (const [key, one] of [...tables.checks])
    if (one.repository === old) {
      tables.checks.delete(key);
      const told = (check: CheckWanted | null) =>
        check && { ...check, externalId: rekeyed(check.externalId) };
      tables.checks.set(key.replace(old, place), {
        ...one,
        repository: place,
        subjectKey: rekeyed(one.subjectKey),
        content: told(one.content),
        intended: told(one.intended),
      });
    }
  for (const rows of [tables.tips, tables.gatedPlans] as Map<string, unknown>[])
    for (const [key, one] of [...rows])
      if (key.startsWith(`${old} `)) {
        rows.delete(key);
        rows.set(`${place}${key.slice(old.length)}`, one);
      }
  for (const key of tables.readings.keys())
    if ([old, place].includes(key.split("|")[1] ?? "")) tables.readings.delete(key);
  const known = tables.repositories.get(old);
  if (known !== undefined) tables.repositories.set(place, known);
  tables.repositories.delete(old);
  tables.replaced.set(place, tables.moment());
}

function sightOf(repository: Repository): SubjectHint {
  return { subject: { kind: "repository", repository }, head: null, before: null };
}

function repositoriesOf(event: Event): readonly Repository[] {
  if (event.kind === "look") return event.hints.map(({ subject }) => subject.repository);
  return event.kind === "intend" ? [event.target.repository] : [];
}
