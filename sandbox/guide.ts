// What to try by hand while the sandbox stays.

import { webhookPath } from "../src/github/hook.ts";
import { people, type Sandbox } from "./open.ts";

/** Commands that work as they stand in a POSIX shell. */
export function guide(
  sandbox: Pick<Sandbox, "shop" | "githubUrl" | "kit" | "app" | "logFile">,
): string {
  const { shop, githubUrl, kit, app, logFile } = sandbox;
  const number = shop.data.nextNumber;
  const who = Object.entries(people).map(([login, role]) => `${login} (${role})`);
  return `Everything is running; ${who.join(", ")} are there. Try it in another terminal:

  api=${githubUrl}/repos/${shop.fullName}
  ask() { curl -sH "Authorization: token user:dev" "$@"; }
  see() { node -p "const it = JSON.parse(require('fs').readFileSync(0)); $1 ?? it"; }

  # A branch, a commit on it, a pull request
  ask $api/git/refs -d '{"ref": "refs/heads/mine", "sha": "${shop.tip()}"}' | see it.ref
  ask $api/contents/src/mine.js -X PUT -d '{"branch": "mine", "message": "Add mine",
    "content": "'$(echo 'export const mine = 1;' | base64)'"}' | see it.commit?.sha
  ask $api/pulls -d '{"title": "Mine", "head": "mine", "base": "main"}' | see it.number

  # Its checks, a comment and what is answered, the merge
  ask $api/commits/mine/check-runs |
    see 'it.check_runs?.map((c) => [c.name, c.conclusion ?? c.status, c.output.title])'
  ask $api/issues/${number}/comments -d '{"body": "/interlock status"}' | see it.body
  ask $api/issues/${number}/comments | see 'it.at(-1).body'
  ask $api/pulls/${number}/merge -X PUT -d '{}' | see it.message
${kit.engine === "codepipeline" ? rollback(number) : ""}
${kit.guide === "" ? "" : `${kit.guide}\n`}  Interlock   ${app.url}/healthz   ${app.url}/readyz
  webhooks    ${app.url}${webhookPath}, taken in only when signed
  its log     ${logFile}

Ctrl-C ends it.
`;
}

function rollback(number: number): string {
  return `
  # Once its release has passed: what was there before comes back
  ask $api/issues/${number}/comments -d '{"body": "/interlock rollback shop"}' | see it.body
  ask $api/issues/${number}/comments | see 'it.at(-1).body'
`;
}
