// Pull requests: following their branch, merging in three ways, and what protection refuses.
import { expect, test } from "vitest";
import { smallWorld } from "./world.ts";

function worldWithPull() {
  const world = smallWorld();
  const head = world.shop.commit({ branch: "feature", files: { "f.txt": "f\n" } });
  return { ...world, head, pull: world.shop.openPull({ head: "feature", title: "Add f" }) };
}

const parentsOf = (world: ReturnType<typeof smallWorld>, sha: string) =>
  world.shop.data.store.commits.get(sha)?.parents;

test("a merge commit has both sides as parents and closes the pull request", () => {
  const world = worldWithPull();
  const { shop, pull, head } = world;
  const before = shop.commit({ branch: "main", files: { "m.txt": "m\n" } });
  const merged = pull.merge("dev", "merge");
  expect(merged).toEqual({ kind: "merged", sha: shop.tip("main") });
  expect(parentsOf(world, shop.tip("main"))).toEqual([before, head]);
  expect([shop.file("f.txt"), shop.file("m.txt")]).toEqual(["f\n", "m\n"]);
  expect(pull.state).toBe("merged");
  expect(pull.merge("dev")).toMatchObject({ kind: "refused", status: 405 });
});

test("a squash is one commit of the author, a rebase replays each commit", () => {
  for (const method of ["squash", "rebase"] as const) {
    const world = worldWithPull();
    const { shop, pull } = world;
    shop.commit({ branch: "feature", files: { "g.txt": "g\n" }, message: "Add g" });
    const before = shop.commit({ branch: "main", files: { "m.txt": "m\n" } });
    expect(pull.merge("boss", method)).toMatchObject({ kind: "merged" });
    const tip = shop.data.store.commits.get(shop.tip("main"));
    expect(["f.txt", "g.txt", "m.txt"].map((f) => shop.file(f))).toEqual(["f\n", "g\n", "m\n"]);
    expect(tip?.author.login).toBe("dev");
    if (method === "squash") {
      expect(tip?.message).toBe("Add f (#1)");
      expect(tip?.parents).toEqual([before]);
    } else {
      expect(tip?.message).toBe("Add g");
      expect(parentsOf(world, tip?.parents[0] ?? "")).toEqual([before]);
    }
  }
});

test("two changes to one file conflict, which is found out after the first look", async () => {
  const { shop, pull, asInstallation, where } = worldWithPull();
  const look = async () => {
    const { data } = await asInstallation.rest.pulls.get({ ...where, pull_number: pull.number });
    return [data.mergeable, data.mergeable_state];
  };
  expect(await look()).toEqual([null, "unknown"]);
  expect(await look()).toEqual([true, "clean"]);
  shop.commit({ branch: "main", files: { "f.txt": "other\n" } });
  expect(await look()).toEqual([null, "unknown"]);
  expect(await look()).toEqual([false, "dirty"]);
  expect(pull.merge("dev")).toEqual({
    kind: "refused",
    status: 405,
    message: "Pull Request is not mergeable",
  });
});

test("a merge names the head it has seen", async () => {
  const { shop, pull, head, as, where } = worldWithPull();
  shop.commit({ branch: "feature", files: { "f.txt": "newer\n" } });
  const merge = (sha: string) =>
    as("dev").rest.pulls.merge({ ...where, pull_number: pull.number, sha });
  await expect(merge(head)).rejects.toMatchObject({ status: 409 });
  await expect(merge(pull.head)).resolves.toMatchObject({ data: { merged: true } });
});

test("a draft, a closed one, and a person without write access are refused", () => {
  const { pull } = worldWithPull();
  expect(pull.merge("ria")).toMatchObject({ kind: "refused", status: 403 });
  pull.convertToDraft("dev");
  expect(pull.merge("dev")).toMatchObject({ kind: "refused", status: 405 });
  pull.markReady("dev");
  pull.close("dev");
  expect(pull.merge("dev")).toMatchObject({ kind: "refused", status: 405 });
});

test("pushing a pull request's commits to its base by hand merges it", () => {
  const { shop, pull, head } = worldWithPull();
  const pushed = shop.commit({ branch: "main", onto: head, files: {}, author: "boss" });
  expect(pull.state).toBe("merged");
  expect(pull.data.merged?.by.login).toBe("boss");
  expect(shop.tip("main")).toBe(pushed);
});

test("deleting its branch closes a pull request, and it cannot be reopened", () => {
  const { shop, pull } = worldWithPull();
  expect(shop.deleteBranch("feature", "dev")).toMatchObject({ kind: "pushed" });
  expect(pull.state).toBe("closed");
  expect(() => pull.reopen("dev")).toThrow("state cannot be changed.");
});

test("opening needs commits, a head, a base, and no other pull request of the same two", () => {
  const { shop } = worldWithPull();
  expect(() => shop.openPull({ head: "feature" })).toThrow("already exists for acme:feature");
  expect(() => shop.openPull({ head: "nothing" })).toThrow("head is invalid");
  expect(() => shop.openPull({ head: "feature", base: "nothing" })).toThrow("base is invalid");
  shop.commit({ branch: "same", files: {} });
  expect(() => shop.openPull({ head: "main", base: "same" })).toThrow("No commits between");
});

test("one head can be open against two bases", async () => {
  const { shop, head, asInstallation, where } = worldWithPull();
  shop.commit({ branch: "release", files: { r: "r" } });
  const second = shop.openPull({ head: "feature", base: "release" });
  const { data } = await asInstallation.rest.repos.listPullRequestsAssociatedWithCommit({
    ...where,
    commit_sha: head,
  });
  expect(data.map((p) => [p.number, p.base.ref])).toEqual([
    [1, "main"],
    [second.number, "release"],
  ]);
  const newer = shop.commit({ branch: "feature", files: { n: "n" } });
  expect([shop.pull(1).head, second.head]).toEqual([newer, newer]);
});

test("a fork's pull request follows the fork, and its checks name no pull request", async () => {
  const { github, shop, heard, asInstallation, where } = smallWorld();
  const fork = shop.fork("mallory");
  const head = fork.commit({ branch: "theirs", files: { x: "x" }, author: "mallory" });
  const pull = shop.openPull({ head: "mallory:theirs", author: "mallory" });
  await heard();
  const newer = fork.commit({ branch: "theirs", files: { x: "y" }, author: "mallory" });
  expect(await heard()).toEqual(["pull_request.synchronize"]);
  expect([pull.head, pull.data.head.repository.fullName]).toEqual([newer, "mallory/shop"]);
  expect(head).not.toBe(newer);
  expect(shop.push({ branch: "main", files: { x: "z" }, author: "mallory" })).toEqual({
    kind: "refused",
    message: "Permission to acme/shop.git denied to mallory.",
  });
  const run = shop.reportCheck({ app: github.app, sha: newer, name: "interlock" });
  const { data } = await asInstallation.rest.checks.get({ ...where, check_run_id: run.id });
  expect([data.head_sha, data.pull_requests]).toEqual([newer, []]);
});

test("a required check holds the merge until its newest run by that very app has passed", () => {
  const { github, shop, pull, head } = worldWithPull();
  const { app } = github;
  const other = github.registerOtherApp("other");
  shop.protect("main", { checks: [{ context: "interlock", app_id: app.id }] });
  const refusal = (why: string) => ({
    kind: "refused",
    status: 405,
    message: `Required status check "interlock" is ${why}.`,
  });
  const report = { sha: head, name: "interlock" };
  expect(pull.merge("dev")).toEqual(refusal("expected"));
  shop.reportCheck({ ...report, app: other, conclusion: "success" });
  shop.reportStatus({ sha: head, context: "interlock", state: "success", by: "dev" });
  expect(pull.merge("dev")).toEqual(refusal("expected"));
  shop.reportCheck({ ...report, app, conclusion: "success" });
  const second = shop.reportCheck({ ...report, app });
  expect(pull.merge("dev")).toEqual(refusal("in progress"));
  shop.completeCheck(second, "timed_out");
  expect(pull.merge("dev")).toEqual(refusal("failing"));
  shop.reportCheck({ ...report, app, conclusion: "success" });
  expect(pull.merge("dev")).toMatchObject({ kind: "merged" });
});

test.each(["neutral", "skipped"] as const)("GitHub counts %s as passed", (conclusion) => {
  const { github, shop, pull, head } = worldWithPull();
  shop.protect("main", { checks: [{ context: "ci" }] });
  shop.reportCheck({ app: github.app, sha: head, name: "ci", conclusion });
  expect(pull.merge("dev")).toMatchObject({ kind: "merged" });
});

test("a check and a status of one name are both needed", () => {
  const { github, shop, pull, head } = worldWithPull();
  shop.protect("main", { checks: [{ context: "ci" }] });
  shop.reportCheck({ app: github.app, sha: head, name: "ci", conclusion: "success" });
  shop.reportStatus({ sha: head, context: "ci", state: "failure", by: "dev" });
  expect(pull.merge("dev")).toMatchObject({ message: 'Required status check "ci" is failing.' });
});

test("strict protection wants the head to have all of the base", () => {
  const { github, shop, pull } = worldWithPull();
  shop.protect("main", { checks: [{ context: "ci" }], strict: true });
  shop.reportCheck({ app: github.app, sha: pull.head, name: "ci", conclusion: "success" });
  const advance = { onto: "main", branch: "main", files: { m: "m" }, author: "boss" };
  shop.commit(advance);
  expect(pull.merge("dev")).toMatchObject({ kind: "refused", status: 405 });
  pull.updateBranch("dev");
  shop.reportCheck({ app: github.app, sha: pull.head, name: "ci", conclusion: "success" });
  expect(pull.merge("dev")).toMatchObject({ kind: "merged" });
});

test("a rebase leaves out the merges of the base into the head", () => {
  const world = worldWithPull();
  const { shop, pull } = world;
  const before = shop.commit({ branch: "main", files: { "m.txt": "m\n" } });
  pull.updateBranch("dev");
  pull.merge("dev", "rebase");
  expect(parentsOf(world, shop.tip("main"))).toEqual([before]);
});

test("administrators pass unless the protection includes them, and nobody pushes with force", () => {
  const { shop, pull } = worldWithPull();
  const checks = [{ context: "interlock" }];
  const direct = (author: string) => shop.push({ branch: "main", files: { d: author }, author });
  shop.protect("main", { checks, enforceAdmins: true });
  const refusal = {
    kind: "refused",
    message:
      'GH006: Protected branch update failed for refs/heads/main. Required status check "interlock" is expected.',
  };
  expect(direct("dev")).toEqual(refusal);
  expect(direct("boss")).toEqual(refusal);
  expect(pull.merge("boss")).toMatchObject({ kind: "refused", status: 405 });
  shop.protect("main", { checks });
  expect(direct("dev")).toEqual(refusal);
  expect(direct("boss")).toMatchObject({ kind: "pushed" });
  expect(pull.merge("boss")).toMatchObject({ kind: "merged" });
  const force = { branch: "main", onto: "feature", files: { e: "e" }, author: "boss" };
  expect(shop.push(force)).toMatchObject({ kind: "refused" });
});

test("a commit whose checks passed may be pushed to a protected branch", () => {
  const { github, shop, head } = worldWithPull();
  shop.protect("main", { checks: [{ context: "ci" }], enforceAdmins: true });
  shop.reportCheck({ app: github.app, sha: head, name: "ci", conclusion: "success" });
  expect(shop.push({ branch: "main", sha: head })).toEqual({ kind: "pushed", sha: head });
});

test("a landed commit names the pull request that brought it, however it was merged", async () => {
  for (const method of ["merge", "squash", "rebase"] as const) {
    const { shop, pull, asInstallation, where } = worldWithPull();
    const first = shop.tip("main");
    shop.commit({ branch: "feature", files: { "g.txt": "g\n" } });
    shop.commit({ branch: "main", files: { "m.txt": "m\n" } });
    const byHand = shop.tip("main");
    const before = pull.head;
    pull.merge("dev", method);
    shop.commit({ branch: "main", files: { "n.txt": "n\n" } });
    const pullsOf = async (commit_sha: string) => {
      const asked = { ...where, commit_sha };
      const { data } = await asInstallation.rest.repos.listPullRequestsAssociatedWithCommit(asked);
      return data.map((p) => p.number);
    };
    const merged = pull.data.merged?.sha ?? "";
    expect(await pullsOf(merged)).toEqual([pull.number]);
    expect(await pullsOf(before)).toEqual(method === "merge" ? [pull.number] : []);
    expect(await pullsOf(first)).toEqual([]);
    expect(await pullsOf(byHand)).toEqual([]);
    expect(await pullsOf(shop.tip("main"))).toEqual([]);
    const parent = shop.data.store.commits.get(merged)?.parents[0] ?? "";
    expect(await pullsOf(parent)).toEqual(method === "rebase" ? [pull.number] : []);
  }
});

test("a later feature adds a rule of its own to merges and pushes", () => {
  const { github, shop, pull } = worldWithPull();
  github.world.rules.merge.push(() => "Changes must be made through the merge queue");
  github.world.rules.push.push(() => "GH013: Repository rule violations found");
  expect(pull.merge("boss")).toMatchObject({ kind: "refused", status: 405 });
  expect(shop.push({ branch: "main", files: { a: "1" } })).toMatchObject({ kind: "refused" });
});
