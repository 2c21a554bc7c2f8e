// The one model of test results that every report format is read into; its words follow CTRF.

export type TestStatus = "passed" | "failed" | "skipped" | "pending" | "other";

/** One test that a reader has to hear about. Passed tests are counted, not kept. */
export interface TestProblem {
  /** Suite path and name joined with " › ", as plain text: control characters are already gone. */
  readonly name: string;
  readonly status: "failed" | "other";
  readonly message: string;
  /** The trace as printed by the runner, cut to `limit.report.trace_chars`. */
  readonly trace: string;
  /** Repository-relative path where the report gave one. */
  readonly file: string | null;
  /** 1-based. */
  readonly line: number | null;
  readonly flaky: boolean;
}

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly pending: number;
  readonly other: number;
  /** Passed only after a retry on the same commit. Also contained in `passed`. */
  readonly flaky: number;
}

/** What one report file said. A problem with the file itself is a reason for its stage to fail. */
export type ReportReading =
  | {
      readonly kind: "read";
      readonly path: string;
      /** `codebuild`: a report of AWS CodeBuild, which has read the files itself. */
      readonly format: "junit" | "ctrf" | "codebuild";
      readonly counts: TestCounts;
      readonly duration_ms: number;
      /** At most `limit.report.problems`; `counts` stays exact. */
      readonly problems: readonly TestProblem[];
      /** True when problems were left out. */
      readonly truncated: boolean;
    }
  | { readonly kind: "missing"; readonly path: string }
  | { readonly kind: "broken"; readonly path: string; readonly why: string };
