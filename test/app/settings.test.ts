// How the program starts with good settings, bad ones and none.

import { generateKeyPairSync } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readSettings, settingTable } from "../../src/settings.ts";
import { takenPort } from "./port.ts";
import { type Environment, projectFolder, spawnProgram, temporaryFolder } from "./process.ts";
import { openWorld } from "./world.ts";

const key = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
}).privateKey;
const whole = { APP_ID: "4242", PRIVATE_KEY: key, WEBHOOK_SECRET: "s3cr3t-of-the-hooks" };

/** Starts it with settings that it must refuse. Returns what it printed. */
async function refusal(environment: Environment): Promise<string> {
  await using program = spawnProgram(environment);
  expect(await program.exited).toEqual({ code: 1, signal: null });
  for (const secret of [key.slice(40, 80), whole.WEBHOOK_SECRET, "hunter2"])
    expect(program.output).not.toContain(secret);
  return program.output;
}

test("every problem with the settings is told at once, and no secret with it", async () => {
  const said = await refusal({
    APP_ID: "my app",
    PRIVATE_KEY: "hunter2",
    PRIVATE_KEY_PATH: "/nowhere/hunter2.pem",
    WEBHOOK_SECRET: "development",
    GITHUB_API_URL: "ftp://me:hunter2@example.com",
    DATABASE_URL: "mysql://me:hunter2@example.com/interlock",
    INTERLOCK_LOCAL_ENGINE: "hunter2",
    INTERLOCK_SNS_TOPICS: "arn:aws:sns:eu-west-1:111122223333:good, hunter2",
    INTERLOCK_SQS_QUEUE_URL: "hunter2",
    INTERLOCK_AWS_OWN_CREDENTIALS: "hunter2",
    PORT: "hunter2",
    LOG_LEVEL: "hunter2",
  });
  expect(
    said
      .trim()
      .split("\n")
      .map((line) => line.slice(0, 24)),
  ).toEqual([
    "APP_ID must be a number.",
    "WEBHOOK_SECRET must not ",
    "PRIVATE_KEY and PRIVATE_",
    "The private key is not a",
    "GITHUB_API_URL must be a",
    "DATABASE_URL must be an ",
    "INTERLOCK_LOCAL_ENGINE m",
    "INTERLOCK_SNS_TOPICS mus",
    "INTERLOCK_SQS_QUEUE_URL ",
    "INTERLOCK_AWS_OWN_CREDEN",
    "PORT must be a number up",
    "LOG_LEVEL must be one of",
  ]);
});

test("half an App is refused", async () => {
  const { PRIVATE_KEY: _, ...half } = whole;
  expect(await refusal({ ...half, WEBHOOK_SECRET: "" })).toBe(
    [
      "WEBHOOK_SECRET is missing: without it anybody could send webhooks.",
      "PRIVATE_KEY is missing: set it, or PRIVATE_KEY_PATH to the file that holds it.\n",
    ].join("\n"),
  );
});

test.each<[string, Environment, string]>([
  ["its webhook secret", { ...whole, WEBHOOK_SECRET: "" }, "WEBHOOK_SECRET is missing"],
  ["its id", { ...whole, APP_ID: "" }, "APP_ID is missing"],
  ["its key", { ...whole, PRIVATE_KEY: "" }, "PRIVATE_KEY is missing"],
  ["half of its key", { ...whole, PRIVATE_KEY: key.slice(0, 800) }, "private key cannot be read"],
  ["a file for its key", { ...whole, PRIVATE_KEY: "", PRIVATE_KEY_PATH: "/no/such" }, "(ENOENT)"],
  [
    "a file, but the key in its place",
    { ...whole, PRIVATE_KEY: "", PRIVATE_KEY_PATH: key },
    "PRIVATE_KEY_PATH holds a key itself",
  ],
])("an App without %s is a problem", (_, environment, sentence) => {
  const read = readSettings(environment);
  expect(read).toEqual({ kind: "bad", problems: [expect.stringContaining(sentence)] });
  expect(JSON.stringify(read)).not.toContain(key.slice(40, 80));
});

test.each([
  ["as it is", key],
  ["with \\n for line breaks", key.replaceAll("\n", "\\n")],
  ["in quotes", JSON.stringify(key)],
  ["with the line breaks of Windows", key.replaceAll("\n", "\r\n")],
  ["as base64", Buffer.from(key).toString("base64")],
])("a key is taken %s", (_, PRIVATE_KEY) => {
  expect(readSettings({ ...whole, PRIVATE_KEY }).kind).toBe("good");
});

const topic = "arn:aws:sns:eu-west-1:111122223333:pipelines";
const queue = "https://sqs.eu-west-1.amazonaws.com/111122223333/pipelines";

test("what AWS may tell is closed unless it is opened", () => {
  expect(readSettings(whole)).toMatchObject({
    settings: { snsTopics: [], sqsQueueUrls: [], awsOwnCredentials: false },
  });
  const opened = {
    INTERLOCK_SNS_TOPICS: ` ${topic}, arn:aws-cn:sns:cn-north-1:111122223333:b_2 ,`,
    INTERLOCK_SQS_QUEUE_URL: `${queue},${queue}-2`,
    INTERLOCK_AWS_OWN_CREDENTIALS: "1",
  };
  expect(readSettings({ ...whole, ...opened })).toMatchObject({
    settings: {
      snsTopics: [topic, "arn:aws-cn:sns:cn-north-1:111122223333:b_2"],
      sqsQueueUrls: [queue, `${queue}-2`],
      awsOwnCredentials: true,
    },
  });
});

test.each([
  ["INTERLOCK_SNS_TOPICS", `${topic}:subscription`],
  ["INTERLOCK_SNS_TOPICS", `${topic}.fifo`],
  ["INTERLOCK_SNS_TOPICS", topic.replace("sns", "sqs")],
  ["INTERLOCK_SNS_TOPICS", `${topic} ${topic}`],
  ["INTERLOCK_SQS_QUEUE_URL", "pipelines"],
  ["INTERLOCK_SQS_QUEUE_URL", `${queue}.fifo`],
  ["INTERLOCK_SQS_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/"],
])("%s cannot be %s", (name, value) => {
  const problems = [expect.stringMatching(`^${name} must `)];
  expect(readSettings({ ...whole, [name]: value })).toEqual({ kind: "bad", problems });
});

test("the README has a row for every setting, in the words of the program", async () => {
  const readme = await readFile(join(projectFolder, "README.md"), "utf8");
  const rows = [...readme.matchAll(/^\| `([A-Z_]+)` \| (.+) \|$/gm)];
  expect(rows.map(([, name, says]) => ({ name, says }))).toEqual(settingTable);
});

test.each([
  ["an address", "postgres://me:hunter2@127.0.0.1:9/interlock"],
  ["a name with several addresses", "postgres://me:hunter2@localhost:9/interlock"],
])("a database that is not there is told, by %s", async (_, url) => {
  await using folder = await temporaryFolder();
  const said = await refusal({ ...whole, DATABASE_URL: url, INTERLOCK_DATA_DIR: folder.path });
  expect(said).toContain("ECONNREFUSED");
});

test("a port that is taken is told, and nothing is worked on", async () => {
  await using world = await openWorld();
  await using taken = await takenPort();
  await using program = spawnProgram({ ...world.environment, PORT: String(taken.port) });
  expect((await program.exited).code).toBe(1);
  expect(program.output).toContain(`Port ${taken.port} of 127.0.0.1 is in use.`);
  expect(world.github.log.all).toEqual([]);
});

test("a data folder that another one uses is told, and the other one lives on", async () => {
  await using world = await openWorld({ store: "pglite" });
  const first = await world.start();
  await using second = spawnProgram(world.environment);
  expect((await second.exited).code).toBe(1);
  expect(second.output).toContain(`is in use by process ${first.pid}.`);
  expect(second.output).toContain("INTERLOCK_DATA_DIR");
  expect((await fetch(`${first.url}/readyz`)).status).toBe(200);
  // A process that is gone holds nothing, however it went.
  await first.kill();
  const third = await world.start();
  expect((await fetch(`${third.url}/readyz`)).status).toBe(200);
});

test("the environment goes before what .env says", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, ".env"), "PORT=70000\nLOG_LEVEL=loud\n");
  await using program = spawnProgram(whole, { folder: folder.path });
  expect((await program.exited).code).toBe(1);
  // The port of the environment is good, the log level is nowhere but in the file.
  expect(program.output).toContain("LOG_LEVEL");
  expect(program.output).not.toContain("PORT");
});
