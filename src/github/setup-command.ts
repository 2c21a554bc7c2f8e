// `npm run setup`: its options, and what it says on the terminal.

import { parseArgs } from "node:util";
import { openSetup } from "./setup.ts";
import { readWanted } from "./setup-app.ts";

/** Resolves when the App is created, or its person has seen the help. Rejects with a sentence. */
export async function runSetup(with_: {
  readonly args: readonly string[];
  readonly port: number;
  readonly githubApiUrl: string;
  /** Where people see what the API speaks of. */
  readonly site: string;
  readonly print: (line: string) => void;
}): Promise<void> {
  const { githubApiUrl, site, print } = with_;
  const { values } = parseArgs({ args: [...with_.args], options, allowPositionals: false });
  if (values.help) {
    print(help);
    return;
  }
  const port = Number(values.port ?? with_.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error("--port must be a number up to 65535.");
  const { organization = "", address = "", name = "interlock", host = "127.0.0.1" } = values;
  // What is said here is held against the same rules as the form, but need not be said.
  const read = readWanted({ organization, name, address: address || "https://example.com" });
  if (read.kind === "bad") throw new Error(read.problems.join("\n"));
  const { env: file = ".env" } = values;
  const said = { organization, address, name };
  const setup = await openSetup({ host, port, githubApiUrl, site, file, ...said });
  const stop = () => void setup.stop();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, stop);
  print("To create the GitHub App, open this address in a browser on this machine. It works once:");
  print("");
  print(`  ${setup.url}`);
  print("");
  try {
    for (const sentence of await setup.done) print(sentence);
  } finally {
    await setup.stop();
  }
}

const options = {
  organization: { type: "string" },
  address: { type: "string" },
  name: { type: "string" },
  host: { type: "string" },
  port: { type: "string" },
  env: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

const help = `npm run setup -- [options]

Shows a page on this machine that has GitHub create the App, and writes its id,
key and webhook secret into a new file.

  --organization LOGIN   organisation that owns the App; the page asks for it
  --address URL          public address of Interlock, where GitHub sends webhooks; the page asks for it
  --name NAME            name of the App (default: interlock)
  --env FILE             file to write; it must not be there yet (default: .env)
  --host ADDRESS         address to listen on (default: 127.0.0.1); on another one,
                         whoever reads what this prints on the network can create the App
  --port PORT            port to listen on (default: PORT, or 3000)`;
