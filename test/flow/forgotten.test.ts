// What ran when Interlock was locked out comes to its end once it is let in again, and holds nobody up.

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

/** As where another repository is removed between two pages, so that this one slips to a page that was read. */
function missing(w: World): void {
  w.rewrite = (path, body) =>
    path === "/installation/repositories" ? { ...(body as object), repositories: [] } : body;
}

test("a repository that one list misses is not forgotten: what lands right after it is released", async () => {
  const w = await world({ plan: released });
  const first = w.pushTo("main", { "src/a.js": "0" });
  await w.settle();
  w.engine.pass(["package", "deploy"]);
  await w.advance("5m");
  expect(w.gateOf(first)).toBe("success (passed)");
  const pull = w.openPull();
  await w.settle();
  missing(w);
  await w.sweep();
  w.rewrite = null;
  const next = w.pushTo("main", { "src/a.js": "1" });
  await w.advance("5m");
  await w.sweep();
  await w.advance("5m");
  expect(w.engine.all({ sha: next, part: "release" })).toHaveLength(1);
  expect(pull.gate).toBe("in_progress (stage_pending)");
});

test("a release that waits for another one is not lost where one list misses its repository", async () => {
  const w = await world({ plan: released });
  const running = w.pushTo("main", { "src/a.js": "1" });
  await w.advance("5s");
  const waiting = w.pushTo("main", { "src/a.js": "2" });
  await w.advance("5s");
  missing(w);
  await w.sweep();
  w.rewrite = null;
  await w.sweep();
  w.engine.pass(["package", "deploy"], { sha: running });
  await w.advance("5m");
  expect(w.engine.all({ sha: waiting, part: "release" })).toHaveLength(1);
});

test("a repository that is in no list any more, though no event told of it, is forgotten", async () => {
  const w = await world({ plan: released });
  w.openPull();
  await w.settle();
  if (w.installation === undefined) throw new Error("Interlock is not installed");
  w.github.faults.onWebhook({ fault: { kind: "failed" } });
  w.github.removeFromInstallation(w.installation, w.shop, "boss");
  await w.sweep();
  await w.advance("1m");
  expect(await w.store.repositories()).toEqual([]);
});
