// Probot's set-up flow: a page that creates the GitHub App from `app.yml` and writes `.env`.

import { type Logger, run } from "probot";

/** Serves the set-up flow until the process is ended. */
export async function openSetup(with_: {
  readonly host: string;
  readonly port: number;
  readonly log: Logger;
}): Promise<{ stop(): Promise<void> }> {
  const server = await run(() => {}, {
    env: { HOST: with_.host, PORT: String(with_.port) },
    log: with_.log,
  });
  return { stop: async () => await server.stop() };
}
