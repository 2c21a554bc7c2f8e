// A second opinion: the program against somebody else's model of GitHub, the npm package emulate 0.12.2.

import { generateKeyPairSync } from "node:crypto";
import { createEmulator } from "emulate";
import { expect, test } from "vitest";
import { newUrl } from "../store/databases.ts";
import { fillGaps } from "./emulate-gaps.ts";
import { eventually } from "./eventually.ts";
import { startApp, temporaryFolder } from "./process.ts";
import { secret } from "./webhook.ts";
import { planOf } from "./world.ts";

/**
 * What it does not have is worked around where it can be: archives of commits, the number of changed
 * files, the number in a pull request's webhook, GUIDs that differ within a millisecond. Left out is
 * what rests on a head that follows a push and on the lists of an installation's repositories and of
 * deliveries: the sweep finds nothing here.
 */
test("emulate lets the App in, takes its checks, and opens the merge with them", async () => {
  await using stack = new AsyncDisposableStack();
  const { path: folder } = stack.use(await temporaryFolder());
  const gaps = stack.use(await fillGaps({ "notes.txt": "text\n" }));
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  const permissions = {
    checks: "write",
    contents: "read",
    issues: "write",
    pull_requests: "write",
  };
  const events = ["check_run", "issue_comment", "pull_request", "push"];
  const emulator = await createEmulator({
    service: "github",
    port: 0,
    seed: {
      tokens: { boss: { login: "boss", scopes: ["repo"] } },
      github: {
        users: [{ login: "boss" }],
        repos: [{ owner: "boss", name: "shop" }],
        apps: [
          {
            app_id: 77,
            slug: "interlock",
            name: "Interlock",
            private_key: privateKey,
            permissions,
            events,
            webhook_url: gaps.hookUrl,
            webhook_secret: secret,
            installations: [{ installation_id: 7, account: "boss", permissions, events }],
          },
        ],
      },
    },
  });
  stack.defer(() => emulator.close());
  gaps.emulateUrl = emulator.url;
  const app = stack.use(
    await startApp({
      APP_ID: "77",
      PRIVATE_KEY: privateKey,
      WEBHOOK_SECRET: secret,
      GITHUB_API_URL: gaps.apiUrl,
      DATABASE_URL: await newUrl(),
      INTERLOCK_DATA_DIR: folder,
      INTERLOCK_LOCAL_ENGINE: "unisolated",
    }),
  );
  gaps.appUrl = app.url;

  const ask = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${emulator.url}/repos/boss/shop${path}`, {
      method,
      headers: { authorization: "Bearer boss", "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    // biome-ignore lint/suspicious/noExplicitAny: the answers are read as the JSON they are.
    return { status: answer.status, json: (await answer.json()) as any };
  };
  const put = async (path: string, branch: string, text: string) => {
    const content = Buffer.from(text).toString("base64");
    const added = await ask("PUT", `/contents/${path}`, { message: "Add", branch, content });
    expect(added.status).toBe(201);
  };
  await put(".github/interlock.yml", "main", planOf({ test: "sleep 0.5; cat notes.txt" }));
  const sha = (await ask("GET", "/git/ref/heads/main")).json.object.sha;
  await ask("POST", "/git/refs", { ref: "refs/heads/feature", sha });
  await put("notes.txt", "feature", "text\n");
  await ask("PUT", "/branches/main/protection", {
    required_status_checks: { strict: false, contexts: ["interlock"] },
    enforce_admins: true,
    required_pull_request_reviews: null,
    restrictions: null,
  });

  const opened = await ask("POST", "/pulls", { title: "Notes", head: "feature", base: "main" });
  const { number, head } = opened.json;
  const merge = () => ask("PUT", `/pulls/${number}/merge`, {});
  // GitHub itself says 405.
  expect((await merge()).status).toBe(422);
  await eventually("green gate", async () => {
    const { json } = await ask("GET", `/commits/${head.sha}/check-runs`);
    const runs: readonly { name: string; conclusion: string | null }[] = json.check_runs;
    const gate = runs.find(({ name }) => name === "interlock");
    // Nothing else ever comes of it: what runs here passes.
    expect(["success", null, undefined]).toContain(gate?.conclusion);
    return gate?.conclusion === "success";
  });
  expect((await merge()).status).toBe(200);
  expect(app.log.filter(({ level }) => level >= 50)).toEqual([]);
});
