// `npm run setup`: its options, and what it says on the terminal.

import { openSetup } from "../github/setup.ts";
import { readWanted } from "../github/setup-app.ts";
import { readSettingsFor, siteOf } from "../settings.ts";
import type { Command } from "./command.ts";
import { Misused } from "./words.ts";

/** Of the settings it needs these alone: there is no App yet, and nothing else is opened. */
export const setupCommand: Command = {
  name: "setup",
  call: "npm run setup",
  usage: "-- [OPTIONS]",
  says: "Has GitHub create the App, and writes .env.",
  more: `Shows a page on this machine that has GitHub create the App, and writes its id,
key and webhook secret into a new file.

  --organization LOGIN   organisation that owns the App; the page asks for it
  --address URL          public address of Interlock, where GitHub sends webhooks; the page asks for it
  --name NAME            name of the App (default: interlock)
  --env FILE             file to write; it must not be there yet (default: .env)
  --host ADDRESS         address to listen on (default: 127.0.0.1); on another one,
                         anyone who reads what this prints on the network can create the App
  --port PORT            port to listen on (default: PORT, or 3000)`,
  options: {
    organization: "value",
    address: "value",
    name: "value",
    host: "value",
    port: "value",
    env: "value",
  },
  async run({ environment, print }, { values }) {
    const read = readSettingsFor(environment, ["GITHUB_API_URL", "PORT"]);
    if (read.kind === "bad") throw new Error(read.problems.join("\n"));
    const { githubApiUrl } = read.settings;
    const port = Number(values.port ?? read.settings.port);
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      throw new Misused("--port must be a number up to 65535.");
    const { organization = "", address = "", name = "interlock", host = "127.0.0.1" } = values;
    // What is said here is held against the same rules as the form, but need not be said.
    const wanted = readWanted({ organization, name, address: address || "https://example.com" });
    if (wanted.kind === "bad") throw new Misused(wanted.problems.join("\n"));
    const { env: file = ".env" } = values;
    const site = siteOf(githubApiUrl);
    const said = { organization, address, name };
    const setup = await openSetup({ host, port, githubApiUrl, site, file, ...said });
    const stop = () => void setup.stop();
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, stop);
    print(
      "To create the GitHub App, open this address in a browser on this machine. It works once:",
    );
    print("");
    print(`  ${setup.url}`);
    print("");
    try {
      for (const sentence of await setup.done) print(sentence);
    } finally {
      await setup.stop();
    }
  },
};
