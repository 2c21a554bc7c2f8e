// What one request to GitHub can be answered with, and what the program makes of it: a table for each adapter.

import { pino } from "pino";
import { expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { openGitHub } from "../../src/github/app.ts";
import { plainReader } from "../../src/github/plan-reader.ts";
import {
  appWith,
  type Given,
  now,
  permit,
  privateKey,
  reads,
  repository,
  writes,
} from "./scripted.ts";

const html = { "content-type": "text/html" };
const secondary = { "x-ratelimit-remaining": "4321" };
const spent = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(now / 1000 + 600) };

/** Answers that are none, whatever was asked: nothing is known by them, and nothing is kept of them. */
const nothing: readonly (readonly [string, Given | "lost"])[] = [
  ["no connection", "lost"],
  ["a 200 that is cut", { status: 200, body: { some: "thing that is long enough" }, cut: true }],
  ["an empty 200", { status: 200, body: "" }],
  ["half of the JSON in a 200", { status: 200, body: '[{"sha":"aaaa' }],
  ["a page of a proxy with 200", { status: 200, headers: html, body: "<html>Sign in</html>" }],
  ["another object in a 200", { status: 200, body: { message: "moved" } }],
  ["null in a 200", { status: 200, body: "null" }],
  ["a number in a 200", { status: 200, body: "5" }],
  ["a 304 to a first reading", { status: 304 }],
  ["400", { status: 400, body: { message: "Problems parsing JSON" } }],
  ["403 without a time", { status: 403, headers: secondary, body: { message: "no" } }],
  ["403 with a time", { status: 403, headers: { "retry-after": "30" }, body: { message: "no" } }],
  ["403 as the hour is spent", { status: 403, headers: spent, body: { message: "no" } }],
  ["429 without a time", { status: 429, body: { message: "no" } }],
  ["451", { status: 451, body: { message: "DMCA" } }],
  ["500", { status: 500, body: { message: "Server Error" } }],
  ["a page of a proxy with 502", { status: 502, headers: html, body: "<html>Bad gateway</html>" }],
  ["a page of a proxy with 404", { status: 404, headers: html, body: "<html>No such page</html>" }],
  ["an empty 404", { status: 404, body: "" }],
  ["a page of a proxy with 403", { status: 403, headers: html, body: "<html>Forbidden</html>" }],
  ["503 that is cut", { status: 503, body: { message: "Service Unavailable" }, cut: true }],
];

const table = reads.flatMap(([name, call, , path]) =>
  nothing.map(([what, answer]) => [what, name, call, answer, path] as const),
);

test.each(table)("%s says nothing about %s", async (_, name, call, answer, path) => {
  const { github, readings } = await appWith([answer], path);
  const before = readings.size;
  const read = await call(github);
  expect(read.kind).toBe("unknown");
  // The place of the plan may be kept; what the broken answer was about is not.
  expect(readings.size - before).toBe(name === "the plan's blob" ? 1 : 0);
});

test.each(reads)("%s is known by a good answer", async (_, call, body, path) => {
  const { github } = await appWith([{ status: 200, body }], path);
  expect((await call(github)).kind).toMatch(/^(known|absent|read)$/);
});

/** After the broken answer the good one is asked for, whole. */
test.each(reads)("%s is read after an answer that broke off", async (_, call, body, path) => {
  const etag = { etag: 'W/"broken"' };
  const { github } = await appWith(
    [
      { status: 200, headers: etag, body, cut: true },
      { status: 200, body },
    ],
    path,
  );
  expect((await call(github)).kind).toBe("unknown");
  expect((await call(github)).kind).toMatch(/^(known|absent|read)$/);
});

const minute = now + 60_000;
const failed = { kind: "failed" };
const soon = { kind: "refused", until: now + limit.github.refusal.first_ms, tries: 1 };
const later = { kind: "refused", until: minute, tries: 1 };

const outcomes: readonly (readonly [string, Given | "lost", object])[] = [
  ["no connection", "lost", failed],
  ["400", { status: 400, body: { message: "no" } }, { ...soon, status: 400 }],
  ["403 without a time", { status: 403, headers: secondary, body: { message: "no" } }, later],
  [
    "403 with a time",
    { status: 403, headers: { "retry-after": "30" } },
    { kind: "deferred", until: now + 30_000 },
  ],
  [
    "403 as the hour is spent",
    { status: 403, headers: spent },
    { kind: "deferred", until: now + 600_000 },
  ],
  ["404", { status: 404, body: { message: "Not Found" } }, { ...soon, status: 404 }],
  ["410", { status: 410, body: { message: "Gone" } }, { ...soon, status: 404 }],
  ["422", { status: 422, body: { message: "No commit found" } }, { ...soon, status: 422 }],
  ["429 without a time", { status: 429 }, { kind: "deferred", until: minute }],
  ["500", { status: 500, body: { message: "Server Error" } }, failed],
  ["a page of a proxy with 502", { status: 502, headers: html, body: "<html>" }, failed],
  ["a page of a proxy with 403", { status: 403, headers: html, body: "<html>" }, failed],
  ["a page of a proxy with 404", { status: 404, headers: html, body: "<html>" }, failed],
];

test.each(
  writes.flatMap(([name, call]) =>
    outcomes.map(([what, answer, outcome]) => [name, what, call, answer, outcome] as const),
  ),
)("%s that is answered with %s", async (_, __, call, answer, outcome) => {
  const { github } = await appWith([answer]);
  expect(await call(github)).toMatchObject(outcome);
});

/** It took effect, or may have, and nobody knows its number: it has to be looked for. */
const unsure: readonly (readonly [string, Given])[] = [
  ["a 201 that is cut", { status: 201, body: { id: 5, name: "interlock" }, cut: true }],
  ["an empty 201", { status: 201, body: "" }],
  ["a page of a proxy with 200", { status: 200, headers: html, body: "<html>Sign in</html>" }],
  ["a number that JavaScript rounds", { status: 201, body: '{"id":9007199254740993}' }],
];

test.each(
  writes
    .filter(([name]) => name !== "a redelivery")
    .flatMap(([name, call]) => unsure.map(([what, answer]) => [name, what, call, answer] as const)),
)("%s whose answer is %s may have taken effect", async (_, __, call, answer) => {
  const { github } = await appWith([answer]);
  expect(await call(github)).toMatchObject({ kind: "failed" });
});

test.each(writes)("%s that goes well", async (_, call, answer) => {
  const { github } = await appWith([answer]);
  expect((await call(github)).kind).toBe("sent");
});

test("a token that GitHub does not take any more is renewed at once, and the request made again", async () => {
  const { github, asked, tokens } = await appWith([
    { status: 401, body: { message: "Bad credentials" } },
    { status: 200, body: [] },
  ]);
  // octokit itself asks again for some seconds with a token that is young, which may still have to spread.
  await github.openPulls(repository);
  expect(tokens()).toBeGreaterThan(0);
  expect(asked.at(-1)).toBe(`GET /repos/acme/shop/pulls token token-${tokens()}`);
}, 300_000);

test("a token that is refused again after it was renewed is no answer, and nothing was written", async () => {
  const { github, tokens } = await appWith([{ status: 401, body: { message: "Bad credentials" } }]);
  expect((await github.openPulls(repository)).kind).toBe("unknown");
  expect(tokens()).toBe(2);
}, 300_000);

test("what is refused is not asked for again before its time, and given up after a while", async () => {
  let time = now;
  const asked: number[] = [];
  const { github } = await openGitHub({
    appId: 1,
    privateKey,
    webhookSecret: "a secret",
    apiUrl: "https://api.github.com",
    store: {
      recall: async () => ({ old: null, moment: { number: 1, at: now } }),
      keepReading: async () => {},
      dropReading: async () => {},
    },
    plans: plainReader,
    clock: () => time,
    log: pino({ level: "silent" }),
    fetch: async (input) => {
      const url = input instanceof Request ? input.url : String(input);
      if (url.endsWith("/access_tokens"))
        return Response.json(
          { token: "t", expires_at: new Date(Date.now() + 3_600_000).toISOString() },
          { status: 201 },
        );
      asked.push(time);
      return Response.json({ message: "locked" }, { status: 403, headers: secondary });
    },
  });
  const comment = { pull: 1, body: "x" };
  for (let tries = 0; tries < 40; tries += 1) {
    const sent = await github.createComment(repository, comment, permit);
    if (sent.kind !== "refused") throw new Error(`It was ${sent.kind}`);
    if (sent.until === null) break;
    time = sent.until;
  }
  const waits = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
  expect(asked).toHaveLength(limit.github.refusal.tries_max);
  expect(waits[0]).toBe(60_000);
  expect(waits).toEqual([...waits].sort((a, b) => a - b));
  time += 24 * 3_600_000;
  expect(await github.createComment(repository, comment, permit)).toMatchObject({
    kind: "refused",
    tries: 0,
    until: null,
  });
  expect(asked).toHaveLength(limit.github.refusal.tries_max);
});

test.each([
  ["a built-in role", { permission: "write", role_name: "maintain" }, "maintain"],
  [
    "a custom role on the basis of maintain",
    {
      permission: "write",
      role_name: "release manager",
      user: {
        permissions: { admin: false, maintain: true, push: true, triage: true, pull: true },
      },
    },
    "maintain",
  ],
  [
    "a custom role on the basis of triage",
    {
      permission: "read",
      role_name: "support",
      user: {
        permissions: { admin: false, maintain: false, push: false, triage: true, pull: true },
      },
    },
    "triage",
  ],
  [
    "a custom role of which only the worth is told",
    { permission: "write", role_name: "x" },
    "write",
  ],
  ["a server that names no role", { permission: "admin" }, "admin"],
  ["nobody", { permission: "none", role_name: "none" }, "none"],
])("%s counts as what it is based on", async (_, body, role) => {
  const { github } = await appWith([{ status: 200, body }]);
  expect(await github.role(repository, "dev")).toEqual({ kind: "known", value: role });
});

test("a permission that nobody knows is no answer", async () => {
  const { github } = await appWith([
    { status: 200, body: { permission: "deploy", role_name: "x" } },
  ]);
  expect((await github.role(repository, "dev")).kind).toBe("unknown");
});

test("at most 80 comments are created in a minute, and 500 in an hour", async () => {
  let time = now;
  let created = 0;
  const { github } = await openGitHub({
    appId: 1,
    privateKey,
    webhookSecret: "a secret",
    apiUrl: "https://api.github.com",
    store: {
      recall: async () => ({ old: null, moment: { number: 1, at: now } }),
      keepReading: async () => {},
      dropReading: async () => {},
    },
    plans: plainReader,
    clock: () => time,
    log: pino({ level: "silent" }),
    fetch: async (input) => {
      const url = input instanceof Request ? input.url : String(input);
      if (url.endsWith("/access_tokens"))
        return Response.json(
          { token: "t", expires_at: new Date(Date.now() + 3_600_000).toISOString() },
          { status: 201 },
        );
      created += 1;
      return Response.json({ id: created }, { status: 201 });
    },
  });
  const minutes: number[] = [];
  for (; time < now + 60 * 60_000; time += 60_000) {
    const before = created;
    for (let number = 0; number < 120; number += 1)
      await github.createComment(repository, { pull: number, body: `at ${time}` }, permit);
    minutes.push(created - before);
  }
  expect(Math.max(...minutes)).toBeLessThanOrEqual(80);
  expect(created).toBe(500);
});
