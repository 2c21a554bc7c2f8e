// Asks the Interlock that runs on a data folder, by the socket that it has there.

import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { createInterface } from "node:readline";
import type { AuditEntry } from "../ports/audit.ts";
import type { Explained, Inquiry } from "../ports/inquiry.ts";
import { addressIn } from "../web/inquiry.ts";

/** Nobody listens at the folder's socket. */
export class NotRunning extends Error {
  override name = "NotRunning";
}

/** What it returns throws `NotRunning`, or a sentence where the answer breaks off. */
export function runningAt(folder: string): Inquiry {
  return {
    async explain(name) {
      const query = new URLSearchParams({ name: JSON.stringify(name) });
      let text = "";
      for await (const line of ask(folder, `/explain?${query}`)) text += line;
      return JSON.parse(text) as Explained;
    },
    async *audit({ since, repository }) {
      const query = new URLSearchParams({ since: String(since) });
      if (repository !== null) query.set("repository", repository);
      for await (const line of ask(folder, `/audit?${query}`)) yield JSON.parse(line) as AuditEntry;
    },
  };
}

async function* ask(folder: string, path: string): AsyncIterable<string> {
  const { path: socketPath, close } = await addressIn(folder);
  try {
    const response = await get(socketPath, path);
    if (response.statusCode !== 200)
      throw new Error("The running Interlock could not answer; its log says why.");
    for await (const line of createInterface({ input: response })) yield line;
    if (!response.complete) throw new Error("The answer of the running Interlock broke off.");
  } finally {
    await close();
  }
}

async function get(socketPath: string, path: string): Promise<IncomingMessage> {
  const asked = request({ socketPath, path });
  asked.end();
  try {
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    // Whether it broke off is told by `complete`.
    response.on("error", () => {});
    return response;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "EACCES" || code === "EPERM")
      throw new Error(
        "This user may not ask the running Interlock: call it as the user that Interlock runs as.",
      );
    throw new NotRunning(code, { cause: error });
  }
}
