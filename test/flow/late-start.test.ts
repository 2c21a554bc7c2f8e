// A start that reaches its engine after it was given up: anyone who sent it was paused, or killed.

import { expect, test } from "vitest";
import { pausedAt } from "../world/replica.ts";
import { worlds } from "../world/world.ts";

const world = worlds();
const start = { at: "engine", method: "start" } as const;

test("a run of an older head that begins late is stopped, and is on record", async () => {
  const w = await world();
  const pull = w.openPull();
  const paused = await pausedAt(w, /^pull:/, start);
  const [first, second] = [pull.head, pull.push({ "src/a.js": "next" })];
  await w.settle();
  expect(w.engine.all({ sha: first })).toEqual([]);
  await paused.wake();
  expect(w.engine.live({ sha: first })).toHaveLength(1);
  await w.settle();
  expect(w.engine.all({ sha: first })).toMatchObject([{ state: "stopped" }]);
  expect(w.engine.live()).toMatchObject([{ request: { run: { sha: second } } }]);
  const all = await w.store.executions("pull:acme/shop#1");
  expect(all).toMatchObject([
    { sha: first, state: "stopped", stopReason: "head_moved", engineId: expect.any(String) },
    { sha: second, state: "running" },
  ]);
});

test("a run that was stopped by a person is stopped again where it begins after all", async () => {
  const w = await world();
  w.engine.fault("start", ...Array.from({ length: 50 }, () => "failed" as const));
  const pull = w.openPull();
  await w.advance("10s");
  pull.comment("dev", "/interlock stop");
  await w.settle();
  const [execution] = await w.store.executions("pull:acme/shop#1");
  expect(execution).toMatchObject({ state: "stopped", engineId: null, stopReason: "person:dev" });
  if (execution === undefined) return;
  w.engine.recover("start");
  // Anyone who sent it was killed once the request was out, and nobody records what it began.
  const { key, pipeline, part, sha, attempt, cause, spec } = execution;
  await w.engine.start({
    run: { key, pipeline, part, sha, attempt, cause, spec },
    repository: { installation: w.installation?.id ?? 0, owner: "acme", name: "shop" },
    pull: pull.number,
    branch: "main",
  });
  expect(w.engine.live()).toHaveLength(1);
  await w.advance("3m");
  expect(w.engine.all()).toMatchObject([{ state: "stopped" }]);
  expect(pull.gate).toMatch(/^failure|^action_required/);
});
