// What CTRF reports may claim, and what hostile ones may not do.

import { expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { readReport } from "../../src/report/read.ts";

const summary = {
  tests: 1,
  passed: 1,
  failed: 0,
  skipped: 0,
  pending: 0,
  other: 0,
  start: 0,
  stop: 0,
};
const passed = { name: "a", status: "passed", duration: 5 };

function report(results: object, top: object = {}) {
  return { ...top, results: { tool: { name: "runner" }, summary, tests: [passed], ...results } };
}

function read(document: unknown) {
  const text = typeof document === "string" ? document : JSON.stringify(document);
  return readReport({
    path: "ctrf.json",
    bytes: new TextEncoder().encode(text),
    root: "/build/shop",
  });
}

function counts(document: unknown) {
  const reading = read(document);
  return reading.kind === "read" ? reading.counts : reading;
}

function why(document: unknown): string {
  const reading = read(document);
  return reading.kind === "broken" ? reading.why : `it was ${reading.kind}`;
}

test("a summary that counts failures where no test shows one is an error", () => {
  const reading = read(report({ summary: { ...summary, failed: 2 } }));
  if (reading.kind !== "read") throw new Error(reading.kind);
  expect(reading.counts).toMatchObject({ failed: 0, errors: 1 });
  expect(reading.problems[0]).toMatchObject({
    status: "error",
    message: "The summary counts 2 failed, and no test shows it.",
  });
});

test("where tests show failures, what they show counts", () => {
  const tests = [passed, { ...passed, status: "failed" }];
  expect(counts(report({ tests, summary: { ...summary, failed: 9 } }))).toMatchObject({
    passed: 1,
    failed: 1,
    errors: 0,
  });
});

test.each([
  [{ status: "other" }, { other: 1, failed: 0 }],
  [
    { status: "other", rawStatus: "todo" },
    { pending: 1, failed: 0 },
  ],
  [{ status: "other", rawStatus: "timedOut" }, { failed: 1 }],
  [{ status: "passed", rawStatus: "failed" }, { failed: 1 }],
  [
    { status: "passed", rawStatus: "failed", extra: annotated("fail") },
    { failed: 0, passed: 2 },
  ],
  [{ status: "passed", rawStatus: "passed", extra: annotated("fail") }, { failed: 1 }],
  [
    { status: "passed", rawStatus: "passed", extra: annotated("slow") },
    { failed: 0, passed: 2 },
  ],
])("the status and the runner's own word together: %j", (one, expected) => {
  const tests = [passed, { ...passed, ...one }];
  expect(counts(report({ tests }))).toMatchObject(expected);
});

function annotated(type: string) {
  return { annotations: [{ type }] };
}

test("passes that only the summary knows of are none", () => {
  expect(counts(report({ tests: [], summary: { ...summary, tests: 9, passed: 9 } }))).toMatchObject(
    { passed: 0, failed: 0 },
  );
});

test("there are never more flaky tests than passed ones", () => {
  expect(counts(report({ tests: [{ ...passed, flaky: true, retries: 2 }] }))).toMatchObject({
    passed: 1,
    flaky: 1,
  });
  expect(
    counts(report({ tests: [{ ...passed, status: "failed", flaky: true, retries: 2 }] })),
  ).toMatchObject({ failed: 1, flaky: 0 });
});

test("a test that failed in spite of its retries is not flaky", () => {
  const tests = [passed, { ...passed, status: "failed", flaky: true, retries: 2 }];
  expect(counts(report({ tests }))).toMatchObject({ passed: 1, failed: 1, flaky: 0 });
});

test("the time is the wall's where the summary has one, else the sum", () => {
  expect(read(report({ summary: { ...summary, start: 1000, stop: 1700 } }))).toMatchObject({
    duration_ms: 700,
  });
  expect(read(report({ tests: [passed, passed] }))).toMatchObject({ duration_ms: 10 });
  expect(read(report({ summary: { ...summary, start: 9000, stop: 1000 } }))).toMatchObject({
    duration_ms: 5,
  });
});

test("fields that nobody here knows are passed over", () => {
  expect(
    read(
      report(
        { extra: { a: 1 }, tests: [{ ...passed, steps: [{}], labels: {} }] },
        { insights: {} },
      ),
    ),
  ).toMatchObject({ kind: "read" });
});

test.each([
  ["half a report", JSON.stringify(report({})).slice(0, -1), /not well-formed JSON/],
  ["something after it", `${JSON.stringify(report({}))} {}`, /not well-formed JSON/],
  ["another JSON", { numTotalTests: 3, success: true }, /not a CTRF report: results/],
  ["another format's name", report({}, { reportFormat: "OTHER" }), /reportFormat/],
  ["no tool", report({ tool: undefined }), /results\.tool/],
  ["no summary", report({ summary: undefined }), /results\.summary/],
  [
    "a count that is text",
    report({ summary: { ...summary, failed: "0" } }),
    /results\.summary\.failed/,
  ],
  [
    "a count below zero",
    report({ summary: { ...summary, failed: -1 } }),
    /results\.summary\.failed/,
  ],
  ["an absurd count", report({ summary: { ...summary, failed: 1e9 } }), /results\.summary\.failed/],
  ["tests that are no list", report({ tests: {} }), /results\.tests/],
  [
    "an unknown status",
    report({ tests: [passed, { ...passed, status: "green" }] }),
    /results\.tests\.1\.status/,
  ],
  [
    "a test without a status",
    report({ tests: [{ name: "a", duration: 1 }] }),
    /results\.tests\.0\.status/,
  ],
  ["a list at the top", "[]", /neither JUnit XML nor CTRF/],
  ["plain text", "1..2\nok 1\nnot ok 2\n", /neither JUnit XML nor CTRF/],
  ["blanks", " \n\t", /is empty/],
  ["100,000 levels", `{"results":${"[".repeat(100_000)}`, /too deeply/],
  [
    "levels beside text with brackets",
    `{"a":"\\"]]]","results":${"[".repeat(limit.report.depth)}`,
    /too deeply/,
  ],
  ["three million values", `{"a":[${"0,".repeat(3_000_000)}0]}`, /more than 2000000 values/],
  [
    "300,000 tests",
    report({ tests: Array.from({ length: 300_000 }, () => 0) }),
    /more than 200000 tests/,
  ],
])("broken: %s", (_, document, expected) => {
  expect(why(document)).toMatch(expected);
});

test("a list of mistakes is told by its first one", () => {
  expect(why(report({ tests: Array.from({ length: 100_000 }, () => ({})) })).length).toBeLessThan(
    200,
  );
});

test("a byte order mark and blanks before the report are passed over", () => {
  expect(read(`\ufeff\r\n ${JSON.stringify(report({}))}`)).toMatchObject({
    kind: "read",
    format: "ctrf",
  });
});
