// A small world for these tests: one repository with the app installed, and clients for all.
import { createAppAuth } from "@octokit/auth-app";
import { Octokit } from "@octokit/rest";
import { fakeClock } from "../../../sandbox/github/clock.ts";
import { createGitHub, type GitHubOptions } from "../../../sandbox/github/github.ts";
import { checkedFetch } from "../../contract.ts";

type Hook = {
  event: string;
  guid: string;
  headers: Record<string, string>;
  payload: Payload;
};
// biome-ignore lint/suspicious/noExplicitAny: a payload is read by tests as the JSON it is.
type Payload = any;

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

export function smallWorld(options: GitHubOptions = {}) {
  const clock = fakeClock();
  const hooks: Hook[] = [];
  const github = createGitHub({
    clock,
    app: {
      permissions: {
        administration: "write",
        checks: "write",
        contents: "write",
        issues: "write",
        metadata: "read",
        pull_requests: "write",
        statuses: "write",
      },
    },
    webhook: {
      secret: "a secret",
      async deliver({ headers, body }) {
        const event = headers["x-github-event"] ?? "";
        const guid = headers["x-github-delivery"] ?? "";
        hooks.push({ event, guid, headers, payload: JSON.parse(body) });
        return { status: 202 };
      },
    },
    ...options,
  });
  const shop = github.createRepository({
    owner: "acme",
    name: "shop",
    files: { "README.md": "# shop\n", "src/a.js": "one\ntwo\nthree\n" },
    people: { dev: "write", boss: "admin", mia: "maintain", tom: "triage", ria: "read" },
  });
  const installation = github.install({ account: "acme", by: "boss" });
  const checked = checkedFetch(github.fetch);
  const client = (auth: object) =>
    new Octokit({ ...auth, log: quiet, request: { fetch: checked.fetch } });
  const identity = { appId: github.app.id, privateKey: github.privateKey };
  return {
    clock,
    github,
    shop,
    installation,
    hooks,
    where: { owner: "acme", repo: "shop" },
    /** What GitHub's description does not allow in anything that went over these clients. */
    problems: checked.problems,
    asApp: client({ authStrategy: createAppAuth, auth: identity }),
    asInstallation: client({
      authStrategy: createAppAuth,
      auth: { ...identity, installationId: installation.id },
    }),
    as: (login: string) => client({ auth: github.tokenOf(login) }),
    /** The webhooks so far, as "event.action". */
    async heard() {
      await github.settled();
      const names = hooks.map((h) => [h.event, h.payload.action].filter(Boolean).join("."));
      hooks.length = 0;
      return names;
    },
  };
}
