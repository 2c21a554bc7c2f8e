// The durable state behind `Store`: which statement does what, and when workers are woken.

import type { Reads, Store } from "../ports/store.ts";
import { accept } from "./accept.ts";
import * as checks from "./checks.ts";
import type { Connection, Database, StoreClock } from "./database.ts";
import { describe } from "./describe.ts";
import * as executions from "./executions.ts";
import { hold } from "./fence.ts";
import { readGatedPlan, writeGatedPlan } from "./gated-plans.ts";
import { doubtGate, readGates } from "./gates.ts";
import { gathered, readingTogether } from "./gather.ts";
import { renewGeneration } from "./generation.ts";
import { type Enqueue, type JobData, jobsFor } from "./jobs.ts";
import * as landed from "./landed.ts";
import { insertNotifications } from "./notifications.ts";
import { prune } from "./prune.ts";
import * as readings from "./readings.ts";
import { forgetRepositories, listRepositories } from "./repositories.ts";
import * as requests from "./requests.ts";
import * as rollbacks from "./rollbacks.ts";
import { writeSeen } from "./seen.ts";
import { SeenSubjects } from "./seen-subjects.ts";
import { readSnapshot, WrittenSnapshots } from "./snapshots.ts";
import { takePoints } from "./spending.ts";
import * as subjects from "./subjects.ts";
import * as tips from "./tips.ts";
import { readTold } from "./told.ts";
import { readClaims } from "./withheld.ts";

export interface StoreParts {
  readonly database: Database;
  readonly enqueue: Enqueue;
  /** Tells the workers of this process that there may be jobs. Called after the commit. */
  readonly poke: () => void;
  /** In the place of the database's own; null for that one. */
  readonly clock: StoreClock | null;
  /** Throws where the queue does not work. */
  readonly checkQueue: () => Promise<void>;
}

export function createStore(parts: StoreParts): Store {
  const { database, enqueue, poke, checkQueue } = parts;
  const time = () => parts.clock?.() ?? null;
  const begin = async (jobs: readonly JobData[]) => {
    if (jobs.length === 0) return;
    await enqueue(database, jobs);
    poke();
  };
  const wake = async (keys: readonly string[]) => begin(await jobsFor(database, keys));
  const recall = gathered((keys: readonly string[]) =>
    readings.recallReadings(database, keys, time()),
  );
  const keep = gathered(async (all: readonly readings.KeptUnder[]) => {
    await readings.keepReadings(database, all);
    return [];
  });
  const writtenSnapshots = new WrittenSnapshots();
  return {
    ...readsOn(database),
    together: () => readsOn(readingTogether(database)),
    accept: async (deliveries) => {
      const accepted = await accept(database, enqueue, deliveries, time());
      poke();
      return accepted;
    },
    knownDeliveries: async (guids) => {
      const rows = await database.query<{ guid: string }>(
        "select guid from interlock.delivery where guid = any($1::text[])",
        [guids],
      );
      return new Set(rows.map(({ guid }) => guid));
    },

    see: async (hints, at, lease) => {
      const seen = new SeenSubjects();
      for (const hint of hints) seen.add(hint, at);
      const all = seen.all();
      if (all.length === 0) return "written";
      const written = await database.transaction(async (tx) => {
        if (lease !== undefined && (await hold(tx, lease)) === "lost") return "lost";
        await writeSeen(tx, all);
        await enqueue(
          tx,
          all.map(({ key, subject }) => ({ key, installation: subject.repository.installation })),
        );
        return "written";
      });
      poke();
      return written;
    },
    wake,
    wakeExecution: async (executionKey, by) => {
      const key = await executions.readSubjectOfExecution(database, executionKey);
      const keys = key === null ? await rollbacks.readConcerned(database, executionKey) : [key];
      if (by === "others") await subjects.hear(database, keys, time());
      await wake(keys);
    },
    wakeDue: async () => {
      await begin(await subjects.readDue(database, time()));
      return subjects.readNextDue(database, time());
    },
    forget: (repository, lease) =>
      database.transaction(async (tx) => {
        if (lease !== undefined && (await hold(tx, lease)) === "lost") return "lost";
        await forgetRepositories(tx, [repository]);
        return "written";
      }),
    reopenUnfinished: async (lease, repository, at) => {
      const written = await database.transaction(async (tx) => {
        if ((await hold(tx, lease)) === "lost") return "lost";
        await enqueue(tx, await jobsFor(tx, await subjects.openUnfinished(tx, repository, at)));
        return "written";
      });
      poke();
      return written;
    },

    tip: (repository, branch) => tips.readTip(database, repository, branch),
    recordTip: (lease, repository, branch, sha) =>
      tips.writeTip(database, lease, { repository, branch, sha }),
    floor: (repository, branch) => tips.readFloor(database, repository, branch),
    recordFloor: (lease, repository, branch, sha) =>
      tips.writeFloor(database, lease, { repository, branch, sha }),
    returnTip: (lease, repository, branch, move) =>
      tips.returnTip(database, lease, { repository, branch, ...move }),
    recordBefore: (lease, before) => tips.writeBefore(database, lease, before),
    gatedPlan: (repository, branch) => readGatedPlan(database, repository, branch),
    recordGatedPlan: (lease, repository, branch, blob) =>
      writeGatedPlan(database, lease, { repository, branch, blob }),
    describe: async (told, asked) => {
      await database.transaction((tx) => describe(tx, enqueue, { told, asked }));
      poke();
    },
    claims: (repository) => readClaims(database, repository),
    landed: (repository, branch, sha) => landed.readLanded(database, { repository, branch, sha }),

    firstLanded: (repository, branch) => subjects.readFirstLanded(database, repository, branch),
    subject: (key) => subjects.readSubject(database, key),
    lease: (key) => subjects.leaseSubject(database, key, time()),
    currentState: (lease, repository, sha) =>
      subjects.readCurrentState(database, lease, { repository, sha, time: time() }),
    openPulls: (repository, which) => subjects.readOpenPulls(database, repository, which),
    openSubjects: (repository) => subjects.readOpenSubjects(database, repository),
    unfinishedSubjects: () => subjects.readUnfinished(database),
    repositories: () => listRepositories(database),
    record: async (look) => {
      const { write, written: noted } = writtenSnapshots.plan(look);
      const others = [look.results, look.notifications, look.wake, look.handovers ?? []];
      const written = others.every(({ length }) => length === 0)
        ? await subjects.writeReconcileResult(database, look, write)
        : await database.transaction(async (tx) => {
            if ((await subjects.writeReconcileResult(tx, look, write)) === "lost") return "lost";
            await requests.writeResults(tx, look.key, look.results);
            await insertNotifications(tx, look);
            await enqueue(tx, await jobsFor(tx, look.wake));
            return "written";
          });
      if (written === "written") noted();
      if (look.wake.length > 0) poke();
      return written;
    },
    postpone: (lease, dueAt, failures) => subjects.postpone(database, lease, dueAt, failures),
    snapshot: (key) => readSnapshot(database, key),

    previousReleases: (key) => executions.readPreviousReleases(database, key),
    intendRun: (lease, run, at) => executions.insertExecution(database, lease, run, at),
    intendRelease: (lease, run, at) => executions.insertRelease(database, lease, run, at),
    recordExecution: (lease, executionKey, change) =>
      executions.updateExecution(database, lease, executionKey, change),
    recordApproval: (lease, executionKey, answer) =>
      database.transaction((tx) => executions.insertApproval(tx, lease, executionKey, answer)),
    reopenExecution: (lease, executionKey) =>
      executions.reopenExecution(database, lease, executionKey),
    releases: (repository, branch) => executions.readReleases(database, repository, branch),

    rollbacksOf: (repository) => rollbacks.readRollbacksOf(database, repository),
    intendRollback: (lease, wanted, at) =>
      database.transaction((tx) => rollbacks.insertRollback(tx, lease, wanted, at)),
    recordRollback: async (lease, key, change) => {
      const written = await database.transaction(async (tx) => {
        if ((await hold(tx, lease)) === "lost") return "lost";
        await rollbacks.updateRollback(tx, key, change);
        await enqueue(tx, await jobsFor(tx, await rollbacks.readConcerned(tx, key)));
        return "written";
      });
      poke();
      return written;
    },

    recordRole: (lease, requestKey, role) => requests.writeRole(database, lease, requestKey, role),

    intendCheck: (lease, check) => checks.intendCheck(database, lease, check),
    dropIntendedCheck: (lease, check) =>
      database.transaction((tx) => checks.dropIntendedCheck(tx, lease, check)),
    recordCheck: (lease, check, sent) => checks.recordCheck(database, lease, check, sent),
    doubtCheck: async (key, check) => wake(await checks.doubtCheck(database, key, check)),
    gates: (since) => readGates(database, since),
    doubtGate: async (gate, how) => {
      const keys = await database.transaction(async (tx) => {
        const doubted = await doubtGate(tx, gate, how);
        await enqueue(tx, await jobsFor(tx, doubted));
        return doubted;
      });
      if (keys.length > 0) poke();
      return keys.length > 0;
    },
    intendAnswer: (lease, requestKey, pull) =>
      checks.intendAnswer(database, lease, requestKey, pull),
    dropIntendedAnswer: (lease, requestKey) =>
      checks.dropIntendedAnswer(database, lease, requestKey),
    recordAnswer: (lease, requestKey, sent) =>
      checks.recordAnswer(database, lease, requestKey, sent),

    takePoints: (wanted) => takePoints(database, wanted),

    moment: () => readings.takeMoment(database, time()),
    reading: async (key) => (await recall(key)).old,
    recall,
    keepReading: (key, reading) => keep({ key, reading }),
    dropReading: (keyPrefix) => readings.dropReadings(database, keyPrefix),

    renewGeneration: () => renewGeneration(database),
    prune: (now) => prune(database, now),
    check: async () => {
      await database.query("select 1 from interlock.migration limit 1");
      await checkQueue();
    },
  };
}

function readsOn(on: Pick<Connection, "query">): Reads {
  return {
    told: (repository, of) => readTold(on, repository, of),
    executions: (key) => executions.readExecutions(on, key),
    rollbacks: (key) => rollbacks.readRollbacks(on, key),
    requests: (key) => requests.readRequests(on, key),
    siblings: (key, repository, sha) => subjects.readSiblings(on, key, repository, sha),
    newer: (subject) => landed.readNewer(on, subject),
    waiting: (subject) => landed.readWaiting(on, subject),
    busy: (subject) => landed.readBusy(on, subject),
    carried: (subject) => landed.readCarried(on, subject),
    checks: (repository, shas) => checks.readChecks(on, repository, shas),
    openChecks: (key, exceptSha) => checks.readOpenChecks(on, key, exceptSha),
    answers: (key) => checks.readAnswers(on, key),
  };
}
