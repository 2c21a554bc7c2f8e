// An App whose requests to GitHub are answered as a test says, with one request of each adapter.

import { createHash, generateKeyPairSync } from "node:crypto";
import { pino } from "pino";
import type { CheckWanted } from "../../src/core/model/effect.ts";
import { openGitHub } from "../../src/github/app.ts";
import { plainReader } from "../../src/github/plan-reader.ts";
import type { GitHub } from "../../src/ports/github.ts";
import type { Permit } from "../../src/ports/permit.ts";
import type { KeptReading } from "../../src/ports/readings.ts";

export const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
});
export const repository = { installation: 7, owner: "acme", name: "shop" };
export const sha = "a".repeat(40);
export const base = "b".repeat(40);
const planBlob = "version: 1\n";
const blobSha = createHash("sha1").update(`blob ${planBlob.length}\0${planBlob}`).digest("hex");
export const permit: Permit = async () => "go";
export const now = Date.parse("2026-11-27T12:00:00Z");

export interface Given {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** The connection breaks within the body. */
  readonly cut?: true;
}

/** An App whose requests but those for tokens are answered in turn; the last answer stays. */
export async function appWith(answers: readonly (Given | "lost")[], from: RegExp | null = null) {
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
      recall: async (key) => {
        moments += 1;
        const kept = readings.get(key);
        return {
          moment: { number: moments, at: now },
          old: kept === undefined ? null : { ...kept, age_ms: now - kept.moment.at },
        };
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

export const check: CheckWanted = {
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

export const terms = { urgency: "gate", permit } as const;

export type Call = (github: GitHub) => Promise<{ readonly kind: string }>;

/** Nothing is known of it beforehand. */
export const anyPull = { since: 0, bound: null, now: 0 };

/** What each of them is asked for, with an answer that is good. */
export const reads: readonly (readonly [
  name: string,
  call: Call,
  good: unknown,
  path: RegExp | null,
])[] = [
  [
    "a pull request",
    (github) => github.pull(repository, 1, anyPull),
    {
      number: 1,
      state: "open",
      merged: false,
      user: { login: "dev" },
      head: { sha, ref: "change", repo: { full_name: "acme/shop" } },
      base: { ref: "main", repo: { full_name: "acme/shop", default_branch: "main" } },
      changed_files: 1,
      updated_at: "2026-11-27T12:00:00Z",
    },
    null,
  ],
  ["where the plan is", (github) => github.defaultPlan(repository, 0), [], null],
  [
    "the plan's blob",
    (github) => github.defaultPlan(repository, 0),
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
      merge_base_commit: { sha },
      total_commits: 0,
      commits: [],
      files: [{ filename: "a", status: "modified", contents_url: "https://x/?ref=1" }],
    },
    null,
  ],
  [
    "a comparison",
    (github) => github.compare(repository, base, sha),
    {
      status: "ahead",
      files: [],
      merge_base_commit: { sha },
      total_commits: 0,
      commits: [],
    },
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
  ["a comment", (github) => github.findComments(repository, 1, ["<!-- x"]), [], null],
  ["the gates", (github) => github.gates(7, [{ repository, sha }]), { data: { c0: null } }, null],
  ["the overview", (github) => github.overviews(7, [repository]), { data: { r0: null } }, null],
];

export const writes: readonly (readonly [name: string, call: Call, good: Given])[] = [
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
