// Wires everything together, starts it and stops it.

import { createHash, createPublicKey, randomUUID } from "node:crypto";
import { chmod, mkdir } from "node:fs/promises";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Logger, pino } from "pino";
import { limit } from "./core/limit.ts";
import { openCodePipelineEngine } from "./engine/codepipeline/engine.ts";
import { openLender } from "./engine/codepipeline/lend.ts";
import type { Place } from "./engine/codepipeline/patrol.ts";
import { openSnsEndpoint, snsPath } from "./engine/codepipeline/sns-endpoint.ts";
import { queueClient, readQueue } from "./engine/codepipeline/sqs.ts";
import { openLocalEngine } from "./engine/local/engine.ts";
import { type Isolation, openIsolation } from "./engine/local/isolation.ts";
import { startClockwork } from "./flow/clockwork.ts";
import { explain } from "./flow/explain.ts";
import { startTelling } from "./flow/notify.ts";
import { openReceive } from "./flow/receive.ts";
import { openSharedClock, type SharedClock } from "./flow/shared-clock.ts";
import { type Ports, work } from "./flow/work.ts";
import { openGitHub } from "./github/app.ts";
import { answerHook, webhookPath } from "./github/hook.ts";
import { openPlanReader } from "./github/plan-reader.ts";
import { setupHookPath } from "./github/setup.ts";
import { runSetup } from "./github/setup-command.ts";
import { openSnsNotifier } from "./notify/sns.ts";
import type { Engine, Store, Working } from "./port.ts";
import { readAside } from "./report/aside.ts";
import { collectReports } from "./report/collect.ts";
import { type Environment, readEnvironment, readSettings, type Settings } from "./settings.ts";
import { FolderInUse } from "./store/folder-lock.ts";
import { type OpenStore, openStore } from "./store/open.ts";
import type { Answer } from "./web/server.ts";
import { openWeb } from "./web/server.ts";

export interface Running {
  readonly port: number;
  /** Finishes or hands back what is under way, within `limit.work.stop_ms`. */
  stop(): Promise<void>;
}

/** Starts the whole program. Rejects with a sentence where something it needs is not to be had. */
export async function start(settings: Settings, log: Logger): Promise<Running> {
  const { app } = settings;
  if (app === null)
    throw new Error(
      "No GitHub App is set. Run npm run setup to create one, or set APP_ID, PRIVATE_KEY and WEBHOOK_SECRET.",
    );
  const dataDir = resolve(settings.dataDir);
  const isolation = await isolationFor({ ...settings, dataDir }, log);
  await closeFolder(dataDir, log);
  const opened = await openStore({
    databaseUrl: settings.databaseUrl,
    dataDir: resolve(dataDir, "store"),
    log,
  });
  let shared: SharedClock | undefined;
  try {
    shared = await openSharedClock({ store: opened.store, wall: Date.now, log });
    return await startOn({ ...opened, shared }, { ...settings, app, dataDir, isolation }, log);
  } catch (error) {
    await shared?.stop();
    await opened.close();
    throw error;
  }
}

/** What lies in it is nobody's but ours: the folder is what keeps others of this machine out. */
async function closeFolder(folder: string, log: Logger): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700).catch((err: unknown) =>
    log.warn({ err, folder }, "The data folder is another user's, and may be open to others"),
  );
}

type AppSettings = Settings & {
  readonly app: NonNullable<Settings["app"]>;
  readonly isolation: Isolation | null;
};

/** Null where no command is isolated. Before anything else is begun: without it nothing is to run. */
async function isolationFor(settings: Settings, log: Logger): Promise<Isolation | null> {
  const { localEngine, dataDir, secretFiles, path } = settings;
  switch (localEngine.kind) {
    case "off":
      return null;
    case "unisolated":
      log.warn("Commands of plans run as Interlock itself: they can read its key and its data");
      return null;
    case "isolated": {
      const { network, folders } = localEngine;
      const secrets = [dataDir, ...secretFiles];
      const folder = resolve(dataDir, "local");
      const { local: limits } = limit;
      const order = { folder, secrets, folders, network, path, node: process.execPath, limits };
      const read = await openIsolation(order);
      if (read.kind === "isolated") {
        const { memory } = read.isolation;
        log.info({ network, memory }, "Commands of plans are isolated");
        return read.isolation;
      }
      throw new Error(
        `INTERLOCK_LOCAL_ENGINE=1 runs commands in isolation only, and this machine does not offer it: ${read.why} docs/operations.md says under "The local engine" what is needed. INTERLOCK_LOCAL_ENGINE=unisolated runs commands without it, with every right that Interlock has.`,
      );
    }
  }
}

async function startOn(
  opened: OpenStore & { readonly shared: SharedClock },
  settings: AppSettings,
  log: Logger,
): Promise<Running> {
  const { app, githubApiUrl, dataDir } = settings;
  const { store, queue, localRuns, pipelineRuns, notices, shared, audit } = opened;
  await audit.started({ host: hostname(), settings: auditedOf(settings) });
  const { clock } = shared;
  const plans = openPlanReader();
  const { github } = await openGitHub({
    appId: app.id,
    privateKey: app.privateKey,
    webhookSecret: app.webhookSecret,
    apiUrl: githubApiUrl,
    store,
    plans,
    share: settings.databaseUrl === null ? null : store.takePoints,
    clock,
    log,
    fetch: globalThis.fetch,
  });

  // What an engine has told last must be stored before the store is closed.
  let waking = Promise.resolve();
  const wake = (key: string, heardAt: number | null) => {
    const woken = store
      .wakeExecution(key, heardAt)
      .catch((err: unknown) => log.error({ err }, "No wake"));
    waking = Promise.all([waking, woken]).then(() => {});
  };
  const notice = (key: string) => wake(key, null);
  const local =
    settings.localEngine.kind !== "off"
      ? openLocalEngine({
          runs: localRuns,
          tarball: github.tarball,
          collectReports,
          clock,
          log,
          folder: resolve(dataDir, "local"),
          instance: randomUUID(),
          notice,
          environment: { PATH: settings.path },
          isolation: settings.isolation,
          soleOwner: settings.databaseUrl === null,
        })
      : null;
  await local?.recover();

  const { awsOwnCredentials: ownCredentials, snsTopics, sqsQueueUrls } = settings;
  const codepipeline = openCodePipelineEngine({
    runs: pipelineRuns,
    clock,
    log,
    notice,
    others: (key) => wake(key, clock()),
    readReport: readAside,
    ownCredentials,
  });
  const engines = new Map<string, Engine>([[codepipeline.name, codepipeline]]);
  if (local !== null) engines.set(local.name, local);
  const elapsed = () => performance.now();
  const ports: Ports = { github, store, engines, clock, elapsed, log };
  const { receive, calm } = openReceive({ store, log });
  const ear = {
    runs: pipelineRuns,
    receive,
    suspect: (id: string, place: Place) => codepipeline.suspect(id, place),
    clock,
  };
  const { webhookSecret, previousWebhookSecret } = app;
  const secrets = [webhookSecret, ...[previousWebhookSecret ?? []].flat()];
  const answerGitHub: Answer = (post) =>
    answerHook({ secrets, receive, appId: app.id, clock, log }, post);
  const posts = new Map<string, Answer>([
    [webhookPath, answerGitHub],
    [setupHookPath, answerGitHub],
  ]);
  // Without a topic to believe there is no endpoint at all.
  if (snsTopics.length > 0)
    posts.set(
      snsPath,
      openSnsEndpoint({ ear, topics: snsTopics, fetch: globalThis.fetch, log }).answer,
    );
  // The port first: a second program that finds it taken must not have begun any work.
  const web = await openWeb({
    host: settings.host,
    port: settings.port,
    posts,
    ready: store.check,
    clock,
    log,
  });
  const turns = {
    workers: limit.work.workers,
    calm: limit.work.calm,
    loaded: limit.work.loaded,
    resyncs: limit.work.resyncs,
    resyncEvery_ms: limit.work.resync_every_ms,
    readyAt: ({ installation, kind }) => github.roomAt(installation, kind),
  } satisfies Working;
  await queue.work(turns, async (job) => {
    await calm(job.installation);
    return await work(ports, job);
  });
  // The sweep after it, since what GitHub is asked for again comes at once.
  const clockwork = startClockwork(ports);
  const lender = openLender({ ownCredentials });
  const notifier = openSnsNotifier({
    lend: (teller) => lender.lend(teller, "SNS"),
    site: siteOf(githubApiUrl),
  });
  const telling = startTelling({ ledger: notices, notifier, clock, log });
  const queues = sqsQueueUrls.map((queueUrl) => {
    const client = queueClient(queueUrl, null);
    return { client, reader: readQueue({ client, queueUrl, ear, log }) };
  });
  log.info({ host: settings.host, port: web.port }, "Interlock is listening");

  return {
    port: web.port,
    async stop() {
      const grace = limit.work.stop_ms;
      await Promise.all([
        web.stop(grace / 4),
        // A sweep may wait for GitHub for longer; the next start begins with one.
        Promise.race([clockwork.stop(), sleep(grace / 2, null, { ref: false })]),
        queue.stop(grace / 2),
        // What these do not finish is begun again by the next start.
        Promise.race([
          Promise.all([telling.stop(), ...queues.map(({ reader }) => reader.stop())]),
          sleep(grace / 4, null, { ref: false }),
        ]),
      ]);
      notifier.close();
      lender.close();
      await plans.close();
      for (const { client } of queues) client.destroy();
      codepipeline.close();
      await local?.close(grace / 4);
      await Promise.all([waking, shared.stop()]);
      await opened.close();
    },
  };
}

/** What of the settings may be read by others: of a secret no more than that it is there or was changed. */
function auditedOf(settings: AppSettings): Readonly<Record<string, unknown>> {
  const { app } = settings;
  const open = {
    githubApiUrl: settings.githubApiUrl,
    dataDir: settings.dataDir,
    localEngine: settings.localEngine,
    snsTopics: settings.snsTopics,
    sqsQueueUrls: settings.sqsQueueUrls,
    awsOwnCredentials: settings.awsOwnCredentials,
    host: settings.host,
    port: settings.port,
    logLevel: settings.logLevel,
    path: settings.path,
    // A new setting does not compile until somebody has said whether it may be read.
  } satisfies Record<
    Exclude<keyof Settings, "app" | "databaseUrl" | "secretFiles" | "warnings">,
    unknown
  >;
  const publicKey = createPublicKey(app.privateKey).export({ type: "spki", format: "der" });
  return {
    ...open,
    appId: app.id,
    // As GitHub shows it on the App's page.
    privateKey: `SHA256:${createHash("sha256").update(publicKey).digest("base64")}`,
    webhookSecretPrevious: app.previousWebhookSecret === null ? "unset" : "set",
    store: settings.databaseUrl === null ? "embedded" : "postgres",
  };
}

/** Where people see what the API speaks of: GitHub Enterprise Server has both on one host. */
function siteOf(apiUrl: string): string {
  return apiUrl === "https://api.github.com" ? "https://github.com" : new URL(apiUrl).origin;
}

async function main(): Promise<void> {
  const environment = readEnvironment();
  if (process.argv[2] === "setup") return await setUp(environment, process.argv.slice(3));
  const read = readSettings(environment);
  if (read.kind === "bad") {
    for (const problem of read.problems) console.error(problem);
    process.exit(1);
  }
  const [command, ...args] = process.argv.slice(2);
  if (command === "audit") return await printAudit(read.settings, args);
  if (command === "explain") return await printExplanation(read.settings, args[0] ?? "");
  if (command === "restored") return await noteRestore(read.settings, args);
  const log = pino({ level: read.settings.logLevel });
  for (const warning of read.settings.warnings) log.warn(warning);
  const starting = start(read.settings, log);
  let ending: Promise<void> | undefined;
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => {
      log.info({ signal }, "Stopping");
      if (ending !== undefined) return;
      const timer = setTimeout(() => process.exit(1), limit.work.stop_ms);
      timer.unref();
      ending = starting
        .then((running) => running.stop())
        .then(
          () => process.exit(0),
          (err: unknown) => {
            log.error({ err }, "The stop failed");
            process.exit(1);
          },
        );
    });
  await starting;
}

/** Of the settings it needs these alone: there is no App yet, and nothing else is opened. */
async function setUp(
  { GITHUB_API_URL, PORT }: Environment,
  args: readonly string[],
): Promise<void> {
  const read = readSettings({ GITHUB_API_URL, PORT });
  if (read.kind === "bad") throw new Error(read.problems.join("\n"));
  const { port, githubApiUrl } = read.settings;
  const site = siteOf(githubApiUrl);
  await runSetup({ args, port, githubApiUrl, site, print: (line) => console.log(line) });
}

/** Node says nothing itself where it has tried several addresses of a host. */
function sentenceOf(error: unknown): unknown {
  if (error instanceof AggregateError && error.message === "")
    return error.errors.map(sentenceOf).join("\n");
  return error instanceof Error ? error.message : error;
}

/** `npm run explain -- owner/repo#12`, or `owner/repo@<sha>:<branch>` for a landed commit. */
async function printExplanation(settings: Settings, name: string): Promise<void> {
  const key = `${name.includes("#") ? "pull" : "commit"}:${name}`;
  await withStore(settings, async (store) => {
    console.log((await explain(store, key)) ?? `Nothing is known of ${key}.`);
  });
}

/** `npm run restored`, after the database was restored from a backup and before the next start. */
async function noteRestore(settings: Settings, args: readonly string[]): Promise<void> {
  parseArgs({ args: [...args], options: {}, allowPositionals: false });
  await withStore(settings, (store) => store.renewGeneration());
  console.log("The restore is noted: new attempts have keys that no engine has seen.");
}

async function withStore(settings: Settings, use: (store: Store) => Promise<void>): Promise<void> {
  const opened = await openStore({
    databaseUrl: settings.databaseUrl,
    dataDir: resolve(settings.dataDir, "store"),
    log: pino({ level: "error" }),
  });
  try {
    await use(opened.store);
  } finally {
    await opened.close();
  }
}

/** `npm run audit -- [--since DATE] [--repository OWNER/NAME]`: JSON lines, oldest first. */
async function printAudit(settings: Settings, args: readonly string[]): Promise<void> {
  const options = { since: { type: "string" }, repository: { type: "string" } } as const;
  const { values } = parseArgs({ args: [...args], options });
  const since = values.since === undefined ? 0 : Date.parse(values.since);
  if (Number.isNaN(since)) throw new Error("--since must be a date, such as 2026-11-27.");
  const opened = await openStore({
    databaseUrl: settings.databaseUrl,
    dataDir: resolve(settings.dataDir, "store"),
    log: pino({ level: "error" }, pino.destination(2)),
  }).catch((error: unknown) => {
    if (!(error instanceof FolderInUse)) throw error;
    throw new Error(
      `${error.message} The audit trail of the embedded store can be read only while Interlock is stopped.`,
    );
  });
  try {
    const question = { since, repository: values.repository ?? null };
    for await (const entry of opened.audit.entries(question)) console.log(JSON.stringify(entry));
  } finally {
    await opened.close();
  }
}

if (import.meta.main)
  main().catch((error: unknown) => {
    console.error(sentenceOf(error));
    process.exit(1);
  });
