// Scenario 6: what no test has seen breaks production, and a maintainer takes it back.

import type { PullHandle } from "../github/pull-handle.ts";
import { codePipelineOf } from "../kit/kit.ts";
import type { Scenario, Scene } from "../scene.ts";
import { Abandoned, short } from "../scene.ts";

const releaseName = "interlock/shop/release";

export const rollback: Scenario = {
  number: 6,
  title: "A release that fails in production",
  engine: "codepipeline",
  async tell(scene: Scene) {
    const kit = codePipelineOf(scene.kit);
    const before = kit.live() ?? (await first(scene));
    scene.does(`${short(before)} is in production`);

    const price = scene.shop.file("src/price.js") ?? "";
    const { pull, sha } = await lands(scene, {
      branch: "taxes",
      title: "Read the taxes from a file",
      files: {
        "taxes.json": '{ "default": 0.19 }\n',
        "src/price.js": `import taxes from "../taxes.json" with { type: "json" };\n\n${price}
/** The tax that a price in cents contains. */
export function tax(cents) {
  return Math.round(cents - cents / (1 + taxes.default));
}
`,
      },
    });
    const failed = await scene.ended(sha, releaseName);
    await scene.ended(sha);
    scene.shows(failed);
    scene.expect(
      "All tests passed, but production lacks the file: the release failed in its stage Production.",
      failed.conclusion === "failure" && (failed.output.title ?? "").includes("Production"),
    );
    scene.expect(`And ${short(sha)} is what stands in production.`, kit.live() === sha);

    const asked = scene.comments(pull, "boss", "/interlock rollback shop");
    const answer = await scene.answer(pull, asked, (body) => body.includes(short(before)));
    scene.expect(
      `The answer names the commit that is brought back, ${short(before)}.`,
      answer.body.includes(short(before)),
    );
    await scene.until(
      "Production has the commit before",
      () => kit.live() === before || undefined,
      () => `Production has ${kit.live()}.`,
    );
    const back = await scene.until("The failed commit's check says that it was rolled back", () => {
      const run = scene.check(sha, releaseName);
      return /was rolled back/.test(run?.output.title ?? "") ? run : undefined;
    });
    scene.shows(back);
    scene.expect(
      `The check says that it was rolled back, to ${short(before)} and by whom.`,
      new RegExp(`was rolled back to ${short(before)} .*boss`).test(back.output.title ?? ""),
    );
    scene.expect(
      `The rollback succeeded, and still no check of ${short(sha)} was ever green.`,
      [back.name, "interlock"].every(
        (name) =>
          scene.check(sha, name)?.conclusion === "failure" &&
          !scene.history(sha, name).includes("success"),
      ),
    );
    const news = await scene.until(
      "The topic for releases is told of the rollback",
      () => {
        const subjects = kit.told().filter((subject) => subject.includes(short(sha)));
        return subjects.some((subject) => subject.includes("rolled back")) ? subjects : undefined;
      },
      () => `It was told: ${kit.told().join(", ")}.`,
    );
    for (const subject of news) scene.hears("SNS", subject);
    scene.expect(
      "Who listens to the topic was told once of the failure, and once of the rollback.",
      news.length === 2,
    );

    const fix = await lands(scene, {
      branch: "taxes-in-code",
      title: "Keep the taxes in the code",
      files: {
        "taxes.json": null,
        "src/price.js": `${price}
/** The tax that a price in cents contains. */
export function tax(cents) {
  return Math.round(cents - cents / 1.19);
}
`,
      },
    });
    const released = await scene.ended(fix.sha, releaseName);
    await scene.ended(fix.sha);
    scene.expect(
      "The fix goes the same way, and is what stands in production.",
      released.conclusion === "success" && kit.live() === fix.sha,
    );
  },
};

/** Where no scenario before has put anything into production. */
async function first(scene: Scene): Promise<string> {
  const { sha } = await lands(scene, {
    branch: "greeting",
    title: "Say what the shop is",
    files: { "src/about.js": 'export const about = "A small web shop";\n' },
  });
  await scene.ended(sha, releaseName);
  return sha;
}

/** Through the gate and into `main`. */
async function lands(
  scene: Scene,
  change: Parameters<Scene["opens"]>[0],
): Promise<{ readonly pull: PullHandle; readonly sha: string }> {
  const pull = scene.opens(change);
  await scene.ended(pull.head);
  const merge = scene.merges(pull);
  if (merge.kind === "merged") return { pull, sha: merge.sha };
  scene.expect("GitHub merges.", false, merge.message);
  throw new Abandoned();
}
