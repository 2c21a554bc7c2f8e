// The official client against the embedded GitHub, over a real port.
import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";
import { expect, test } from "vitest";
import { startGitHub } from "../../../sandbox/github/server.ts";
import { checkedFetch } from "../../contract.ts";

test("octokit authenticates as the app, reports a check, and merges", async () => {
  await using running = await startGitHub({
    app: {
      permissions: { checks: "write", contents: "write", metadata: "read", pull_requests: "write" },
    },
  });
  const { github, url } = running;
  const shop = github.createRepository({ owner: "acme", name: "shop" });
  const { id } = github.install({ account: "acme" });
  const head = shop.commit({ branch: "feature", files: { "a.txt": "a\n" } });
  const pull = shop.openPull({ head: "feature" });
  shop.protect("main", { checks: [{ context: "interlock", app_id: github.app.id }] });

  const checked = checkedFetch(fetch);
  const octokit = new Octokit({
    baseUrl: url,
    authStrategy: createAppAuth,
    auth: { appId: github.app.id, privateKey: github.privateKey, installationId: id },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    request: { fetch: checked.fetch },
  });
  const where = { owner: "acme", repo: "shop" };
  const merge = () => octokit.rest.pulls.merge({ ...where, pull_number: pull.number });

  await expect(merge()).rejects.toMatchObject({
    status: 405,
    message: expect.stringContaining('Required status check "interlock" is expected.'),
  });
  await octokit.rest.checks.create({
    ...where,
    name: "interlock",
    head_sha: head,
    conclusion: "success",
    output: { title: "All stages passed", summary: "build, test" },
  });
  const merged = await merge();

  expect(pull.state).toBe("merged");
  expect(shop.tip("main")).toBe(merged.data.sha);
  expect(checked.problems).toEqual([]);
  expect(github.unknownRequests).toEqual([]);
  expect(github.log.byRoute()).toEqual({
    "POST /repos/{owner}/{repo}/check-runs": 1,
    "PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge": 2,
  });
});
