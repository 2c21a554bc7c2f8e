// A data folder belongs to one living process.

import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FolderInUse, lockFolder } from "../../src/store/folder-lock.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "interlock-lock-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a second process is told who holds the folder and what to do", async () => {
  const lock = await lockFolder(folder);
  const second = lockFolder(folder);
  await expect(second).rejects.toThrow(FolderInUse);
  await expect(second).rejects.toThrow(String(process.pid));
  await expect(second).rejects.toThrow(/INTERLOCK_DATA_DIR.*DATABASE_URL/);
  await lock.release();
});

test("a folder that was released can be opened again", async () => {
  await (await lockFolder(folder)).release();
  await (await lockFolder(folder)).release();
});

test("the lock of a process that died is taken over", async () => {
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  await writeFile(join(folder, "lock"), JSON.stringify({ pid, startedAt: "1" }));
  const lock = await lockFolder(folder);
  expect(await readFile(join(folder, "lock"), "utf8")).toContain(String(process.pid));
  await lock.release();
});

test.runIf(process.platform === "linux")(
  "a process that has the number of a dead one is not taken for it",
  async () => {
    const other = { pid: process.pid, startedAt: "1" };
    await writeFile(join(folder, "lock"), JSON.stringify(other));
    await (await lockFolder(folder)).release();
  },
);

test("a lock that cannot be read is taken over", async () => {
  await writeFile(join(folder, "lock"), "{");
  await (await lockFolder(folder)).release();
});

test("of several that start at once one gets the folder", async () => {
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  await writeFile(join(folder, "lock"), JSON.stringify({ pid, startedAt: "1" }));
  const program = `
    import { lockFolder } from ${JSON.stringify(new URL("../../src/store/folder-lock.ts", import.meta.url).href)};
    await lockFolder(process.argv[1]).then(() => console.log("mine"), (error) => console.log(error.name));
    setTimeout(() => {}, 1_000);
  `;
  const said = await Promise.all(
    [1, 2, 3].map(
      () =>
        new Promise<string>((resolve) => {
          const child = spawn(process.execPath, ["--input-type=module", "-e", program, folder]);
          let text = "";
          child.stdout.on("data", (chunk) => {
            text += chunk;
          });
          child.on("exit", () => resolve(text.trim()));
        }),
    ),
  );
  expect(said.sort()).toEqual(["FolderInUse", "FolderInUse", "mine"]);
});
