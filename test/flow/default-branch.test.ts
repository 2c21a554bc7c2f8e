// A check belongs to a commit: what is earned for one branch must not open the default branch.

import { expect, test } from "vitest";
import { planText } from "../world/plan.ts";
import { WorldPull } from "../world/pull.ts";
import { type World, worlds } from "../world/world.ts";

const world = worlds();
const branches = ["main", "release/*"];

async function worldOf(plan: string): Promise<World> {
  const w = await world({ plan });
  w.shop.protect("main", { checks: [{ context: "interlock", app_id: w.github.app.id }] });
  return w;
}

/** Opens it into main, and merges before Interlock has heard of that. */
function mergeAtOnce(w: World, head: string): string {
  w.hold();
  return new WorldPull(w.shop, w.shop.openPull({ head, base: "main" })).merge().kind;
}

test("a weaker pipeline of the same plan for another branch does not open the default branch", async () => {
  const w = await worldOf(
    planText({
      shop: { branches: ["main"], verify: ["build", "test"] },
      next: { branches: ["release/*"], verify: ["nothing"] },
    }),
  );
  w.shop.commit({ branch: "release/x", from: "main", files: { "README.md": "1" } });
  await w.settle();
  const pull = w.openPull({ branch: "evil", base: "release/x", files: { "src/a.js": "evil" } });
  await w.settle();
  w.engine.pass("nothing");
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  expect(pull.check("interlock").output.summary).toContain("`default_branch_too`");
  expect(mergeAtOnce(w, "evil")).not.toBe("merged");
});

test("once the default branch's pipelines have passed too, the gate of another branch opens", async () => {
  const w = await worldOf(
    planText({
      shop: { branches: ["main"], verify: ["build", "test"] },
      next: { branches: ["release/*"], verify: ["nothing"] },
    }),
  );
  w.shop.commit({ branch: "release/x", from: "main", files: { "README.md": "1" } });
  await w.settle();
  const pull = w.openPull({ branch: "good", base: "release/x", files: { "src/a.js": "1" } });
  await w.settle();
  w.engine.pass("nothing");
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
});

test("exempt paths on top of what nobody has verified do not open the default branch", async () => {
  const w = await worldOf(
    planText({ shop: { branches, verify: ["build", "test"] } }, { exempt: ["**/*.md"] }),
  );
  w.shop.commit({ branch: "release/x", from: "main", files: { "src/a.js": "evil" } });
  await w.settle();
  w.shop.commit({ branch: "evil", from: "release/x", files: { "NOTES.md": "1" } });
  const pull = new WorldPull(w.shop, w.shop.openPull({ head: "evil", base: "release/x" }));
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  expect(mergeAtOnce(w, "evil")).not.toBe("merged");
});
