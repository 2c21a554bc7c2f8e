// Turns the elements of a JUnit report into counts and problems.

import { limit } from "../core/limit.ts";
import {
  type Attributes,
  caseNames,
  type Failure,
  newCase,
  noFailure,
  statusOf,
  type TestCase,
} from "./junit-case.ts";
import { milliseconds, wholeNumber } from "./junit-number.ts";
import { plainLine } from "./plain.ts";
import { countClaimed, countTest, emptyTally, type Tally } from "./tally.ts";

/** Why a report is not read any further. */
export class Refusal extends Error {
  readonly why: string;
  constructor(why: string) {
    super(why);
    this.why = why;
  }
}

interface Suite {
  readonly name: string | undefined;
  readonly file: string | undefined;
  /** Failures and errors by the suite's own attributes, nested suites included. */
  readonly claimed: number;
  /** Failures and errors that its test cases show. */
  shown: number;
  readonly own_ms: number | null;
  inner_ms: number;
}

/**
 * Elements are taken by name wherever they stand: an unexpected nesting must not hide a failure.
 * What is not known (properties, output, attachments) is passed over.
 */
export class JUnitReader {
  readonly #tally: Tally;
  readonly #open: string[] = [];
  readonly #suites: Suite[] = [];
  #case: TestCase | null = null;
  /** A failure outside any test case, such as a suite that could not start. */
  #loose: Failure | null = null;
  #sink: { readonly failure: Failure; readonly depth: number } | null = null;
  #tests = 0;
  #duration_ms = 0;
  #commented = 0;

  /** @param root The folder that absolute paths are below; empty when it is not known. */
  constructor(root: string) {
    this.#tally = emptyTally(root);
  }

  open(name: string, attributes: Attributes) {
    const isSuite = name === "testsuite" || name === "testsuites";
    if (this.#open.length === 0 && !isSuite) {
      throw new Refusal(`is not JUnit XML: its root is <${plainLine(name, 60)}>, not <testsuites>`);
    }
    this.#open.push(name);
    if (this.#open.length > limit.report.depth) throw new Refusal("nests its elements too deeply");
    if (isSuite) this.#openSuite(name, attributes);
    else if (name === "testcase") this.#openCase(attributes);
    else if (name === "failure" || name === "error") this.#openFailure(attributes);
    else if (name.startsWith("flaky") || name.startsWith("rerun"))
      this.#openRetry(name, attributes);
    else if (name === "skipped" && this.#case) {
      this.#case.skipped = attributes.type === "todo" ? "todo" : "skipped";
    }
  }

  close() {
    if (this.#sink?.depth === this.#open.length) this.#closeFailure();
    const name = this.#open.pop();
    if (name === "testcase") this.#closeCase();
    else if (name === "testsuite" || name === "testsuites") this.#closeSuite();
  }

  text(text: string) {
    const failure = this.#sink?.failure;
    if (failure === undefined || failure.text.length >= limit.report.text_chars) return;
    failure.text += text.slice(0, limit.report.text_chars);
  }

  /**
   * Node's own reporter has no place for a test that fails beside its passing subtests; only the
   * comments at its end count it.
   */
  comment(text: string) {
    const count = /^ (?:fail|cancelled) (\d{1,6}) $/.exec(text)?.[1];
    if (this.#open.length === 1 && count !== undefined) this.#commented += Number(count);
  }

  result() {
    const missing = this.#commented - this.#tally.counts.failed;
    if (missing > 0) countClaimed(this.#tally, { names: [], claimed: this.#commented, missing });
    const { counts, problems, truncated } = this.#tally;
    return { counts, problems, truncated, duration_ms: this.#duration_ms };
  }

  #openSuite(name: string, attributes: Attributes) {
    if (this.#case) throw new Refusal("has a test suite inside a test case");
    this.#suites.push({
      name: name === "testsuite" ? attributes.name : undefined,
      file: attributes.file ?? attributes.filepath ?? this.#suites.at(-1)?.file,
      claimed: claim(attributes.failures) + claim(attributes.errors),
      shown: 0,
      own_ms: milliseconds(attributes.time),
      inner_ms: 0,
    });
  }

  #closeSuite() {
    const suite = this.#suites.at(-1);
    if (suite === undefined) return;
    const missing = suite.claimed - suite.shown;
    if (missing > 0) {
      countClaimed(this.#tally, { names: this.#suiteNames(), claimed: suite.claimed, missing });
    }
    this.#suites.pop();
    const parent = this.#suites.at(-1);
    const spent_ms = suite.own_ms ?? suite.inner_ms;
    if (parent === undefined) {
      this.#duration_ms = Math.min(Math.round(spent_ms), limit.report.duration_ms);
    } else {
      parent.shown += Math.max(suite.shown, suite.claimed);
      parent.inner_ms += spent_ms;
    }
  }

  #openCase(attributes: Attributes) {
    if (this.#case) throw new Refusal("has a test case inside a test case");
    this.#tests += 1;
    if (this.#tests > limit.report.tests) {
      throw new Refusal(`has more than ${limit.report.tests} test cases`);
    }
    this.#case = newCase(attributes);
  }

  #closeCase() {
    const test = this.#case;
    const suite = this.#suites.at(-1);
    if (test === null || suite === undefined) return;
    this.#case = null;
    const status = statusOf(test);
    countTest(this.#tally, status, () => ({
      names: caseNames(this.#suiteNames(), test),
      status: "failed",
      message: test.failure.message,
      kind: test.failure.type,
      trace: test.failure.text,
      file: test.file ?? suite.file,
      line: test.line,
      flaky: false,
    }));
    if (status === "passed" && test.flaky) this.#tally.counts.flaky += 1;
    // One case may hold several failures, and some runners count those.
    suite.shown += Math.max(test.failures, status === "failed" ? 1 : 0);
    suite.inner_ms += milliseconds(test.time) ?? 0;
  }

  #openFailure(attributes: Attributes) {
    if (this.#case) this.#case.failures += 1;
    if (this.#sink) return;
    const failure = this.#case?.failure ?? noFailure();
    if (this.#case === null) this.#loose = failure;
    failure.message ||= attributes.message ?? "";
    failure.type ||= attributes.type ?? "";
    if (failure.text !== "") failure.text += "\n";
    this.#sink = { failure, depth: this.#open.length };
  }

  #closeFailure() {
    this.#sink = null;
    const loose = this.#loose;
    const suite = this.#suites.at(-1);
    if (loose === null || suite === undefined) return;
    this.#loose = null;
    suite.shown += 1;
    countTest(this.#tally, "failed", () => ({
      names: this.#suiteNames(),
      status: "failed",
      message: loose.message,
      kind: loose.type,
      trace: loose.text,
      file: suite.file,
      line: undefined,
      flaky: false,
    }));
  }

  /** Surefire: `flaky…` failed first and passed then, `rerun…` is a further failure of a failed test. */
  #openRetry(name: string, attributes: Attributes) {
    if (
      name !== "flakyFailure" &&
      name !== "flakyError" &&
      name !== "rerunFailure" &&
      name !== "rerunError"
    )
      return;
    if (this.#case === null) this.#openFailure(attributes);
    else if (name.startsWith("flaky")) this.#case.flaky = true;
    else this.#case.rerun = true;
  }

  #suiteNames(): string[] {
    return this.#suites.flatMap((suite) => suite.name ?? []);
  }
}

function claim(attribute: string | undefined): number {
  const count = wholeNumber(attribute);
  if (count === null || count > limit.report.tests) {
    throw new Refusal(`has a count that cannot be true: "${plainLine(attribute ?? "", 60)}"`);
  }
  return count;
}
