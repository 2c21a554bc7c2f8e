// Scenario 3: what runs is always the head, and a verdict is about exactly one commit.

import type { Scenario, Scene } from "../scene.ts";
import { short } from "../scene.ts";
import { openStock, type Stock } from "./stock.ts";

export const push: Scenario = {
  number: 3,
  title: "A push while the pipeline runs",
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
  const file = "test/stock.test.js";
  const pull = scene.opens({
    branch: "ask-the-stock",
    title: "Ask the stock service",
    files: { [file]: stock.test("/slow") },
  });
  const old = pull.head;
  await scene.until(
    "The first commit's test waits for an answer",
    () => stock.waiting() || undefined,
  );
  await scene.waiting(old, "interlock/shop/verify");

  const head = scene.pushes(
    pull,
    { [file]: stock.test("/count") },
    "Ask for what is known already",
  );
  const oldGate = await scene.ended(old);
  if (scene.kit.stopping === "lets finish") {
    scene.does("The stock service answers the first commit's test at last");
    stock.answer();
  }
  await scene.until("The first commit's test is over", () => !stock.waiting() || undefined);
  const stopped = await scene.ended(old, "interlock/shop/verify");
  scene.expect(
    scene.kit.stopping === "ends"
      ? `What ran for ${short(old)} is stopped in the middle of its tests.`
      : `What ran for ${short(old)} ends with its test, and does not count any more.`,
    stopped.conclusion === "cancelled",
  );
  scene.expect(
    `The checks of ${short(old)} stay blocked and point to ${short(head)}.`,
    oldGate.conclusion === "failure" &&
      [stopped, oldGate].every(({ output }) => output.title?.includes(short(head))),
  );

  const gate = await scene.ended(head);
  const tests = await scene.ended(head, "interlock/shop/tests");
  scene.expect(
    `${short(head)} is judged by itself, and its gate opens.`,
    gate.conclusion === "success" && tests.conclusion === "success",
  );
}
