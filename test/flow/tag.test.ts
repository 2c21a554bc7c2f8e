// What a tag that is named like a branch can change: nothing. GitHub takes such a name for the tag.

import { expect, test } from "vitest";
import { planPath } from "../../src/core/model/plan.ts";
import { planText } from "../world/plan.ts";
import { type World, worlds } from "../world/world.ts";

const world = worlds();

const branches = ["main", "release/*"];
const strict = planText({ shop: { branches } }, { exempt: ["docs/**"] });
const weak = planText({ shop: { branches, verify: ["nothing"] } });

/** The commit is on a branch of the writer's own, as one that a tag can be pushed for. */
function tagged(w: World, tag: string, files: Record<string, string>): string {
  const sha = w.shop.commit({ branch: `own-${tag.replaceAll("/", "-")}`, files, from: "main" });
  expect(w.shop.pushTag({ tag, sha }).kind).toBe("pushed");
  return sha;
}

test("a tag named like the default branch brings no plan", async () => {
  const w = await world({ plan: strict });
  tagged(w, "main", { [planPath]: weak });
  await w.settle();
  const pull = w.openPull();
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
});

test.each(["release/1", "heads/release/1", "refs/heads/release/1", "tags/1", "abcdef1"])(
  "a tag named like the base branch %s takes nothing from its plan",
  async (branch) => {
    const any = ["**"];
    const own = { shop: { branches: any, verify: ["build", "test", "load"] } };
    const plan = planText({ shop: { branches: any } });
    const w = await world({ plan });
    w.shop.commit({ branch, files: { [planPath]: planText(own) }, from: "main" });
    const tag = branch.replace(/^(?:refs\/)?(?:heads|tags)\//, "");
    tagged(w, branch, { [planPath]: plan });
    if (tag !== branch) tagged(w, tag, { [planPath]: plan });
    await w.settle();
    const pull = w.openPull({ base: branch });
    await w.settle();
    // Those of the default branch's plan run beside those of the branch's own.
    for (const stage of ["build", "test"])
      for (const run of w.engine.live()) w.engine.passIn(run, stage);
    await w.settle();
    expect(pull.gate).toBe("in_progress (stage_pending)");
    w.engine.pass("load");
    await w.settle();
    expect(pull.gate).toBe("success (passed)");
  },
);

test.each(["main", "release/1"])(
  "a tag named like %s does not hide what a change brings, also where no tip is known",
  async (base) => {
    const w = await world({ plan: strict });
    if (base !== "main") w.shop.commit({ branch: base, files: { "src/r.js": "1" }, from: "main" });
    const evil = { "src/a.js": "evil", "docs/a.md": "for a moment" };
    const sha = w.shop.commit({ branch: "evil", files: evil, from: base });
    w.shop.commit({ branch: "evil", files: { "docs/a.md": null } });
    w.shop.pushTag({ tag: base, sha });
    // Seen from the tag, the change is one of documents only.
    const { number, head } = w.shop.openPull({ head: "evil", base }).data;
    await w.settle();
    expect(w.gateOf(head.sha)).toBe("in_progress (stage_pending)");
    const { github } = w.ports ?? expect.fail();
    const repository = { installation: w.installation?.id ?? 0, owner: "acme", name: "shop" };
    const pull = await github.pull(repository, number, {
      since: 0,
      bound: null,
      now: w.clock.now(),
    });
    if (pull.kind !== "known") expect.fail(pull.kind);
    expect(await github.pullFiles(repository, pull.value, w.shop.tip(base))).toEqual({
      kind: "known",
      value: ["src/a.js"],
    });
  },
);
