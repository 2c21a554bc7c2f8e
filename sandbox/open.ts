// Sets the sandbox up: the embedded GitHub with the sample service, and the real Interlock installed on it.

import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { gateName } from "../src/core/render/checks.ts";
import { webhookPath } from "../src/github/hook.ts";
import { type App, startApp } from "./app.ts";
import type { EmbeddedGitHub } from "./github/github.ts";
import type { Permissions } from "./github/model.ts";
import type { RepositoryHandle } from "./github/repository-handle.ts";
import { type RunningGitHub, startGitHub } from "./github/server.ts";
import type { EngineName, Kit } from "./kit/kit.ts";
import { kits } from "./kit/kits.ts";
import { serviceFiles } from "./service.ts";

/** Who appears in the scenarios, with their roles in the repository. */
export const people = { dev: "write", boss: "admin", ria: "read" } as const;

export interface Sandbox {
  readonly github: EmbeddedGitHub;
  readonly githubUrl: string;
  readonly shop: RepositoryHandle;
  readonly kit: Kit;
  readonly app: App;
  /** Holds Interlock's data and its log. */
  readonly folder: string;
  readonly logFile: string;
  /** Ends everything. Resolves with a sentence about how Interlock ended. */
  readonly close: () => Promise<string>;
  readonly removeFolder: () => Promise<void>;
}

export async function openSandbox(engine: EngineName): Promise<Sandbox> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-sandbox-"));
  const running = await startGitHub({ app: await readManifest() });
  const { github, url: githubUrl } = running;
  const shop = createShop(github, kits[engine].plan);
  const logFile = join(folder, "interlock.log");
  const secret = randomBytes(20).toString("hex");
  const kit = await kits[engine].open({ shop, folder });
  const app = await startInterlock({ running, kit, secret, folder, logFile });

  github.sendWebhooksTo({ url: `${app.url}${webhookPath}`, secret });
  github.install({ account: shop.data.owner.login, by: "boss" });
  await github.settled();

  return {
    github,
    githubUrl,
    shop,
    kit,
    app,
    folder,
    logFile,
    async close() {
      const sentence = await app.stop();
      await kit.close();
      await running.close();
      return sentence;
    },
    removeFolder: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

async function startInterlock(order: {
  readonly running: RunningGitHub;
  readonly kit: Kit;
  readonly secret: string;
  readonly folder: string;
  readonly logFile: string;
}): Promise<App> {
  const { running, kit, secret, folder, logFile } = order;
  try {
    return await startApp({
      env: {
        APP_ID: String(running.github.app.id),
        PRIVATE_KEY: running.github.privateKey,
        WEBHOOK_SECRET: secret,
        GITHUB_API_URL: running.url,
        INTERLOCK_DATA_DIR: join(folder, "data"),
        ...kit.environment,
        HOST: "127.0.0.1",
        PORT: "0",
        LOG_LEVEL: "info",
      },
      logFile,
    });
  } catch (error) {
    await kit.close();
    await running.close();
    throw error;
  }
}

/** The App asks the embedded GitHub for what it asks the real one for. */
async function readManifest(): Promise<{ permissions: Permissions; events: readonly string[] }> {
  const text = await readFile(new URL("../app.yml", import.meta.url), "utf8");
  const manifest = parse(text) as {
    default_permissions: Permissions;
    default_events: readonly string[];
  };
  return { permissions: manifest.default_permissions, events: manifest.default_events };
}

/** `main` takes nothing in that the App's check has not passed, from nobody. */
function createShop(github: EmbeddedGitHub, plan: string): RepositoryHandle {
  const shop = github.createRepository({
    owner: "acme",
    name: "shop",
    files: serviceFiles(plan),
    people,
  });
  shop.protect("main", {
    checks: [{ context: gateName, app_id: github.app.id }],
    enforceAdmins: true,
  });
  return shop;
}
