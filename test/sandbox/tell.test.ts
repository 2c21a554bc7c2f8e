// What the sandbox says and how it exits when something does not hold.

import { expect, test } from "vitest";
import { createGitHub } from "../../sandbox/github/github.ts";
import { openLocalKit } from "../../sandbox/kit/local.ts";
import { Narrator } from "../../sandbox/narrator.ts";
import type { Scenario } from "../../sandbox/scene.ts";
import { runScenarios } from "../../sandbox/tell.ts";

function stage() {
  const github = createGitHub();
  const shop = github.createRepository({
    owner: "acme",
    name: "shop",
    people: { dev: "write", boss: "admin", ria: "read" },
  });
  let text = "";
  const narrator = new Narrator({
    write: (part) => {
      text += part;
    },
    colours: "off",
    clock: () => 0,
  });
  const app = { gone: null as string | null };
  return {
    github,
    shop,
    narrator,
    app,
    text: () => text,
    async tell(...scenarios: Scenario["tell"][]) {
      await runScenarios({
        scenarios: scenarios.map((tell, index) => ({
          number: index + 1,
          title: "A scenario",
          engine: null,
          tell,
        })),
        sandbox: {
          shop,
          kit: openLocalKit(),
          app: { ended: () => app.gone, tail: () => ["info Looked {}"] },
        },
        narrator,
        signal: new AbortController().signal,
        patience_ms: 30,
      });
      return narrator.summary();
    },
  };
}

const change = { branch: "feature", title: "Change a", files: { a: "1" } };

test("all is well when everything held", async () => {
  const { tell, text } = stage();

  const code = await tell(async (scene) => scene.expect("The sky is blue.", true));

  expect(code).toBe(0);
  expect(text()).toContain("  ✔ The sky is blue.\n");
  expect(text()).toContain("All 1 expectations held.");
});

test("one expectation that does not hold makes the exit code 1 and is named in the summary", async () => {
  const { tell, text } = stage();

  const code = await tell(
    async (scene) => {
      scene.expect("The sky is blue.", false, "It is grey.");
      scene.expect("The grass is green.", true);
    },
    async (scene) => scene.expect("Water is wet.", true),
  );

  expect(code).toBe(1);
  expect(text()).toContain("  ✘ The sky is blue.\n    It is grey.\n  ✔ The grass is green.\n");
  expect(text()).toContain("the end of Interlock's log\n    │ info Looked {}\n");
  const summary = text().slice(text().indexOf("Summary"));
  expect(summary).toMatch(
    /✘ 1 {2}A scenario +1 of 2 .*\n +The sky is blue\.\n +✔ 2 {2}A scenario +1 of 1/,
  );
  expect(summary).toContain("1 of 3 expectations did not hold.");
});

test("what never comes ends its scenario with what was awaited and what stands instead", async () => {
  const { tell, text, github, shop } = stage();

  const code = await tell(
    async (scene) => {
      const pull = scene.opens(change);
      shop.reportCheck({ app: github.app, sha: pull.head, name: "interlock" });
      await scene.ended(pull.head);
      scene.expect("This is never reached.", true);
    },
    async (scene) => scene.expect("The next scenario is told.", true),
  );

  expect(code).toBe(1);
  const sha = shop.tip("feature").slice(0, 7);
  expect(text()).toContain(`✘ The check interlock on ${sha} ends.\n    Awaited for 0.03 s.\n`);
  expect(text()).toContain(`${sha} interlock: queued`);
  expect(text()).not.toContain("This is never reached.");
  expect(text()).toContain("✔ The next scenario is told.");
  // Left open, it would go on running into the next scenario.
  expect(shop.pull(1).state).toBe("closed");
});

test("nobody waits for an app that has ended", async () => {
  const { tell, text, app } = stage();
  app.gone = "It ended with exit code 1.";

  const code = await tell(async (scene) => {
    await scene.ended(scene.opens(change).head);
  });

  expect(code).toBe(1);
  expect(text()).toContain("It ended with exit code 1.");
});

test("an error in a scenario is a scenario that does not hold", async () => {
  const { tell, text } = stage();

  const code = await tell(async () => {
    throw new Error("there is no such file");
  });

  expect(code).toBe(1);
  expect(text()).toContain("✘ The scenario runs to its end.");
  expect(text()).toContain("there is no such file");
});

test("where nothing was expected, nothing held", async () => {
  expect(await stage().tell()).toBe(1);
  expect(await stage().tell(async (scene) => scene.does("dev sleeps"))).toBe(1);
});

test("each change of a check is told once, and the answer of GitHub to a merge", async () => {
  const { tell, text, github, shop } = stage();
  shop.protect("main", { checks: [{ context: "interlock" }], enforceAdmins: true });

  await tell(async (scene) => {
    const pull = scene.opens(change);
    const run = shop.reportCheck({ app: github.app, sha: pull.head, name: "interlock" });
    await scene.until("anything", () => run);
    await scene.until("anything", () => run);
    scene.merges(pull);
    shop.completeCheck(run, "success");
    const ended = await scene.ended(pull.head);
    scene.expect("It ended.", ended === run);
    scene.expect("It waited before.", scene.history(pull.head).join() === "queued,success");
  });

  const lines = text().split("\n");
  expect(lines.filter((line) => line.includes("■ interlock"))).toHaveLength(1);
  expect(lines.filter((line) => line.includes("✓ interlock"))).toHaveLength(1);
  expect(text()).toContain('GitHub: Required status check "interlock" is in progress.');
  expect(text()).not.toContain("✘");
});
