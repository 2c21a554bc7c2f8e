// Changes from forks run nothing until somebody who may has named their commit.

import { expect, test } from "vitest";
import { worlds } from "../world/world.ts";

const world = worlds();

test("a fork's commit waits until somebody with write permission names it", async () => {
  const w = await world();
  const pull = w.openForkPull("eve", { "src/a.js": "mine" });
  await w.settle();
  expect(pull.gate).toBe("action_required (fork_waits)");
  expect(w.engine.all()).toEqual([]);

  pull.comment("eve", `/interlock verify ${pull.head}`);
  pull.comment("ria", `/interlock verify ${pull.head}`);
  await w.settle();
  expect(w.engine.all()).toEqual([]);
  pull.comment("dev", "/interlock verify");
  await w.settle();
  expect(w.engine.all()).toEqual([]);
  expect(pull.answers).toHaveLength(3);

  pull.comment("dev", `/interlock verify ${pull.head}`);
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
});

test("what was allowed for one commit of a fork is not allowed for the next", async () => {
  const w = await world();
  const pull = w.openForkPull("eve", { "src/a.js": "harmless" });
  await w.settle();
  pull.comment("dev", `/interlock verify ${pull.head}`);
  await w.settle();
  pull.push({ "src/a.js": "curl evil" });
  await w.settle();
  expect(pull.gate).toBe("action_required (fork_waits)");
  expect(w.engine.live()).toEqual([]);
});

test("a push that follows the permission at once is not covered by it", async () => {
  const w = await world();
  const pull = w.openForkPull("eve", { "src/a.js": "harmless" });
  await w.settle();
  pull.comment("dev", `/interlock verify ${pull.head}`);
  pull.push({ "src/a.js": "curl evil" });
  await w.settle();
  expect(w.engine.all({ sha: pull.head })).toEqual([]);
  expect(pull.gate).toBe("action_required (fork_waits)");
});

test("an exempt change of a fork needs nobody", async () => {
  const w = await world();
  const pull = w.openForkPull("eve", { "docs/a.md": "1" });
  await w.settle();
  expect(pull.gate).toBe("success (exempt)");
});
