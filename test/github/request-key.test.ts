// What makes two deliveries of a person's request one request.

import { expect, test } from "vitest";
import { readWebhook } from "../../src/github/webhook.ts";

const ada = { login: "ada", type: "User" };
const repository = { name: "shop", owner: { login: "acme" }, full_name: "acme/shop" };
const base = { installation: { id: 7 }, repository, sender: ada };
const appId = 4242;
const run = {
  ...base,
  action: "requested_action",
  check_run: {
    id: 77,
    name: "interlock/api/verify",
    head_sha: "beefcafe00000000000000000000000000000001",
    status: "completed",
    conclusion: "failure",
    completed_at: "2026-01-05T11:00:00Z",
    external_id: "pull:acme/shop#12",
    app: { id: appId },
    check_suite: { updated_at: "2026-01-05T11:00:01Z" },
  },
  requested_action: { identifier: "retry" },
};
const comment = {
  ...base,
  action: "created",
  issue: { number: 12, state: "open", pull_request: { url: "" } },
  comment: { id: 501, body: "/interlock retry", created_at: "2026-01-05T12:00:00Z", user: ada },
};

function read(name: string, body: object, receivedAt = Date.parse("2026-01-05T12:00:10Z")) {
  const event = readWebhook({ name, body, appId, receivedAt });
  return event.kind === "ignored" ? event.reason : event.kind === "intend" ? event.request.key : "";
}

test("the same button on the same state of a check is the same request, and otherwise another one", () => {
  const key = (change: object) => read("check_run", { ...run, ...change });
  const check = (change: object) => ({ check_run: { ...run.check_run, ...change } });
  // Whatever else of the payload is another one.
  expect(key({ organization: { login: "acme" } })).toBe(key({}));
  const others = [
    check({ id: 78 }),
    check({ status: "in_progress", conclusion: null }),
    check({ conclusion: "success" }),
    check({ completed_at: "2026-03-01T11:30:00Z" }),
    check({ check_suite: { updated_at: "2026-03-01T11:30:00Z" } }),
    { requested_action: { identifier: "stop" } },
    { action: "rerequested" },
    { sender: { login: "grace", type: "User" } },
  ].map(key);
  expect(new Set([key({}), ...others]).size).toBe(others.length + 1);
});

test("a comment is no command any more when it is told later than GitHub would", () => {
  const at = (days: number) => Date.parse("2026-01-05T12:00:00Z") + days * 24 * 60 * 60_000;
  expect(read("issue_comment", comment, at(3))).toBe("comment:501");
  expect(read("issue_comment", comment, at(4.1))).toBe("old_comment");
});
