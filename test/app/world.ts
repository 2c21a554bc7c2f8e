// The program and an embedded GitHub, joined over HTTP as the real ones are.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { EmbeddedGitHub, GitHubOptions } from "../../sandbox/github/github.ts";
import type { RepositoryHandle } from "../../sandbox/github/repository-handle.ts";
import { startGitHub } from "../../sandbox/github/server.ts";
import { serviceFiles } from "../../sandbox/service.ts";
import { checkExchange } from "../contract.ts";
import { newUrl } from "../store/databases.ts";
import { type App, type Environment, projectFolder, startApp, temporaryFolder } from "./process.ts";
import { path, secret } from "./webhook.ts";

export interface World extends AsyncDisposable {
  readonly github: EmbeddedGitHub;
  readonly shop: RepositoryHandle;
  /** What the program is started with. */
  readonly environment: Environment;
  /** The PostgreSQL of the program; null where it keeps its own data. */
  readonly databaseUrl: string | null;
  /** For files of this test; gone at its end. */
  readonly folder: string;
  /** What GitHub's description does not allow in any exchange so far. */
  readonly problems: readonly string[];
  /** Starts the program, and lets GitHub deliver to it. */
  start(more?: Environment): Promise<App>;
}

type Observer = NonNullable<GitHubOptions["observe"]>;

export interface WorldOptions {
  readonly store?: "pglite" | "postgres";
  /** The repository's files; the sample service without them. */
  readonly files?: Record<string, string>;
  /** Sees every exchange too. */
  readonly observe?: Observer;
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await temporaryFolder());
  const problems: string[] = [];
  const { github, url } = stack.use(
    await startGitHub({
      app: readManifest(),
      observe: (request, answer) => {
        if (answer !== undefined) problems.push(...checkExchange(request, answer));
        options.observe?.(request, answer);
      },
    }),
  );
  const shop = github.createRepository({
    owner: "acme",
    name: "shop",
    files: options.files ?? serviceFiles(),
    people: { dev: "write", boss: "admin", ria: "read" },
  });
  github.install({ account: "acme", by: "boss" });

  const databaseUrl = (options.store ?? "postgres") === "postgres" ? await newUrl() : null;
  const environment: Environment = {
    APP_ID: String(github.app.id),
    PRIVATE_KEY: github.privateKey,
    WEBHOOK_SECRET: secret,
    GITHUB_API_URL: url,
    INTERLOCK_DATA_DIR: `${folder}/data`,
    INTERLOCK_LOCAL_ENGINE: "unisolated",
    ...(databaseUrl === null ? {} : { DATABASE_URL: databaseUrl }),
  };
  const all = stack.move();
  return {
    github,
    shop,
    environment,
    databaseUrl,
    folder,
    problems,
    async start(more = {}) {
      const app = await startApp({ ...environment, ...more });
      all.use(app);
      github.sendWebhooksTo({ url: `${app.url}${path}`, secret });
      return app;
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** What the App asks the real GitHub for, and no more. */
function readManifest(): NonNullable<GitHubOptions["app"]> {
  const manifest = parse(readFileSync(join(projectFolder, "app.yml"), "utf8"));
  return { permissions: manifest.default_permissions, events: manifest.default_events };
}

/** A plan whose one pipeline verifies with these commands, stage by stage; texts need none. */
export function planOf(verify: Readonly<Record<string, string>>): string {
  const stages = Object.entries(verify).map(
    ([name, run]) => `        - { name: ${name}, run: ${JSON.stringify(run)} }\n`,
  );
  return `version: 1
logs: public
exempt: ["**/*.md"]
pipelines:
  shop:
    branches: [main]
    verify:
      engine: local
      stages:
${stages.join("")}`;
}
