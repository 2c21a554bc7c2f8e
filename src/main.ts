// Composes the program: everything is opened, joined and stopped here, and nothing is decided.

import { createHash, createPublicKey, randomUUID } from "node:crypto";
import { chmod } from "node:fs/promises";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { counted } from "./aws/count.ts";
import { openCredentialProvider } from "./aws/credential-provider.ts";
import { openSnsEndpoint, snsPath } from "./aws/sns-endpoint.ts";
import { queueClient, readQueue } from "./aws/sqs.ts";
import { runCommandLine } from "./command-line/run.ts";
import { limit } from "./core/model/limit.ts";
import { openCodePipelineEngine } from "./engine/codepipeline/engine.ts";
import { ingestInto } from "./engine/codepipeline/ingest.ts";
import type { Place } from "./engine/codepipeline/pipeline-resync.ts";
import { openLocalEngine } from "./engine/local/engine.ts";
import { openIsolation } from "./engine/local/isolation.ts";
import type { Isolation } from "./engine/local/launch.ts";
import { openInquiry } from "./flow/inquiry.ts";
import { type Introduction, startIntroduction } from "./flow/introduce.ts";
import { startNotificationSender } from "./flow/notify.ts";
import type { Ports } from "./flow/ports.ts";
import { openReceive } from "./flow/receive.ts";
import { reconcile } from "./flow/reconcile.ts";
import { regain } from "./flow/regain.ts";
import { startScheduler } from "./flow/scheduler.ts";
import { openSharedClock, type SharedClock } from "./flow/shared-clock.ts";
import { openGitHub } from "./github/app.ts";
import { answerHook, webhookPath } from "./github/hook.ts";
import { openPlanReader } from "./github/plan-reader.ts";
import { setupHookPath } from "./github/setup.ts";
import { openWrongSignatures } from "./github/wrong-signatures.ts";
import { openMetrics } from "./metrics/prometheus.ts";
import { openMetricsServer } from "./metrics/server.ts";
import { openSnsNotifier } from "./notify/sns.ts";
import type { Engine } from "./ports/engine.ts";
import type { Working } from "./ports/queue.ts";
import { collectReports } from "./report/collect.ts";
import { readInWorker } from "./report/in-worker.ts";
import { type Settings, siteOf } from "./settings.ts";
import { type OpenStore, openStore } from "./store/open.ts";
import { prepareFolder } from "./store/trouble.ts";
import { openInquiryServer } from "./web/inquiry.ts";
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
  await prepareFolder(folder);
  await chmod(folder, 0o700).catch((err: unknown) =>
    log.warn({ err, folder }, "The data folder is another user's, and may be open to others"),
  );
}

type AppSettings = Settings & {
  readonly app: NonNullable<Settings["app"]>;
  readonly isolation: Isolation | null;
};

/** Null where no command is isolated. Before anything else is started: without it nothing is to run. */
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
  const metrics = settings.metricsPort === null ? null : openMetrics(opened.backlog);
  const meter = metrics?.meter;
  const { store, queue, localRuns, pipelineRuns, notifications, shared, audit } = opened;
  await audit.started({ host: hostname(), settings: auditedOf(settings) });
  const { clock } = shared;
  const plans = openPlanReader();
  const { github, introduce } = await openGitHub({
    appId: app.id,
    privateKey: app.privateKey,
    webhookSecret: app.webhookSecret,
    apiUrl: githubApiUrl,
    store,
    plans,
    share: settings.databaseUrl === null ? null : store.takePoints,
    clock,
    log,
    meter,
    fetch: globalThis.fetch,
  });

  // What an engine has told last must be stored before the store is closed.
  let waking = Promise.resolve();
  const wake = (key: string, by: "us" | "others") => {
    const woken = store
      .wakeExecution(key, by)
      .catch((err: unknown) => log.error({ err }, "No wake"));
    waking = Promise.all([waking, woken]).then(() => {});
  };
  const notice = (key: string) => wake(key, "us");
  const local =
    settings.localEngine.kind !== "off"
      ? openLocalEngine({
          runs: localRuns,
          tarball: github.tarball,
          trees: github,
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
    others: (key) => wake(key, "others"),
    readReport: readInWorker,
    commitPaths: github.commitPaths,
    ownCredentials,
    meter,
  });
  const engines = new Map<string, Engine>([[codepipeline.name, codepipeline]]);
  if (local !== null) engines.set(local.name, local);
  const elapsed = () => performance.now();
  const metered = meter === undefined ? {} : { meter };
  const ports: Ports = { github, store, engines, clock, elapsed, log, ...metered };
  const { receive, calm } = openReceive({
    store,
    log,
    // A database in this process does one thing after the other anyway.
    groups: settings.databaseUrl === null ? 1 : limit.receive.groups,
  });
  const ingest = ingestInto({
    runs: pipelineRuns,
    receive,
    suspect: (id: string, place: Place) => codepipeline.suspect(id, place),
    clock,
  });
  const { webhookSecret, previousWebhookSecret } = app;
  const secrets = [webhookSecret, ...[previousWebhookSecret ?? []].flat()];
  const unsigned = openWrongSignatures(log);
  const regained = (installation: number) => regain(ports, github, installation);
  const answerGitHub: Answer = (post) =>
    answerHook(
      { secrets, receive, regained, appId: app.id, clock, log, unsigned, ...metered },
      post,
    );
  const posts = new Map<string, Answer>([
    [webhookPath, answerGitHub],
    [setupHookPath, answerGitHub],
  ]);
  // Without a topic to believe there is no endpoint at all.
  if (snsTopics.length > 0)
    posts.set(
      snsPath,
      openSnsEndpoint({ ingest, clock, topics: snsTopics, fetch: globalThis.fetch, log }).answer,
    );
  let introduction: Introduction | null = null;
  // The port first: a second program that finds it taken must not have started any work.
  const web = await openWeb({
    host: settings.host,
    port: settings.port,
    posts,
    ready: async () => {
      await store.check();
      return (await introduction?.refusal()) ?? null;
    },
    clock,
    log,
  });
  const { host, metricsPort } = settings;
  const shown =
    metrics === null || metricsPort === null
      ? null
      : await openMetricsServer({ host, port: metricsPort, metrics, log });
  introduction = startIntroduction({ introduce, clock, log });
  // Where replicas share a database, the commands open it themselves.
  const inquiries =
    settings.databaseUrl === null
      ? await openInquiryServer({ folder: dataDir, inquiry: openInquiry(opened), log })
      : null;
  const turns = {
    workers: limit.work.workers,
    calm: limit.work.calm,
    loaded: limit.work.loaded,
    resyncs: limit.work.resyncs,
    resyncEvery_ms: limit.work.resync_every_ms,
    clock,
    readyAt: ({ installation, kind }) => github.roomAt(installation, kind),
  } satisfies Working;
  await queue.work(turns, async (job) => {
    await calm(job.installation);
    return await reconcile(ports, job);
  });
  // The sweep after it, since what GitHub is asked for again comes at once.
  const scheduler = startScheduler(ports);
  const credentialProvider = openCredentialProvider({ ownCredentials, meter });
  const notifier = openSnsNotifier({
    lend: (teller) => credentialProvider.lend(teller, "SNS"),
    site: siteOf(githubApiUrl),
    watch: (client) => counted(client, "sns", meter),
  });
  const telling = startNotificationSender({
    ledger: notifications,
    notifier,
    clock,
    log,
    ...metered,
  });
  const queues = sqsQueueUrls.map((queueUrl) => {
    const client = queueClient(queueUrl, null, meter);
    return { client, reader: readQueue({ client, queueUrl, ingest, log }) };
  });
  log.info(
    { host, port: web.port, ...(shown !== null && { metricsPort: shown.port }) },
    "Interlock is listening",
  );

  return {
    port: web.port,
    async stop() {
      const grace = limit.work.stop_ms;
      await Promise.all([
        web.stop(grace / 4),
        // A sweep may wait for GitHub for longer; the next start begins with one.
        Promise.race([
          Promise.all([scheduler.stop(), introduction?.stop()]),
          sleep(grace / 2, null, { ref: false }),
        ]),
        queue.stop(grace / 2),
        // What these do not finish is started again by the next start.
        Promise.race([
          Promise.all([telling.stop(), ...queues.map(({ reader }) => reader.stop())]),
          sleep(grace / 4, null, { ref: false }),
        ]),
      ]);
      unsigned.stop();
      await shown?.stop();
      notifier.close();
      credentialProvider.close();
      await plans.close();
      for (const { client } of queues) client.destroy();
      codepipeline.close();
      await local?.close(grace / 4);
      await inquiries?.stop();
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
    metricsPort: settings.metricsPort,
    logLevel: settings.logLevel,
    logFormat: settings.logFormat,
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

if (import.meta.main) {
  const code = await runCommandLine({ args: process.argv.slice(2), start });
  // A program that runs goes on; whatever else a command has opened must not keep it from ending.
  if (code !== 0) process.exit(code);
}
