// Reads CTRF, the Common Test Report Format (https://ctrf.io): JSON, held against its schema.

import { z } from "zod";
import { limit } from "../core/model/limit.ts";
import type { FileReading, TestStatus } from "../core/model/report.ts";
import { broken, type ReportFile } from "./file.ts";
import { refuseShape } from "./json-shape.ts";
import { claimed, countError, countTest, emptyTally, type Tally } from "./tally.ts";

/** What the tests show counts; the summary is used only where no test could account for it. */
export function readCtrf(file: ReportFile): FileReading {
  const refused = refuseShape(file.bytes);
  if (refused !== null) return broken(file.path, refused);

  const document = parse(file.bytes);
  if (document === undefined) return broken(file.path, "is not well-formed JSON");
  const outer = reportSchema.safeParse(document);
  if (!outer.success) return broken(file.path, refusal(outer.error, []));

  const { summary, tests } = outer.data.results;
  if (tests.length > limit.report.tests) {
    return broken(file.path, `has more than ${limit.report.tests} tests`);
  }
  const tally = emptyTally(file.root);
  let spent_ms = 0;
  let accounted = false;
  // One by one, so that a report full of mistakes costs one message and not one for each.
  for (const [index, item] of tests.entries()) {
    const test = testSchema.safeParse(item);
    if (!test.success) return broken(file.path, refusal(test.error, ["results", "tests", index]));
    const status = statusOf(test.data);
    accounted ||= status === "failed" || expected(test.data) || (test.data.retries ?? 0) > 0;
    count(tally, test.data, status);
    spent_ms += test.data.duration;
  }
  if (summary.failed > 0 && !accounted)
    countError(tally, () =>
      claimed(["summary"], `The summary counts ${summary.failed} failed, and no test shows it.`),
    );
  const wall_ms = summary.stop - summary.start;
  const duration_ms = Math.min(
    Math.round(wall_ms > 0 ? wall_ms : spent_ms),
    limit.report.duration_ms,
  );
  const { counts, problems, truncated } = tally;
  return {
    kind: "read",
    path: file.path,
    format: "ctrf",
    counts,
    duration_ms,
    problems,
    truncated,
  };
}

const amount = z.int().min(0).max(limit.report.tests);
const time_ms = z.number().min(0);

const reportSchema = z.object({
  // Reports from before the format had its name in them are still written.
  reportFormat: z.literal("CTRF").optional(),
  results: z.object({
    tool: z.object({ name: z.string() }),
    summary: z.object({
      tests: amount,
      passed: amount,
      failed: amount,
      skipped: amount,
      pending: amount,
      other: amount,
      flaky: amount.optional(),
      start: time_ms,
      stop: time_ms,
    }),
    tests: z.array(z.unknown()),
  }),
});

const testSchema = z.object({
  name: z.string(),
  status: z.enum(["passed", "failed", "skipped", "pending", "other"]),
  duration: time_ms,
  suite: z.union([z.string(), z.array(z.string())]).optional(),
  message: z.string().optional(),
  trace: z.string().optional(),
  filePath: z.string().optional(),
  line: z.int().optional(),
  flaky: z.boolean().optional(),
  retries: z.int().min(0).optional(),
  /** The runner's own word. */
  rawStatus: z.string().optional(),
  extra: z.unknown().optional(),
});

type Test = z.infer<typeof testSchema>;

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * `other` is neither passed nor failed, such as a test that is still to do; where the runner's own word is one for
 * a failure, it is one. Playwright's `test.fail` is passed where the test failed.
 */
function statusOf(test: Test): TestStatus {
  const raw = (test.rawStatus ?? "").toLowerCase();
  const failedRaw = failedWords.has(raw.replace(/[\s_-]/g, ""));
  switch (test.status) {
    case "passed": {
      // A pass where the runner itself saw a failure counts only where a failure was expected.
      const failing = failedRaw || expectsFailure(test);
      return failing && !expected(test) ? "failed" : "passed";
    }
    case "other":
      if (failedRaw) return "failed";
      return raw === "todo" ? "pending" : "other";
    case "failed":
    case "skipped":
    case "pending":
      return test.status;
  }
}

function expected(test: Test): boolean {
  return (
    expectsFailure(test) && test.status === "passed" && test.rawStatus?.toLowerCase() === "failed"
  );
}

/** playwright.dev/docs/api/class-test#test-fail */
function expectsFailure({ extra }: Test): boolean {
  return (
    annotationsSchema.safeParse(extra).data?.annotations.some(({ type }) => type === "fail") ===
    true
  );
}

const annotationsSchema = z.object({ annotations: z.array(z.object({ type: z.string() })) });

const failedWords = new Set([
  "failed",
  "failure",
  "error",
  "broken",
  "timedout",
  "timeout",
  "interrupted",
  "crashed",
  "aborted",
  "ambiguous",
]);

function count(tally: Tally, test: Test, status: TestStatus) {
  const { message = "", trace = "", flaky = false } = test;
  // A pass that needed a retry is flaky, whether or not the reporter says the word.
  if (status === "passed" && (flaky || (test.retries ?? 0) > 0)) tally.counts.flaky += 1;
  const unexpected = test.status === "passed" && !failedWords.has(test.rawStatus ?? "");
  countTest(tally, status, () => ({
    names: [...[test.suite ?? []].flat(), test.name],
    status: "failed",
    message: unexpected ? "Expected to fail, and passed." : message,
    kind: "",
    trace,
    output: "",
    file: test.filePath,
    line: test.line,
    flaky,
  }));
}

function refusal(error: z.ZodError, at: readonly PropertyKey[]): string {
  const issue = error.issues[0];
  const path = [...at, ...(issue?.path ?? [])].map(String).join(".");
  return `is not a CTRF report: ${path || "the document"}: ${issue?.message ?? "unknown"}`;
}
