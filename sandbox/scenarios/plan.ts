// Scenario 4: a change cannot loosen the plan that it is judged by.

import type { Scenario, Scene } from "../scene.ts";

const path = ".github/interlock.yml";

export const plan: Scenario = {
  number: 4,
  title: "A pull request that changes the plan",
  engine: null,
  async tell(scene: Scene) {
    const before = scene.shop.file(path) ?? "";
    const { test } = scene.kit.stages;
    const price = scene.shop.file("src/price.js") ?? "";

    const pull = scene.opens({
      branch: "no-tests",
      title: "Drop the test stage",
      files: {
        [path]: before.replace(new RegExp(` {8}- name: ${test}\\n(?: {10}.*\\n)+`), ""),
        "src/price.js": price.replace("Math.round", "Math.floor"),
      },
    });
    const gate = await scene.ended(pull.head);
    const verify = await scene.ended(pull.head, "interlock/shop/verify");
    scene.shows(gate);
    scene.expect(
      "The test stage still ran and still counts: main's plan judges, not the change's own.",
      gate.conclusion === "failure" &&
        (verify.output.summary ?? "").includes(`\`${test}\` | ❌ failed`),
    );
    scene.expect(
      "The gate shows what merging would change in the plan.",
      (gate.output.summary ?? "").includes(`stage "${test}" would be removed`),
    );

    const broken = before.replace("engine: ", "engine: [");
    const line = broken.split("\n").findIndex((text) => text.includes("engine: [")) + 1;
    const other = scene.opens({
      branch: "broken-plan",
      title: "Tidy the plan up",
      files: { [path]: broken },
    });
    const blocked = await scene.ended(other.head);
    scene.annotations(blocked);
    scene.expect("A change that breaks the plan is blocked.", blocked.conclusion === "failure");
    scene.expect(
      `The problem is annotated where it is, in line ${line} or right after it.`,
      blocked.annotations.some(
        (note) => note.path === path && note.start_line >= line && note.start_line <= line + 1,
      ),
    );
  },
};
