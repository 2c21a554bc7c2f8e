// What was reported of readers and writers of test reports elsewhere, tried on ours. Each names the report.

import { expect, test } from "vitest";
import type { TestCounts } from "../../src/core/model/report.ts";
import { readReport } from "../../src/report/read.ts";

function read(report: string, root = "/build/shop") {
  return readReport({ path: "report", bytes: new TextEncoder().encode(report), root });
}

/** What the report counts, without the zeros; why it cannot be read, where that is so. */
function counts(report: string, root?: string): Partial<TestCounts> | string {
  const reading = read(report, root);
  if (reading.kind !== "read") return reading.kind === "broken" ? reading.why : reading.kind;
  return Object.fromEntries(Object.entries(reading.counts).filter(([, count]) => count > 0));
}

function problems(report: string, root?: string) {
  const reading = read(report, root);
  return reading.kind === "read" ? reading.problems : [];
}

/** A suite of one test with what is given in it. */
function suite(inner: string, attributes = ""): string {
  return `<testsuite name="cart" ${attributes}>${inner}</testsuite>`;
}

// dorny/test-reporter#221
test("a file of Jest that could not be run is one failed test, at the line that threw", () => {
  const report = `<testsuites name="jest tests" tests="0" failures="0" errors="1" time="5.73">
    <testsuite name="src\\app.test.ts" errors="1" failures="0" skipped="0" tests="0">
      <testcase classname="Test suite failed to run" name="src\\app.test.ts" time="0">
        <error>Test suite failed to run
    Cannot start
      at Object.&lt;anonymous&gt; (src/app.test.ts:3:7)</error>
      </testcase></testsuite></testsuites>`;
  expect(counts(report)).toEqual({ failed: 1 });
  expect(problems(report)).toMatchObject([{ file: "src/app.test.ts", line: 3 }]);
});

const qt = (version: string, cases: string) =>
  `<testsuite errors="29" failures="0" tests="7" name="BackendTests"><properties>
    <property value="${version}" name="QTestVersion"/></properties>${cases}</testsuite>`;

// dorny/test-reporter#218
test("what tests of Qt 5 print is counted as errors there, and is none", () => {
  const printed = `<testcase result="pass" name="converts"><!-- message="dir: /home" type="qdebug" --></testcase>`;
  expect(counts(qt("5.15.3", printed))).toEqual({ passed: 1 });
  expect(counts(qt("4.8.7", printed))).toEqual({ passed: 1 });
  expect(counts(qt("5.15.3", `<testcase result="fail" name="converts"/>`))).toEqual({ failed: 1 });
  // From version 6 on an error is one.
  expect(counts(qt("6.5.0", `<testcase name="converts"/>`))).toEqual({ passed: 1, errors: 1 });
});

// dorny/test-reporter#373
test("one empty file among reports that passed is no report", () => {
  expect(counts("")).toBe("is empty");
  expect(counts("\n")).toBe("is empty");
});

// mikepenz/action-junit-report#772
test.each([
  ["of the test too", `file="test/main.cpp" line="1"`],
  ["of nothing else", ""],
])("a failure is shown where it says that it is, beside a place %s", (_, place) => {
  const failure = `<failure message="1 == 2" type="CHECK" file="test/cart_test.cpp" line="42"/>`;
  const report = suite(`<testcase classname="cart" name="adds" ${place}>${failure}</testcase>`);
  expect(problems(report)).toMatchObject([{ file: "test/cart_test.cpp", line: 42 }]);
});

test("a failure that says a line only is in the file of its test", () => {
  const report = suite(
    `<testcase name="adds" file="test/cart.rb" line="7"><failure message="no" line="9"/></testcase>`,
  );
  expect(problems(report)).toMatchObject([{ file: "test/cart.rb", line: 9 }]);
});

test("a suite that could not start is shown where its error says that it is", () => {
  const report = suite(`<error message="no database" file="test/setup.py" line="3"/>`);
  expect(problems(report)).toMatchObject([{ file: "test/setup.py", line: 3, status: "error" }]);
});

// mikepenz/action-junit-report#458
test.each([["test.fileName"], ["file"], ["filepath"], ["file_name"]])(
  "a suite can say its file by the property %s",
  (name) => {
    const property = `<properties><property name="${name}" value="/build/shop/elements/accordion.spec.ts"/></properties>`;
    const failed = `<testcase name="opens" classname="accordion"><failure message="no"/></testcase>`;
    expect(problems(suite(property + failed))).toMatchObject([
      { file: "elements/accordion.spec.ts", line: null },
    ]);
  },
);

// mikepenz/action-junit-report#1351, karma-runner/karma-junit-reporter#9
test("what further failures of a test say is kept beside what the first says", () => {
  const failures = `<failure message="1 is not 2"/><failure message="the total is wrong"/>`;
  const report = suite(`<testcase name="adds" classname="cart">${failures}</testcase>`);
  expect(counts(report)).toEqual({ failed: 1 });
  expect(problems(report)).toMatchObject([
    { message: "1 is not 2", trace: expect.stringContaining("the total is wrong") },
  ]);
});

test("what a further failure says in its message and again in its text is said once", () => {
  const failures = `<failure message="a">a at 1</failure><failure message="b">b at 2</failure>`;
  const report = suite(`<testcase name="adds" classname="cart">${failures}</testcase>`);
  expect(problems(report)).toMatchObject([{ message: "a", trace: "a at 1\nb at 2" }]);
});

// mikepenz/action-junit-report#740, tomasbjerre/violations-lib#100
test.each([
  ["", "subsys/hci_core.c"],
  [" ", "/build/shop/subsys/hci_core.c"],
])("a place that is told in words is found: 'File:%s'", (blank, path) => {
  const text = `do not use C99 comments\n  File:${blank}${path}\n  Line:${blank}269`;
  const report = suite(
    `<testcase name="Checkpatch"><failure type="error">${text}</failure></testcase>`,
  );
  expect(problems(report)).toMatchObject([{ file: "subsys/hci_core.c", line: 269 }]);
});

// EnricoMi/publish-unit-test-result-action#662
test("totals of Ant that cannot be true do not change what its cases show", () => {
  const skipped = `<testcase classname="UITest" name="opens"><skipped message="no screen"/></testcase>`;
  expect(counts(suite(skipped, `tests="0" skipped="1" failures="0" aborted="0"`))).toEqual({
    skipped: 1,
  });
});

// Beside it: what Ant writes of a test whose assumption does not hold, and of one that was ended otherwise.
test.each([
  ["org.opentest4j.TestAbortedException", { skipped: 1 }],
  ["org.junit.AssumptionViolatedException", { skipped: 1 }],
  ["java.lang.InterruptedException", { failed: 1 }],
  ["", { failed: 1 }],
])("a test that Ant calls aborted by '%s' counts as what that means", (type, expected) => {
  const aborted = `<aborted message="no screen" type="${type}">trace</aborted>`;
  expect(counts(suite(`<testcase classname="UITest" name="opens">${aborted}</testcase>`))).toEqual(
    expected,
  );
});

// EnricoMi/publish-unit-test-result-action#389
test("Failsafe's summary beside its reports is named, and is no pass", () => {
  const summary =
    '<failsafe-summary result="null" timeout="false"><completed>3</completed><errors>0</errors></failsafe-summary>';
  expect(counts(summary)).toMatch(/its root is <failsafe-summary>, not <testsuites>/);
});

// buildkite-plugins/test-collector-buildkite-plugin#54
test("suites in suites count their tests once", () => {
  const tests = [1, 2, 3].map((at) => `<testcase name="t${at}" classname="A" file="/app/A.php"/>`);
  expect(counts(suite(suite(suite(tests.join("")), `tests="1" skipped="5"`)))).toEqual({
    passed: 3,
  });
});

// ctrf-io/junit-to-ctrf#8
test.each(["failure", "error"])("a %s without text fails, and its message is shown", (element) => {
  const report = suite(
    `<testcase name="multiplies"><${element} message="Expected 10 but was 9" type="AssertionError"/></testcase>`,
  );
  expect(counts(report)).toEqual({ failed: 1 });
  expect(problems(report)).toMatchObject([{ message: "Expected 10 but was 9" }]);
});

// ctrf-io/jest-ctrf-json-reporter#14
test("a CTRF report of files that could not be run shows no test, so nothing in it passed", () => {
  const summary = { tests: 0, passed: 0, failed: 0, pending: 0, skipped: 0, other: 0 };
  const report = (failed: number) =>
    JSON.stringify({
      results: {
        tool: { name: "jest" },
        summary: { ...summary, failed, start: 1, stop: 2 },
        tests: [],
      },
    });
  expect(counts(report(0))).toEqual({});
  expect(counts(report(1))).toEqual({ errors: 1 });
});

// test-results-reporter/parser#98
test("a report of Surefire whose root is one suite fails by the test in it", () => {
  const report = `<?xml version="1.0" encoding="UTF-8"?>
  <testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="https://maven.apache.org/surefire/maven-surefire-plugin/xsd/surefire-test-report-3.0.xsd" name="com.example.SampleTests" tests="2" failures="1">
    <testcase name="fails" classname="com.example.SampleTests"><failure message="on purpose" type="AssertionFailedError"/></testcase>
    <testcase name="passes" classname="com.example.SampleTests"/></testsuite>`;
  expect(counts(report)).toEqual({ passed: 1, failed: 1 });
});

// mikepenz/action-junit-report#1480, oven-sh/bun#33967: a retry that nothing tells from a second test of that name.
test("a test of pytest or Bun that is there again and passes does not take the first one's failure back", () => {
  const of = (inner: string) =>
    `<testcase classname="test_foo.TestFoo" file="test_foo.py" line="42" name="test_foo">${inner}</testcase>`;
  const report = suite(
    of(`<failure message="it failed"/>`) + of(`<error message="it broke"/>`) + of(""),
  );
  expect(counts(report)).toEqual({ passed: 1, failed: 2 });
});

// mikepenz/action-junit-report#1189, XCTestHTMLReport/XCTestHTMLReport#131
test("a report that breaks off at a sign in a message is no pass, and its line is named", () => {
  const report = suite(
    `\n<testcase name="picks"><failure>Assertion Failure: <unknown>:0: not running</failure></testcase>`,
  );
  expect(counts(report)).toMatch(/^is not well-formed XML: .* \(line 2\)$/);
});
