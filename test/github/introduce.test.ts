// Who GitHub says that we are, and what the operator reads of it.

import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { fetchThrough } from "../../sandbox/github/fetch.ts";
import { createGitHub, type EmbeddedGitHub } from "../../sandbox/github/github.ts";
import { limit } from "../../src/core/model/limit.ts";
import { startIntroduction } from "../../src/flow/introduce.ts";
import { openGitHub } from "../../src/github/app.ts";
import { plainReader } from "../../src/github/plan-reader.ts";
import type { Log } from "../../src/ports/log.ts";

const manifest = parse(readFileSync("app.yml", "utf8"));
const asked = {
  permissions: manifest.default_permissions as Record<string, "read" | "write">,
  events: manifest.default_events as string[],
};

interface Given {
  readonly app?: typeof asked;
  readonly clock?: () => number;
  readonly id?: number;
  readonly key?: string;
  readonly apiUrl?: string;
  readonly fetch?: (github: EmbeddedGitHub) => typeof fetch;
  readonly installOn?: readonly string[];
  readonly prepare?: (github: EmbeddedGitHub) => void;
}

async function introduced(given: Given) {
  const { clock } = given;
  const github = createGitHub({
    app: given.app ?? asked,
    ...(clock !== undefined && { clock: { now: clock, sleep: async () => {} } }),
  });
  for (const account of given.installOn ?? []) github.install({ account });
  given.prepare?.(github);
  const lines: { level: string; text: string }[] = [];
  const hear = (level: string) => (_: object, text: string) => void lines.push({ level, text });
  const log: Log = {
    debug: () => {},
    info: hear("info"),
    warn: hear("warn"),
    error: hear("error"),
  };
  const { introduce } = await openGitHub({
    appId: given.id ?? github.app.id,
    privateKey: given.key ?? github.privateKey,
    webhookSecret: "a secret of the tests",
    apiUrl: given.apiUrl ?? "https://api.github.com",
    store: {
      recall: async () => ({ old: null, moment: { number: 1, at: 0 } }),
      keepReading: async () => {},
      dropReading: async () => {},
    },
    plans: plainReader,
    clock: Date.now,
    log: pino({ level: "silent" }),
    fetch: given.fetch?.(github) ?? fetchThrough(github.api),
  });
  const introduction = startIntroduction({ introduce, clock: Date.now, log });
  onTestFinished(() => introduction.stop());
  return { refusal: await introduction.refusal(), lines };
}

test.each([
  [[], "App interlock, 0 installations, permissions complete"],
  [["acme"], "App interlock, 1 installation, permissions complete"],
  [["acme", "umbrella", "wayne"], "App interlock, 3 installations, permissions complete"],
])(
  "an App that may do all that it needs, installed on %j, is one line",
  async (installOn, text) => {
    const { refusal, lines } = await introduced({ installOn });
    expect(lines).toEqual([{ level: "info", text }]);
    expect(refusal).toBeNull();
  },
);

test("many installations are counted over all pages", async () => {
  const installOn = Array.from({ length: 230 }, (_, at) => `org-${at}`);
  const { lines } = await introduced({ installOn });
  expect(lines[0]?.text).toContain("230 installations");
});

test("an installation that has not accepted new permissions is named with what it lacks", async () => {
  const { refusal, lines } = await introduced({
    installOn: ["acme", "umbrella"],
    prepare: ({ world }) => {
      const [first] = world.installations.values();
      if (first === undefined) throw new Error("nothing is installed");
      const { statuses: _, ...permissions } = asked.permissions;
      first.permissions = { ...permissions, checks: "read" };
      first.events = asked.events.filter((event) => event !== "push");
    },
  });
  expect(lines.map(({ text }) => text)).toEqual([
    "App interlock, 2 installations, permissions incomplete",
    "The installation on acme lacks checks: write, statuses: write, the event push. An owner of acme has to accept the App's new permissions.",
  ]);
  // Other installations work.
  expect(refusal).toBeNull();
});

test("what the App itself does not ask for is told once, and not for each installation", async () => {
  const { statuses: _, ...permissions } = asked.permissions;
  const { lines } = await introduced({
    app: { ...asked, permissions },
    installOn: ["acme", "umbrella"],
  });
  expect(lines).toHaveLength(2);
  expect(lines[1]?.text).toContain("The App lacks statuses: write.");
});

const other = generateKeyPairSync("rsa", { modulusLength: 2048 })
  .privateKey.export({ type: "pkcs1", format: "pem" })
  .toString();

test.each<[string, Given]>([
  ["a key of another App", { key: other }],
  ["an id that names no App", { id: 4711 }],
])("%s is told by the settings' names, and is not ready", async (_, given) => {
  const { refusal, lines } = await introduced(given);
  expect(refusal).toContain("APP_ID");
  expect(refusal).toContain("do not belong together");
  expect(refusal).not.toContain("did not answer");
  expect(lines).toEqual([{ level: "error", text: refusal }]);
});

const page =
  (status: number, type = "text/html") =>
  async () =>
    new Response("<!doctype html><title>Hello</title>", {
      status,
      headers: { "content-type": type },
    });

test.each<[string, Given]>([
  ["of a path that is wrong", { apiUrl: "https://api.github.com/wrong" }],
  ["of a page of HTML", { fetch: () => page(200) }],
  ["of a page of HTML that is not there", { fetch: () => page(404) }],
  ["of what answers something else", { fetch: () => async () => Response.json({ ok: true }) }],
])("GITHUB_API_URL %s is told by its name, and is not ready", async (_, given) => {
  const { refusal } = await introduced(given);
  expect(refusal).toContain("GITHUB_API_URL is https://api.github.com");
});

test.each<[string, Given]>([
  ["cannot be reached", { fetch: () => async () => Promise.reject(new TypeError("fetch failed")) }],
  ["is out of order", { fetch: () => page(502) }],
  ["says that it is too much", { fetch: () => page(429) }],
])("where GitHub %s it is told once, and webhooks can be stored", async (_, given) => {
  const { refusal, lines } = await introduced(given);
  expect(refusal).toBeNull();
  expect(lines.map(({ level }) => level)).toEqual(["warn"]);
});

test.each([
  ["behind", 600_000],
  ["ahead of", -600_000],
])("a clock that is %s GitHub's is told", async (_, shift) => {
  const { refusal, lines } = await introduced({ clock: () => Date.now() + shift });
  expect(refusal).toBeNull();
  expect(lines.at(-1)?.text).toContain("This machine's clock is not GitHub's");
  expect(limit.github.clock_s).toBeLessThan(600);
});

test("a signature that GitHub refuses from a machine with a wrong clock says that of the clock", async () => {
  const { refusal } = await introduced({ clock: () => Date.now() + 600_000, key: other });
  expect(refusal).toMatch(/This machine's clock may be wrong: it is \d+ seconds behind GitHub's/);
});
