// What one request to GitHub can be answered with, and what the program makes of it: a table for each adapter.

import { createHash, generateKeyPairSync } from "node:crypto";
import { pino } from "pino";
import { expect, test } from "vitest";
import type { CheckWanted } from "../../src/core/effect.ts";
import { limit } from "../../src/core/limit.ts";
import { openGitHub } from "../../src/github/app.ts";
import { plainReader } from "../../src/github/plan-reader.ts";
import type { GitHub, KeptReading, Permit } from "../../src/port.ts";

const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
});
const repository = { installation: 7, owner: "acme", name: "shop" };
const sha = "a".repeat(40);
const base = "b".repeat(40);
const planBlob = "version: 1\n";
const blobSha = createHash("sha1").update(`blob ${planBlob.length}\0${planBlob}`).digest("hex");
const permit: Permit = async () => "go";
const now = Date.parse("2026-11-27T12:00:00Z");

interface Given {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** The connection breaks within the body. */
  readonly cut?: true;
}

/** An App whose requests but those for tokens are answered in turn; the last answer stays. */
async function appWith(answers: readonly (Given | "lost")[], from: RegExp | null = null) {
  const asked: string[] = [];
  const left = [...answers];
  const readings = new Map<string, KeptReading>();
  let moments = 0;
  let tokens = 0;
  const { github } = await openGitHub({
    appId: 1,
    privateKey,
    webhookSecret: "a secret",
    apiUrl: "https://api.github.com",
    store: {
      moment: async () => {
        moments += 1;
        return { number: moments, at: now };
      },
      reading: async (key) => {
        const kept = readings.get(key);
        return kept === undefined ? null : { ...kept, age_ms: now - kept.moment.at };
      },
      keepReading: async (key, reading) => void readings.set(key, reading),
      dropReading: async (prefix) => {
        for (const key of readings.keys()) if (key.startsWith(prefix)) readings.delete(key);
      },
    },
    plans: plainReader,
    clock: () => now,
    log: pino({ level: "silent" }),
    fetch: async (input, init) => {
      const request = new Request(input, init);
      const { pathname } = new URL(request.url);
      if (pathname.endsWith("/access_tokens")) {
        tokens += 1;
        const expires_at = new Date(Date.now() + 3_600_000).toISOString();
        return Response.json({ token: `token-${tokens}`, expires_at }, { status: 201 });
      }
      asked.push(`${request.method} ${pathname} ${request.headers.get("authorization") ?? ""}`);
      if (from !== null && !from.test(pathname)) return Response.json(good[pathname] ?? {});
      const answer = left.length > 1 ? left.shift() : left[0];
      if (answer === undefined || answer === "lost") throw new TypeError("fetch failed");
      return responseOf(answer);
    },
  });
  return { github, asked, readings, tokens: () => tokens };
}

function responseOf({ status, headers = {}, body, cut }: Given): Response {
  const text = typeof body === "string" ? body : JSON.stringify(body ?? {});
  const type = { "content-type": "application/json; charset=utf-8" };
  const content = status === 304 ? null : cut ? broken(text) : text;
  return new Response(content, { status, headers: { ...type, ...headers } });
}

function broken(text: string): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream({
    pull(controller) {
      if (sent) controller.error(new TypeError("terminated"));
      else controller.enqueue(new TextEncoder().encode(text.slice(0, text.length / 2)));
      sent = true;
    },
  });
}

const good: Readonly<Record<string, unknown>> = {
  "/repos/acme/shop/contents/.github": [
    { name: "interlock.yml", type: "file", sha: blobSha, size: planBlob.length, download_url: "x" },
  ],
};

const check: CheckWanted = {
  sha,
  name: "interlock",
  externalId: "pull:acme/shop#1",
  state: { status: "in_progress" },
  title: "t",
  summary: "s",
  text: "",
  annotations: [],
  actions: [],
  awaits: null,
};

const pull = {
  number: 1,
  state: "open",
  merged: false,
  draft: false,
  author: "dev",
  head: { sha, ref: "change" },
  base: { ref: "main" },
  defaultBranch: "main",
  fork: false,
  changedFiles: 1,
} as const;

const terms = { urgency: "gate", permit } as const;

type Call = (github: GitHub) => Promise<{ readonly kind: string }>;

/** What each of them is asked for, with an answer that is good. */
const reads: readonly (readonly [name: string, call: Call, good: unknown, path: RegExp | null])[] =
  [
    [
      "a pull request",
      (github) => github.pull(repository, 1, 0),
      {
        number: 1,
        state: "open",
        merged: false,
        user: { login: "dev" },
        head: { sha, ref: "change", repo: { full_name: "acme/shop" } },
        base: { ref: "main", repo: { full_name: "acme/shop", default_branch: "main" } },
        changed_files: 1,
      },
      null,
    ],
    ["where the plan is", (github) => github.plan(repository, null, 0), [], null],
    [
      "the plan's blob",
      (github) => github.plan(repository, null, 0),
      {
        sha: blobSha,
        size: planBlob.length,
        encoding: "base64",
        content: Buffer.from(planBlob).toString("base64"),
      },
      /\/git\/blobs\//,
    ],
    [
      "the changed files",
      (github) => github.pullFiles(repository, pull, base),
      {
        status: "ahead",
        files: [{ filename: "a", status: "modified", contents_url: "https://x/?ref=1" }],
      },
      null,
    ],
    [
      "a comparison",
      (github) => github.compare(repository, base, sha),
      { status: "ahead", files: [] },
      null,
    ],
    [
      "a role",
      (github) => github.role(repository, "dev"),
      { permission: "write", role_name: "write" },
      null,
    ],
    ["the open pull requests", (github) => github.openPulls(repository), [], null],
    ["the branches", (github) => github.branches(repository), [], null],
    ["the repositories", (github) => github.repositories(7), { repositories: [] }, null],
    ["the installations", (github) => github.installations(), [], null],
    ["the deliveries", (github) => github.failedDeliveries(now), [], null],
    [
      "a check run",
      (github) => github.findCheck(repository, sha, "interlock"),
      { check_runs: [] },
      null,
    ],
    ["a comment", (github) => github.findComment(repository, 1, "<!-- x"), [], null],
    ["the gates", (github) => github.gates(7, [{ repository, sha }]), { data: { c0: null } }, null],
    ["the overview", (github) => github.overviews(7, [repository]), { data: { r0: null } }, null],
  ];

const writes: readonly (readonly [name: string, call: Call, good: Given])[] = [
  [
    "a new check",
    (github) => github.createCheck(repository, check, terms),
    { status: 201, body: { id: 5 } },
  ],
  [
    "an update of a check",
    (github) => github.updateCheck(repository, { id: 5, check, annotations: [] }, terms),
    { status: 200, body: { id: 5 } },
  ],
  [
    "a new comment",
    (github) => github.createComment(repository, { pull: 1, body: "x" }, permit),
    { status: 201, body: { id: 5 } },
  ],
  [
    "an update of a comment",
    (github) => github.updateComment(repository, { id: 5, body: "x" }, permit),
    { status: 200, body: { id: 5 } },
  ],
  ["a redelivery", (github) => github.redeliver("3804004623172700001"), { status: 202, body: {} }],
];

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
}, 60_000);

test("a token that is refused again after it was renewed is no answer, and nothing was written", async () => {
  const { github, tokens } = await appWith([{ status: 401, body: { message: "Bad credentials" } }]);
  expect((await github.openPulls(repository)).kind).toBe("unknown");
  expect(tokens()).toBe(2);
}, 60_000);

test("what is refused is not asked for again before its time, and given up after a while", async () => {
  let time = now;
  const asked: number[] = [];
  const { github } = await openGitHub({
    appId: 1,
    privateKey,
    webhookSecret: "a secret",
    apiUrl: "https://api.github.com",
    store: {
      moment: async () => ({ number: 1, at: now }),
      reading: async () => null,
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
      moment: async () => ({ number: 1, at: now }),
      reading: async () => null,
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

// ---------------------------------------------------------------- what others reported of their bots

const pullBody = reads[0]?.[2] as Record<string, unknown>;

// bors-ng/bors-ng#1109, googleapis/repo-automation-bots#1180: head.repo is null once the fork is deleted.
test("a pull request whose fork was deleted comes from a fork", async () => {
  const head = { sha, ref: "main", repo: null };
  const { github } = await appWith([{ status: 200, body: { ...pullBody, head } }]);
  expect(await github.pull(repository, 1, 0)).toMatchObject({
    kind: "known",
    value: { fork: true },
  });
});

// release-drafter/release-drafter#301, backstage/backstage#15834: user is null once the account is deleted.
test("a pull request whose author deleted the account is the ghost's", async () => {
  const { github } = await appWith([{ status: 200, body: { ...pullBody, user: null } }]);
  expect(await github.pull(repository, 1, 0)).toMatchObject({ value: { author: "ghost" } });
});

// probot/stale#182, ctxpipe-ai/ctxpipe#138: the 404 is about the token, and says nothing of the plan.
test.each(reads.filter(([name]) => name !== "the installations" && name !== "the deliveries"))(
  "%s is not absent because there is no token for it",
  async (_, call) => {
    for (const status of [403, 404, 500]) {
      const readings = new Map<string, KeptReading>();
      const { github } = await openGitHub({
        appId: 1,
        privateKey,
        webhookSecret: "a secret",
        apiUrl: "https://api.github.com",
        store: {
          reading: async () => null,
          moment: async () => ({ number: 1, at: now }),
          keepReading: async (key, reading) => void readings.set(key, reading),
          dropReading: async () => {},
        },
        plans: plainReader,
        clock: () => now,
        log: pino({ level: "silent" }),
        fetch: async () => Response.json({ message: "Not Found" }, { status }),
      });
      expect((await call(github)).kind).toBe("unknown");
      expect([...readings]).toEqual([]);
    }
  },
);

// 18F/charlie#85, matrix-org/go-neb#141: the repository has another name by now, and GitHub answers 307.
test("what was asked for under an old name is no success, and follows nobody blindly", async () => {
  const location = "https://api.github.com/repositories/29991068/check-runs";
  const { github } = await appWith([
    { status: 307, headers: { location }, body: { message: "Moved Permanently" } },
  ]);
  expect((await github.createCheck(repository, check, terms)).kind).toMatch(/^(failed|refused)$/);
});

// renovatebot/renovate#15274, octokit/octokit.js#1176: the next page is under another path than the first.
test("the second page is asked for by its number, wherever the link leads", async () => {
  const next = '<https://api.github.com/repositories/76734068/branches?page=2>; rel="next"';
  const { github, asked } = await appWith([
    { status: 200, headers: { link: next }, body: [{ name: "a", commit: { sha } }] },
    { status: 200, body: [{ name: "b", commit: { sha } }] },
  ]);
  const read = await github.branches(repository);
  expect(read.kind === "known" && [...read.value.keys()]).toEqual(["a", "b"]);
  expect(asked.map((line) => line.split(" ")[1])).toEqual([
    "/repos/acme/shop/branches",
    "/repos/acme/shop/branches",
  ]);
});

// MeltanoLabs/tap-github#579: a 200 with errors beside half of the data.
test("of a GraphQL answer with errors that counts which is there", async () => {
  const errors = [{ type: "NOT_FOUND", path: ["c1"], message: "Could not resolve" }];
  const gates = { checkSuites: { totalCount: 0, nodes: [] } };
  const { github } = await appWith([
    { status: 200, body: { data: { c0: { object: gates }, c1: null }, errors } },
  ]);
  const two = [
    { repository, sha },
    { repository, sha: base },
  ];
  expect(await github.gates(7, two)).toEqual({ kind: "known", value: [[], null] });
});

test("a GraphQL answer that has errors alone says nothing", async () => {
  const errors = [{ type: "RATE_LIMITED", message: "API rate limit exceeded" }];
  const { github } = await appWith([{ status: 200, body: { data: null, errors } }]);
  expect((await github.overviews(7, [repository])).kind).toBe("unknown");
});
