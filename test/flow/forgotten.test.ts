// What ran when Interlock was shut out comes to its end once it is let in again, and holds nobody up.

import { expect, test } from "vitest";
import { planText, released } from "../world/plan.ts";
import { type World, worlds } from "../world/world.ts";

const world = worlds();
const place = { owner: "acme", name: "shop" };

async function shutOut(w: World, meanwhile: () => void): Promise<void> {
  if (w.installation === undefined) throw new Error("Interlock is not installed");
  w.github.removeFromInstallation(w.installation, w.shop, "boss");
  await w.settle();
  meanwhile();
  await w.advance("1h");
  w.github.addToInstallation(w.installation, w.shop, "boss");
  await w.settle();
}

test("a release that ended meanwhile has its verdict, and the next one begins", async () => {
  const w = await world({ plan: released });
  const first = w.pushTo("main", { "src/a.js": "2" });
  await w.settle();
  await shutOut(w, () => w.engine.pass(["package", "deploy"], { sha: first }));
  expect(w.gateOf(first)).toBe("success (passed)");

  const second = w.pushTo("main", { "src/a.js": "3" });
  await w.settle();
  expect(w.engine.live({ sha: second })).toHaveLength(1);
});

test("a release that still runs goes on, and the next one waits for it", async () => {
  const w = await world({ plan: released });
  const first = w.pushTo("main", { "src/a.js": "2" });
  await w.settle();
  w.losesNotice = () => true;
  await shutOut(w, () => {});
  const second = w.pushTo("main", { "src/a.js": "3" });
  await w.settle();
  expect(w.gateOf(second)).toBe("in_progress (release_waits)");
  w.engine.pass(["package", "deploy"], { sha: first });
  await w.advance("3m");
  expect(w.gateOf(first)).toBe("success (passed)");
  expect(w.engine.live({ sha: second })).toHaveLength(1);
});

test("what ran for a pull request that was closed meanwhile is stopped", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  expect(w.engine.live()).toHaveLength(1);
  await shutOut(w, () => pull.handle.close("dev"));
  expect(w.engine.live()).toEqual([]);
});

test.each(["the repository was removed", "the App was uninstalled"])(
  "an old event that %s takes nothing away, and what lands next is released",
  async (kind) => {
    const w = await world({ plan: planText({ shop: { release: ["deploy"] } }) });
    const uninstalls = kind === "the App was uninstalled";
    if (w.installation === undefined) throw new Error("Interlock is not installed");
    if (!uninstalls) await shutOut(w, () => {});
    const first = w.pushTo("main", { "src/a.js": "2" });
    await w.settle();
    w.engine.pass("deploy", { sha: first });
    await w.settle();
    expect(w.gateOf(first)).toBe("success (passed)");
    if (uninstalls)
      await w.store.accept([
        {
          guid: "again",
          name: "installation",
          action: "deleted",
          receivedAt: w.clock.now(),
          event: { kind: "forget", repositories: [{ ...place, installation: w.installation.id }] },
        },
      ]);
    else await w.replay("installation_repositories", "removed");
    await w.advance("1m");
    const second = w.pushTo("main", { "src/a.js": "3" });
    await w.settle();
    expect(w.engine.live({ sha: second })).toHaveLength(1);
  },
);
