// Opens the store in memory as a test opens any other.

import type { Database } from "../../../src/store/database.ts";
import type { HearingLog } from "../silent.ts";
import type { TestStore } from "../test-store.ts";
import { memoryQueue } from "./queue.ts";
import { memoryStore } from "./store.ts";

export function openSharedReadings(log: HearingLog): TestStore {
  const queue = memoryQueue(log);
  const { tables, ...ports } = memoryStore(queue);
  return {
    ...ports,
    queue,
    log,
    time: tables.time,
    database: none,
    close: async () => queue.stop(0),
    clear: async () => {
      tables.clear();
      queue.clear();
    },
    clearJobs: async () => queue.clear(),
    jobCount: async () => queue.size,
    notificationStates: async () => [...tables.notifications.values()].map(({ state }) => state),
    expire: async (job) => queue.expire(job),
  };
}

const fail = () => {
  throw new Error("The store in memory has no database");
};
const none: Database = {
  kind: "pglite",
  query: fail,
  read: fail,
  exec: fail,
  transaction: fail,
  listen: fail,
  close: async () => {},
};
