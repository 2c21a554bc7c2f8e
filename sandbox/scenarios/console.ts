// Scenario 7: somebody runs the pipeline in AWS's own console, and it is seen but does not count.

import { codePipelineOf } from "../kit/kit.ts";
import type { Scenario, Scene } from "../scene.ts";
import { short } from "../scene.ts";
import { openStock, type Stock } from "./stock.ts";

export const consoleUser: Scenario = {
  number: 7,
  title: "Somebody at the console",
  engine: "codepipeline",
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
  const { verify } = codePipelineOf(scene.kit);
  stock.goAway();
  const pull = scene.opens({
    branch: "console",
    title: "Count the stock",
    files: { "test/count.test.js": stock.test("/count") },
  });
  const sha = pull.head;
  const blocked = await scene.ended(sha);
  await scene.ended(sha, "interlock/shop/verify");
  scene.expect(
    "The stock service is away, so the gate is blocked.",
    blocked.conclusion === "failure",
  );

  stock.comeBack();
  scene.does(`ann starts ${verify.name} for ${short(sha)} at AWS's console`);
  const execution = verify.startByConsole("ann", sha);
  await scene.until(
    "Her execution passes",
    () => execution.status === "Succeeded" || undefined,
    () => `It is ${execution.status}.`,
  );
  const seen = await scene.until("The check shows her execution", () => {
    const run = scene.check(sha, "interlock/shop/verify");
    return run?.output.summary?.includes(execution.id) ? run : undefined;
  });
  scene.shows(seen);
  scene.expect(
    "The check says how it was started and by whom.",
    /StartPipelineExecution.*ann/.test(seen.output.summary ?? ""),
  );
  scene.expect(
    "It does not open the gate: what counts is what Interlock itself has started.",
    seen.conclusion === "failure" && scene.check(sha, "interlock")?.conclusion === "failure",
  );
}
