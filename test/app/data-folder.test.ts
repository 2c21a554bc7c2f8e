// Who else on the machine can look into what the program stores.

import { chmod, mkdir, stat } from "node:fs/promises";
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
