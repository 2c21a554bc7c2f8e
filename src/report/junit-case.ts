// One test case of a JUnit report: its outcome and its name.

import type { TestStatus } from "../core/report.ts";

export type Attributes = Readonly<Partial<Record<string, string>>>;

export interface Failure {
  message: string;
  type: string;
  text: string;
}

export interface TestCase {
  readonly name: string;
  readonly classname: string;
  readonly file: string | undefined;
  readonly line: string | undefined;
  readonly time: string | undefined;
  /** gtest, CTest and others write the outcome as a word as well. */
  readonly words: readonly string[];
  readonly failure: Failure;
  failures: number;
  flaky: boolean;
  rerun: boolean;
  skipped: "skipped" | "todo" | null;
}

export function newCase(attributes: Attributes): TestCase {
  return {
    name: attributes.name ?? "",
    classname: attributes.classname ?? attributes.class ?? "",
    file: attributes.file ?? attributes.filepath,
    line: attributes.line,
    time: attributes.time,
    words: [attributes.status ?? "", attributes.result ?? ""].map((word) => word.toLowerCase()),
    failure: noFailure(),
    failures: 0,
    flaky: false,
    rerun: false,
    skipped: null,
  };
}

export function noFailure(): Failure {
  return { message: "", type: "", text: "" };
}

/** JUnit says a pass by saying nothing, so anything that speaks of a failure is one. */
export function statusOf(test: TestCase): TestStatus {
  // Node writes the failure of a test that is still to do, and does not count it as failed.
  if (test.skipped === "todo") return "pending";
  const says = (known: ReadonlySet<string>) => test.words.some((word) => known.has(word));
  if (test.failures > 0 || test.rerun || says(failedWords)) return "failed";
  if (test.skipped === "skipped" || says(skippedWords)) return "skipped";
  return "passed";
}

const failedWords = new Set(["fail", "failed", "failure", "error", "errored", "broken", "timeout"]);
const skippedWords = new Set(["skip", "skipped", "notrun", "disabled", "suppressed", "ignored"]);

/**
 * Suites, class, test, without saying one thing twice: most runners repeat the suite in the class
 * name (with other separators), and some the class in the test's name.
 */
export function caseNames(suites: readonly string[], test: TestCase): string[] {
  const outer = suites.filter((name) => !defaults.has(name));
  const said = [outer.join(" "), outer.join("."), test.name].map(comparable);
  const repeats = said.some((text) => text.includes(comparable(test.classname)));
  return repeats || defaults.has(test.classname)
    ? [...outer, test.name]
    : [...outer, test.classname, test.name];
}

/** Names that runners give where the author gave none. */
const defaults = new Set(["pytest", "Root Suite", "test", "undefined"]);

function comparable(text: string): string {
  return text.replace(/[\\/:]+/g, ".");
}
