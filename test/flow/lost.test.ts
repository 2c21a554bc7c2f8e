// What was not heard of is found again, and what was heard of twice happens once.

import { expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { sweep } from "../../src/flow/sweep.ts";
import { ms } from "../world/clock.ts";
import { planText, released } from "../world/plan.ts";
import { WorldPull } from "../world/pull.ts";
import { worlds } from "../world/world.ts";

const world = worlds("pglite");

test("a doubled delivery does nothing", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  w.github.log.clear();
  for (const delivery of w.github.deliveries.filter(({ event }) => event !== "installation"))
    w.github.world.outbox.redeliver(delivery);
  await w.settle();
  expect(w.github.log.all).toEqual([]);
  expect(pull.gate).toBe("success (passed)");
});

test("a pull request whose events were lost is found by the sweep", async () => {
  const w = await world();
  w.github.faults.onWebhook({ fault: { kind: "lost" } });
  const pull = w.openPull();
  await w.settle();
  expect(pull.gate).toBe("absent");
  await w.sweep();
  expect(pull.gate).toBe("in_progress (stage_pending)");

  pull.push({ "src/a.js": "2" });
  await w.sweep();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");

  pull.retarget(w.shop.data.defaultBranch);
  pull.push({ "src/a.js": "3" });
  await w.sweep();
  pull.handle.close("dev");
  await w.sweep();
  expect(w.engine.live()).toEqual([]);
  expect(pull.gate).toMatch(/^failure/);
});

test("a push whose event was lost is released after the sweep, with what lay before it", async () => {
  const w = await world({ plan: released });
  w.github.faults.onWebhook({ event: "push", fault: { kind: "lost" } });
  const sha = w.pushTo("main", { "src/a.js": "2" });
  await w.settle();
  expect(w.engine.all()).toEqual([]);
  await w.sweep();
  w.engine.pass(["package", "deploy"]);
  await w.settle();
  expect(w.gateOf(sha)).toBe("success (passed)");
});

test("a tip that the sweep found is not forgotten where its record fails", async () => {
  const w = await world({ plan: released });
  w.github.faults.onWebhook({ event: "push", fault: { kind: "lost" } });
  w.pushTo("main", { "src/a.js": "2" });
  await w.settle();
  w.forgiven.push(/A look failed/);
  // The first is that of the sweep itself, the second that of the look at the repository.
  w.breaks.planned.set("see", 1);
  await w.sweep();
  await w.advance("1m");
  expect(w.engine.live()).toHaveLength(1);
});

test("a failed delivery is asked for again and keeps its id", async () => {
  const w = await world();
  w.github.faults.onWebhook({ event: "pull_request", times: 1, fault: { kind: "failed" } });
  const pull = w.openPull();
  await w.settle();
  expect(pull.gate).toBe("absent");
  await w.sweep();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  const attempts = w.github.deliveries.filter(({ event }) => event === "pull_request");
  expect(new Set(attempts.map(({ guid }) => guid)).size).toBe(1);
  expect(attempts.map(({ redelivery }) => redelivery)).toEqual([false, true]);
});

test("a command whose delivery failed is carried out after the sweep", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.github.faults.onWebhook({ event: "issue_comment", times: 1, fault: { kind: "failed" } });
  pull.comment("dev", "/interlock status");
  await w.settle();
  expect(pull.answers).toEqual([]);
  await w.sweep();
  expect(pull.answers).toHaveLength(1);
});

test("a server that does not know the filter of deliveries has nothing sent again that came", async () => {
  const w = await world();
  w.github.world.ignoresDeliveryStatus = true;
  const pull = w.openPull();
  await w.settle();
  pull.comment("dev", "/interlock status");
  await w.settle();
  w.github.faults.onWebhook({ event: "issue_comment", times: 1, fault: { kind: "failed" } });
  pull.comment("dev", "/interlock explain");
  await w.settle();
  // An empty store knows of no delivery.
  await w.on.clear();
  const before = w.github.deliveries.map(({ guid }) => guid);
  await w.sweep();
  await w.settle();
  const again = w.github.deliveries
    .slice(before.length)
    .filter(({ guid }) => before.includes(guid));
  expect(again.map(({ event }) => event)).toEqual(["issue_comment"]);
  expect(pull.answers).toHaveLength(2);
});

test("a command that arrives hours after it was given is answered, and only a question is carried out", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  const runs = w.engine.all().length;
  w.github.faults.onWebhook({ event: "issue_comment", times: 2, fault: { kind: "failed" } });
  pull.comment("dev", "/interlock verify");
  pull.comment("dev", "/interlock status");
  await w.settle();
  w.clock.advance(limit.command.age_ms + 60_000);
  await w.sweep();
  await w.settle();
  const answers = pull.answers.join("\n");
  expect(pull.answers).toHaveLength(2);
  expect(answers).toContain("It arrived 6 hours after it was given, so it was not carried out.");
  expect(answers).toContain("shop/verify passed");
  expect(w.engine.all()).toHaveLength(runs);
  expect(pull.gate).toBe("success (passed)");
});

test("deliveries that failed while GitHub's API was away are asked for once it is back", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.github.faults.onWebhook({ event: "issue_comment", times: 1, fault: { kind: "failed" } });
  pull.comment("dev", "/interlock status");
  w.github.faults.onRequest({ fault: { kind: "error", status: 503 } });
  for (let minute = 0; minute < 30; minute += 3) {
    await w.sweep();
    await w.advance("3m");
  }
  w.github.faults.stop();
  await w.sweep();
  expect(pull.answers).toHaveLength(1);
});

test("a delivery that GitHub thinks failed, and that came, is not asked for again", async () => {
  const w = await world();
  w.github.faults.onWebhook({ times: 1, fault: { kind: "unanswered" } });
  w.openPull();
  await w.settle();
  const before = w.github.deliveries.length;
  await w.sweep();
  expect(w.github.deliveries.filter(({ redelivery }) => redelivery)).toEqual([]);
  expect(w.github.deliveries.length).toBe(before);
});

test("an installation brings the pull requests that are open already", async () => {
  const w = await world();
  const before = w.addRepository({
    name: "before",
    files: { ".github/interlock.yml": w.shop.file(".github/interlock.yml") ?? "" },
  });
  const pull = w.openPull({ repository: before });
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");

  const other = w.github.createRepository({
    owner: "others",
    name: "tool",
    people: { dev: "write" },
    files: { ".github/interlock.yml": w.shop.file(".github/interlock.yml") ?? "" },
  });
  other.commit({ branch: "idea", files: { "a.js": "1" } });
  const open = new WorldPull(other, other.openPull({ head: "idea" }));
  await w.settle();
  expect(open.gate).toBe("absent");
  w.github.install({ account: "others" });
  await w.settle();
  expect(open.gate).toBe("in_progress (stage_pending)");
});

test("a repository that is taken away gets nothing any more", async () => {
  const w = await world();
  const other = w.addRepository({ name: "other" });
  const pull = w.openPull();
  await w.advance("5s");
  if (w.installation === undefined) throw new Error("not installed");
  w.installation.selection = "selected";
  w.installation.repositoryIds.add(other.id);
  w.installation.repositoryIds.add(w.shop.id);
  w.github.removeFromInstallation(w.installation, w.shop, "boss");
  await w.settle();
  w.github.log.clear();
  pull.push({ "src/a.js": "2" });
  w.engine.pass(["build", "test"]);
  await w.advance("1h");
  await w.sweep();
  await w.advance("1h");
  expect(w.github.log.all.filter(({ path }) => path.includes("/shop"))).toEqual([]);
});

test("a repository whose removal was not heard of is let go by the sweep", async () => {
  const w = await world();
  const other = w.addRepository({ name: "other" });
  w.openPull();
  await w.settle();
  if (w.installation === undefined) throw new Error("not installed");
  w.installation.selection = "selected";
  w.installation.repositoryIds.add(other.id);
  w.installation.repositoryIds.add(w.shop.id);
  w.github.faults.onWebhook({ fault: { kind: "lost" } });
  w.github.removeFromInstallation(w.installation, w.shop, "boss");
  await w.settle();
  await w.sweep();
  w.github.log.clear();
  w.engine.pass(["build", "test"]);
  await w.advance("1h");
  expect(w.requests).toEqual({});
});

test("an uninstalled App asks for nothing, and comes back with a new installation", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  if (w.installation === undefined) throw new Error("not installed");
  w.github.uninstall(w.installation, "boss");
  await w.settle();
  w.github.log.clear();
  w.engine.pass(["build", "test"]);
  await w.advance("1h");
  expect(w.requests).toEqual({});
  w.github.install({ account: "acme", by: "boss" });
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
});

test("what comes late of an installation that is gone forgets nothing of the one that came after it", async () => {
  const w = await world({ plan: released });
  if (w.installation === undefined) throw new Error("not installed");
  w.github.faults.onWebhook({ event: "installation", times: 1, fault: { kind: "failed" } });
  w.github.uninstall(w.installation, "boss");
  w.github.install({ account: "acme", by: "boss" });
  await w.settle();
  // Asks for the delivery that failed.
  await w.sweep();
  const sha = w.pushTo("main", { "src/a.js": "2" });
  await w.settle();
  expect(w.gateOf(sha)).toBe("in_progress (stage_pending)");
});

test("a program that was down for a while takes up where it was", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.crash();
  w.engine.pass("build");
  pull.comment("dev", "/interlock status");
  await w.github.settled();
  w.engine.pass("test");
  w.clock.advance(60 * 60_000);
  w.forgiven.push(/could not be stored/);
  await w.start();
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  await w.sweep();
  expect(pull.answers).toHaveLength(1);
});

test("what is listed on a second page is found again too", async () => {
  const w = await world({ plan: planText({ shop: { branches: ["*"] } }) });
  for (let number = 100; number < 210; number += 1)
    w.shop.push({ branch: `b${number}`, sha: w.shop.tip() });
  await w.settle();
  await w.sweep();
  w.github.faults.onWebhook({ event: "push", fault: { kind: "lost" } });
  const sha = w.shop.commit({ branch: "b209", files: { x: "1" } });
  await w.sweep();
  expect(w.gateOf(sha)).toBe("success (nothing_to_release)");
}, 300_000);

test("an idle sweep costs requests for what is listed, and none for a pull request", async () => {
  const w = await world();
  const pulls = Array.from({ length: 5 }, () => w.openPull({ files: { "docs/x": "1" } }));
  await w.settle();
  for (const pull of pulls) expect(pull.gate).toBe("success (exempt)");
  await w.sweep();
  await w.advance("3m");
  w.github.log.clear();
  await w.sweep();
  expect(w.requests).toEqual({
    // Once all of them, and once those that a server with a filter calls failed.
    "GET /app/hook/deliveries": 2,
    "GET /app/installations": 1,
    "GET /installation/repositories": 1,
    // All repositories in one, and all gates in another.
    "POST /graphql": 2,
  });
  expect(w.github.log.notModified()).toEqual([]);
});

test("after a restore an attempt is a new one, also where an engine knows one of its number", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  // What is restored is from before it ran, and the engine keeps what it has.
  await w.on.database.query("delete from interlock.execution");
  await w.store.renewGeneration();
  await w.store.wake([`pull:acme/shop#${pull.number}`]);
  await w.settle();
  expect(w.engine.all().map(({ request }) => request.run.attempt)).toEqual([1, 1]);
  expect(w.engine.live()).toHaveLength(1);
  w.engine.fail("build");
  await w.settle();
  expect(pull.gate).toBe("failure (stage_failed)");
});

test("after a restore what ran when the backup was made is followed to its end", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  await w.store.renewGeneration();
  await w.store.wake([`pull:acme/shop#${pull.number}`]);
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(w.engine.all()).toHaveLength(1);
  expect(pull.gate).toBe("success (passed)");
});

test("while more deliveries failed than are looked at, the next sweep asks from the same moment on", async () => {
  const w = await world();
  const { ports } = w;
  if (ports === undefined) throw new Error("Interlock is not up");
  w.forgiven.push(/More deliveries failed/);
  const since = w.clock.now() - ms("1h");
  const listed = (cut: boolean) => ({
    ...ports,
    github: {
      ...ports.github,
      failedDeliveries: async () => ({ kind: "known", value: { attempts: [], cut } }) as const,
    },
  });
  expect(await sweep(listed(true), since)).toBe(since);
  expect(await sweep(listed(false), since)).toBeGreaterThan(since);
});

test("a repository that was looked at has no failure left, and is looked at by its plan again", async () => {
  const w = await world();
  w.github.faults.onRequest({
    method: "GET",
    path: "/repos/{owner}/{repo}/pulls",
    times: 1,
    fault: { kind: "error", status: 502 },
  });
  await w.store.wake(["repository:acme/shop"]);
  await w.advance("10m");
  expect((await w.store.subject("repository:acme/shop"))?.failures).toBe(0);
});
