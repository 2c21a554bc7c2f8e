// Changes from forks run nothing until somebody who may has named their commit.

import { expect, test } from "vitest";
import { planText } from "../world/plan.ts";
import { type World, worlds } from "../world/world.ts";

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

/** A pull request of somebody's fork with that very commit as its head. */
function copyPull(w: World, login: string, sha: string, base = "main"): string {
  w.shop.fork(login).push({ branch: "copy", sha, author: login });
  const { number } = w.shop.openPull({ head: `${login}:copy`, base, author: login });
  return `pull:acme/shop#${number}`;
}

test("a fork's pull request with the head of one of the repository itself neither blocks it nor runs", async () => {
  const w = await world();
  const own = w.openPull({ branch: "topic" });
  await w.settle();
  expect(own.gate).toBe("in_progress (stage_pending)");

  copyPull(w, "mallory", own.head);
  await w.settle();
  expect(w.engine.all()).toHaveLength(1);
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(own.gate).toBe("success (passed)");

  own.handle.close("dev");
  await w.settle();
  expect(own.gate).toBe("action_required (fork_waits)");
});

test("a commit of a fork stops blocking once the repository has a pull request with it, until the fork moves", async () => {
  const w = await world();
  const pull = w.openForkPull("eve", { "src/a.js": "reviewed" });
  await w.settle();
  expect(pull.gate).toBe("action_required (fork_waits)");

  w.shop.push({ branch: "taken-over", sha: pull.head });
  w.shop.openPull({ head: "taken-over" });
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");

  pull.push({ "src/a.js": "curl evil" });
  await w.settle();
  expect(w.engine.all({ sha: pull.head })).toEqual([]);
  expect(pull.gate).toBe("action_required (fork_waits)");
});

test("what is judged for one branch alone does not open another one to a fork with the same head", async () => {
  const w = await world();
  w.changePlan(planText({ shop: { branches: ["main", "release/*"], verify: ["build", "test"] } }));
  await w.settle();
  w.shop.push({ branch: "release/1", sha: w.shop.data.refs.get("heads/main") ?? "" });
  await w.settle();
  const own = w.openPull({ branch: "topic" });
  copyPull(w, "mallory", own.head, "release/1");
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(own.gate).toBe("action_required (fork_waits)");
});

test("a fork's pull request speaks again when the one with the same head goes to another branch", async () => {
  const w = await world();
  w.changePlan(planText({ shop: { branches: ["main", "release/*"], verify: ["build", "test"] } }));
  await w.settle();
  w.shop.push({ branch: "release/1", sha: w.shop.data.refs.get("heads/main") ?? "" });
  await w.settle();
  const own = w.openPull({ branch: "topic" });
  copyPull(w, "mallory", own.head);
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(own.gate).toBe("success (passed)");

  own.retarget("release/1");
  await w.settle();
  expect(own.gate).toBe("action_required (fork_waits)");
});

test("a second fork with the same commit is no consent for it", async () => {
  const w = await world();
  const pull = w.openForkPull("eve", { "src/a.js": "mine" });
  copyPull(w, "mallory", pull.head);
  await w.settle();
  expect(w.engine.all()).toEqual([]);
  expect(pull.gate).toBe("action_required (fork_waits)");
});
