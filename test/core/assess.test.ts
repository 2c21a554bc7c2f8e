// What one execution proves about the part of the plan that it has to fulfil: every combination of
// what its stages and reports can be, then the reason that people read for each kind of trouble.

import { expect, test, vi } from "vitest";
import { assess, emptyReports } from "../../src/core/decide/assess.ts";
import type { ExecutionState } from "../../src/core/model/execution.ts";
import type { Execution, StageFact, StageState } from "../../src/core/model/fact.ts";
import { type ReasonCode, stateOf } from "../../src/core/model/reason.ts";
import {
  type ExecutionSketch,
  executionOf,
  minute_ms,
  now,
  partOf,
  pullSubject,
  type ReportSketch,
  reportOf,
  type StageSketch,
  sha,
  stageOf,
  usualPlan,
} from "./facts.ts";

// Much is tried here; beside other work it takes many times as long as alone.
vi.setConfig({ testTimeout: 120_000 });

const part = partOf(usualPlan);
const about = { subject: pullSubject(), head: sha.head, part: "verify" } as const;

function of(sketch: ExecutionSketch): Execution {
  return executionOf(sketch, usualPlan, about);
}

function ask(execution: Execution | null, at = now) {
  return assess({ name: "shop/verify", part, sha: sha.head, execution, now: at });
}

const executionStates: readonly ExecutionState[] = [
  "intended",
  "unconfirmed",
  "running",
  "succeeded",
  "failed",
  "stopped",
  "lost",
  "refused",
];
const stageStates: readonly StageState[] = [
  "succeeded",
  "pending",
  "running",
  "waiting",
  "failed",
  "skipped",
  "stopped",
  "unknown",
];

/** `good`: it proves that tests ran and passed. */
const reports: readonly { readonly good: boolean; readonly of: readonly ReportSketch[] }[] = [
  { good: true, of: [{}] },
  { good: false, of: [{}, { path: "b.xml", counts: { passed: 0, skipped: 1 } }] },
  { good: false, of: [] },
  { good: false, of: [{ counts: { failed: 1 } }] },
  { good: true, of: [{ counts: { other: 1 } }] },
  { good: false, of: [{ counts: { passed: 0, other: 1 } }] },
  { good: false, of: [{ counts: { errors: 1 } }] },
  { good: false, of: [{}, { path: "b.xml", counts: { failed: 1 } }] },
  { good: false, of: [{ counts: { passed: 0, skipped: 3, pending: 1 } }] },
  { good: false, of: [{}, { path: "b.xml", kind: "missing" }] },
  { good: false, of: [{ kind: "broken" }, {}] },
];

const builds = [null, ...stageStates.map((state) => stageOf({ name: "build", state }, part))];
const tests: readonly (readonly [fact: StageFact | null, good: boolean])[] = [
  [null, false],
  ...stageStates.flatMap((state) =>
    reports.map(
      (report) =>
        [stageOf({ name: "test", state, reports: report.of }, part), report.good] as const,
    ),
  ),
];
const orders: readonly ((facts: readonly StageFact[]) => readonly StageFact[])[] = [
  (facts) => facts,
  (facts) => [stageOf({ name: "lint" }, part), ...facts, stageOf({ name: "more" }, part)],
  (facts) => facts.toReversed(),
  (facts) => [...facts, ...facts.slice(0, 1)],
];

test("only an execution that succeeded with every stage once, in order and proven passes", () => {
  let count = 0;
  const wrong: string[] = [];
  for (const state of executionStates)
    for (const build of builds)
      for (const [fact, good] of tests)
        for (const [order, arrange] of orders.entries())
          for (const late of [0, part.deadline_ms]) {
            const stages = arrange([build, fact].filter((one) => one !== null));
            const execution = { ...of({ state }), stages };
            const reasons = ask(execution, now + late);
            const verdicts = new Set(reasons.map(({ code }) => stateOf(code)));
            const passes =
              state === "succeeded" &&
              build?.state === "succeeded" &&
              fact?.state === "succeeded" &&
              good &&
              order < 2;
            const live = state === "intended" || state === "unconfirmed" || state === "running";
            const label = JSON.stringify([state, build?.state, fact, order, late, reasons]);
            if (verdicts.has("success") !== passes) wrong.push(`passes? ${label}`);
            if (reasons.length === 0) wrong.push(`no reason: ${label}`);
            if (verdicts.has("in_progress") && (!live || late > 0)) wrong.push(`waits: ${label}`);
            count += 1;
          }
  expect(wrong.slice(0, 3)).toEqual([]);
  expect(count).toBeGreaterThan(30_000);
});

const failingTest: StageSketch = { name: "test", reports: [{ counts: { failed: 2 } }] };
const running = (test: Partial<StageSketch> = {}) =>
  of({
    state: "running",
    stages: [{ name: "build" }, { name: "test", state: "running", ...test }],
  });

test.each<[string, Execution | null, ReasonCode, string]>([
  ["nothing yet", null, "stage_pending", "is about to start"],
  ["another commit", of({ sha: sha.old }), "stage_missing", "ran on 0ddba11, not on beefcaf"],
  ["in the ledger only", of({ state: "intended" }), "stage_pending", "is about to start"],
  ["a start in doubt", of({ state: "unconfirmed" }), "stage_unknown", "does not say whether"],
  [
    "a start that has to wait",
    of({ state: "intended", why: "AWS throttles." }),
    "stage_pending",
    "could not be started yet: AWS throttles.",
  ],
  ["waiting for a person", running({ state: "waiting" }), "approval_waits", "in its stage test"],
  ["a stop refused", { ...running(), stopRefused: "no" }, "stop_refused", "would not: no"],
  ["under way", running(), "stage_pending", "is at stage 2 of"],
  ["a silent engine", running({ state: "unknown" }), "stage_unknown", "did not say where"],
  [
    "all passed, still open",
    of({ ...running(), stages: [{ name: "build" }, { name: "test" }] }),
    "stage_pending",
    "is finishing",
  ],
  [
    "a stage failed, others to come",
    of({ state: "running", stages: [{ name: "build", state: "failed", why: "It ended with 1." }] }),
    "stage_failed",
    "build: It ended with 1.",
  ],
  [
    "failed without a word",
    of({ state: "failed", stages: [{ name: "build", state: "failed" }] }),
    "stage_failed",
    "the engine does not say why",
  ],
  [
    "failing tests behind a failed stage",
    of({ state: "failed", stages: [{ name: "build" }, { ...failingTest, state: "failed" }] }),
    "tests_failed",
    "2 tests failed in shop/verify stage test",
  ],
  [
    "failing tests behind a good exit",
    of({ stages: [{ name: "build" }, failingTest] }),
    "tests_failed",
    "2 tests failed",
  ],
  [
    "a failed stage without its report",
    of({
      state: "failed",
      stages: [
        { name: "build" },
        { name: "test", state: "failed", reports: [{ kind: "missing" }] },
      ],
    }),
    "stage_failed",
    "test",
  ],
  [
    "no report",
    of({ stages: [{ name: "build" }, { name: "test", reports: [] }] }),
    "report_missing",
    "left no report at reports/junit.xml",
  ],
  [
    "a broken report",
    of({ stages: [{ name: "build" }, { name: "test", reports: [{ kind: "broken" }] }] }),
    "report_broken",
    "middle of a tag",
  ],
  [
    "a report of nothing",
    of({ stages: [{ name: "build" }, { name: "test", reports: [{ counts: { passed: 0 } }] }] }),
    "report_empty",
    "No test passed in the reports reports/junit.xml of shop/verify stage test.",
  ],
  [
    "a pattern without a passed test beside another",
    of({
      stages: [
        { name: "build" },
        { name: "test", reports: [{}, { path: "e2e.xml", counts: { passed: 0 } }] },
      ],
    }),
    "report_empty",
    "No test passed in the reports e2e.xml",
  ],
  [
    "a suite that failed as a whole",
    of({ stages: [{ name: "build" }, { name: "test", reports: [{ counts: { errors: 1 } }] }] }),
    "tests_failed",
    "1 suite failed as a whole in shop/verify stage test.",
  ],
  ["ended early", of({ stages: [{ name: "build" }] }), "stage_missing", "without its stage test"],
  [
    "ended in the middle",
    of({ stages: [{ name: "build" }, { name: "test", state: "running" }] }),
    "stage_missing",
    "was running",
  ],
  [
    "skipped",
    of({ stages: [{ name: "build", state: "skipped" }, { name: "test" }] }),
    "stage_skipped",
    "build",
  ],
  [
    "renamed",
    of({ stages: [{ name: "build" }, { name: "tests" }] }),
    "stage_missing",
    "without its stage test",
  ],
  [
    "failed though every stage passed",
    of({ state: "failed", stages: [{ name: "build" }, { name: "test" }], why: "No disk." }),
    "execution_failed",
    "No disk.",
  ],
  [
    "stopped by somebody",
    of({ state: "stopped", stopReason: "person:ada", why: "ada asked for it" }),
    "stopped",
    "ada asked for it",
  ],
  [
    "stopped by its deadline",
    of({ state: "stopped", stopReason: "deadline_passed" }),
    "deadline_passed",
    "within its deadline",
  ],
  ["lost", of({ state: "lost", why: "Gone." }), "engine_lost", "Gone."],
  ["refused", of({ state: "refused", why: "No." }), "engine_refused", "No."],
])("%s", (_, execution, code, words) => {
  const [reason] = ask(execution);
  expect(reason?.code).toBe(code);
  expect(reason?.sentence).toContain(words);
});

test("the deadline counts from the start, and again from a retry that was carried out", () => {
  const createdAt = now - part.deadline_ms;
  const retried = (state: "done" | "refused") =>
    of({
      state: "running",
      createdAt,
      retries: [{ key: "k", stage: "test", state, why: "", at: now - minute_ms }],
    });
  const code = (execution: Execution, at: number) => ask(execution, at)[0]?.code;
  expect(code(of({ state: "running", createdAt }), now)).toBe("stage_pending");
  expect(code(of({ state: "running", createdAt }), now + 1)).toBe("deadline_passed");
  expect(code(of({ state: "intended", createdAt }), now + 1)).toBe("deadline_passed");
  expect(code(of({ state: "unconfirmed", createdAt }), now + 1)).toBe("deadline_passed");
  expect(code(retried("done"), now + 1)).toBe("stage_pending");
  expect(code(retried("refused"), now + 1)).toBe("deadline_passed");
});

const e2e = { name: "test", reports: ["unit.xml", "e2e.xml"], mayBeEmpty: ["e2e.xml"] };
const ofBuild = (passed: number) => ({ pattern: null, counts: { passed } });
const ofFile = (pattern: string, passed: number) => ({ path: pattern, counts: { passed } });

test.each<[string, readonly string[], readonly object[], readonly string[]]>([
  ["nothing was read", [], [], []],
  [
    "one passed, and the other may be empty",
    ["e2e.xml"],
    [ofFile("unit.xml", 3), ofFile("e2e.xml", 0)],
    [],
  ],
  [
    "one that has to show a test shows none",
    ["e2e.xml"],
    [ofFile("unit.xml", 0), ofFile("e2e.xml", 1)],
    ["unit.xml"],
  ],
  [
    "only the build's own report is there, and is empty",
    ["e2e.xml"],
    [ofBuild(0)],
    ["unit.xml", "e2e.xml"],
  ],
  ["only the build's own report is there, with a test", ["e2e.xml"], [ofBuild(1)], []],
  ["of two reports of the build one has a test", [], [ofBuild(0), ofBuild(1)], []],
  ["all of them may be empty", ["unit.xml", "e2e.xml"], [ofBuild(0)], []],
])("reports without a test that passed, where %s", (_, mayBeEmpty, reports, expected) => {
  const stage = { ...e2e, mayBeEmpty };
  const fact = stageOf({ name: "test", reports: [] }, part);
  const read = reports.map((sketch) => {
    const { pattern, ...rest } = sketch as { pattern?: null; path?: string };
    const report = reportOf(rest);
    return pattern === null ? { ...report, pattern } : report;
  });
  expect(emptyReports(stage, { ...fact, reports: read as typeof fact.reports })).toEqual(expected);
});
