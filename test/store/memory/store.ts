// The store in memory: the same port as the database's, for a simulation that runs through thousands of lives.
// Whatever the tests of the store ask of both, both do. A value is kept as it was given, and nothing changes it.

import type { RollbackWanted } from "../../../src/core/model/effect.ts";
import type { Repository } from "../../../src/core/model/event.ts";
import { limit } from "../../../src/core/model/limit.ts";
import type { Role } from "../../../src/core/model/plan.ts";
import type { NotificationLedger } from "../../../src/ports/notifier.ts";
import type { KeptReading } from "../../../src/ports/readings.ts";
import type {
  LocalRuns,
  PipelineRequest,
  PipelineRun,
  PipelineRuns,
} from "../../../src/ports/run.ts";
import type { RollbackChange, Store } from "../../../src/ports/store.ts";
import { accept, forget, placeOf, see, takeIn, toldKey } from "./intake.ts";
import {
  checkLedger,
  concerned,
  executionLedger,
  intendRollback,
  notificationsIn,
  recordRollback,
  rollbacksFor,
  rollbacksOf,
} from "./ledgers.ts";
import type { JobData, MemoryQueue } from "./queue.ts";
import { claims, describe } from "./replaced.ts";
import { openUnfinished, prune, subjectsIn, writeReconcileResult } from "./subjects.ts";
import { byText, slugOf, Tables } from "./tables.ts";

export interface MemoryStore {
  readonly tables: Tables;
  readonly store: Store;
  readonly localRuns: LocalRuns;
  readonly pipelineRuns: PipelineRuns;
  readonly notifications: NotificationLedger;
}

export function memoryStore(queue: MemoryQueue): MemoryStore {
  const tables = new Tables();
  const { subjects, requests, tips, readings } = tables;
  /** Unknown keys, and those whose repository is gone, are left out. */
  const jobsFor = (keys: readonly string[]): readonly JobData[] =>
    keys.flatMap((key) => {
      const subject = subjects.get(key)?.subject;
      const repository = subject && tables.repositories.get(slugOf(subject));
      return repository?.present ? [{ key, installation: repository.installation }] : [];
    });
  const enqueue = (jobs: readonly JobData[]) => {
    queue.enqueue(jobs);
    queue.poke();
  };
  const wake = (keys: readonly string[]) => enqueue(jobsFor(keys));
  const aged = (known: KeptReading | undefined) =>
    known === undefined ? null : { ...known, age_ms: tables.now() - known.moment.at };
  const due = (now: number) =>
    [...subjects.values()].filter(
      ({ open, dueAt }) =>
        open && dueAt !== null && (dueAt <= now || dueAt > now + limit.look.due_max_ms),
    );

  const store: Store = {
    ...subjectsIn(tables),
    ...executionLedger(tables),
    ...checkLedger(tables, wake),
    accept: async (deliveries) => {
      const { accepted, jobs } = accept(tables, deliveries);
      enqueue(jobs);
      return accepted;
    },
    knownDeliveries: async (guids) => new Set(guids.filter((guid) => tables.deliveries.has(guid))),
    see: async (hints, at, lease) => {
      if (lease !== undefined && !tables.holds(lease)) return "lost";
      enqueue(see(tables, hints, at));
      return "written";
    },
    wake: async (keys) => wake(keys),
    wakeExecution: async (key, by) => {
      const own = tables.executions.get(key)?.subjectKey;
      const keys = own === undefined ? concerned(tables, key) : [own];
      for (const record of keys.map((one) => subjects.get(one)))
        if (record !== undefined && by === "others") tables.hear(record, tables.now());
      wake(keys);
    },
    wakeDue: async () => {
      const now = tables.now();
      wake(due(now).map(({ key }) => key));
      const later = [...subjects.values()].flatMap(({ open, dueAt }) =>
        open && dueAt !== null && dueAt > now ? [dueAt] : [],
      );
      return later.length === 0 ? null : Math.min(...later);
    },
    forget: async (repository, lease) => {
      if (lease !== undefined && !tables.holds(lease)) return "lost";
      forget(tables, repository);
      return "written";
    },
    reopenUnfinished: tables.under((_, repository: Repository, at: number) =>
      wake(openUnfinished(tables, repository, at)),
    ),
    tip: async (repository, branch) => tips.get(placeOf(repository, branch))?.sha ?? null,
    recordTip: tables.under((_, repository: Repository, branch: string, sha: string) => {
      const place = placeOf(repository, branch);
      const known = tips.get(place);
      // What was there at first is no news; what is found later is.
      tips.set(place, { sha, heardAt: null, floor: known === undefined ? sha : known.floor });
    }),
    floor: async (repository, branch) => tips.get(placeOf(repository, branch))?.floor ?? null,
    recordFloor: tables.under((_, repository: Repository, branch: string, sha: string) => {
      const known = tips.get(placeOf(repository, branch));
      if (known === undefined)
        tips.set(placeOf(repository, branch), { sha, heardAt: null, floor: sha });
      else known.floor = sha;
    }),
    returnTip: tables.under(
      (_, repository: Repository, branch: string, move: { sha: string; before: string }) => {
        const known = tips.get(placeOf(repository, branch));
        if (known?.sha === move.sha) known.sha = move.before;
      },
    ),
    recordBefore: tables.under((key: string, before: string) => {
      const known = tables.subjects.get(key);
      if (known !== undefined) known.before = before;
    }),
    gatedPlan: async (repository, branch) =>
      tables.gatedPlans.get(placeOf(repository, branch)) ?? null,
    recordGatedPlan: tables.under(
      (_, repository: Repository, branch: string, blob: string) =>
        void tables.gatedPlans.set(placeOf(repository, branch), blob),
    ),
    told: async (repository, of) => tables.told.get(toldKey(repository, of)) ?? null,
    describe: async (answers, asked) => {
      const { taken, moved } = describe(tables, answers, asked);
      enqueue([...takeIn(tables, taken), ...jobsFor(moved)]);
    },
    claims: async (repository) => claims(tables, repository),
    repositories: async () =>
      [...tables.repositories]
        .filter(([, { present }]) => present)
        .sort(byText(([place]) => place))
        .map(([place, { installation }]) => {
          const [owner = "", name = ""] = place.split("/");
          return { installation, owner, name };
        }),
    record: async (look) => {
      if (!tables.holds(look)) return "lost";
      writeReconcileResult(tables, look);
      wake(look.wake);
      return "written";
    },
    rollbacks: async (key) => rollbacksFor(tables, key),
    rollbacksOf: async (repository) => rollbacksOf(tables, repository),
    intendRollback: tables.under((key, wanted: RollbackWanted, at: number) =>
      intendRollback(tables, key, wanted, at),
    ),
    recordRollback: tables.under((_, key: string, change: RollbackChange) =>
      wake(recordRollback(tables, key, change)),
    ),
    requests: async (key) =>
      [...requests.values()]
        .filter(({ subjectKey }) => subjectKey === key)
        .map(({ subjectKey, ...request }) => request),
    recordRole: tables.under((_, key: string, role: Role | "none") => {
      for (const request of requests.values())
        if (request.key === key) request.role = { kind: "known", value: role };
    }),
    moment: async () => ({ number: tables.moment(), at: tables.now() }),
    together: () => store,
    reading: async (key) => aged(readings.get(key)),
    recall: async (key) => ({
      moment: { number: tables.moment(), at: tables.now() },
      old: aged(readings.get(key)),
    }),
    keepReading: async (key, reading) => {
      const known = readings.get(key);
      const replaced = tables.replaced.get(key.split("|")[1] ?? "") ?? 0;
      if (replaced > reading.moment.number) return;
      if (known === undefined || known.moment.number <= reading.moment.number)
        readings.set(key, reading);
    },
    dropReading: async (prefix) => {
      for (const key of readings.keys()) if (key.startsWith(prefix)) readings.delete(key);
    },
    renewGeneration: async () => tables.renewGeneration(),
    prune: async (now) => prune(tables, now),
    takePoints: async ({ installation, points, cap, at }) => {
      const since = at - limit.github.window_ms - limit.github.slice.use_ms;
      const taken = (tables.spending.get(installation) ?? []).filter((one) => one.at > since);
      const sum = taken.reduce((total, one) => total + one.points, 0);
      if (sum + points > cap) return false;
      tables.spending.set(installation, [...taken, { at, points }]);
      return true;
    },
    check: async () => {},
  };
  return {
    tables,
    store,
    localRuns: localRunsIn(tables),
    pipelineRuns: pipelineRunsIn(tables),
    notifications: notificationsIn(tables),
  };
}

function localRunsIn({ localRuns }: Tables): LocalRuns {
  return {
    add: async (run) => {
      if (localRuns.has(run.token)) return false;
      localRuns.set(run.token, run);
      return true;
    },
    get: async (token) => localRuns.get(token) ?? null,
    update: async (token, change) => {
      const known = localRuns.get(token);
      if (known !== undefined) localRuns.set(token, { ...known, ...change });
    },
    live: async () => [...localRuns.values()].filter(({ endedAt }) => endedAt === null),
    kept: async (instance) =>
      [...localRuns.values()]
        .filter((run) => run.instance === instance && run.workspace !== null)
        .filter(({ endedAt }) => endedAt !== null)
        .sort((one, other) => (one.endedAt ?? 0) - (other.endedAt ?? 0)),
  };
}

function pipelineRunsIn({ pipelineRuns }: Tables): PipelineRuns {
  const newest = (one: PipelineRun, other: PipelineRun) =>
    other.startedAt - one.startedAt || byText(({ token }: PipelineRun) => token)(one, other);
  return {
    add: async (run) => {
      if (pipelineRuns.has(run.token)) return false;
      pipelineRuns.set(run.token, run);
      return true;
    },
    get: async (token) => pipelineRuns.get(token) ?? null,
    byExecution: async (id) =>
      [...pipelineRuns.values()].find(({ executionId }) => executionId === id) ?? null,
    known: async (ids) =>
      new Map(
        [...pipelineRuns.values()].flatMap((run) =>
          run.executionId !== null && ids.includes(run.executionId) ? [[run.executionId, run]] : [],
        ),
      ),
    since: async (time, { each, all }) => {
      const runs = [...pipelineRuns.values()]
        .filter(({ startedAt, request }) => startedAt >= time && pipelineOf(request) !== null)
        .sort(newest);
      const ranks = new Map<string, number>();
      const ranked = runs.map((run) => {
        const place = pipelineOf(run.request) ?? "";
        const rank = (ranks.get(place) ?? 0) + 1;
        ranks.set(place, rank);
        return { run, rank };
      });
      return ranked
        .filter(({ rank }) => rank <= each)
        .sort((one, other) => one.rank - other.rank || newest(one.run, other.run))
        .slice(0, all)
        .map(({ run }) => run)
        .sort(newest);
    },
    update: async (token, change) => {
      const known = pipelineRuns.get(token);
      if (known !== undefined) pipelineRuns.set(token, { ...known, ...change });
    },
  };
}

/** Which pipeline it is about, and who may read it; null for an approval. */
function pipelineOf(request: PipelineRequest): string | null {
  if (request.kind === "approve") return null;
  const { spec, repository } =
    request.kind === "start"
      ? { spec: request.start.run.spec, repository: request.start.repository }
      : { spec: request.rollback.spec, repository: request.rollback.repository };
  const { owner, name } = repository;
  return JSON.stringify(
    spec.engine === "codepipeline"
      ? [owner, name, spec.role, spec.region, spec.pipeline]
      : [owner, name],
  );
}
