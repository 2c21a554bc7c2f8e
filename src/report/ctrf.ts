// Reads CTRF, the Common Test Report Format (https://ctrf.io): JSON, held against its schema.

import { z } from "zod";
import { limit } from "../core/limit.ts";
import type { ReportReading } from "../core/report.ts";
import { broken, type ReportFile, refuseBytes } from "./file.ts";
import { refuseShape } from "./json-shape.ts";
import { countClaimed, countTest, emptyTally, type Tally } from "./tally.ts";

/** Where the summary and the list of tests disagree, the worse of the two counts. */
export function readCtrf(file: ReportFile): ReportReading {
  const refused = refuseBytes(file.bytes) ?? refuseShape(file.bytes);
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
  // One by one, so that a report full of mistakes costs one message and not one for each.
  for (const [index, item] of tests.entries()) {
    const test = testSchema.safeParse(item);
    if (!test.success) return broken(file.path, refusal(test.error, ["results", "tests", index]));
    count(tally, test.data);
    spent_ms += test.data.duration;
  }
  worsen(tally, summary);
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
});

type Summary = z.infer<typeof reportSchema>["results"]["summary"];
type Test = z.infer<typeof testSchema>;

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function count(tally: Tally, test: Test) {
  const { status, message = "", trace = "", flaky = false } = test;
  // A pass that needed a retry is flaky, whether or not the reporter says the word.
  if (status === "passed" && (flaky || (test.retries ?? 0) > 0)) tally.counts.flaky += 1;
  countTest(tally, status, () => ({
    names: [...[test.suite ?? []].flat(), test.name],
    status: status === "other" ? "other" : "failed",
    message,
    kind: "",
    trace,
    file: test.filePath,
    line: test.line,
    flaky,
  }));
}

function worsen({ counts, ...tally }: Tally, summary: Summary) {
  const missing = summary.failed - counts.failed;
  if (missing > 0)
    countClaimed({ counts, ...tally }, { names: [], claimed: summary.failed, missing });
  counts.passed = Math.min(counts.passed, summary.passed);
  counts.skipped = Math.max(counts.skipped, summary.skipped);
  counts.pending = Math.max(counts.pending, summary.pending);
  counts.other = Math.max(counts.other, summary.other);
  counts.flaky = Math.min(counts.passed, Math.max(counts.flaky, summary.flaky ?? 0));
}

function refusal(error: z.ZodError, at: readonly PropertyKey[]): string {
  const issue = error.issues[0];
  const path = [...at, ...(issue?.path ?? [])].map(String).join(".");
  return `is not a CTRF report: ${path || "the document"}: ${issue?.message ?? "unknown"}`;
}
