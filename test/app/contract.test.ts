// A whole life over HTTP, every exchange of it held against GitHub's own description.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { CommentHandle, PullHandle } from "../../sandbox/github/pull-handle.ts";
import { eventually } from "./eventually.ts";
import { projectFolder, temporaryFolder } from "./process.ts";
import { openWorld } from "./world.ts";

const report = (body: string) =>
  `<testsuite name="price"><testcase name="takes the discount off" file="src/price.js" line="3">${body}</testcase></testsuite>`;

/** The test stage fails until the flag is there, and leaves a report in any case. */
function filesWith(flag: string): Record<string, string> {
  const fail = "cp reports/bad.xml reports/junit.xml; exit 1";
  const test = `if [ -e ${flag} ]; then cp reports/good.xml reports/junit.xml; else ${fail}; fi`;
  return {
    ".github/interlock.yml": `version: 1
exempt: ["**/*.md"]
pipelines:
  shop:
    branches: [main]
    verify:
      engine: local
      stages:
        - { name: build, run: "echo $INTERLOCK_SHA" }
        - { name: test, run: ${JSON.stringify(test)}, reports: [reports/junit.xml] }
    release:
      engine: local
      stages:
        - { name: deploy, run: "echo deployed" }
`,
    "reports/good.xml": report(""),
    "reports/bad.xml": report('<failure message="900 is not 901"/>'),
    "src/price.js": "export const price = 1;\n",
    "README.md": "# Shop\n",
  };
}

const gate = (pull: PullHandle) => pull.check("interlock");

async function concluded(pull: PullHandle, conclusion: string): Promise<void> {
  await eventually(
    `${conclusion} on ${pull.number}`,
    () => gate(pull)?.conclusion === conclusion && gate(pull)?.headSha === pull.head,
  );
}

/** The answer to the comment, once it holds the words. */
async function answered(pull: PullHandle, comment: CommentHandle, words: RegExp): Promise<void> {
  const mark = `comment:${comment.id} `;
  await eventually(`answer ${words}`, () =>
    pull.comments().some(({ body }) => body.includes(mark) && words.test(body)),
  );
}

/** Asked before what touches production by a command, which this engine has none of: see test/flow. */
const production = new Set([
  // Asked where a failed stage has printed something, which none does here.
  "GET /repos/{owner}/{repo}",
  "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls",
  "GET /repos/{owner}/{repo}/commits/{ref}",
  "GET /repos/{owner}/{repo}/check-runs/{check_run_id}",
  "GET /repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs",
  "GET /repos/{owner}/{repo}/issues/comments/{comment_id}",
  // Asked where GitHub shows no plan at a commit, to know whether it shows the commit at all.
  "GET /repos/{owner}/{repo}/git/trees/{tree_sha}",
]);

test("from the installation to the release, GitHub understands all and is understood", async () => {
  await using outside = await temporaryFolder();
  const flag = join(outside.path, "flag");
  await using world = await openWorld({ files: filesWith(flag) });
  const { github, shop } = world;
  const first = await world.start();
  shop.protect("main", {
    checks: [{ context: "interlock", app_id: github.app.id }],
    enforceAdmins: true,
  });

  // A pull request whose test fails is blocked.
  shop.commit({ branch: "price", files: { "src/price.js": "export const price = 2;\n" } });
  const pull = shop.openPull({ head: "price" });
  await concluded(pull, "failure");
  await eventually("failing test", () => pull.check("interlock/shop/tests")?.annotations[0]);
  expect(pull.check("interlock/shop/tests")?.annotations[0]).toMatchObject({
    path: "src/price.js",
    start_line: 3,
    annotation_level: "failure",
  });
  expect(pull.merge("boss")).toMatchObject({ kind: "refused", status: 405 });

  // A person without permission is told so; then the stage passes when it is asked for again.
  await answered(pull, pull.comment("ria", "/interlock retry test"), /You need one of these roles/);
  await answered(pull, pull.comment("dev", "/interlock status"), /\*\*Gate:\*\* blocked/);
  await answered(pull, pull.comment("dev", "/interlock retri"), /retry/);
  writeFileSync(flag, "");
  // Answers that are lost on the way leave it in doubt what is there.
  const lost = { fault: { kind: "answerLost" }, times: 1 } as const;
  github.faults.onRequest({ method: "POST", path: /\/issues\/\d+\/comments$/, ...lost });
  await answered(pull, pull.comment("dev", "/interlock retry test"), /retry/i);
  await concluded(pull, "success");

  // A push, of which the answer to the first check is lost.
  await eventually("end of the pages", () => {
    const names = ["interlock", "interlock/shop/verify", "interlock/shop/tests"];
    return names.every((name) => pull.check(name)?.conclusion === "success");
  });
  github.faults.onRequest({ method: "POST", path: /\/check-runs$/, ...lost });
  shop.commit({ branch: "price", files: { "src/price.js": "export const price = 3;\n" } });
  await concluded(pull, "success");

  // Re-runs and buttons from the Checks page, and a change of the base.
  const before = gate(pull);
  if (before === undefined) throw new Error("There is no gate");
  shop.rerequest(before, "dev");
  await eventually("second gate", () => gate(pull)?.id !== before.id || undefined);
  await concluded(pull, "success");
  shop.commit({ branch: "main-2", files: {} });
  pull.edit("dev", { base: "main-2" });
  await eventually("verdict for the other base", () => gate(pull)?.conclusion !== "success");
  pull.edit("dev", { base: "main" });
  await concluded(pull, "success");

  // The merge, and the release of what landed.
  const merged = pull.merge("boss");
  if (merged.kind !== "merged") throw new Error(merged.message);
  await eventually("release", () => {
    const check = shop.checks(merged.sha).get("interlock");
    return check?.conclusion === "success" && check.headSha === merged.sha;
  });

  // The plan itself, a fork, and a draft that is closed.
  shop.commit({ branch: "plan", files: { ".github/interlock.yml": "version: 2\n" } });
  const plan = shop.openPull({ head: "plan" });
  await eventually("problems of the plan", () => gate(plan)?.annotations[0]);
  const fork = shop.fork("stranger");
  fork.commit({ branch: "main", files: { "src/b.js": "1\n" }, author: "stranger" });
  const foreign = shop.openPull({ head: "stranger:main", author: "stranger" });
  await eventually("fork that waits", () => gate(foreign)?.conclusion === "action_required");
  foreign.comment("dev", `/interlock verify ${foreign.head}`);
  await concluded(foreign, "success");
  plan.convertToDraft("dev");
  plan.close("dev");

  // What GitHub could not deliver, the next start asks for again.
  github.faults.onWebhook({ event: "issue_comment", fault: { kind: "failed" }, times: 1 });
  const unheard = foreign.comment("dev", "/interlock help");
  await github.settled();
  expect(await first.terminate()).toEqual({ code: 0, signal: null });
  const second = await world.start();
  await answered(foreign, unheard, /explain/);
  await github.settled();

  // A change of more files than GitHub compares.
  const names = Array.from({ length: 301 }, (_, index) => [`src/many/${index}.js`, `${index}\n`]);
  shop.commit({ branch: "many", files: Object.fromEntries(names) });
  await concluded(shop.openPull({ head: "many" }), "success");

  // A repository that comes later, and the end of the installation.
  const later = github.createRepository({
    owner: "acme",
    name: "later",
    files: filesWith(flag),
    people: { dev: "write" },
  });
  later.commit({ branch: "more", files: { "src/more.js": "1\n" } });
  await concluded(later.openPull({ head: "more" }), "success");
  for (const installation of github.world.installations.values())
    github.uninstall(installation, "boss");
  await github.settled();
  expect(github.deliveries.at(-1)).toMatchObject({
    event: "installation",
    action: "deleted",
    statusCode: 202,
  });

  for (const { log } of [first, second]) expect(log.filter(({ level }) => level >= 50)).toEqual([]);
  expect(world.problems).toEqual([]);
  expect(github.unknownRequests).toEqual([]);
  // Nothing that the program can ask for was left out.
  const asked = new Set(github.log.all.map(({ method, template }) => `${method} ${template}`));
  expect(askable().filter((request) => !asked.has(request) && !production.has(request))).toEqual(
    [],
  );
});

/** Every request that the source knows. */
function askable(): readonly string[] {
  const folder = join(projectFolder, "src/github");
  const source = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
  const found = source.join("\n").matchAll(/"((?:GET|POST|PATCH|PUT|DELETE) \/[^"]+)"/g);
  const requests = [...new Set([...found].map(([, request]) => request ?? ""))];
  expect(requests.length).toBeGreaterThan(10);
  return requests;
}
