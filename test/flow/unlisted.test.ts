// Changed paths that GitHub will never list: after a few tries the list counts as cut, and what covers everything is run.

import { expect, test } from "vitest";
import { planText } from "../world/plan.ts";
import { WorldPull } from "../world/pull.ts";
import { type World, worlds } from "../world/world.ts";

const world = worlds();
const compare = "/repos/{owner}/{repo}/compare/{basehead}";
const partly = planText({ web: { paths: ["src/**"] } });

/** GitHub counts the files of the second pull request when it is pushed, and the first one lands afterwards. */
async function stacked(plan?: string): Promise<{ readonly w: World; readonly pull: WorldPull }> {
  const w = await world(plan === undefined ? {} : { plan });
  const first = w.openPull({ branch: "one", files: { "src/a.js": "one" } });
  w.shop.commit({ branch: "two", files: { "src/b.js": "two" }, from: "one" });
  const { number } = w.shop.openPull({ head: "two", base: "main" });
  first.merge("merge");
  w.rewrite = (path, body) =>
    path === `/repos/acme/shop/pulls/${number}` ? { ...(body as object), changed_files: 2 } : body;
  await w.settle();
  return { w, pull: new WorldPull(w.shop, w.shop.pull(number)) };
}

async function refused(status: 404 | 422, plan?: string) {
  const w = await world(plan === undefined ? {} : { plan });
  const message = "No common ancestor, or a diff that takes too long to generate.";
  const fault = { kind: "refused", status, message } as const;
  w.github.faults.onRequest({ method: "GET", path: compare, fault });
  const pull = w.openPull();
  await w.settle();
  return { w, pull };
}

const kinds = [
  ["a stale number of changed files", stacked],
  ["404 for want of a common ancestor", async (plan?: string) => await refused(404, plan)],
  ["422 for a diff that takes too long", async (plan?: string) => await refused(422, plan)],
] as const;

test.each(kinds)("%s runs what covers every path, within minutes", async (_, open) => {
  const { w, pull } = await open();
  await w.advance("5m");
  w.engine.pass(["build", "test"], { sha: pull.head });
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
});

test.each(kinds)("%s passes nothing where a path may be uncovered", async (_, open) => {
  const { w, pull } = await open(partly);
  await w.advance("5m");
  w.engine.pass(["build", "test"], { sha: pull.head });
  await w.settle();
  expect(pull.gate).toBe("action_required (files_cut)");
});
