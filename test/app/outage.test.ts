// The program while its database is away, and after it has come back.

import { expect, test } from "vitest";
import { openCable } from "./cable.ts";
import { eventually } from "./eventually.ts";
import { openDatabase } from "./store.ts";
import { openWorld, planOf } from "./world.ts";

test("without its database the program says so, takes nothing in, and recovers by itself", async () => {
  const files = { ".github/interlock.yml": planOf({ test: "true" }) };
  await using world = await openWorld({ files });
  const { github, shop, databaseUrl } = world;
  if (databaseUrl === null) throw new Error("This world has no PostgreSQL");
  await using cable = await openCable(databaseUrl);
  const app = await world.start({ DATABASE_URL: cable.url });
  const status = async (path: string) => (await fetch(`${app.url}${path}`)).status;
  const outcome = (event: string) => github.deliveries.findLast((one) => one.event === event);
  expect([await status("/healthz"), await status("/readyz")]).toEqual([200, 200]);

  await cable.pull();
  // What was found out a moment ago still counts for that moment.
  await eventually("the end of readiness", async () => (await status("/readyz")) === 503);
  expect(await status("/healthz")).toBe(200);
  shop.commit({ branch: "away", files: { "a.txt": "a\n" } });
  const away = shop.openPull({ head: "away" });
  await github.settled();
  // GitHub sees a failure, so that it can be asked for this delivery again.
  expect(outcome("pull_request")?.statusCode).toBe(503);

  // The server's own end, as after a restart of PostgreSQL, comes over the connections that are left.
  await cable.plug();
  {
    await using database = await openDatabase(world);
    await database.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`);
  }
  await eventually("readiness", async () => (await status("/readyz")) === 200);
  shop.commit({ branch: "back", files: { "b.txt": "b\n" } });
  const back = shop.openPull({ head: "back" });
  await eventually("green gate", () => back.check("interlock")?.conclusion === "success");
  expect(outcome("pull_request")?.statusCode).toBe(202);

  // What was refused meanwhile is made up for by the sweep with which the program starts.
  expect(await app.terminate()).toEqual({ code: 0, signal: null });
  await world.start();
  await eventually("green gate", () => away.check("interlock")?.conclusion === "success");
  expect(world.problems).toEqual([]);
});
