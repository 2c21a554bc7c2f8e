// Scenario 8: a stage that the plan names is taken out of the pipeline, and put back.

import { codePipelineOf } from "../kit/kit.ts";
import type { Scenario, Scene } from "../scene.ts";

export const missingStage: Scenario = {
  number: 8,
  title: "A stage that is gone",
  engine: "codepipeline",
  async tell(scene: Scene) {
    const { verify, stages } = codePipelineOf(scene.kit);
    const { test } = stages;
    scene.does(`ann takes the stage ${test} out of ${verify.name}`);
    verify.removeStage(test);
    const pull = scene.opens({
      branch: "quick",
      title: "Say thanks",
      files: { "src/thanks.js": 'export const thanks = "Thank you!";\n' },
    });
    const blocked = await scene.ended(pull.head);
    scene.shows(blocked);
    scene.expect(
      `The gate is blocked and says which stage is missing, ${test}.`,
      blocked.conclusion === "failure" && (blocked.output.title ?? "").includes(test),
    );
    scene.expect(
      "It says how to fix that.",
      (blocked.output.title ?? "").includes(
        `The pipeline ${verify.name} has no stage ${test}. Bring it back, or change the plan.`,
      ),
    );
    const refused = scene.merges(pull, "boss");
    scene.expect("GitHub refuses the merge, to an admin too.", refused.kind === "refused");

    scene.does(`ann puts the stage ${test} back`);
    verify.addStage(test);
    const again = scene.comments(pull, "dev", "/interlock verify");
    await scene.answer(pull, again);
    const open = await scene.until("The gate has its result after the stage is back", () => {
      const run = scene.check(pull.head, "interlock");
      return run?.status === "completed" && run.id !== blocked.id ? run : undefined;
    });
    scene.expect(
      "With the stage back, the same commit passes and the gate opens.",
      open.conclusion === "success",
    );
  },
};
