// What was reported of comparable bots about single answers of GitHub, tried on ours. Each names the report.

import { pino } from "pino";
import { expect, test } from "vitest";
import { openGitHub } from "../../src/github/app.ts";
import { plainReader } from "../../src/github/plan-reader.ts";
import type { KeptReading } from "../../src/ports/readings.ts";
import {
  anyPull,
  appWith,
  base,
  check,
  now,
  privateKey,
  reads,
  repository,
  sha,
  terms,
} from "./scripted.ts";

const pullBody = reads[0]?.[2] as Record<string, unknown>;

// bors-ng/bors-ng#1109, googleapis/repo-automation-bots#1180: head.repo is null once the fork is deleted.
test("a pull request whose fork was deleted comes from a fork", async () => {
  const head = { sha, ref: "main", repo: null };
  const { github } = await appWith([{ status: 200, body: { ...pullBody, head } }]);
  expect(await github.pull(repository, 1, anyPull)).toMatchObject({
    kind: "known",
    value: { fork: true },
  });
});

// release-drafter/release-drafter#301, backstage/backstage#15834: user is null once the account is deleted.
test("a pull request whose author deleted the account is the ghost's", async () => {
  const { github } = await appWith([{ status: 200, body: { ...pullBody, user: null } }]);
  expect(await github.pull(repository, 1, anyPull)).toMatchObject({ value: { author: "ghost" } });
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
          recall: async () => ({ old: null, moment: { number: 1, at: now } }),
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
  const none = { totalCount: 0, nodes: [] };
  const gates = { own: none, all: none };
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
