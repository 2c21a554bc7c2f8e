// What the running program answers to webhooks, good and bad, and what it keeps of them.

import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import type { Database } from "../../src/store/database.ts";
import { eventually } from "./eventually.ts";
import type { App } from "./process.ts";
import { openDatabase } from "./store.ts";
import { deliver, type Hook, headersOf, path, post, secret } from "./webhook.ts";
import { openWorld, planOf, type World } from "./world.ts";

let world: World;
let app: App;
let database: Database;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  const files = { ".github/interlock.yml": planOf({ test: "true" }) };
  world = stack.use(await openWorld({ files }));
  app = await world.start();
  database = stack.use(await openDatabase(world));
});
afterAll(() => stack.disposeAsync());

/** Nothing that a stranger sends may look like an error of ours. */
function errors() {
  return app.log.filter(({ level }) => level >= 50);
}

async function stored(): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    "select count(*) as count from interlock.delivery",
  );
  return row?.count ?? 0;
}

function watch(body: object = {}): Hook & { guid: string } {
  return { event: "watch", body: JSON.stringify(body), guid: randomUUID() };
}

function without(name: string, headers: Record<string, string>) {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
}

const signature = "x-hub-signature-256";
const hook = watch();
const signed = headersOf(hook);

test.each<[string, number, Record<string, string>]>([
  ["no signature", 401, without(signature, signed)],
  ["an empty signature", 401, { ...signed, [signature]: "" }],
  ["a signature of another body", 401, headersOf({ ...hook, body: "{} " })],
  ["a signature with another secret", 401, headersOf(hook, "development")],
  ["a signature with no secret", 401, headersOf(hook, "\0")],
  ["a signature of no algorithm", 401, { ...signed, [signature]: "abc" }],
  [
    "a signature that is cut",
    401,
    { ...signed, [signature]: signed[signature]?.slice(0, -1) ?? "" },
  ],
  [
    "a signature by SHA-1 only",
    401,
    without(signature, { ...signed, "x-hub-signature": "sha1=0" }),
  ],
  ["no event", 400, without("x-github-event", signed)],
  ["no GUID", 400, without("x-github-delivery", signed)],
  ["an empty GUID", 400, { ...signed, "x-github-delivery": "" }],
  ["a GUID that is too long", 400, { ...signed, "x-github-delivery": "a".repeat(101) }],
  ["a GUID with blanks", 400, { ...signed, "x-github-delivery": "a b" }],
  ["a GUID that is no ASCII", 400, { ...signed, "x-github-delivery": "caf\u00e9" }],
  [
    "the content type of a form",
    415,
    { ...signed, "content-type": "application/x-www-form-urlencoded" },
  ],
  ["no content type", 415, without("content-type", signed)],
])("a delivery with %s is refused with %i and not kept", async (_, status, headers) => {
  const before = await stored();
  const answer = await post(app, headers, Buffer.from(hook.body));
  expect(answer.status).toBe(status);
  expect(await answer.json()).toEqual({ error: expect.stringMatching(/\w{3}/) });
  expect(await stored()).toBe(before);
  expect(errors()).toEqual([]);
});

test.each([
  ["a list", "[]"],
  ["a text", '"x"'],
  ["a number", "1"],
  ["null", "null"],
  ["half an object", '{"action":'],
  ["a form", "payload=%7B%7D"],
  ["lists in lists beyond any depth", "[".repeat(1_000_000)],
])("signed JSON that is %s is refused with 400 and not kept", async (_, body) => {
  const before = await stored();
  const answer = await deliver(app, { event: "push", body });
  expect(answer.status).toBe(400);
  expect(await stored()).toBe(before);
  expect(errors()).toEqual([]);
});

test("a body of 25 MB is read, and one byte more is refused", async () => {
  const frame = JSON.stringify({ text: "" }).length;
  const largest = watch({ text: "x".repeat(limit.receive.body_bytes - frame) });
  expect(largest.body).toHaveLength(25 * 1024 * 1024);
  expect((await deliver(app, largest)).status).toBe(202);

  const before = await stored();
  const larger = watch({ text: "x".repeat(limit.receive.body_bytes - frame + 1) });
  expect((await deliver(app, larger)).status).toBe(413);
  // In pieces, no length is declared.
  const pieces = new Blob([larger.body]).stream();
  const answer = await fetch(`${app.url}${path}`, {
    method: "POST",
    headers: headersOf(larger),
    body: pieces,
    duplex: "half",
  });
  expect(answer.status).toBe(413);
  expect(await stored()).toBe(before);
  expect(errors()).toEqual([]);
});

test.each(["watch", "no such event", "constructor", "__proto__", "toString"])(
  "the event %s is accepted, and ignored with its reason",
  async (event) => {
    const unknown = { ...watch({ action: "started" }), event };
    const answer = await deliver(app, unknown);
    expect(answer.status).toBe(202);
    expect(await answer.json()).toEqual({ ok: "ignored: unknown_event" });
    const rows = await database.query(
      "select event, outcome from interlock.delivery where guid = $1",
      [unknown.guid],
    );
    expect(rows).toEqual([{ event, outcome: "ignored: unknown_event" }]);
  },
);

test("a payload that misses what its event must have is accepted, and ignored with its reason", async () => {
  const answer = await deliver(app, { event: "pull_request", body: '{"action":"opened"}' });
  expect(answer.status).toBe(202);
  expect(await answer.json()).toEqual({ ok: "ignored: incomplete_payload" });
});

test("a doubled delivery is accepted and leads to nothing", async () => {
  world.shop.commit({ branch: "doubled", files: { "a.txt": "a\n" } });
  const pull = world.shop.openPull({ head: "doubled" });
  await eventually("green gate", () => pull.check("interlock")?.conclusion === "success");
  const opened = world.github.deliveries.find(
    ({ event, action }) => event === "pull_request" && action === "opened",
  );
  if (opened === undefined) throw new Error("GitHub has not told of the pull request");

  await eventually("rest", async () => (await jobs()) === 0);
  const requests = world.github.log.all.length;
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => post(app, opened.request.headers, opened.body)),
  );
  for (const answer of answers) {
    expect(answer.status).toBe(202);
    expect(await answer.json()).toEqual({ ok: "known already" });
  }
  // Work is put into the queue together with the delivery, before the answer.
  expect(await jobs()).toBe(0);
  expect(world.github.log.all.slice(requests)).toEqual([]);
});

async function jobs(): Promise<number> {
  const [row] = await database.query<{ count: number }>("select count(*) as count from pgboss.job");
  return row?.count ?? 0;
}

test("one delivery that comes many times at once is stored once", async () => {
  const many = watch();
  const answers = await Promise.all(Array.from({ length: 20 }, () => deliver(app, many)));
  const told = await Promise.all(answers.map(async (answer) => (await answer.json()) as object));
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(202));
  expect(told.filter((body) => "ok" in body && body.ok === "ignored: unknown_event")).toHaveLength(
    1,
  );
});

test("50 deliveries at once are all stored", async () => {
  const hooks = Array.from({ length: 50 }, () => watch({ text: "x".repeat(10_000) }));
  const answers = await Promise.all(hooks.map((one) => deliver(app, one)));
  expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(202));
  const rows = await database.query("select guid from interlock.delivery where guid = any($1)", [
    hooks.map(({ guid }) => guid),
  ]);
  expect(rows).toHaveLength(50);
});

test.each(["GET", "PUT", "DELETE", "OPTIONS"])("webhooks are not taken with %s", async (method) => {
  const answer = await fetch(`${app.url}${path}`, { method });
  expect(answer.status).toBe(405);
  expect(answer.headers.get("allow")).toBe("POST");
});

test("the bare address takes webhooks too, as the set-up flow tells GitHub", async () => {
  const bare = watch();
  const answer = await fetch(app.url, {
    method: "POST",
    headers: headersOf(bare),
    body: bare.body,
  });
  expect(answer.status).toBe(202);
  const forged = { method: "POST", headers: headersOf(watch(), "x"), body: bare.body };
  expect((await fetch(app.url, forged)).status).toBe(401);
});

test("what is not there is not found", async () => {
  expect((await fetch(`${app.url}/nothing`)).status).toBe(404);
  expect((await fetch(`${app.url}/healthz`, { method: "POST" })).status).toBe(404);
  expect((await fetch(`${app.url}${path}/more`, { method: "POST", body: "{}" })).status).toBe(404);
});

test("uploads that break off or never end leave the program as it was", async () => {
  const { port } = new URL(app.url);
  const head = (length: number) =>
    [
      `POST ${path} HTTP/1.1`,
      "host: localhost",
      ...Object.entries(signed).map(([name, value]) => `${name}: ${value}`),
      `content-length: ${length}`,
      "",
      "{",
    ].join("\r\n");
  const sockets = Array.from({ length: 30 }, () => connect(Number(port), "127.0.0.1"));
  for (const [index, socket] of sockets.entries()) {
    socket.on("error", () => {});
    // A third stops within the headers, a third within the body, a third breaks off.
    socket.write(index % 3 === 0 ? head(100).slice(0, 60) : head(100));
  }
  const answer = await deliver(app, watch());
  expect(answer.status).toBe(202);
  for (const [index, socket] of sockets.entries()) if (index % 3 === 2) socket.destroy();
  await sleep(100);
  expect((await deliver(app, watch())).status).toBe(202);
  for (const socket of sockets) socket.destroy();
  await eventually("answer", async () => (await fetch(`${app.url}/healthz`)).ok);
  expect(errors()).toEqual([]);
});

test("the log holds no secret", () => {
  expect(app.output).not.toContain(secret);
  expect(app.output).not.toMatch(/-----BEGIN|ghs_|Bearer/);
});
