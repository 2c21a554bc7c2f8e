// Scenario 1: a change that passes everything on its way to production.

import type { Scenario, Scene } from "../scene.ts";
import { short } from "../scene.ts";

export const good: Scenario = {
  number: 1,
  title: "A good pull request",
  engine: null,
  async tell(scene: Scene) {
    const pull = scene.opens({
      branch: "shipping",
      title: "Ship for free from 50 euros",
      files: { "src/shipping.js": shipping, "test/shipping.test.js": shippingTest },
    });
    await scene.waiting(pull.head);
    const early = scene.merges(pull);
    scene.expect(
      "While the pipeline runs, the gate is in progress and GitHub refuses the merge.",
      early.kind === "refused" && early.message.includes("in progress"),
    );

    const tests = await scene.ended(pull.head, "interlock/shop/tests");
    scene.expect(
      "The tests check says how many passed.",
      tests.conclusion === "success" && tests.output.title === "5 tests passed",
    );
    const gate = await scene.ended(pull.head);
    const verify = await scene.ended(pull.head, "interlock/shop/verify");
    scene.shows(verify);
    scene.expect(
      "Every stage of the plan has passed, and the gate is open.",
      gate.conclusion === "success" && verify.conclusion === "success",
    );
    scene.expect(
      "Until then the gate only ever said that it waits.",
      scene.history(pull.head).join() === "in progress,success",
      `It said: ${scene.history(pull.head).join(", ")}.`,
    );

    const merge = scene.merges(pull);
    scene.expect("GitHub merges.", merge.kind === "merged");
    if (merge.kind !== "merged") return;

    const release = await scene.ended(merge.sha, "interlock/shop/release");
    const landed = await scene.ended(merge.sha);
    scene.expect(
      `The release ran for ${short(merge.sha)}, the commit that landed, and its check says so.`,
      release.conclusion === "success" && landed.conclusion === "success",
    );
  },
};

const shipping = `/** What sending costs, in cents. */
export function shipping(cents) {
  return cents >= 5000 ? 0 : 490;
}
`;

const shippingTest = `import assert from "node:assert/strict";
import { test } from "node:test";
import { shipping } from "../src/shipping.js";

test("is free from 50 euros", () => {
  assert.equal(shipping(5000), 0);
});

test("costs 4.90 below", () => {
  assert.equal(shipping(4999), 490);
});
`;
