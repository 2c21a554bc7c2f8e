// Forgets the history of a repository whose name belongs to another one now.

import type { Repository } from "../../../src/core/event.ts";
import { disputed, slug, slugOf, type Tables } from "./tables.ts";

/** Returns the names that were known with other ids. */
export function forgetReplaced(tables: Tables, told: readonly Repository[]): ReadonlySet<string> {
  const replaced = new Set<string>();
  for (const { id, ownerId, ...repository } of told) {
    const place = slug(repository);
    const known = tables.repositories.get(place);
    if (id === undefined || known?.id === undefined || known.id === disputed) continue;
    const isOtherOwner =
      ownerId !== undefined && known.ownerId !== undefined && ownerId !== known.ownerId;
    if (known.id === id && !isOtherOwner) continue;
    replaced.add(place);
    tables.replaced.set(place, tables.moment());
    forgetHistory(tables, place);
    const { installation, present } = known;
    tables.repositories.set(place, { installation, present, id: disputed });
  }
  return replaced;
}

function forgetHistory(tables: Tables, place: string): void {
  const keys = new Set(
    [...tables.subjects.values()]
      .filter(({ subject }) => slugOf(subject) === place)
      .map(({ key }) => key),
  );
  const gone = (key: string) => keys.has(key);
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
  for (const rows of [tables.intentions, tables.checks, tables.answers, tables.notices])
    for (const [key, { subjectKey }] of rows) if (gone(subjectKey)) rows.delete(key);
  for (const rows of [tables.tips, tables.gatedPlans])
    for (const key of rows.keys()) if (key.startsWith(`${place} `)) rows.delete(key);
  for (const key of tables.readings.keys())
    if (key.split("|")[1] === place) tables.readings.delete(key);
}
