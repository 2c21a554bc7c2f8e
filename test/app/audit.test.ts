// `npm run audit` and `npm run explain` on the embedded store, as an operator calls them: beside a running Interlock too.

import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Environment, projectFolder, spawnProgram } from "./process.ts";
import { secret } from "./webhook.ts";
import { openWorld, type World } from "./world.ts";

async function call(world: World, words: readonly string[], more: Environment = {}) {
  await using program = spawnProgram(
    { ...world.environment, ...more },
    { command: [process.execPath, join(projectFolder, "src/main.ts"), ...words] },
  );
  const { code } = await program.exited;
  return { code, output: program.output };
}

test("prints JSON lines while Interlock runs, after it was killed and after it was stopped, and tells no secret", async () => {
  await using world = await openWorld({ store: "pglite" });
  const first = await world.start();
  const socket = join(world.folder, "data/interlock.sock");
  expect((await stat(socket)).mode & 0o077).toBe(0);
  const beside = await call(world, ["audit", "--since", "2020-01-01"]);
  expect(beside.code).toBe(0);
  const unknown = await call(world, ["explain", "acme/shop#4711"]);
  expect(unknown).toEqual({ code: 1, output: expect.stringContaining("#4711") });

  // What it leaves behind says nothing to the next one, neither to a command nor to a start.
  await first.kill();
  expect(existsSync(socket)).toBe(true);
  const { code, output } = await call(world, ["audit", "--since", "2020-01-01"]);
  expect(code).toBe(0);
  expect(output).toBe(beside.output);
  const lines = output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({
    kind: "settings",
    who: "operator",
    outcome: "first",
    detail: { settings: { localEngine: { kind: "unisolated" }, store: "embedded" } },
  });
  for (const hidden of [secret, world.github.privateKey.slice(40, 80)])
    expect(output).not.toContain(hidden);

  const second = await world.start();
  const again = await call(world, ["audit"]);
  expect(again.code).toBe(0);
  expect(again.output.trim().split("\n")).toHaveLength(lines.length + 1);
  await second.terminate();
  expect(existsSync(socket)).toBe(false);
});

test("works beside a running Interlock in a folder whose name is too long for a socket", async () => {
  await using world = await openWorld({ store: "pglite" });
  const long = join(world.folder, "d".repeat(120), "data");
  const app = await world.start({ INTERLOCK_DATA_DIR: long });
  expect(existsSync(join(long, "interlock.sock"))).toBe(true);
  const { code, output } = await call(world, ["audit"], { INTERLOCK_DATA_DIR: long });
  expect(output).toContain('"kind":"settings"');
  expect(code).toBe(0);
  await app.terminate();
  expect(existsSync(join(long, "interlock.sock"))).toBe(false);
});
