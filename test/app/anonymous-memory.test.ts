// A stranger without the secret posts as much as can be sent: how much of it the program holds, and who still gets in.

import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { type Flood, flood } from "./flood.ts";
import type { App } from "./process.ts";
import { deliver, path } from "./webhook.ts";
import { openWorld } from "./world.ts";

const topic = "arn:aws:sns:eu-west-1:111122223333:pipelines";
const MiB = 1024 * 1024;

let app: App;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  const world = stack.use(await openWorld());
  app = await world.start({ INTERLOCK_SNS_TOPICS: topic });
  // What the first deliveries need is not what the flood costs.
  for (let count = 0; count < 50; count++) await deliver(app, watch());
});
afterAll(() => stack.disposeAsync());

function watch() {
  return { event: "watch", body: JSON.stringify({ text: "x".repeat(20_000) }), guid: randomUUID() };
}

const forged = {
  "content-type": "application/json",
  "x-github-delivery": randomUUID(),
  "x-github-event": "push",
  "x-hub-signature-256": `sha256=${"0".repeat(64)}`,
};

function posting(part: Partial<Flood>): Flood {
  return {
    port: Number(new URL(app.url).port),
    path,
    headers: forged,
    connections: 24,
    bytes: limit.receive.body_bytes,
    framing: "declared",
    piece: 64 * 1024,
    ...part,
  };
}

async function residentMiB(): Promise<number> {
  const status = await readFile(`/proc/${app.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

/** The most that the program held beyond what it had before, in MiB, while something went on. */
async function growthWhile(what: Promise<unknown>): Promise<number> {
  const before = await residentMiB();
  let most = before;
  let over = false;
  const watched = (async () => {
    while (!over) {
      most = Math.max(most, await residentMiB());
      await sleep(20);
    }
  })();
  await what;
  over = true;
  await watched;
  return most - before;
}

const linux = process.platform === "linux" ? test : test.skip;

linux.each<[string, Partial<Flood>, readonly number[]]>([
  ["with a forged signature", {}, [401, 408, 503]],
  ["in pieces, so that no length is told", { framing: "chunked" }, [401, 408, 503]],
  [
    "with a signature that is none",
    { headers: { ...forged, "x-hub-signature-256": "sha256=0" } },
    [401],
  ],
  ["beyond what GitHub sends", { bytes: limit.receive.body_bytes + MiB }, [413]],
  ["to a path that is none", { path: "/healthz" }, [404]],
  [
    "to the SNS endpoint",
    {
      path: "/aws/sns",
      headers: { "x-amz-sns-message-type": "Notification", "x-amz-sns-topic-arn": topic },
      framing: "chunked",
      connections: 60,
      bytes: 4 * MiB,
    },
    [413, 503],
  ],
  [
    "to the SNS endpoint, in the name of another topic",
    {
      path: "/aws/sns",
      headers: { "x-amz-sns-message-type": "Notification", "x-amz-sns-topic-arn": `${topic}2` },
    },
    [403],
  ],
  // When memory is given back is the engine's affair, and differs by some ten megabytes; what is held stays.
])("hundreds of megabytes %s are not held", { retry: 2 }, async (_, part, statuses) => {
  const posted = flood(posting(part));
  expect(await growthWhile(posted)).toBeLessThan(100);
  const answers = Object.keys((await posted).statuses).map(Number);
  // Where the connection is cut no answer may arrive.
  expect(answers.filter((status) => status !== 0 && !statuses.includes(status))).toEqual([]);
  expect((await deliver(app, watch())).status).toBe(202);
});

test("webhooks are taken while strangers fill all the room that they have", async () => {
  let over = false;
  const posted = flood(posting({})).finally(() => {
    over = true;
  });
  const statuses = new Set<number>();
  do statuses.add((await deliver(app, watch())).status);
  while (!over);
  await posted;
  expect([...statuses]).toEqual([202]);
});

test("a sender who stops within the body is answered and cut off", async () => {
  const { statuses } = await flood(posting({ connections: 3, bytes: 100, stopsAfter: 10 }));
  expect(statuses).toEqual({ 408: 3 });
});

test("nothing of it looks like an error of ours, and the log does not grow with it", () => {
  expect(app.log.filter(({ level }) => level >= 50)).toEqual([]);
  expect(app.log.length).toBeLessThan(200);
});

test.each([
  ["say nothing", ""],
  [
    "never send their body",
    `POST ${path} HTTP/1.1\r\nhost: a\r\n${Object.entries(forged)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join("")}content-length: 1000\r\n\r\n`,
  ],
])("strangers on all connections who %s keep no delivery out", async (_, said) => {
  const port = Number(new URL(app.url).port);
  const strangers = Array.from({ length: limit.web.connections + 50 }, () => {
    const socket = connect(port, "127.0.0.1", () => socket.write(said));
    return socket.on("error", () => {});
  });
  onTestFinished(() => {
    for (const socket of strangers) socket.destroy();
  });
  // Those that came first had to go, so the places are taken.
  await expect
    .poll(() => strangers.filter(({ closed }) => closed).length, { timeout: 60_000 })
    .toBeGreaterThanOrEqual(50);
  expect((await deliver(app, watch())).status).toBe(202);
});
