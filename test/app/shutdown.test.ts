// SIGTERM in the middle of everything: the program ends in order, and the next one goes on.

import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { PullHandle } from "../../sandbox/github/pull-handle.ts";
import { eventually } from "./eventually.ts";
import { temporaryFolder } from "./process.ts";
import { openDatabase } from "./store.ts";
import { openWorld, planOf, type World } from "./world.ts";

test.each(["pglite", "postgres"] as const)(
  "a program on %s that is asked to end does so in time, and nothing is lost",
  async (store) => {
    await using outside = await temporaryFolder();
    const pidFile = `${outside.path}/pid`;
    const files = {
      ".github/interlock.yml": planOf({
        // It would not end by itself, nor at the first request, nor would what it has started.
        test: `trap '' TERM; sleep 600 & echo $$ > ${pidFile}; wait; sleep 600`,
      }),
    };
    await using world = await openWorld({ store, files });
    const { github, shop } = world;
    const first = await world.start();
    shop.commit({ branch: "long", files: { "a.js": "1\n" } });
    const long = shop.openPull({ head: "long" });
    const group = await eventually("running stage", () => readPid(pidFile));
    expect(groupLives(group)).toBe(true);

    const taken = () => github.deliveries.filter(({ statusCode }) => statusCode === 202);
    const texts: PullHandle[] = [];
    const openTexts = async (count: number) => {
      for (let number = 1; number <= count; number++) {
        const head = `text-${texts.length}`;
        shop.commit({ branch: head, files: { [`${head}.md`]: "text\n" } });
        texts.push(shop.openPull({ head }));
        await sleep(5);
      }
    };
    await openTexts(10);
    await eventually("deliveries", () => taken().length > 10);
    void first.terminate();
    await openTexts(10);
    expect(await first.exited).toEqual({ code: 0, signal: null });
    await eventually("end of the stage", () => !groupLives(group));
    await github.settled();
    expect(github.deliveries.some(({ statusCode }) => statusCode === 0)).toBe(true);

    // Whatever was answered with 2xx is there.
    const stored = await storedDeliveries(world);
    expect(taken().filter(({ guid }) => !stored.has(guid))).toEqual([]);

    const second = await world.start();
    for (const pull of texts)
      await eventually(
        `green gate on ${pull.number}`,
        () => pull.check("interlock")?.conclusion === "success",
      );
    await eventually(
      "verdict on what was interrupted",
      () => long.check("interlock")?.conclusion === "failure",
    );
    expect(long.check("interlock")?.output.summary).toContain("`engine_lost`");
    await eventually(
      "end of its stages",
      () => long.check("interlock/shop/verify")?.conclusion === "failure",
    );
    for (const { log } of [first, second])
      expect(log.filter(({ level }) => level >= 50)).toEqual([]);
    expect(world.problems).toEqual([]);
    expect(github.unknownRequests).toEqual([]);
  },
);

test("a sender that never finishes does not hold the end up", async () => {
  await using world = await openWorld({ files: {} });
  const app = await world.start();
  const upload = fetch(`${app.url}/api/github/webhooks`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-github-delivery": "slow",
      "x-github-event": "push",
      "x-hub-signature-256": `sha256=${"0".repeat(64)}`,
    },
    body: new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array(1_000)) }),
    duplex: "half",
  });
  const broken = expect(upload).rejects.toThrow();
  await sleep(100);
  expect(await app.terminate()).toEqual({ code: 0, signal: null });
  await broken;
});

test("a GitHub that does not answer does not hold the end up", async () => {
  await using world = await openWorld({ files: {} });
  world.github.faults.onRequest({ fault: { kind: "slow", ms: 60_000 } });
  const app = await world.start();
  await eventually("request", () => world.github.log.all.length > 0 || sleep(200).then(() => true));
  expect(await app.terminate()).toEqual({ code: 0, signal: null });
});

function readPid(file: string): number | null {
  return existsSync(file) ? Number(readFileSync(file, "utf8")) || null : null;
}

function groupLives(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

async function storedDeliveries(world: World): Promise<ReadonlySet<string>> {
  await using database = await openDatabase(world);
  const rows = await database.query<{ guid: string }>("select guid from interlock.delivery");
  return new Set(rows.map(({ guid }) => guid));
}
