// The durable state behind `Store`: which statement does what, and when workers are woken.

import type { Store } from "../port.ts";
import { accept } from "./accept.ts";
import * as checks from "./checks.ts";
import type { Database, StoreClock } from "./database.ts";
import { describe } from "./describe.ts";
import * as executions from "./executions.ts";
import { hold } from "./fence.ts";
import { readGatedPlan, writeGatedPlan } from "./gated-plans.ts";
import { doubtGate, readGates } from "./gates.ts";
import { renewGeneration } from "./generation.ts";
import * as intentions from "./intentions.ts";
import { type Enqueue, jobsFor } from "./jobs.ts";
import * as landed from "./landed.ts";
import { insertNotices } from "./notices.ts";
import { prune } from "./prune.ts";
import * as readings from "./readings.ts";
import { forgetRepositories, listRepositories } from "./repositories.ts";
import * as rollbacks from "./rollbacks.ts";
import { SeenSubjects, writeSeen } from "./seen.ts";
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
  const wake = async (keys: readonly string[]) => {
    if (keys.length === 0) return;
    await database.transaction(async (tx) => enqueue(tx, await jobsFor(tx, keys)));
    poke();
  };
  return {
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

    see: async (sights, at, lease) => {
      const seen = new SeenSubjects();
      for (const sight of sights) seen.add(sight, at);
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
      await wake(await subjects.readDue(database, time()));
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
    gatedPlan: (repository, branch) => readGatedPlan(database, repository, branch),
    recordGatedPlan: (lease, repository, branch, blob) =>
      writeGatedPlan(database, lease, { repository, branch, blob }),
    describe: async (told, asked) => {
      await database.transaction((tx) => describe(tx, enqueue, { told, asked }));
      poke();
    },
    claims: (repository) => readClaims(database, repository),
    told: (repository, of) => readTold(database, repository, of),
    landed: (repository, branch, sha) => landed.readLanded(database, { repository, branch, sha }),

    firstLanded: (repository, branch) => subjects.readFirstLanded(database, repository, branch),
    subject: (key) => subjects.readSubject(database, key),
    lease: (key) => subjects.leaseSubject(database, key, time()),
    standing: (lease, repository, sha) =>
      subjects.readStanding(database, lease, { repository, sha, time: time() }),
    openPulls: (repository, which) => subjects.readOpenPulls(database, repository, which),
    openSubjects: (repository) => subjects.readOpenSubjects(database, repository),
    restless: () => subjects.readRestless(database),
    repositories: () => listRepositories(database),
    record: async (look) => {
      const written = await database.transaction(async (tx) => {
        if ((await subjects.writeLook(tx, look)) === "lost") return "lost";
        await intentions.writeSettlements(tx, look.key, look.settlements);
        await insertNotices(tx, look);
        await enqueue(tx, await jobsFor(tx, look.wake));
        return "written";
      });
      if (look.wake.length > 0) poke();
      return written;
    },
    postpone: (lease, dueAt, failures) => subjects.postpone(database, lease, dueAt, failures),
    snapshot: (key) => subjects.readSnapshot(database, key),

    executions: (key) => executions.readExecutions(database, key),
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

    rollbacks: (key) => rollbacks.readRollbacks(database, key),
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

    intentions: (key) => intentions.readIntentions(database, key),
    recordRole: (lease, intentionKey, role) =>
      intentions.writeRole(database, lease, intentionKey, role),

    siblings: (key, repository, sha) => subjects.readSiblings(database, key, repository, sha),
    newer: (subject) => landed.readNewer(database, subject),
    waiting: (subject) => landed.readWaiting(database, subject),
    busy: (subject) => landed.readBusy(database, subject),
    carried: (subject) => landed.readCarried(database, subject),

    checks: (repository, shas) => checks.readChecks(database, repository, shas),
    openChecks: (key, exceptSha) => checks.readOpenChecks(database, key, exceptSha),
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
    answers: (key) => checks.readAnswers(database, key),
    intendAnswer: (lease, intentionKey, pull) =>
      checks.intendAnswer(database, lease, intentionKey, pull),
    recordAnswer: (lease, intentionKey, sent) =>
      checks.recordAnswer(database, lease, intentionKey, sent),

    takePoints: (wanted) => takePoints(database, wanted),

    moment: () => readings.takeMoment(database, time()),
    reading: (key) => readings.readReading(database, key, time()),
    keepReading: (key, reading) => readings.keepReading(database, key, reading),
    dropReading: (keyPrefix) => readings.dropReadings(database, keyPrefix),

    renewGeneration: () => renewGeneration(database),
    prune: (now) => prune(database, now),
    check: async () => {
      await database.query("select 1 from interlock.migration limit 1");
      await checkQueue();
    },
  };
}
