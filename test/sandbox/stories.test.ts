// The smoke test of the whole: `npm run sandbox` with the real app as a process, told to its end.

import { execFile } from "node:child_process";
import { expect, test } from "vitest";

const whole_ms = 300_000;

function sandbox(...args: string[]): Promise<{ code: unknown; out: string; err: string }> {
  const main = new URL("../../sandbox/main.ts", import.meta.url).pathname;
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { timeout: whole_ms }, (error, out, err) =>
      resolve({ code: error === null ? 0 : error.code, out, err }),
    );
  });
}

const everywhere = [
  "1  A good pull request",
  "2  A failing test",
  "3  A push while the pipeline runs",
  "4  A pull request that changes the plan",
  "5  Commands in comments",
];

test.each([
  ["local", everywhere],
  [
    "codepipeline",
    [
      ...everywhere,
      "6  A release that fails in production",
      "7  Somebody at the console",
      "8  A stage that is gone",
    ],
  ],
])("every scenario holds on %s", { timeout: whole_ms }, async (engine, scenarios) => {
  const { code, out, err } = await sandbox("--engine", engine);

  // First what was told: where it fails, that is what one wants to read.
  expect(out).not.toContain("✘");
  expect(err).toBe("");
  expect(code).toBe(0);
  const summary = out.slice(out.indexOf("\nSummary\n")).split("\n");
  const titles = summary.flatMap((line) => /^ {2}✔ (.*?) {3,}/.exec(line)?.[1] ?? []);
  expect(titles).toEqual([...scenarios, "Behind the scenes"]);
  expect(summary.join("\n")).toMatch(/All \d+ expectations held\./);
  // Where the output is no terminal, nothing is painted.
  expect(out).not.toContain("\u001b");
});

test("--help tells the options and the scenarios", async () => {
  const { code, out } = await sandbox("--help");

  expect(code).toBe(0);
  expect(out).toContain("--stay");
  expect(out).toContain("3  A push while the pipeline runs\n");
  expect(out).toContain("7  Somebody at the console (codepipeline)\n");
});

test("an unknown option is an error and starts nothing", async () => {
  const { code, out, err } = await sandbox("--only", "1", "--fast");

  expect(code).toBe(2);
  expect(out).toBe("");
  expect(err).toContain("'--fast'");
});
