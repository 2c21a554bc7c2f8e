// Turns the elements of a JUnit report into counts and problems.

import { limit } from "../core/model/limit.ts";
import { Refusal } from "./file.ts";
import {
  type Attributes,
  caseNames,
  type Failure,
  newCase,
  noFailure,
  type Place,
  placeOf,
  statusOf,
  type TestCase,
  wasNotRun,
} from "./junit-case.ts";
import { type Meaning, meaningOf } from "./junit-element.ts";
import { milliseconds } from "./junit-number.ts";
import {
  isExpected,
  newSuite,
  noteProperty,
  repeatsOf,
  type Suite,
  unaccounted,
} from "./junit-suite.ts";
import { plainLine } from "./plain.ts";
import {
  claimed,
  countError,
  countTest,
  emptyTally,
  type Failed,
  forgiveTest,
  type Tally,
} from "./tally.ts";

/** The failure that text belongs to, while its element is open. */
interface Sink {
  readonly failure: Failure;
  readonly depth: number;
  /** Of a further failure of the same test: its message, and where its text begins. */
  readonly further: string;
  readonly from: number;
}

interface Open {
  readonly meaning: Meaning;
  readonly name: string;
  /** Of an unknown element: the test cases before it. */
  readonly before: number;
}

/**
 * Elements are taken by name wherever they stand: an unexpected nesting must not hide a failure. What is known
 * and no result is passed over; an unknown element where a result should stand makes the report unreadable.
 */
export class JUnitReader {
  readonly #tally: Tally;
  readonly #open: Open[] = [];
  readonly #suites: Suite[] = [];
  #case: TestCase | null = null;
  /** A failure outside any test case, such as a suite that could not start. */
  #loose: Failure | null = null;
  #sink: Sink | null = null;
  /** Failures that the same test may still take back, by suite, class and name. */
  readonly #failed = new Map<string, Failed>();
  #tests = 0;
  #duration_ms = 0;
  #commented = 0;

  /** @param root The folder that absolute paths are below; empty when it is not known. */
  constructor(root: string) {
    this.#tally = emptyTally(root);
  }

  /** @throws Refusal */
  open(name: string, attributes: Attributes) {
    const meaning = meaningOf(name);
    if (this.#open.length === 0 && meaning !== "suite") {
      throw new Refusal(`is not JUnit XML: its root is <${plainLine(name, 60)}>, not <testsuites>`);
    }
    const parent = this.#open.at(-1)?.meaning;
    this.#open.push({ meaning, name, before: this.#tests });
    if (this.#open.length > limit.report.depth) throw new Refusal("nests its elements too deeply");
    switch (meaning) {
      case "suite":
        if (this.#case) throw new Refusal("has a test suite inside a test case");
        this.#suites.push(newSuite(name, attributes, this.#suites.at(-1)));
        break;
      case "case":
        this.#openCase(attributes);
        break;
      case "failure":
      case "error":
        this.#openFailure(meaning, attributes);
        break;
      case "flaky":
      case "rerun":
        if (this.#case === null) this.#openFailure("failure", attributes);
        else this.#case[meaning] = true;
        break;
      case "skipped":
        if (this.#case)
          this.#case.skipped = { type: attributes.type ?? "", message: attributes.message ?? "" };
        break;
      case "aborted":
        // JUnit 5, as Ant writes it.
        if (this.#case && /Assum|TestAborted|TestSkipped/.test(attributes.type ?? ""))
          this.#case.skipped = { type: "", message: attributes.message ?? "" };
        else this.#openFailure("failure", attributes);
        break;
      case "property": {
        const suite = this.#suites.at(-1);
        if (suite && this.#case === null) noteProperty(suite, attributes);
        break;
      }
      case "unknown":
        if (parent === "case") throw new Refusal(unknownElement(name, "a test case"));
        break;
      case "output":
      case "detail":
        break;
    }
  }

  /** @throws Refusal */
  close() {
    if (this.#sink?.depth === this.#open.length) this.#closeFailure();
    const closed = this.#open.pop();
    if (closed?.meaning === "case") this.#closeCase();
    else if (closed?.meaning === "suite") this.#closeSuite();
    // What groups test cases shows them; what does not may be a result in words of its own.
    else if (closed?.meaning === "unknown" && closed.before === this.#tests) {
      const parent = this.#open.at(-1)?.meaning;
      if (parent === "suite") throw new Refusal(unknownElement(closed.name, "a test suite"));
    }
  }

  text(text: string) {
    const failure = this.#sink?.failure;
    if (failure !== undefined) {
      if (failure.text.length < limit.report.text_chars)
        failure.text += text.slice(0, limit.report.text_chars);
    } else if (this.#case && this.#open.at(-1)?.meaning === "output") {
      if (this.#case.output.length < limit.report.output_chars)
        this.#case.output += text.slice(0, limit.report.output_chars);
    }
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
    const { counts, problems, truncated } = this.#tally;
    if (this.#commented > 0 && counts.failed + counts.errors === 0)
      countError(this.#tally, () =>
        claimed([], `The report counts ${this.#commented} failed at its end, and shows none.`),
      );
    return { counts, problems, truncated, duration_ms: this.#duration_ms };
  }

  #closeSuite() {
    const suite = this.#suites.at(-1);
    if (suite === undefined) return;
    const message = unaccounted(suite);
    if (message !== null) {
      countError(this.#tally, () => ({
        ...claimed(this.#suiteNames(), message),
        file: suite.file,
      }));
      suite.accounted = true;
    }
    this.#suites.pop();
    const outer = this.#suites.at(-1);
    const spent_ms = suite.own_ms ?? suite.inner_ms;
    if (outer === undefined) {
      this.#duration_ms = Math.min(Math.round(spent_ms), limit.report.duration_ms);
    } else {
      outer.accounted ||= suite.accounted;
      outer.cases += suite.cases;
      outer.inner_ms += spent_ms;
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
    const read = statusOf(test);
    if (read === "unknown")
      throw new Refusal(`has a status that is not known: "${plainLine(test.words.join(" "), 60)}"`);
    const status = read === "failed" && isExpected(suite, test) ? "passed" : read;
    const kept = countTest(this.#tally, status, () => ({
      names: caseNames(this.#suiteNames(), test),
      status: "failed",
      message: wasNotRun(test) ? `Not run: ${test.skipped?.message}` : test.failure.message,
      kind: test.failure.type,
      trace: test.failure.text,
      output: test.output,
      ...placeIn(suite, test),
      flaky: false,
    }));
    if (status === "passed" && test.flaky) this.#tally.counts.flaky += 1;
    this.#repeat(suite, test, { status, kept });
    suite.cases += 1;
    suite.accounted ||= test.failures + test.errors > 0 || status === "failed" || test.flaky;
    suite.inner_ms += milliseconds(test.time) ?? 0;
  }

  /** A retry can be a second case of the same name, as gotestsum and Gradle's test-retry write it. */
  #repeat(
    suite: Suite,
    test: TestCase,
    { status, kept }: { readonly status: string; readonly kept: Failed["kept"][number] | null },
  ) {
    if (status !== "failed" && (status !== "passed" || this.#failed.size === 0)) return;
    const key = JSON.stringify([...this.#suiteNames(), test.classname, test.name]);
    const failed = this.#failed.get(key);
    if (status === "failed") {
      if (!repeatsOf(suite, test)) return;
      const entry = failed ?? { times: 0, kept: [] };
      entry.times += 1;
      if (kept !== null) entry.kept.push(kept);
      this.#failed.set(key, entry);
    } else if (failed !== undefined) {
      forgiveTest(this.#tally, failed);
      this.#failed.delete(key);
    }
  }

  #openFailure(kind: "failure" | "error", attributes: Attributes) {
    if (this.#case) this.#case[kind === "error" ? "errors" : "failures"] += 1;
    if (this.#sink) return;
    const failure = this.#case?.failure ?? noFailure();
    if (this.#case === null) this.#loose = failure;
    const { message = "", type = "" } = attributes;
    const further = failure.message === "" ? "" : message.slice(0, limit.report.message_chars);
    failure.message ||= message;
    failure.type ||= type;
    const place = placeOf(attributes);
    if (place.file !== undefined || place.line !== undefined) failure.place ??= place;
    if (failure.text !== "") failure.text += "\n";
    this.#sink = { failure, depth: this.#open.length, further, from: failure.text.length };
  }

  #closeFailure() {
    if (this.#sink !== null) addFurther(this.#sink);
    this.#sink = null;
    const loose = this.#loose;
    const suite = this.#suites.at(-1);
    if (loose === null || suite === undefined) return;
    this.#loose = null;
    suite.accounted = true;
    countError(this.#tally, () => ({
      names: this.#suiteNames(),
      message: loose.message,
      kind: loose.type,
      trace: loose.text,
      output: "",
      file: loose.place?.file ?? suite.file,
      line: loose.place?.line,
    }));
  }

  #suiteNames(): string[] {
    return this.#suites.flatMap((suite) => suite.name ?? []);
  }
}

/** What a further failure says in its message alone would be lost: the problem has one message. */
function addFurther({ failure, further, from }: Sink) {
  const text = failure.text.slice(from);
  if (further === "" || from >= limit.report.text_chars || text.includes(further)) return;
  failure.text = `${failure.text.slice(0, from)}${further}\n${text}`;
}

function placeIn(suite: Suite, { place, failure }: TestCase): Place {
  if (failure.place?.file !== undefined) return failure.place;
  return { file: place.file ?? suite.file, line: failure.place?.line ?? place.line };
}

function unknownElement(name: string, where: string): string {
  return `has an element <${plainLine(name, 60)}> in ${where}, which may be a result and is not known`;
}
