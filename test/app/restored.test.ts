// `npm run restored`: what an operator does between the restore of a database and the next start.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { migrate, readMigrations } from "../../src/store/migrate.ts";
import { openPglite } from "../../src/store/pglite.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { newUrl } from "../store/databases.ts";
import { silent } from "../store/silent.ts";
import { type Environment, projectFolder, spawnProgram } from "./process.ts";

/** Without an App: it needs none. */
async function restored(environment: Environment, ...args: readonly string[]) {
  const command = [process.execPath, join(projectFolder, "src/main.ts")] as const;
  await using program = spawnProgram(environment, { command: [...command, "restored", ...args] });
  const { code } = await program.exited;
  return { code, output: program.output };
}

const generation = "select value from interlock.generation";

test("a PostgreSQL gets another generation", async () => {
  const url = await newUrl();
  const database = openPostgres(url, silent);
  onTestFinished(() => database.close());
  const before = await database.query(generation);
  expect(await restored({ DATABASE_URL: url })).toMatchObject({ code: 0 });
  const after = await database.query(generation);
  expect(after).toHaveLength(1);
  expect(after).not.toEqual(before);

  expect(await restored({ DATABASE_URL: url }, "--dry-run")).toMatchObject({
    code: 2,
    output: expect.stringContaining("--dry-run"),
  });
  expect(await database.query(generation)).toEqual(after);
});

test("so does the embedded store, unless Interlock runs on it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "interlock-restored-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const environment = { INTERLOCK_DATA_DIR: folder };
  const { database } = await openPglite(join(folder, "store"));
  await migrate(database, await readMigrations());
  const before = await database.query(generation);
  expect(await restored(environment)).toMatchObject({
    code: 1,
    output: expect.stringContaining(String(process.pid)),
  });
  await database.close();

  expect(await restored(environment)).toMatchObject({ code: 0 });
  const again = await openPglite(join(folder, "store"));
  expect(await again.database.query(generation)).not.toEqual(before);
  await again.database.close();
});
