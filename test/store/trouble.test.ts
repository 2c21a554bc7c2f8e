// What an operator reads where the store cannot be opened: the setting to change, and no password.

import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { openStore } from "../../src/store/open.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { folderTrouble, StoreTrouble } from "../../src/store/trouble.ts";
import { startServer } from "./server.ts";
import { silent } from "./silent.ts";

const password = "hunter2-hunter2";
let folder = "";
let server: Awaited<ReturnType<typeof startServer>> | undefined;
let port = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "interlock-trouble-"));
  await chmod(folder, 0o755);
  const rules = join(folder, "hba.conf");
  await writeFile(
    rules,
    ["host all postgres all trust", "hostssl all tls all trust", "host all other all scram-sha-256"]
      .join("\n")
      .concat("\n"),
    { mode: 0o644 },
  );
  server = await startServer({ hba_file: rules });
  port = new URL(server.url("postgres")).port;
  const database = openPostgres(server.url("postgres"), silent);
  for (const statement of [
    "create role tls login",
    `create role other login password '${password}'`,
    "create database closed",
  ])
    await database.exec(statement);
  await database.close();
}, 120_000);

afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function refusal(databaseUrl: string | null, dataDir: string | null): Promise<string> {
  const opened = await openStore({ databaseUrl, dataDir, log: silent }).catch((error) => error);
  expect(opened).toBeInstanceOf(StoreTrouble);
  expect(opened.message).not.toContain("hunter2");
  return opened.message;
}

test.each([
  ["is not there", () => `postgres://me:${password}@127.0.0.1:9/x`, "127.0.0.1:9 (ECONNREFUSED)"],
  ["is not there by its name", () => `postgres://me:${password}@localhost:9/x`, "localhost:9"],
  ["has no such database", () => `postgres://postgres@127.0.0.1:${port}/none`, "no database none"],
  [
    "refuses the password",
    () => `postgres://other:not-${password}@127.0.0.1:${port}/postgres`,
    "refuses the password of the user other",
  ],
  [
    "demands TLS",
    () => `postgres://tls:${password}@127.0.0.1:${port}/postgres`,
    "Add ?sslmode=verify-full",
  ],
  [
    "speaks no TLS",
    () => `postgres://postgres:${password}@127.0.0.1:${port}/postgres?sslmode=verify-full`,
    "does not support SSL",
  ],
  [
    "is at a host that nobody knows",
    () => `postgres://me:${password}@database.invalid/x`,
    "the host database.invalid is not known",
  ],
  [
    "lets its user make nothing",
    () => `postgres://other:${password}@127.0.0.1:${port}/closed`,
    "GRANT CREATE ON DATABASE",
  ],
  [
    "has no socket where it is looked for",
    () => `postgres://me:${password}@localhost/x?host=/nowhere`,
    "/nowhere (ENOENT)",
  ],
])("a database that %s", async (_, url, sentence) => {
  const said = await refusal(url(), null);
  expect(said).toMatch(/^DATABASE_URL: /);
  expect(said).toContain(sentence);
});

test("something at the address that is no PostgreSQL", async () => {
  const other = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void other.close());
  const { port: at } = other.address() as { readonly port: number };
  const said = await refusal(`postgres://me:${password}@127.0.0.1:${at}/x`, null);
  expect(said).toContain(`DATABASE_URL: `);
  expect(said).toContain(`127.0.0.1:${at}`);
});

test.each([
  ["itself", "file"],
  ["above it", "file/data/store"],
])("a data folder that is a file, %s", async (_, path) => {
  await writeFile(join(folder, "file"), "");
  const said = await refusal(null, join(folder, path));
  expect(said).toBe(`INTERLOCK_DATA_DIR: ${folder}/file is a file, and a folder is needed there.`);
});

test.each([
  ["EACCES", "may not write"],
  ["EPERM", "may not write"],
  ["EROFS", "read-only"],
  ["ENOSPC", "no space left"],
  ["EDQUOT", "no space left"],
  ["EIO", "cannot be used (EIO)"],
])("%s in the data folder", async (code, sentence) => {
  const place = join(folder, "place");
  await mkdir(place, { recursive: true });
  const trouble = await folderTrouble(place, Object.assign(new Error("x"), { code }));
  expect(trouble.message).toMatch(/^INTERLOCK_DATA_DIR: /);
  expect(trouble.message).toContain(place);
  expect(trouble.message).toContain(sentence);
});
