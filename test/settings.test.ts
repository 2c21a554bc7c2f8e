// Settings as a function of the environment; how the program starts with them is tested in test/app.

import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { readSettings, settingTable } from "../src/settings.ts";

const { privateKey: key } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const app = { APP_ID: "4242", PRIVATE_KEY: key, WEBHOOK_SECRET: "s3cr3t-of-the-hooks" };

const folder = mkdtempSync(join(tmpdir(), "interlock-settings-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("nothing set means the set-up flow and the embedded default", () => {
  expect(readSettings({ PATH: "/bin" })).toEqual({
    kind: "good",
    settings: {
      app: null,
      githubApiUrl: "https://api.github.com",
      databaseUrl: null,
      dataDir: "./data",
      localEngine: { kind: "off" },
      secretFiles: [resolve(".env")],
      snsTopics: [],
      sqsQueueUrls: [],
      awsOwnCredentials: false,
      host: "127.0.0.1",
      port: 3000,
      metricsPort: null,
      logLevel: "info",
      logFormat: null,
      path: "/bin",
      warnings: [],
    },
  });
});

test("a variable that is empty or blank is one that is not set", () => {
  const blank = Object.fromEntries(settingTable.map(({ name }) => [name, "  "]));
  expect(readSettings(blank)).toEqual(readSettings({}));
});

test("every variable that is read is in the table, and none besides", () => {
  const read = new Set<string>();
  const recorder = new Proxy<Record<string, string>>(app, {
    get(target, name) {
      read.add(String(name));
      return target[String(name)];
    },
  });
  readSettings(recorder);
  // The commands of the local engine look for their programs where we do.
  read.delete("PATH");
  // PostgreSQL's own, which its client reads.
  read.delete("PGSSLMODE");
  expect([...read].sort()).toEqual(settingTable.map(({ name }) => name).sort());
});

test("what is set is what is used", () => {
  const file = join(folder, "key.pem");
  writeFileSync(file, key);
  const set = {
    APP_ID: " 4242 ",
    PRIVATE_KEY_PATH: file,
    WEBHOOK_SECRET: "s3cr3t-of-the-hooks",
    WEBHOOK_SECRET_PREVIOUS: "the-secret-of-before",
    GITHUB_API_URL: "https://github.example/api/v3/",
    DATABASE_URL: "postgres://me:hunter2@db.example/interlock",
    INTERLOCK_DATA_DIR: "/var/lib/interlock",
    INTERLOCK_LOCAL_ENGINE: "1",
    INTERLOCK_LOCAL_NETWORK: "1",
    INTERLOCK_LOCAL_FOLDERS: "/opt/jdk:/opt/go",
    HOST: "0.0.0.0",
    PORT: "0",
    METRICS_PORT: "9464",
    LOG_LEVEL: "debug",
    LOG_FORMAT: "json",
  };
  expect(readSettings(set)).toMatchObject({
    kind: "good",
    settings: {
      app: {
        id: 4242,
        privateKey: key.trim(),
        webhookSecret: "s3cr3t-of-the-hooks",
        previousWebhookSecret: "the-secret-of-before",
      },
      githubApiUrl: "https://github.example/api/v3",
      databaseUrl: "postgres://me:hunter2@db.example/interlock",
      dataDir: "/var/lib/interlock",
      localEngine: { kind: "isolated", network: "shared", folders: ["/opt/jdk", "/opt/go"] },
      secretFiles: [resolve(".env"), file],
      host: "0.0.0.0",
      port: 0,
      metricsPort: 9464,
      logLevel: "debug",
      logFormat: "json",
    },
  });
});

test.each([
  ["APP_ID", "0"],
  ["APP_ID", "4242.5"],
  ["APP_ID", "-1"],
  ["WEBHOOK_SECRET", "development"],
  ["WEBHOOK_SECRET", "fifteen-letters"],
  ["WEBHOOK_SECRET_PREVIOUS", "s"],
  ["WEBHOOK_SECRET_PREVIOUS", "development"],
  ["GITHUB_API_URL", "http://github.example/api/v3"],
  ["GITHUB_API_URL", "http://127.0.0.1.github.example/"],
  ["GITHUB_API_URL", "http://localhost.github.example/"],
  ["GITHUB_API_URL", "api.github.com"],
  ["GITHUB_API_URL", "file:///etc/passwd"],
  ["DATABASE_URL", "localhost:5432/interlock"],
  ["INTERLOCK_LOCAL_ENGINE", "true"],
  ["INTERLOCK_LOCAL_NETWORK", "yes"],
  ["INTERLOCK_LOCAL_FOLDERS", "tools"],
  ["INTERLOCK_LOCAL_FOLDERS", "/opt/jdk:/opt/.."],
  ["PORT", "65536"],
  ["PORT", "-1"],
  ["PORT", "3000.5"],
  ["PORT", "0x10"],
  ["METRICS_PORT", "65536"],
  ["METRICS_PORT", "3000"],
  ["LOG_LEVEL", "INFO"],
  ["LOG_FORMAT", "text"],
])("%s cannot be %s", (name, value) => {
  const read = readSettings({ ...app, [name]: value });
  expect(read).toEqual({ kind: "bad", problems: [expect.stringMatching(`^${name} must`)] });
});

test.each(["http://127.0.0.1:3001", "http://localhost", "http://[::1]:80"])(
  "GitHub may be at %s, which is this machine",
  (GITHUB_API_URL) => {
    expect(readSettings({ ...app, GITHUB_API_URL }).kind).toBe("good");
  },
);

test.each([
  [
    "is too short",
    generateKeyPairSync("rsa", { modulusLength: 1024 }),
    "at least 2,048 bits; it has 1024",
  ],
  ["is no RSA key", generateKeyPairSync("ed25519"), "must be an RSA key"],
  [
    "is for other signatures",
    generateKeyPairSync("rsa-pss", { modulusLength: 2048 }),
    "must be an RSA key",
  ],
])("a private key that %s is refused", (_, { privateKey }, sentence) => {
  const PRIVATE_KEY = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const problems = [expect.stringContaining(sentence)];
  expect(readSettings({ ...app, PRIVATE_KEY })).toEqual({ kind: "bad", problems });
});

test.each([
  ["postgres://me:hunter2@db.example/interlock", 1],
  ["postgres://me:hunter2@db.example/interlock?sslmode=disable", 1],
  ["postgres://me:hunter2@db.example/interlock?sslmode=verify-full", 0],
  ["postgres://me:hunter2@db.example/interlock?ssl=true", 0],
  ["postgres://me:hunter2@127.0.0.1/interlock", 0],
  ["postgres://me:hunter2@localhost:5432/interlock", 0],
  ["postgres://me@localhost/interlock?host=db.example", 1],
  ["postgres:///interlock?host=/var/run/postgresql", 0],
])("of the database %s there are %i warnings, without its password", (DATABASE_URL, count) => {
  const read = readSettings({ ...app, DATABASE_URL });
  const warnings = read.kind === "good" ? read.settings.warnings : [];
  expect(read.kind).toBe("good");
  expect(warnings).toHaveLength(count);
  expect(warnings.join()).not.toContain("hunter2");
});

test.each([
  ["INTERLOCK_DATADIR", "INTERLOCK_DATA_DIR"],
  ["INTERLOCK_SNS_TOPIC", "INTERLOCK_SNS_TOPICS"],
  ["interlock_local_engine", "INTERLOCK_LOCAL_ENGINE"],
  ["INTERLOCK_COLOUR", null],
  ["DATABASE_URI", "DATABASE_URL"],
  ["WEBHOOK_SECRETS", "WEBHOOK_SECRET"],
])("%s, which nobody reads, is a warning", (name, near) => {
  const read = readSettings({ ...app, [name]: "hunter2" });
  const [warning = "", ...more] = read.kind === "good" ? read.settings.warnings : [];
  expect(warning).toContain(`${name} is no setting of Interlock.`);
  if (near !== null) expect(warning).toContain(`Did you mean ${near}?`);
  expect(warning).not.toContain("hunter2");
  expect(more).toEqual([]);
});

test("what belongs to others, or to a stage of Interlock, is no warning", () => {
  const read = readSettings({
    ...app,
    ...{
      INTERLOCK: "true",
      INTERLOCK_SHA: "1",
      INTERLOCK_PULL: "2",
      INTERLOCK_TEST_ISOLATION: "off",
    },
    ...{
      HOSTS: "a",
      POST: "1",
      PATHS: "x",
      GITHUB_TOKEN: "x",
      AWS_REGION: "x",
      npm_config_port: "1",
    },
  });
  expect(read).toMatchObject({ settings: { warnings: [] } });
});

test("commands run without isolation only where that is said in so many words", () => {
  const engine = (env: Record<string, string>) => {
    const read = readSettings({ ...app, ...env });
    return read.kind === "good" ? read.settings.localEngine : read.problems;
  };
  expect(engine({ INTERLOCK_LOCAL_ENGINE: "1" })).toEqual({
    kind: "isolated",
    network: "none",
    folders: [],
  });
  expect(engine({ INTERLOCK_LOCAL_ENGINE: "unisolated" })).toEqual({ kind: "unisolated" });
  expect(engine({ INTERLOCK_LOCAL_ENGINE: "unisolated", INTERLOCK_LOCAL_NETWORK: "0" })).toEqual([
    "INTERLOCK_LOCAL_NETWORK must not be set with INTERLOCK_LOCAL_ENGINE=unisolated, where it holds nothing back.",
  ]);
});

test("whatever is set, nothing throws, and no value that may be secret is repeated", () => {
  const secret = fc.constantFrom("hunter2-hunter2", `${key.slice(0, 90)}hunter2-hunter2`);
  const value = fc.oneof(fc.string(), fc.constantFrom("1", "0", "", "https://a.example"), secret);
  const names = settingTable.map(({ name }) => name).filter((name) => name !== "PRIVATE_KEY_PATH");
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), value), (env) => {
      const read = readSettings(env);
      if (read.kind === "good") return;
      expect(read.problems.length).toBeGreaterThan(0);
      for (const problem of read.problems) {
        expect(problem).not.toContain("hunter2");
        expect(problem, "names what to fix").toMatch(/^(The private key|[A-Z_]+ )/);
      }
    }),
    { numRuns: 300 },
  );
});
