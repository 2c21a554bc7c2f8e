// A look below the program, into what it has stored.

import { join } from "node:path";
import type { Database } from "../../src/store/database.ts";
import { openPglite } from "../../src/store/pglite.ts";
import { openPostgres } from "../../src/store/postgres.ts";
import { silent } from "../store/silent.ts";
import type { World } from "./world.ts";

/** The program's own data can be opened only while no program runs on it. */
export async function openDatabase(
  world: Pick<World, "databaseUrl" | "folder">,
): Promise<Database & AsyncDisposable> {
  const database =
    world.databaseUrl === null
      ? (await openPglite(join(world.folder, "data/store"))).database
      : openPostgres(world.databaseUrl, silent);
  return { ...database, [Symbol.asyncDispose]: () => database.close() };
}
