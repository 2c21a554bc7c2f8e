// Every route is used once at least, and every answer is one that GitHub's description allows.
import { expect, test } from "vitest";
import { allRoutes } from "../../../sandbox/github/routes/all.ts";
import { isDescribed } from "../../contract.ts";
import { smallWorld } from "./world.ts";

// Without these a person with curl could not start a branch or fetch a tarball.
const beyond_the_description = [
  "POST /repos/{owner}/{repo}/git/refs",
  "GET /_codeload/{owner}/{repo}/legacy.tar.gz/{ref}",
  // Has a description of its own: test/github/graph.test.ts holds it against GitHub's schema.
  "POST /graphql",
];

const names = allRoutes.map((r) => `${r.method} ${r.path.replaceAll("...}", "}")}`);

test("there is no route that GitHub does not describe", () => {
  const strange = allRoutes
    .filter((r) => !isDescribed(r.method, r.path.replaceAll("...}", "}")))
    .map((r) => `${r.method} ${r.path.replaceAll("...}", "}")}`);
  expect(strange.sort()).toEqual([...beyond_the_description].sort());
});

test("every route answers as GitHub's description says", async () => {
  const { github, shop, installation, where, problems, asApp, asInstallation, as } = smallWorld();
  const head = shop.commit({
    branch: "feature",
    files: { "src/a.js": "one\n2\n", "b/c.txt": "c" },
  });
  const pull = shop.openPull({ head: "feature", body: "Please." });
  await github.settled();
  const api = asInstallation.rest;
  const onPull = { ...where, pull_number: pull.number };
  const onIssue = { ...where, issue_number: pull.number };

  const apps = asApp.rest.apps;
  await apps.getAuthenticated();
  await apps.listInstallations();
  await apps.getInstallation({ installation_id: installation.id });
  await apps.getRepoInstallation(where);
  const hooks = await apps.listWebhookDeliveries({ per_page: 2, status: "success" });
  const delivery_id = hooks.data[0]?.id ?? 0;
  await apps.getWebhookDelivery({ delivery_id });
  await apps.redeliverWebhookDelivery({ delivery_id });
  await api.apps.listReposAccessibleToInstallation();
  await api.rateLimit.get();

  await api.repos.get(where);
  await api.repos.getCollaboratorPermissionLevel({ ...where, username: "mia" });
  await api.repos.listBranches(where);
  await api.repos.getBranch({ ...where, branch: "main" });
  await as("boss").rest.repos.updateBranchProtection({
    ...where,
    branch: "main",
    required_status_checks: { strict: true, contexts: [], checks: [{ context: "ci", app_id: -1 }] },
    enforce_admins: true,
    required_pull_request_reviews: null,
    restrictions: null,
  });
  await api.repos.getBranchProtection({ ...where, branch: "main" });
  await api.repos.getBranch({ ...where, branch: "main" });
  await as("boss").rest.repos.deleteBranchProtection({ ...where, branch: "main" });

  await api.git.getRef({ ...where, ref: "heads/main" });
  await api.git.getCommit({ ...where, commit_sha: head });
  await api.git.getTree({ ...where, tree_sha: head, recursive: "1" });
  await api.repos.getContent({ ...where, path: "src", ref: head });
  const file = await api.repos.getContent({ ...where, path: "src/a.js" });
  const file_sha = "sha" in file.data ? file.data.sha : "";
  await api.git.getBlob({ ...where, file_sha });
  const content = Buffer.from("new\n").toString("base64");
  await api.repos.createOrUpdateFileContents({ ...where, path: "n", message: "n", content });
  await api.repos.getCommit({ ...where, ref: head });
  await api.repos.compareCommitsWithBasehead({ ...where, basehead: `main...${head}` });
  await api.repos.listPullRequestsAssociatedWithCommit({ ...where, commit_sha: head });

  await api.repos.createCommitStatus({ ...where, sha: head, state: "success", context: "ci" });
  await api.repos.getCombinedStatusForRef({ ...where, ref: head });

  const check = { ...where, name: "interlock", head_sha: head };
  const output = { title: "t", summary: "s", annotations: [annotation] };
  const run = await api.checks.create({ ...check, status: "in_progress", output });
  const check_run_id = run.data.id;
  await api.checks.update({ ...where, check_run_id, conclusion: "failure", actions: [button] });
  await api.checks.get({ ...where, check_run_id });
  await api.checks.listAnnotations({ ...where, check_run_id });
  await api.checks.rerequestRun({ ...where, check_run_id });
  await api.checks.listForRef({ ...where, ref: head, filter: "all", app_id: github.app.id });
  const suites = await api.checks.listSuitesForRef({ ...where, ref: "feature" });
  const check_suite_id = suites.data.check_suites[0]?.id ?? 0;
  await api.checks.listForSuite({ ...where, check_suite_id });

  await api.issues.get(onIssue);
  const said = await api.issues.createComment({ ...onIssue, body: "Hello" });
  const onComment = { ...where, comment_id: said.data.id };
  await api.issues.listComments(onIssue);
  await api.issues.getComment(onComment);
  await api.issues.updateComment({ ...onComment, body: "Hello again" });
  await api.reactions.createForIssueComment({ ...onComment, content: "eyes" });
  await api.reactions.listForIssueComment(onComment);
  await api.issues.deleteComment(onComment);

  await as("dev").request("POST /repos/{owner}/{repo}/git/refs", {
    ...where,
    ref: "refs/heads/other",
    sha: head,
  });
  const other = { ...where, title: "Another", head: "other", base: "main" };
  await as("dev").rest.pulls.create(other);
  await api.pulls.list({ ...where, state: "all", head: "acme:feature", base: "main" });
  await api.pulls.get(onPull);
  await api.pulls.update({ ...onPull, title: "Better", state: "open" });
  await api.pulls.listFiles(onPull);
  await api.pulls.listCommits(onPull);
  await api.repos.downloadTarballArchive({ ...where, ref: head });
  await api.pulls.merge({ ...onPull, merge_method: "squash" });
  await api.pulls.checkIfMerged(onPull);

  expect(problems.filter((p) => !p.includes("/git/refs is not in"))).toEqual([]);
  const used = new Set(github.log.all.map((r) => `${r.method} ${r.template}`));
  expect(names.filter((name) => !used.has(name))).toEqual(["POST /graphql"]);
  expect(github.unknownRequests).toEqual([]);
});

test("a route that is not there is answered with 404 and remembered", async () => {
  const { github, asInstallation } = smallWorld();
  await expect(asInstallation.request("GET /repos/acme/shop/stargazers")).rejects.toMatchObject({
    status: 404,
  });
  expect(github.unknownRequests).toEqual(["GET /repos/acme/shop/stargazers"]);
});

const annotation = {
  path: "src/a.js",
  start_line: 1,
  end_line: 1,
  annotation_level: "failure" as const,
  message: "wrong",
};
const button = { label: "Retry", description: "Runs it again", identifier: "retry" };
