// One test case of a JUnit report: its outcome and its name.

import type { TestStatus } from "../core/model/report.ts";

export type Attributes = Readonly<Partial<Record<string, string>>>;

export interface Failure {
  message: string;
  type: string;
  text: string;
  /** Where it failed, by its own attributes: the test's are where the test begins. */
  place: Place | null;
}

export interface Place {
  readonly file: string | undefined;
  readonly line: string | undefined;
}

export interface TestCase {
  readonly name: string;
  readonly classname: string;
  readonly place: Place;
  readonly time: string | undefined;
  /** gtest, CTest and others write the outcome as a word as well. */
  readonly words: readonly string[];
  readonly failure: Failure;
  /** The first of what it printed. */
  output: string;
  failures: number;
  errors: number;
  flaky: boolean;
  rerun: boolean;
  skipped: { readonly type: string; readonly message: string } | null;
}

export function newCase(attributes: Attributes): TestCase {
  return {
    name: attributes.name ?? "",
    classname: attributes.classname ?? attributes.class ?? "",
    place: placeOf(attributes),
    time: attributes.time,
    words: wordsOf(attributes),
    failure: noFailure(),
    output: "",
    failures: 0,
    errors: 0,
    flaky: false,
    rerun: false,
    skipped: null,
  };
}

/** Mocha writes the word where it has no file. */
export function placeOf({ file, filepath, line }: Attributes): Place {
  return {
    file: [file, filepath].find((path) => path && !/^(?:undefined|null)$/.test(path)),
    line,
  };
}

function wordsOf({ status = "", result = "" }: Attributes): readonly string[] {
  if (status === "" && result === "") return noWords;
  return [status, result].map((word) => word.trim().toLowerCase()).filter((word) => word !== "");
}

const noWords: readonly string[] = [];

export function noFailure(): Failure {
  return { message: "", type: "", text: "", place: null };
}

/**
 * JUnit says a pass by saying nothing, so anything that speaks of a failure is one; a word that nobody knows
 * is no pass either.
 * @returns `unknown` where the case has a word that means nothing here.
 */
export function statusOf(test: TestCase): TestStatus | "unknown" {
  const { skipped, failures, errors, rerun } = test;
  // Node writes the failure of a test that is still to do, and does not count it as failed.
  if (skipped?.type === "todo") return "pending";
  if (errors > 0 || rerun) return "failed";
  // Beside a failure: one that is expected (Catch2, minitest). An error beside it is one of the clean-up (pytest).
  if (skipped !== null) return wasNotRun(test) ? "failed" : "skipped";
  if (failures === 0 && test.words.length === 0) return "passed";
  const said = test.words.map((word) => words.get(word));
  if (failures > 0 || said.includes("failed")) return "failed";
  if (said.includes(undefined)) return "unknown";
  return said.find((status) => status !== "passed") ?? "passed";
}

/** CTest: the program is missing, or what the test needs failed. What was skipped on purpose says so. */
export function wasNotRun({ words: said, skipped }: TestCase): boolean {
  if (!said.includes("notrun") || said.includes("suppressed") || skipped === null) return false;
  return skipped.message !== "" && !/^(?:SKIP_|Disabled)/.test(skipped.message);
}

const words: ReadonlyMap<string, TestStatus> = new Map(
  Object.entries({
    passed:
      "pass,passed,passing,success,successful,succeeded,ok,run,completed,complete,executed,done,good,fixed,xpass",
    failed:
      "fail,failed,failing,failure,error,errored,broken,timeout,timedout,timed_out,timed out,crashed,crash,aborted,interrupted,panicked,nok,notok,regression,killed",
    skipped:
      "skip,skipped,notrun,not_run,not run,disabled,suppressed,ignored,ignore,xfail,xfailed,expectedfailure,excluded,filtered",
    pending: "pending,todo,planned,undefined",
    other: "inconclusive,indeterminate,neutral,warning,warn",
  } satisfies Record<TestStatus, string>).flatMap(([status, list]) =>
    list.split(",").map((word) => [word, status as TestStatus] as const),
  ),
);

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
const defaults = new Set(["pytest", "Root Suite", "test", "undefined", "(empty)"]);

function comparable(text: string): string {
  return text.replace(/[\\/:]+/g, ".");
}
