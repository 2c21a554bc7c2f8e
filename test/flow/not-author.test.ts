// Nobody alone decides that what they wrote goes to production, by whatever way they ask.

import { expect, test } from "vitest";
import { productionPlan, releaseNext } from "../world/production.ts";
import { worlds } from "../world/world.ts";

const open = worlds();

test("who asks twice in one comment does not bring back what they wrote", async () => {
  const w = await open({ plan: productionPlan(), careful: true });
  const own = w.shop.commit({ branch: "main", files: { "src/a.js": "1" }, author: "mia" });
  await w.advance("5s");
  w.careful.pass(["OneBox", "Production"]);
  await w.settle();
  await releaseNext(w, "2");
  w.careful.before = own;
  const pull = w.openPull();
  await w.settle();
  pull.comment("mia", "/interlock rollback shop\n/interlock rollback shop");
  await w.settle();
  expect(w.careful.rollbacks).toEqual([]);
  expect(pull.answers[0]?.match(/so somebody else has to say rollback/g)).toHaveLength(2);
});

test("no rollback begins without naming what it brings back", async () => {
  const w = await open({ plan: productionPlan(), careful: true });
  const first = await releaseNext(w, "1");
  await releaseNext(w, "2");
  w.careful.before = first;
  const pull = w.openPull();
  await w.settle();
  const target = w.careful.target.bind(w.careful);
  let away = 1;
  w.careful.target = async (request) =>
    away-- > 0 ? { kind: "failed", why: "no answer" } : await target(request);
  pull.comment("boss", "/interlock rollback shop\n/interlock rollback shop");
  await w.settle();
  expect(w.careful.rollbacks.map(({ to }) => to)).toEqual([first]);
});

test("an engine that does not say what it would bring back brings back nothing", async () => {
  const w = await open({ plan: productionPlan(), careful: true });
  await releaseNext(w, "1");
  await releaseNext(w, "2");
  Object.assign(w.careful, { target: undefined });
  const pull = w.openPull();
  await w.settle();
  pull.comment("boss", "/interlock rollback shop");
  await w.settle();
  expect(w.careful.rollbacks).toEqual([]);
  expect(pull.answers).toEqual([expect.stringContaining("does not say beforehand")]);
});
