// Which permission each request to GitHub needs, and each event; `app.yml` asks for these and no others.

export type Permission =
  | "checks"
  | "contents"
  | "issues"
  | "metadata"
  | "pull_requests"
  | "statuses";

export type Need = readonly [permission: Permission, level: "read" | "write"];

/**
 * Every request of this folder. Null for those that the App makes as itself, which need none.
 * Source: docs.github.com/rest/authentication/permissions-required-for-github-apps.
 */
export const routeNeeds: Readonly<Record<string, Need | null>> = {
  "GET /app": null,
  "GET /app/hook/deliveries": null,
  "GET /app/installations": null,
  "POST /app/hook/deliveries/{delivery_id}/attempts": null,
  "GET /installation/repositories": ["metadata", "read"],
  "GET /repos/{owner}/{repo}": ["metadata", "read"],
  "GET /repos/{owner}/{repo}/branches": ["contents", "read"],
  "GET /repos/{owner}/{repo}/check-runs/{check_run_id}": ["checks", "read"],
  "GET /repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs": ["checks", "read"],
  "GET /repos/{owner}/{repo}/collaborators/{username}/permission": ["metadata", "read"],
  "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls": ["pull_requests", "read"],
  "GET /repos/{owner}/{repo}/commits/{ref}": ["contents", "read"],
  "GET /repos/{owner}/{repo}/commits/{ref}/check-runs": ["checks", "read"],
  "GET /repos/{owner}/{repo}/compare/{basehead}": ["contents", "read"],
  "GET /repos/{owner}/{repo}/contents/{path}": ["contents", "read"],
  "GET /repos/{owner}/{repo}/git/blobs/{file_sha}": ["contents", "read"],
  "GET /repos/{owner}/{repo}/git/ref/{ref}": ["contents", "read"],
  "GET /repos/{owner}/{repo}/git/trees/{tree_sha}": ["contents", "read"],
  "GET /repos/{owner}/{repo}/pulls": ["pull_requests", "read"],
  "GET /repos/{owner}/{repo}/pulls/{pull_number}": ["pull_requests", "read"],
  "GET /repos/{owner}/{repo}/pulls/{pull_number}/files": ["pull_requests", "read"],
  "GET /repos/{owner}/{repo}/tarball/{ref}": ["contents", "read"],
  "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}": ["checks", "write"],
  "POST /repos/{owner}/{repo}/check-runs": ["checks", "write"],
  // Comments on issues, or on pull requests: either permission will do, and these are on pull requests.
  "GET /repos/{owner}/{repo}/issues/comments/{comment_id}": ["pull_requests", "read"],
  "GET /repos/{owner}/{repo}/issues/{issue_number}/comments": ["pull_requests", "read"],
  "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}": ["pull_requests", "write"],
  "POST /repos/{owner}/{repo}/issues/{issue_number}/comments": ["pull_requests", "write"],
};

/** GitHub offers an event only to Apps that may read what it is about. */
export const eventNeeds: Readonly<Record<string, Need>> = {
  check_run: ["checks", "read"],
  check_suite: ["checks", "read"],
  issue_comment: ["issues", "read"],
  pull_request: ["pull_requests", "read"],
  push: ["contents", "read"],
};

/** Without it GitHub does not offer the App as the expected source of a required check. */
export const sourceOfChecks: Need = ["statuses", "write"];

/** What app.yml asks for: of each permission the most that anything here needs. */
export const neededPermissions: Readonly<Record<string, Need[1]>> = neededOf([
  ...Object.values(routeNeeds),
  ...Object.values(eventNeeds),
  sourceOfChecks,
]);

function neededOf(needs: readonly (Need | null)[]): Readonly<Record<string, Need[1]>> {
  const most = new Map<string, Need[1]>();
  for (const need of needs) {
    if (need === null) continue;
    const [permission, level] = need;
    if (level === "write" || !most.has(permission)) most.set(permission, level);
  }
  return Object.fromEntries([...most].sort());
}
