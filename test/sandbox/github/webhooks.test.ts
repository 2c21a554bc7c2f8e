// Webhooks: what happens is told, in GitHub's shape, signed, recorded, and sent again on request.
import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { wallClock } from "../../../sandbox/github/clock.ts";
import type { RepositoryHandle } from "../../../sandbox/github/repository-handle.ts";
import { shapeProblems } from "./webhook-shape.ts";
import { smallWorld } from "./world.ts";

test("everything that can happen is told in the shape of GitHub's examples", async () => {
  const { github, shop, installation, hooks } = smallWorld();
  const mallory = shop.fork("mallory");
  shop.commit({ branch: "feature", files: { a: "1", "README.md": null } });
  const pull = shop.openPull({ head: "feature", draft: true });
  pull.markReady("dev");
  pull.convertToDraft("dev");
  pull.markReady("dev");
  shop.commit({ branch: "release", files: { r: "r" } });
  pull.edit("dev", { title: "Better", base: "release" });
  shop.commit({ branch: "feature", files: { a: "2" } });
  pull.close("dev");
  pull.reopen("dev");
  const comment = pull.comment("ria", "hello");
  comment.edit("ria", "hello!");
  comment.delete("ria");
  const run = shop.reportCheck({ app: github.app, sha: pull.head, name: "interlock" });
  const done = shop.reportCheck({
    app: github.app,
    sha: pull.head,
    name: "tests",
    conclusion: "failure",
  });
  run.actions = [{ label: "Retry", description: "again", identifier: "retry" }];
  shop.press(run, "Retry", "dev");
  shop.rerequest(done, "dev");
  shop.rerequestSuite(done.suite, "dev");
  shop.completeCheck(run, "success");
  expect(pull.merge("dev")).toMatchObject({ kind: "merged" });
  shop.deleteBranch("feature", "dev");
  mallory.commit({ branch: "theirs", files: { m: "m" }, author: "mallory" });
  shop.openPull({ head: "mallory:theirs", author: "mallory" });
  const second = github.createRepository({ owner: "acme", name: "second" });
  github.addToInstallation(installation, second, "boss");
  github.removeFromInstallation(installation, second, "boss");
  github.suspend(installation, "boss");
  github.unsuspend(installation, "boss");
  github.uninstall(installation, "boss");
  await github.settled();

  const told = new Set(hooks.map((h) => [h.event, h.payload.action].filter(Boolean).join(".")));
  expect([...told].sort()).toEqual(every_event);
  const problems = hooks.flatMap((h) =>
    shapeProblems(h.event, h.payload).map((p) => `${h.payload.action ?? ""}: ${p}`),
  );
  expect([...new Set(problems)]).toEqual([]);
});

const every_event = [
  "check_run.completed",
  "check_run.created",
  "check_run.requested_action",
  "check_run.rerequested",
  "check_suite.completed",
  "check_suite.requested",
  "check_suite.rerequested",
  "create",
  "delete",
  "installation.created",
  "installation.deleted",
  "installation.suspend",
  "installation.unsuspend",
  "installation_repositories.added",
  "installation_repositories.removed",
  "issue_comment.created",
  "issue_comment.deleted",
  "issue_comment.edited",
  "pull_request.closed",
  "pull_request.converted_to_draft",
  "pull_request.edited",
  "pull_request.opened",
  "pull_request.ready_for_review",
  "pull_request.reopened",
  "pull_request.synchronize",
  "push",
];

test("a webhook is signed over the very bytes that are sent", async () => {
  const seen: { headers: Record<string, string>; body: string }[] = [];
  const { github, shop } = smallWorld({
    webhook: {
      secret: "s3cret",
      async deliver(request) {
        seen.push(request);
        return { status: 202 };
      },
    },
  });
  shop.commit({ branch: "main", files: { "ü.txt": "ü" } });
  await github.settled();
  const push = seen.find((s) => s.headers["x-github-event"] === "push");
  const digest = createHmac("sha256", "s3cret")
    .update(push?.body ?? "")
    .digest("hex");
  expect(push?.headers).toMatchObject({
    "x-hub-signature-256": `sha256=${digest}`,
    "x-github-delivery": expect.stringMatching(/^[0-9a-f-]{36}$/),
    "x-github-hook-installation-target-type": "integration",
    "x-github-hook-installation-target-id": String(github.app.id),
  });
});

test("a push tells what moved, and the pull request follows", async () => {
  const { github, shop, hooks, heard } = smallWorld();
  const first = shop.commit({ branch: "feature", files: { a: "1" } });
  shop.openPull({ head: "feature" });
  await heard();
  const second = shop.commit({ branch: "feature", files: { a: "2", b: "2", "README.md": null } });
  await github.settled();
  const [push, synchronize] = hooks;
  expect(push?.payload).toMatchObject({
    ref: "refs/heads/feature",
    before: first,
    after: second,
    created: false,
    forced: false,
    pusher: { name: "dev" },
    commits: [{ id: second, added: ["b"], modified: ["a"], removed: ["README.md"] }],
  });
  expect(synchronize?.payload).toMatchObject({
    action: "synchronize",
    before: first,
    after: second,
    pull_request: { head: { sha: second } },
  });
  hooks.length = 0;
  const forced = shop.commit({ branch: "feature", onto: "main", files: { c: "3" } });
  await github.settled();
  expect(hooks[0]?.payload).toMatchObject({ forced: true, before: second, after: forced });
});

test("what the app does itself is told with its bot as sender", async () => {
  const { github, shop, hooks, asInstallation, where } = smallWorld();
  const issue_number = openPull(shop).number;
  await asInstallation.rest.issues.createComment({ ...where, issue_number, body: "Hi" });
  await github.settled();
  expect(hooks.at(-1)?.payload).toMatchObject({
    action: "created",
    comment: { user: { login: "interlock[bot]" } },
    sender: { login: "interlock[bot]", type: "Bot" },
  });
});

test("only what the app subscribed to is told, and only where it is installed", async () => {
  const { github, shop, heard } = smallWorld({ app: { events: ["push"] } });
  const elsewhere = github.createRepository({ owner: "other", name: "shop" });
  elsewhere.commit({ branch: "main", files: { a: "1" } });
  openPull(shop);
  expect(await heard()).toEqual(["installation.created", "push", "check_suite.requested"]);
});

test("checks of other apps are told when they are made and done, but not their clicks", async () => {
  const { github, shop, heard } = smallWorld();
  const other = github.registerOtherApp("other");
  github.install({ account: "acme", app: other });
  await heard();
  const sha = shop.tip();
  const run = shop.reportCheck({ app: other, sha, name: "ci", conclusion: "failure" });
  shop.rerequest(run, "dev");
  shop.rerequestSuite(run.suite, "dev");
  expect(await heard()).toEqual([
    "check_run.created",
    "check_run.completed",
    "check_suite.completed",
  ]);
});

test("an installation on all repositories takes in a new one", async () => {
  const { github, heard, asInstallation } = smallWorld();
  await heard();
  github.createRepository({ owner: "acme", name: "second" });
  github.createRepository({ owner: "other", name: "third" });
  expect(await heard()).toEqual(["installation_repositories.added"]);
  const { data } = await asInstallation.rest.apps.listReposAccessibleToInstallation();
  expect(data.repositories.map((r) => r.full_name)).toEqual(["acme/shop", "acme/second"]);
});

test("a failed delivery stays listed and is sent again, on request only, with its GUID", async () => {
  const { github, shop, hooks, asApp, problems } = smallWorld();
  await github.settled();
  hooks.length = 0;
  github.faults.onWebhook({ event: "push", times: 1, fault: { kind: "failed" } });
  shop.commit({ branch: "main", files: { a: "1" } });
  await github.settled();
  expect(hooks.map((h) => h.event)).toEqual(["check_suite"]);

  // What got no answer at all is in neither of the filtered lists.
  const { data: failures } = await asApp.rest.apps.listWebhookDeliveries({ status: "failure" });
  expect(failures).toEqual([]);
  const list = async () => {
    const { data } = await asApp.rest.apps.listWebhookDeliveries();
    return data.filter(({ status_code }) => status_code === 0);
  };
  const [lost, ...others] = await list();
  expect(lost).toMatchObject({ event: "push", redelivery: false });
  expect(String(lost?.id)).toMatch(/^[0-9]{19}$/);
  expect(others).toEqual([]);
  // The client's types know numbers only.
  const delivery_id = String(lost?.id) as unknown as number;
  await asApp.rest.apps.redeliverWebhookDelivery({ delivery_id });
  await github.settled();
  expect(hooks.at(-1)).toMatchObject({ event: "push", guid: lost?.guid });
  const all = await asApp.rest.apps.listWebhookDeliveries();
  expect(all.data[0]).toMatchObject({ guid: lost?.guid, redelivery: true, status: "OK" });
  expect(await list()).toHaveLength(1);
  expect(problems).toEqual([]);
});

test("deliveries are listed newest first, page by page, for three days", async () => {
  const { github, clock, shop, asApp } = smallWorld({ authClock: wallClock });
  for (const n of ["1", "2", "3"]) shop.commit({ branch: "main", files: { n } });
  await github.settled();
  const pages = await asApp.paginate(asApp.rest.apps.listWebhookDeliveries, { per_page: 2 });
  expect(pages.map((d) => d.id)).toEqual(github.deliveries.map((d) => d.id).reverse());
  expect(pages.length).toBeGreaterThan(4);
  clock.advance(3 * 24 * 60 * 60 * 1000 + 1);
  expect((await asApp.rest.apps.listWebhookDeliveries()).data).toEqual([]);
});

test("webhooks can be lost, doubled, late, out of order, or unanswered", async () => {
  const { github, clock, shop, heard, hooks } = smallWorld({ app: { events: ["push", "create"] } });
  await heard();
  const tell = async (n: string) => {
    shop.commit({ branch: "main", files: { n } });
    await github.settled();
  };
  const pushes = { event: "push", times: 1 };
  github.faults.onWebhook({ event: "check_suite", fault: { kind: "lost" } });
  github.faults.onWebhook({ ...pushes, fault: { kind: "lost" } });
  await tell("lost");
  expect(hooks).toEqual([]);
  expect(github.deliveries.filter((d) => d.event === "push")).toEqual([]);

  github.faults.onWebhook({ ...pushes, fault: { kind: "doubled" } });
  await tell("doubled");
  expect(hooks.map((h) => h.guid)).toEqual([hooks[0]?.guid, hooks[0]?.guid]);
  await heard();

  github.faults.onWebhook({ ...pushes, fault: { kind: "delayed", ms: 5_000 } });
  await tell("delayed");
  expect(hooks).toEqual([]);
  clock.advance(5_000);
  await new Promise(setImmediate);
  expect(await heard()).toEqual(["push"]);

  github.faults.onWebhook({ ...pushes, fault: { kind: "reordered" } });
  shop.commit({ branch: "fresh", files: { n: "reordered" } });
  expect(await heard()).toEqual(["create", "push"]);

  github.faults.onWebhook({ ...pushes, fault: { kind: "unanswered" } });
  await tell("unanswered");
  expect(await heard()).toEqual(["push"]);
  expect(github.deliveries.at(-1)).toMatchObject({ statusCode: 0 });

  github.faults.stop();
  await tell("fine");
  expect(await heard()).toEqual(["push", "check_suite.requested"]);
});

function openPull(shop: RepositoryHandle) {
  shop.commit({ branch: "feature", files: { a: "1" } });
  return shop.openPull({ head: "feature" });
}
