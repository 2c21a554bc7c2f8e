// Scenario 2: a change that breaks the shop does not get in, no matter who tries.

import type { Scenario, Scene } from "../scene.ts";

export const failing: Scenario = {
  number: 2,
  title: "A failing test",
  engine: null,
  async tell(scene: Scene) {
    const price = scene.shop.file("src/price.js") ?? "";
    const pull = scene.opens({
      branch: "no-rounding",
      title: "Leave rounding to the caller",
      files: { "src/price.js": price.replace("Math.round", "") },
    });
    const tests = await scene.ended(pull.head, "interlock/shop/tests");
    const gate = await scene.ended(pull.head);
    scene.shows(tests);

    const file = "test/price.test.js";
    const lines = (scene.shop.file(file, pull.head) ?? "").split("\n");
    const line = lines.findIndex((text) => text.includes("discounted(999, 50)")) + 1;
    scene.expect(
      `The tests check lists the failing test with its place, ${file}:${line}.`,
      tests.conclusion === "failure" &&
        (tests.output.summary ?? "").includes("rounds to whole cents") &&
        (tests.output.summary ?? "").includes(`${file}:${line}`),
    );
    scene.expect(
      "The same place is annotated, so that the change shows it.",
      tests.annotations.some((note) => note.path === file && note.start_line === line),
    );
    scene.expect("The gate is blocked.", gate.conclusion === "failure");

    const refused = scene.merges(pull, "boss");
    scene.expect(
      "GitHub refuses the merge, to an admin too.",
      refused.kind === "refused" && refused.message.includes("failing"),
    );
  },
};
