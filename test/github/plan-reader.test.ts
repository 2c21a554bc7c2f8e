// What anybody may propose as a plan is parsed in a thread with limits, and nobody waits for somebody else's.

import { afterAll, expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { parsePlan } from "../../src/core/plan/parse.ts";
import { openPlanReader } from "../../src/github/plan-reader.ts";
import { openThread } from "../../src/thread/thread.ts";

const plan = `version: 1
pipelines:
  shop:
    branches: [main]
    verify: { engine: local, stages: [{ name: test, run: make }] }
`;
const long = `${plan}# ${"x".repeat(limit.plan.inline_chars)}\n`;
const broken = `${plan}more: true\n`;

const reader = openPlanReader();
afterAll(() => reader.close());

test.each([
  ["proposed", plan, true],
  ["proposed and broken", broken, true],
  ["in force", plan, false],
  ["in force and long", long, false],
])("a plan that is %s is read as everywhere", async (_, text, isProposed) => {
  const read = await reader.parse({ text, installation: 1, isProposed });
  expect(read).toEqual({ kind: "done", value: parsePlan(text) });
});

const echo = (more: object = {}) =>
  openThread<string, string>({
    entry: new URL("./echo-thread.ts", import.meta.url),
    memory_mb: 64,
    within_ms: 60_000,
    idle_ms: 60_000,
    ...more,
  });

test("who asks much has others go first", async () => {
  const thread = echo();
  const answered: string[] = [];
  const ask = async (input: string, of: number) => {
    const answer = await thread.ask(input, of);
    answered.push(answer.kind === "done" ? answer.value : answer.why);
  };
  const flood = Array.from({ length: 50 }, (_, turn) => ask(`flood ${turn}`, 7));
  await Promise.all([...flood, ask("innocent", 8)]);
  // One is under way when it comes.
  expect(answered.indexOf("innocent")).toBeLessThanOrEqual(1);
  expect(answered).toHaveLength(51);
  await thread.close();
});

test("what never ends or takes all memory is told apart, and the next is read", async () => {
  const thread = echo({ within_ms: 2_000 });
  expect(await thread.ask("for ever", 1)).toMatchObject({ why: expect.stringContaining("long") });
  expect(await thread.ask("hello", 1)).toEqual({ kind: "done", value: "hello" });
  const patient = echo();
  expect(await patient.ask("memory", 1)).toMatchObject({ why: expect.stringContaining("memory") });
  expect(await patient.ask("throw", 1)).toMatchObject({ kind: "failed" });
  expect(await patient.ask("hello", 1)).toEqual({ kind: "done", value: "hello" });
  const asked = patient.ask("for ever", 1);
  await patient.close();
  expect(await asked).toMatchObject({ kind: "failed" });
  await thread.close();
});
