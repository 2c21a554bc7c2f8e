// Scenario 5: people speak to Interlock in comments, and it does what they may ask for.

import { gateName } from "../../src/core/render/checks.ts";
import type { Scenario, Scene } from "../scene.ts";
import { openStock, type Stock } from "./stock.ts";

export const commands: Scenario = {
  number: 5,
  title: "Commands in comments",
  engine: null,
  async tell(scene: Scene) {
    const stock = await openStock();
    try {
      await tellWith(scene, stock);
    } finally {
      await stock.close();
    }
  },
};

async function tellWith(scene: Scene, stock: Stock): Promise<void> {
  const { build, test } = scene.kit.stages;
  stock.goAway();
  const pull = scene.opens({
    branch: "stock",
    title: "Show what is in stock",
    files: { "test/stock.test.js": stock.test("/count") },
  });
  const first = await scene.ended(pull.head);
  await scene.ended(pull.head, "interlock/shop/verify");
  scene.expect(
    "The stock service is away, so the gate is blocked.",
    first.conclusion === "failure",
  );

  const quoted = scene.comments(
    pull,
    "dev",
    "Next time I could write:\n\n```\n/interlock verify\n```",
  );
  const status = scene.comments(pull, "dev", "What now?\n\n/interlock status");
  const told = await scene.answer(pull, status);
  scene.expect(
    "The answer says where the gate and each stage stand.",
    /Gate:.*blocked/.test(told.body) && told.body.includes(`${build} succeeded → ${test} failed`),
  );

  const verify = scene.comments(pull, "ria", "/interlock verify");
  const refusal = await scene.answer(pull, verify);
  scene.expect(
    "Who may only read starts nothing, and is told which roles may.",
    refusal.body.includes("You need one of these roles") &&
      scene.check(pull.head, "interlock/shop/verify")?.conclusion === "failure",
  );

  stock.comeBack();
  const retry = scene.comments(
    pull,
    "dev",
    `The stock service is back.\n\n/interlock retry ${test}`,
  );
  const started = await scene.answer(pull, retry);
  scene.expect("The answer says what runs again.", started.body.includes("runs again"));
  const again = await scene.until("The gate has its result after the retry", () => {
    const run = scene.check(pull.head, gateName);
    return run?.status === "completed" && run.id !== first.id ? run : undefined;
  });
  scene.expect(
    "The test stage passes this time, and the gate opens.",
    again.conclusion === "success",
  );
  const result = await scene.answer(pull, retry, (body) => body.includes("Result:"));
  scene.expect("The result is added to the same answer.", result.id === started.id);

  scene.expect(
    "A command in a code block does nothing.",
    scene.answersTo(pull, quoted).length === 0,
  );
  scene.expect(
    "Every other comment has exactly one answer.",
    [status, verify, retry].every((comment) => scene.answersTo(pull, comment).length === 1),
  );
}
