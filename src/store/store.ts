// The durable state behind `Store`: which statement does what, and when workers are woken.

import type { ExecutionChange, Store } from "../port.ts";
import { accept } from "./accept.ts";
import * as checks from "./checks.ts";
import type { Database } from "./database.ts";
import * as executions from "./executions.ts";
import * as intentions from "./intentions.ts";
import { type Enqueue, jobsFor } from "./jobs.ts";
import * as landed from "./landed.ts";
import { insertNotices } from "./notices.ts";
import { prune } from "./prune.ts";
import * as readings from "./readings.ts";
import { forgetRepositories, listRepositories } from "./repositories.ts";
import * as rollbacks from "./rollbacks.ts";
import { SeenSubjects, writeSeen } from "./seen.ts";
import * as subjects from "./subjects.ts";
import { readTip, writeTip } from "./tips.ts";

export interface StoreParts {
  readonly database: Database;
  readonly enqueue: Enqueue;
  /** Tells the workers of this process that there may be jobs. Called after the commit. */
  readonly poke: () => void;
  /** Throws where the queue does not work. */
  readonly checkQueue: () => Promise<void>;
}

export function createStore({ database, enqueue, poke, checkQueue }: StoreParts): Store {
  const wake = async (keys: readonly string[]) => {
    if (keys.length === 0) return;
    await database.transaction(async (tx) => enqueue(tx, await jobsFor(tx, keys)));
    poke();
  };
  return {
    accept: async (deliveries) => {
      const accepted = await accept(database, enqueue, deliveries);
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

    see: async (sights, at) => {
      const seen = new SeenSubjects();
      for (const sight of sights) seen.add(sight, at);
      const all = seen.all();
      if (all.length === 0) return;
      await database.transaction(async (tx) => {
        await writeSeen(tx, all);
        await enqueue(
          tx,
          all.map(({ key, subject }) => ({ key, installation: subject.repository.installation })),
        );
      });
      poke();
    },
    wake,
    wakeExecution: async (executionKey, heardAt) => {
      const key = await executions.readSubjectOfExecution(database, executionKey);
      const keys = key === null ? await rollbacks.readConcerned(database, executionKey) : [key];
      if (heardAt !== null) await subjects.hear(database, keys, heardAt);
      await wake(keys);
    },
    wakeDue: async (now) => {
      await wake(await subjects.readDue(database, now));
      return subjects.readNextDue(database, now);
    },
    forget: (repository) => database.transaction((tx) => forgetRepositories(tx, [repository])),
    reopenUnfinished: async (repository, at) => {
      const opened = await database.transaction(async (tx) => {
        const keys = await subjects.openUnfinished(tx, repository, at);
        await enqueue(tx, await jobsFor(tx, keys));
        return keys;
      });
      if (opened.length > 0) poke();
    },

    tip: (repository, branch) => readTip(database, repository, branch),
    recordTip: (repository, branch, sha) => writeTip(database, repository, branch, sha),
    landed: (repository, branch, sha) => landed.readLanded(database, { repository, branch, sha }),

    subject: (key) => subjects.readSubject(database, key),
    openSubjects: (repository) => subjects.readOpenSubjects(database, repository),
    restless: () => subjects.readRestless(database),
    repositories: () => listRepositories(database),
    record: async (look) => {
      await database.transaction(async (tx) => {
        await subjects.writeLook(tx, look);
        await intentions.writeSettlements(tx, look.key, look.settlements);
        await insertNotices(tx, look);
        await enqueue(tx, await jobsFor(tx, look.wake));
      });
      if (look.wake.length > 0) poke();
    },
    postpone: (key, dueAt, failures) => subjects.postpone(database, key, dueAt, failures),
    snapshot: (key) => subjects.readSnapshot(database, key),

    executions: (key) => executions.readExecutions(database, key),
    previousReleases: (key) => executions.readPreviousReleases(database, key),
    intendRun: (key, run, at) => executions.insertExecution(database, key, run, at),
    recordExecution: (executionKey: string, change: ExecutionChange) =>
      executions.updateExecution(database, executionKey, change),
    recordApproval: (executionKey, answer) =>
      database.transaction((tx) => executions.insertApproval(tx, executionKey, answer)),
    reopenExecution: (executionKey) => executions.reopenExecution(database, executionKey),
    releases: (repository, branch) => executions.readReleases(database, repository, branch),

    rollbacks: (key) => rollbacks.readRollbacks(database, key),
    rollbacksOf: (repository) => rollbacks.readRollbacksOf(database, repository),
    intendRollback: (key, wanted, at) => rollbacks.insertRollback(database, key, wanted, at),
    recordRollback: async (key, change) => {
      await database.transaction(async (tx) => {
        await rollbacks.updateRollback(tx, key, change);
        await enqueue(tx, await jobsFor(tx, await rollbacks.readConcerned(tx, key)));
      });
      poke();
    },

    intentions: (key) => intentions.readIntentions(database, key),
    recordRole: (intentionKey, role) => intentions.writeRole(database, intentionKey, role),

    siblings: (key, repository, sha) => subjects.readSiblings(database, key, repository, sha),
    newer: (subject) => landed.readNewer(database, subject),
    waiting: (subject) => landed.readWaiting(database, subject),
    busy: (subject) => landed.readBusy(database, subject),
    carried: (subject) => landed.readCarried(database, subject),

    checks: (repository, shas) => checks.readChecks(database, repository, shas),
    openChecks: (key, exceptSha) => checks.readOpenChecks(database, key, exceptSha),
    intendCheck: (key, check) => checks.intendCheck(database, key, check),
    dropIntendedCheck: (key, check) =>
      database.transaction((tx) => checks.dropIntendedCheck(tx, key, check)),
    recordCheck: (key, check, id, at) => checks.recordCheck(database, key, check, { id, at }),
    answers: (key) => checks.readAnswers(database, key),
    intendAnswer: (key, intentionKey, pull) =>
      checks.intendAnswer(database, key, intentionKey, pull),
    recordAnswer: (key, intentionKey, id, body) =>
      checks.recordAnswer(database, key, intentionKey, { id, body }),

    reading: (key) => readings.readReading(database, key),
    keepReading: (key, reading) => readings.keepReading(database, key, reading),
    dropReading: (keyPrefix) => readings.dropReadings(database, keyPrefix),

    prune: (now) => prune(database, now),
    check: async () => {
      await database.query("select 1 from interlock.migration limit 1");
      await checkQueue();
    },
  };
}
