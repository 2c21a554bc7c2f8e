// Probot's set-up flow: a page that creates the GitHub App from `app.yml` and writes `.env`.

import { accessSync, constants, existsSync } from "node:fs";
import { type Logger, run } from "probot";

/** Where the App that the flow creates has its webhooks sent. Probot gives GitHub the bare address. */
export const setupHookPath = "/";

export interface Setup {
  readonly port: number;
  /** Where a person opens it. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Serves the set-up flow until it is stopped. Rejects with a sentence where it cannot do its work. */
export async function openSetup(with_: {
  readonly host: string;
  readonly port: number;
  readonly githubApiUrl: string;
  readonly log: Logger;
}): Promise<Setup> {
  refuseReadOnly();
  tellProbot(with_.githubApiUrl);
  const server = await run(() => {}, {
    env: { HOST: with_.host, PORT: String(with_.port) },
    log: with_.log,
  });
  const { port } = server;
  const host = ["0.0.0.0", "::"].includes(with_.host) ? "localhost" : with_.host;
  return { port, url: `http://${host}:${port}`, stop: async () => await server.stop() };
}

/** GitHub shows the key of a new App once: it must not be lost because there is no place for it. */
function refuseReadOnly(): void {
  try {
    accessSync(existsSync(".env") ? ".env" : ".", constants.W_OK);
  } catch {
    throw new Error(
      `No GitHub App is set, and the set-up flow that creates one cannot write ${process.cwd()}/.env. ` +
        "Start it in a folder that can be written to, or set APP_ID, PRIVATE_KEY and WEBHOOK_SECRET.",
    );
  }
}

/** Some of its settings Probot reads nowhere but in the environment of the process. */
function tellProbot(githubApiUrl: string): void {
  const { env } = process;
  // Without this it fetches a client for smee.io with npx and relays webhooks through that service.
  env.NO_SMEE_SETUP = "true";
  // It refuses the flow in production, which images like to say of themselves.
  env.NODE_ENV = "development";
  const { protocol, host } = new URL(githubApiUrl);
  if (host === "api.github.com") return;
  env.GHE_HOST = host;
  env.GHE_PROTOCOL = protocol.replace(":", "");
}
