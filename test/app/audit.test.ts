// `npm run audit`, as an operator calls it.

import { join } from "node:path";
import { expect, test } from "vitest";
import { projectFolder, spawnProgram } from "./process.ts";
import { secret } from "./webhook.ts";
import { openWorld, type World } from "./world.ts";

async function audit(world: World, ...args: readonly string[]) {
  await using program = spawnProgram(world.environment, {
    command: [process.execPath, join(projectFolder, "src/main.ts"), "audit", ...args],
  });
  const { code } = await program.exited;
  return { code, output: program.output };
}

test("prints JSON lines, says while Interlock holds the embedded store, and tells no secret", async () => {
  await using world = await openWorld({ store: "pglite" });
  const first = await world.start();
  const refused = await audit(world);
  expect(refused.code).toBe(1);
  expect(refused.output).toContain(`in use by process ${first.pid}`);
  expect(refused.output).toContain("can be read only while Interlock is stopped");
  await first.terminate();

  const { code, output } = await audit(world, "--since", "2020-01-01");
  expect(code).toBe(0);
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

  const wrong = await audit(world, "--since", "yesterday");
  expect(wrong).toEqual({ code: 1, output: expect.stringContaining("must be a date") });
});
