// One replica of a storm, as a process of its own: the whole flow on a shared PostgreSQL, its engine on the other side of HTTP.
// Argument: a `ReplicaSettings` as JSON.

import { pino } from "pino";
import type { Ports } from "../../src/flow/ports.ts";
import { reconcile } from "../../src/flow/reconcile.ts";
import { startScheduler } from "../../src/flow/scheduler.ts";
import { openGitHub } from "../../src/github/app.ts";
import { plainReader } from "../../src/github/plan-reader.ts";
import type { Engine } from "../../src/ports/engine.ts";
import { openStore } from "../../src/store/open.ts";

export interface ReplicaSettings {
  readonly name: string;
  readonly databaseUrl: string;
  readonly apiUrl: string;
  readonly appId: number;
  readonly privateKey: string;
  /** Where the storm's engine listens. */
  readonly engineUrl: string;
  /** How far the clock of this replica is ahead of the others', in milliseconds. */
  readonly ahead_ms: number;
  readonly times: {
    readonly lease_s: number;
    readonly supervise_s: number;
    readonly poll_ms: number;
  };
}

const settings = JSON.parse(process.argv[2] ?? "") as ReplicaSettings;
const { name, databaseUrl, apiUrl, appId, privateKey, engineUrl, ahead_ms, times } = settings;
const log = pino({ level: "error" }, pino.destination({ fd: 2, sync: true }));
const clock = () => Date.now() + ahead_ms;
const { store, queue } = await openStore({ databaseUrl, dataDir: null, log, times });
const { github } = await openGitHub({
  appId,
  privateKey,
  webhookSecret: "a secret of the storm",
  apiUrl,
  store,
  plans: plainReader,
  share: null,
  clock,
  log,
  fetch: globalThis.fetch,
});

/** Asks the storm, which has one engine for all replicas. */
async function ask(method: string, args: readonly unknown[]): Promise<never> {
  const response = await fetch(engineUrl, {
    method: "POST",
    body: JSON.stringify({ replica: name, method, args }),
  });
  return (await response.json()) as never;
}

const engine: Engine = {
  name: "local",
  start: (...args) => ask("start", args),
  find: (...args) => ask("find", args),
  observe: (...args) => ask("observe", args),
  stop: (...args) => ask("stop", args),
  retry: (...args) => ask("retry", args),
};

const engines = new Map([[engine.name, engine]]);
const elapsed = () => performance.now();
const ports: Ports = { github, store, engines, clock, elapsed, log };
const each = { alone: 4, beside: 4 };
const turns = { workers: 4, calm: each, loaded: each, resyncs: 1, resyncEvery_ms: 1_000 };
await queue.work({ ...turns, clock, readyAt: () => 0 }, (job) => reconcile(ports, job));
startScheduler(ports);
console.log("ready");
