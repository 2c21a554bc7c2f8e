// The preview of a plan that a change proposes.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { PlanReading } from "../../src/core/model/fact.ts";
import { limit } from "../../src/core/model/limit.ts";
import type { Part, Pipeline, Plan, PlanStage } from "../../src/core/model/plan.ts";
import { describePlanChange } from "../../src/core/plan/diff.ts";
import { anyPlan } from "./plan-arbitrary.ts";

const stage = (name: string, more: Partial<PlanStage> = {}): PlanStage => ({
  name,
  run: `make ${name}`,
  reports: [],
  timeout_ms: 600_000,
  ...more,
});
const part = (...stages: readonly PlanStage[]): Part => ({
  engine: "local",
  stages,
  deadline_ms: 3_600_000,
});
const pipeline = (more: Partial<Pipeline> = {}): Pipeline => ({
  name: "shop",
  branches: ["main"],
  paths: ["**"],
  verify: part(stage("build"), stage("test")),
  release: null,
  ...more,
});
const plan = (more: Partial<Plan> = {}): Plan => ({
  exempt: [],
  pipelines: [pipeline()],
  commands: {},
  notify: [],
  ...more,
});
const read = (of: Plan): PlanReading => ({
  kind: "read",
  blob: "b",
  parse: { kind: "valid", plan: of },
});
const invalid = (count: number): PlanReading => ({
  kind: "read",
  blob: "b",
  parse: {
    kind: "invalid",
    problems: Array.from({ length: count }, () => ({
      line: 1,
      column: 1,
      path: "",
      message: "No.",
    })),
  },
});
const absent: PlanReading = { kind: "absent" };
const unknown: PlanReading = { kind: "unknown", why: "502" };

const verify = (...stages: readonly PlanStage[]) =>
  plan({ pipelines: [pipeline({ verify: part(...stages) })] });

test.each<[string, Plan, readonly string[]]>([
  ["nothing", plan(), ["What the plan asks for would stay the same."]],
  [
    "a stage dropped",
    verify(stage("build")),
    ['Pipeline "shop", verify: stage "test" would be removed.'],
  ],
  [
    "a stage added",
    verify(stage("build"), stage("lint"), stage("test")),
    ['Pipeline "shop", verify: stage "lint" would be added, with the command “make lint”.'],
  ],
  [
    "a stage renamed",
    verify(stage("build"), stage("tests", { run: "make test", timeout_ms: 60_000 })),
    [
      'Pipeline "shop", verify: stage "test" would be renamed to "tests".',
      'Pipeline "shop", verify, stage "tests": the timeout would change from 10m to 1m.',
    ],
  ],
  [
    "two stages of one command renamed",
    verify(stage("one", { run: "make test" }), stage("build"), stage("two", { run: "make test" })),
    [
      'Pipeline "shop", verify: stage "test" would be renamed to "one".',
      'Pipeline "shop", verify: stage "two" would be added, with the command “make test”.',
    ],
  ],
  [
    "stages in another order",
    verify(stage("test"), stage("build")),
    ['Pipeline "shop", verify: the stages would run in the order "test", "build".'],
  ],
  [
    "another command",
    verify(stage("build"), stage("test", { run: "make test ||\n  true\n", reports: ["a.xml"] })),
    [
      'Pipeline "shop", verify, stage "test": the command would change from “make test” to “make test || true”.',
      'Pipeline "shop", verify, stage "test", reports: a.xml would be added.',
    ],
  ],
  [
    "other branches and paths",
    plan({
      pipelines: [pipeline({ branches: ["main", "next"], paths: ["src/**", "!src/gen/**"] })],
    }),
    [
      'Pipeline "shop", branches: next would be added.',
      'Pipeline "shop", paths: src/**, !src/gen/** would be added, ** would be removed.',
    ],
  ],
  [
    "a release part",
    plan({ pipelines: [pipeline({ release: part(stage("publish")) })] }),
    ['Pipeline "shop": a release part would be added, with "publish".'],
  ],
  [
    "another deadline",
    plan({ pipelines: [pipeline({ verify: { ...pipeline().verify, deadline_ms: 90_000 } })] }),
    ['Pipeline "shop", verify: the deadline would change from 1h to 90s.'],
  ],
  [
    "a pipeline under another name",
    plan({ pipelines: [pipeline({ name: "store" })] }),
    [
      'Pipeline "shop" would be removed.',
      'Pipeline "store" would be added, for branches main and paths **: verify "build", "test".',
    ],
  ],
  [
    "exemptions and roles",
    plan({ exempt: ["docs/**"], commands: { stop: ["admin"] } }),
    ["Exempt paths: docs/** would be added.", "Command stop could be given by admin."],
  ],
])("%s", (_what, proposed, sentences) => {
  expect(describePlanChange(read(plan()), read(proposed))).toEqual(sentences);
});

test("taking something away is told as well", () => {
  const base = plan({
    exempt: ["docs/**"],
    commands: { stop: ["admin"], retry: ["write", "maintain", "admin"] },
    pipelines: [pipeline({ release: part(stage("publish")) })],
  });
  expect(
    describePlanChange(read(base), read(plan({ commands: { retry: ["maintain", "admin"] } }))),
  ).toEqual([
    'Pipeline "shop": the release part would be removed.',
    "Exempt paths: docs/** would be removed.",
    "Command stop could be given by anyone who may by default, no longer by admin.",
    "Command retry could be given by maintain, admin, no longer by write, maintain, admin.",
  ]);
});

test("who is told of what is told", () => {
  const topic = (name: string) => `arn:aws:sns:eu-west-1:111122223333:${name}`;
  const base = plan({
    notify: [
      { topic: topic("a"), kinds: ["failed", "bypass"] },
      { topic: topic("b"), kinds: ["failed"] },
    ],
  });
  const proposed = plan({
    notify: [
      { topic: topic("c"), kinds: ["started"] },
      { topic: topic("a"), kinds: ["recovered", "failed"] },
    ],
  });
  expect(describePlanChange(read(base), read(proposed))).toEqual([
    `Notices to ${topic("a")}: recovered would be added, bypass would be removed.`,
    `Notices to ${topic("b")}: failed would be removed.`,
    `Notices to ${topic("c")}: started would be added.`,
  ]);
});

test("a stage that is renamed takes the place of one stage only", () => {
  const same = { run: "make" };
  const base = verify(stage("a", same), stage("b", same));
  expect(describePlanChange(read(base), read(verify(stage("c", same))))).toEqual([
    'Pipeline "shop", verify: stage "a" would be renamed to "c".',
    'Pipeline "shop", verify: stage "b" would be removed.',
  ]);
});

test("the first plan is told as a whole", () => {
  const first = plan({ pipelines: [pipeline({ release: part(stage("publish")) })] });
  const whole =
    'Pipeline "shop" would be added, for branches main and paths **: verify "build", "test"; release "publish".';
  expect(describePlanChange(absent, read(first))).toEqual([
    "This would be the first plan of the branch.",
    whole,
  ]);
  expect(describePlanChange(invalid(1), read(first))).toEqual([
    "The plan in force is invalid; this one would replace it.",
    whole,
  ]);
  expect(describePlanChange(unknown, read(first))[0]).toContain("could not be read (502)");
});

test("a plan that is deleted, invalid or unread says what would follow", () => {
  expect(describePlanChange(read(plan()), absent)).toEqual([
    "The plan would be deleted: Interlock would guard nothing in this repository any more.",
  ]);
  expect(describePlanChange(read(plan()), invalid(1))[0]).toMatch(
    /has a problem\. .* hold up every later change/,
  );
  expect(describePlanChange(absent, invalid(3))[0]).toMatch(/has 3 problems/);
  expect(describePlanChange(read(plan()), unknown)).toEqual([
    "The proposed plan could not be read: 502",
  ]);
  expect(describePlanChange(absent, absent)).toHaveLength(1);
});

test("any change is told, in lines that stay short and few, and no change is told as none", () => {
  fc.assert(
    fc.property(anyPlan, anyPlan, (base, proposed) => {
      expect(describePlanChange(read(base), read(base))).toEqual([
        "What the plan asks for would stay the same.",
      ]);
      const sentences = describePlanChange(read(base), read(proposed));
      expect(sentences.length).toBeGreaterThan(0);
      expect(sentences.length).toBeLessThanOrEqual(limit.plan.changes + 1);
      for (const sentence of sentences) {
        expect(sentence).not.toMatch(/[\n\r\t]/);
        expect(sentence.length).toBeLessThan(5_000);
      }
      const names = ({ pipelines }: Plan) => pipelines.map(({ name }) => name).join("/");
      if (names(base) !== names(proposed))
        expect(sentences).not.toEqual(["What the plan asks for would stay the same."]);
    }),
  );
});
