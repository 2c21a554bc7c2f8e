// Once for each test run: starts what the test files ask for, when the first of them does.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { openStore, openStoreOn } from "../../src/store/open.ts";
import { openPglite } from "../../src/store/pglite.ts";
import { type Server, startServer } from "./server.ts";
import { silent } from "./silent.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where a test file asks for a database: `/postgres`, `/empty`, `/pglite`. */
    databases: string;
  }
}

/** Vitest calls this before the first test file; what it returns is called after the last one. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-test-"));
  let server: Promise<Server> | undefined;
  let databases = 0;
  let dump: Promise<string> | undefined;

  const answer = async (path: string | undefined): Promise<string> => {
    if (path === "/pglite") {
      dump ??= dumpPglite(join(folder, "pglite.tar"));
      return dump;
    }
    server ??= startServer().then(withTemplate);
    const name = `test_${++databases}`;
    const template = path === "/empty" ? "template0" : "template_store";
    await administer(await server, `create database ${name} template ${template}`);
    return (await server).url(name);
  };
  const door = createServer((request, response) => {
    // A connection that is kept may be closed just when the next question is sent on it.
    response.setHeader("connection", "close");
    answer(request.url).then(
      (text) => response.end(text),
      (error: Error) => response.writeHead(500).end(error.stack),
    );
  });
  await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
  const address = door.address();
  if (address === null || typeof address === "string") throw new Error("No port");
  project.provide("databases", `http://127.0.0.1:${address.port}`);

  return async () => {
    door.close();
    door.closeAllConnections();
    await (await server?.catch(() => undefined))?.stop();
    await rm(folder, { recursive: true, force: true });
  };
}

/** A database whose schema is there already is cloned much faster than it is made. */
async function withTemplate(server: Server): Promise<Server> {
  await administer(server, "create database template_store");
  const made = await openStore({
    databaseUrl: server.url("template_store"),
    dataDir: null,
    log: silent,
  });
  await made.close();
  return server;
}

async function administer(server: Server, statement: string): Promise<void> {
  const client = new pg.Client(server.url("postgres"));
  await client.connect();
  await client.query(statement);
  await client.end();
}

async function dumpPglite(path: string): Promise<string> {
  const embedded = await openPglite(null);
  const made = await openStoreOn(embedded, silent);
  const dump = await embedded.pglite.dumpDataDir("none");
  await writeFile(path, dump.stream());
  await made.close();
  return path;
}
