// Who else on the machine can look into what the program stores.

import { chmod, mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openWorld } from "./world.ts";

test("the data folder is closed to everybody else, also where it was open before", async () => {
  await using world = await openWorld();
  const folder = join(world.folder, "data");
  await mkdir(folder);
  await chmod(folder, 0o755);
  await world.start();
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
});

test("every file in the data folder is its user's alone, and stages keep the usual umask", async () => {
  const files = {
    ".github/interlock.yml": `version: 1
pipelines:
  shop:
    branches: [main]
    verify: { engine: local, stages: [{ name: umask, run: 'test "$(umask)" = "${umask()}"' }] }
`,
  };
  await using world = await openWorld({ store: "pglite", files });
  const folder = join(world.folder, "data");
  const first = await world.start();
  expect(await openedTo(folder)).toEqual([]);
  world.shop.commit({ branch: "change", files: { "src/a.js": "1" } });
  const pull = world.shop.openPull({ head: "change" });
  await expect
    .poll(() => world.shop.checks(pull.data.head.sha).get("interlock")?.conclusion, {
      timeout: 240_000,
    })
    .toBe("success");
  expect(await openedTo(folder)).toEqual([]);
  await first.terminate();

  const database = join(folder, "store", "database");
  await chmod(join(database, "base"), 0o755);
  await chmod(join(database, "PG_VERSION"), 0o644);
  await world.start();
  expect(await openedTo(folder)).toEqual([]);
});

/** The octal digits with which a shell says what is not given to new files. */
function umask(): string {
  return process.umask().toString(8).padStart(4, "0");
}

/** What others have any right to, beside what a stage made in its own workspace. */
async function openedTo(folder: string): Promise<readonly string[]> {
  const all = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = all
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => !path.startsWith(join(folder, "local", "/")));
  expect(paths.length).toBeGreaterThan(500);
  const modes = await Promise.all(
    paths.map(async (path) => [path, (await stat(path).catch(() => null))?.mode ?? 0] as const),
  );
  return modes.filter(([, mode]) => (mode & 0o077) !== 0).map(([path]) => path);
}
