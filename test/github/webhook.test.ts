// What a payload of GitHub's means: which subject to look at, which request to keep, or why nothing.

import { createRequire } from "node:module";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Event } from "../../src/core/model/event.ts";
import { actionOf, readWebhook, subscribed, unasked } from "../../src/github/webhook.ts";

interface Definition {
  readonly name: string;
  readonly examples: readonly object[];
}

const definitions: readonly Definition[] = createRequire(import.meta.url)(
  "@octokit/webhooks-examples",
);
const examples = definitions.flatMap(({ name, examples }) =>
  examples.map((body) => ({ name, body })),
);
const installed = { installation: { id: 7 } };
const appId = 4242;

const receivedAt = Date.parse("2026-01-05T12:00:10Z");

function read(name: string, body: unknown, app = appId): Event {
  return readWebhook({ name, body, appId: app, receivedAt });
}

function reasonOf(event: Event): string {
  return event.kind === "ignored" ? event.reason : event.kind;
}

// ---------------------------------------------------------------- GitHub's own examples

test("every example of every event is read, and none throws", () => {
  expect(examples.length).toBeGreaterThan(300);
  const kept: Record<string, Set<string>> = {};
  for (const { name, body } of examples) {
    const reason = reasonOf(read(name, { ...body, ...installed }));
    expect(reason, name).not.toBe("incomplete_payload");
    kept[name] = (kept[name] ?? new Set()).add(reason);
  }
  const known = new Set<string>([...subscribed, ...unasked]);
  for (const [name, reasons] of Object.entries(kept))
    if (!known.has(name)) expect([...reasons], name).toEqual(["unknown_event"]);
  const shown = Object.fromEntries(
    [...known].map((name) => [name, [...(kept[name] ?? [])].sort()]),
  );
  expect(shown).toEqual({
    check_run: ["other_check"],
    check_suite: ["other_check"],
    installation: ["forget", "look"],
    installation_repositories: ["forget", "look"],
    issue_comment: ["not_a_pull_request", "unknown_action"],
    pull_request: ["look", "unknown_action"],
    push: ["look", "not_a_branch"],
  });
});

test("the examples of a pull request lead to looks at it, by its action", () => {
  const pulls = examples.filter(({ name }) => name === "pull_request");
  const outcomes = pulls.map(({ body }) => [
    actionOf(body),
    reasonOf(read("pull_request", { ...body, ...installed })),
  ]);
  const looked = new Set(
    outcomes.filter(([, reason]) => reason === "look").map(([action]) => action),
  );
  expect([...looked].sort()).toEqual([
    "closed",
    "converted_to_draft",
    "opened",
    "ready_for_review",
    "reopened",
    "synchronize",
  ]);
  for (const action of ["labeled", "assigned", "review_requested", "locked"])
    expect(outcomes).toContainEqual([action, "unknown_action"]);
});

/** Any payload with a part of it gone or another in its place. */
const damaged = fc
  .record({
    example: fc.constantFrom(
      ...examples.filter(({ name }) => [...subscribed, ...unasked].some((one) => one === name)),
    ),
    paths: fc.array(fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 5 }), {
      minLength: 1,
      maxLength: 4,
    }),
    value: fc.oneof(
      fc.constant(undefined),
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom("0".repeat(40), "refs/heads/", "created", "x".repeat(70_000)),
    ),
  })
  .map(({ example: { name, body }, paths, value }) => {
    const copy = structuredClone({ ...body, ...installed }) as Record<string, unknown>;
    for (const path of paths) damage(copy, path, value);
    return { name, body: copy };
  });

function damage(body: Record<string, unknown>, path: readonly number[], value: unknown): void {
  const [step = 0, ...rest] = path;
  const keys = Object.keys(body);
  const key = keys[step % keys.length];
  if (key === undefined) return;
  const inner = body[key];
  if (rest.length > 0 && typeof inner === "object" && inner !== null)
    damage(inner as Record<string, unknown>, rest, value);
  else if (value === undefined) delete body[key];
  else body[key] = value;
}

test("a damaged payload is ignored with a reason or read, and never throws", () => {
  fc.assert(
    fc.property(damaged, ({ name, body }) => {
      const event = read(name, body);
      if (event.kind === "look")
        for (const { subject, head } of event.hints) {
          expect(subject.repository.owner).toBeTypeOf("string");
          expect(head === null || /^[0-9a-f]{40}$/.test(head)).toBe(true);
        }
    }),
    { numRuns: 3_000 },
  );
});

test.each([
  ["a comment", "issue_comment", "comment"],
  ["an installation", "issue_comment", "installation"],
  ["a check run", "check_run", "check_run"],
  ["a check suite", "check_suite", "check_suite"],
])("an id of %s that JSON's numbers cannot hold is refused by that name", (_, name, where) => {
  const ids = { installation: { id: 7 }, [where]: { id: 1 } };
  const text = JSON.stringify({ action: "created", ...ids, [where]: { id: "large" } });
  const body = JSON.parse(text.replace('"large"', "9007199254740993")) as unknown;
  expect(read(name, body)).toEqual({ kind: "ignored", reason: "id_too_large" });
  const fits = { action: "created", ...ids, [where]: { id: 9_007_199_254_740_991 } };
  expect(read(name, fits)).toEqual({ kind: "ignored", reason: "incomplete_payload" });
});

test.each<[string, unknown]>([
  ["null", null],
  ["a list", []],
  ["a text", "opened"],
  ["an empty object", {}],
])("%s is no payload", (_, body) => {
  for (const name of [...subscribed, ...unasked])
    expect(read(name, body)).toEqual({ kind: "ignored", reason: "incomplete_payload" });
});

test.each(["__proto__", "constructor", "toString", "", "pull_request "])(
  "%j is no event",
  (name) => {
    expect(read(name, {})).toEqual({ kind: "ignored", reason: "unknown_event" });
  },
);

// ---------------------------------------------------------------- tricky ones

const sha = "beefcafe00000000000000000000000000000001";
const old = "0ddba11000000000000000000000000000000002";
const none = "0".repeat(40);
const repository = { name: "shop", owner: { login: "acme" }, full_name: "acme/shop" };
const place = { installation: 7, owner: "acme", name: "shop" };
const ada = { login: "ada", type: "User" };
const bot = { login: "renovate[bot]", type: "Bot" };
const base = { ...installed, repository, sender: ada };

const pull = {
  ...base,
  action: "opened",
  number: 12,
  pull_request: { head: { sha, repo: { full_name: "acme/shop" } } },
};

test.each<[string, object, string]>([
  ["opened", {}, "look"],
  [
    "from a fork",
    { pull_request: { head: { sha, repo: { full_name: "eve/shop", fork: true } } } },
    "look",
  ],
  ["whose head's repository is gone", { pull_request: { head: { sha, repo: null } } }, "look"],
  [
    "edited in its title",
    { action: "edited", changes: { title: { from: "a" } } },
    "unknown_action",
  ],
  ["edited without changes", { action: "edited" }, "unknown_action"],
  ["edited in its base", { action: "edited", changes: { base: { ref: { from: "dev" } } } }, "look"],
  ["labeled", { action: "labeled" }, "unknown_action"],
  ["from a webhook of the repository", { installation: undefined }, "no_installation"],
  ["with a head that is no SHA", { pull_request: { head: { sha: "main" } } }, "incomplete_payload"],
])("a pull request %s", (_, change, expected) => {
  const event = read("pull_request", { ...pull, ...change });
  expect(reasonOf(event)).toBe(expected);
  if (event.kind === "look")
    expect(event.hints).toEqual([
      { subject: { kind: "pull", repository: place, number: 12 }, head: sha, before: null },
    ]);
});

const push = { ...base, ref: "refs/heads/main", before: old, after: sha, deleted: false };

test.each<[string, object, string]>([
  ["to a branch", {}, "look"],
  ["of a tag", { ref: "refs/tags/v1" }, "not_a_branch"],
  ["of a tag called like a branch", { ref: "refs/tags/refs/heads/main" }, "not_a_branch"],
  ["of nothing", { ref: "refs/heads/" }, "not_a_branch"],
  ["that deletes a branch", { after: none, deleted: true }, "branch_deleted"],
  ["that deletes a branch and does not say so", { after: none }, "branch_deleted"],
  ["by a bot", { sender: bot }, "look"],
])("a push %s", (_, change, expected) => {
  expect(reasonOf(read("push", { ...push, ...change }))).toBe(expected);
});

test.each<[string, object, object]>([
  [
    "names its branch and what stood there before",
    {},
    { subject: { branch: "main", sha }, before: old },
  ],
  [
    "may have slashes in its branch",
    { ref: "refs/heads/release/1.x" },
    { subject: { branch: "release/1.x" } },
  ],
  ["that makes a branch has nothing before it", { before: none, created: true }, { before: null }],
])("a push %s", (_, change, expected) => {
  expect(read("push", { ...push, ...change })).toMatchObject({ kind: "look", hints: [expected] });
});

const comment = {
  ...base,
  action: "created",
  issue: { number: 12, state: "open", pull_request: { url: "" } },
  comment: {
    id: 501,
    body: "/interlock retry test",
    created_at: "2026-01-05T12:00:00Z",
    user: ada,
  },
};

test.each<[string, object, string]>([
  ["with a command", {}, "intend"],
  ["without one", { comment: { ...comment.comment, body: "Nice." } }, "no_command"],
  ["without a body", { comment: { ...comment.comment, body: null } }, "no_command"],
  [
    "with a command in a quote",
    { comment: { ...comment.comment, body: "> /interlock stop" } },
    "no_command",
  ],
  [
    "with another bot's command",
    { comment: { ...comment.comment, body: "/retest" } },
    "no_command",
  ],
  ["that was edited", { action: "edited" }, "comment_edited"],
  [
    "that was edited and has no command",
    { action: "edited", comment: { ...comment.comment, body: "Thanks!" } },
    "no_command",
  ],
  ["that was deleted", { action: "deleted" }, "unknown_action"],
  ["on an issue", { issue: { number: 12, state: "open" } }, "not_a_pull_request"],
  [
    "on a closed pull request",
    { issue: { ...comment.issue, state: "closed" } },
    "closed_pull_request",
  ],
  [
    "on a closed pull request, about production",
    {
      issue: { ...comment.issue, state: "closed" },
      comment: { ...comment.comment, body: "/interlock rollback shop" },
    },
    "intend",
  ],
  ["by a bot", { comment: { ...comment.comment, user: bot }, sender: bot }, "bot_comment"],
  ["by a person, in a bot's words", { comment: { ...comment.comment, user: bot } }, "bot_comment"],
  ["of a person, sent by a bot", { sender: bot }, "bot_comment"],
  ["by somebody who is gone", { comment: { ...comment.comment, user: null } }, "bot_comment"],
  [
    "by an organisation",
    { comment: { ...comment.comment, user: { ...ada, type: "Organization" } } },
    "bot_comment",
  ],
])("a comment %s", (_, change, expected) => {
  expect(reasonOf(read("issue_comment", { ...comment, ...change }))).toBe(expected);
});

test("a comment whose time cannot be read is kept all the same", () => {
  const undated = { ...comment, comment: { ...comment.comment, created_at: "today" } };
  expect(read("issue_comment", undated)).toMatchObject({ request: { writtenAt: null } });
});

test("a command is kept once for each comment, with the person and without a commit", () => {
  expect(read("issue_comment", comment)).toEqual({
    kind: "intend",
    target: { kind: "pull", repository: place, number: 12 },
    request: {
      key: "comment:501",
      source: "comment",
      actor: "ada",
      comment: 501,
      commands: [{ kind: "retry", stage: "test" }],
      sha: null,
      // By the end of the second that GitHub names.
      writtenAt: Date.UTC(2026, 0, 5, 12, 0, 0, 999),
      origin: { kind: "comment", id: 501, pull: 12 },
    },
  });
});

const run = {
  ...base,
  action: "requested_action",
  check_run: {
    id: 77,
    name: "interlock/api/verify",
    head_sha: sha,
    status: "completed",
    conclusion: "failure",
    completed_at: "2026-03-01T11:00:00Z",
    check_suite: { updated_at: "2026-03-01T11:00:01Z" },
    external_id: "pull:acme/shop#12",
    app: { id: appId },
  },
  requested_action: { identifier: "retry" },
};
const head = { kind: "head", repository: place, sha };
const asked = { kind: "pull", repository: place, number: 12 };

test.each<[string, object, string]>([
  ["pressed", {}, "intend"],
  [
    "pressed on another App's check",
    { check_run: { ...run.check_run, app: { id: 1 } } },
    "other_check",
  ],
  [
    "pressed on a check without an App",
    { check_run: { ...run.check_run, app: null } },
    "other_check",
  ],
  ["that we do not have", { requested_action: { identifier: "deploy" } }, "unknown_action"],
  [
    "on the gate, which has none",
    { check_run: { ...run.check_run, name: "interlock" } },
    "unknown_action",
  ],
  ["without a name", { requested_action: undefined }, "unknown_action"],
  ["pressed by a bot", { sender: bot }, "bot_check"],
  ["on our own news", { action: "completed" }, "own_check"],
  ["on our own creation", { action: "created" }, "own_check"],
])("a button %s", (_, change, expected) => {
  expect(reasonOf(read("check_run", { ...run, ...change }))).toBe(expected);
});

test.each<[string, object, object]>([
  [
    "Retry",
    {},
    {
      target: asked,
      request: {
        source: "button",
        commands: [{ kind: "retry", stage: null, pipeline: "api" }],
        sha,
      },
    },
  ],
  [
    "Stop",
    { requested_action: { identifier: "stop" } },
    { target: asked, request: { commands: [{ kind: "stop", pipeline: "api" }] } },
  ],
  [
    "Roll back",
    { requested_action: { identifier: "rollback" } },
    { request: { commands: [{ kind: "rollback", pipeline: "api", stage: null, to: null }] } },
  ],
  [
    "Approve",
    { requested_action: { identifier: "approve:2:1" } },
    {
      request: {
        commands: [
          {
            kind: "approve",
            pipeline: "api",
            stage: null,
            shown: { part: "verify", attempt: 2, stage: 1 },
          },
        ],
        sha,
      },
    },
  ],
  [
    "Re-run",
    { action: "rerequested" },
    {
      target: asked,
      request: { source: "rerequest", commands: [{ kind: "verify", sha: null }] },
    },
  ],
  [
    "a button of a check that names no subject",
    { check_run: { ...run.check_run, external_id: "" } },
    { target: head },
  ],
  [
    "a button of a check that names another repository",
    { check_run: { ...run.check_run, external_id: "pull:acme/other#12" } },
    { target: head },
  ],
  [
    "a button of a landed commit's check",
    { check_run: { ...run.check_run, external_id: `commit:acme/shop@${sha}:main` } },
    { target: { kind: "commit", branch: "main", sha } },
  ],
])(
  "%s is a request of anyone who pressed it, kept once for each state of the check",
  (_, change, expected) => {
    expect(read("check_run", { ...run, ...change })).toMatchObject({
      kind: "intend",
      ...expected,
      request: {
        key: expect.stringMatching(/^check:77:(retry|stop|rollback|approve:2:1|rerequested):ada:/),
        actor: "ada",
        comment: null,
        ...("request" in expected ? (expected.request as object) : {}),
      },
    });
  },
);

test("Re-run all is a request for the commit; what GitHub asks for by itself is none", () => {
  const suite = {
    ...base,
    action: "rerequested",
    check_suite: { id: 88, head_sha: sha, app: { id: appId } },
  };
  expect(read("check_suite", suite)).toMatchObject({ kind: "intend", target: head });
  expect(reasonOf(read("check_suite", { ...suite, action: "requested" }))).toBe("own_check");
  expect(reasonOf(read("check_suite", suite, 1))).toBe("other_check");
  expect(reasonOf(read("check_suite", { ...suite, sender: bot }))).toBe("bot_check");
});

const repositories = [{ full_name: "acme/shop" }, { full_name: "acme/site" }];
const whole = (name: string) => ({
  subject: { kind: "repository", repository: { ...place, name } },
  head: null,
  before: null,
});

test.each<[string, string, object, object]>([
  [
    "a new installation",
    "installation",
    { action: "created", repositories },
    { kind: "look", hints: [whole("shop"), whole("site")] },
  ],
  [
    "an installation without repositories",
    "installation",
    { action: "created" },
    { kind: "look", hints: [] },
  ],
  [
    "an installation that was deleted",
    "installation",
    { action: "deleted", repositories },
    { kind: "forget", repositories: [place, { ...place, name: "site" }] },
  ],
  [
    "an installation that was suspended",
    "installation",
    { action: "suspend", repositories },
    { kind: "forget" },
  ],
  [
    "repositories that were added",
    "installation_repositories",
    { action: "added", repositories_added: repositories, repositories_removed: [] },
    { kind: "look", hints: [whole("shop"), whole("site")] },
  ],
  [
    "repositories that were removed",
    "installation_repositories",
    { action: "removed", repositories_added: [], repositories_removed: repositories },
    { kind: "forget", repositories: [place, { ...place, name: "site" }] },
  ],
])("%s", (_, name, body, expected) => {
  expect(read(name, { ...installed, ...body })).toMatchObject(expected);
});
