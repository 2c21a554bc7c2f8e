// What JUnit reports may not hide, and what hostile ones may not do.

import { expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { readReport } from "../../src/report/read.ts";

function read(report: string | Uint8Array, root = "/build/shop") {
  const bytes = typeof report === "string" ? new TextEncoder().encode(report) : report;
  return readReport({ path: "junit.xml", bytes, root });
}

function counts(report: string) {
  const reading = read(report);
  return reading.kind === "read" ? reading.counts : reading;
}

function problems(report: string, root?: string) {
  const reading = read(report, root);
  return reading.kind === "read" ? reading.problems : [];
}

function why(report: string | Uint8Array): string {
  const reading = read(report);
  return reading.kind === "broken" ? reading.why : `it was ${reading.kind}`;
}

test.each([
  [
    "a suite that says it failed and shows no case",
    '<testsuite name="s" errors="1"/>',
    { errors: 1, failed: 0 },
  ],
  [
    "fewer failures shown than claimed: what the cases show counts",
    '<testsuite failures="3"><testcase name="a"><failure/></testcase><testcase name="b"/></testsuite>',
    { failed: 1, errors: 0 },
  ],
  [
    "a claim of the root alone",
    '<testsuites failures="2"><testsuite><testcase name="a"/></testsuite></testsuites>',
    { errors: 1 },
  ],
  [
    "a claim repeated on every level",
    '<testsuites failures="2"><testsuite failures="2"><testsuite failures="2"><testcase name="a"/></testsuite></testsuite></testsuites>',
    { errors: 1 },
  ],
  [
    "claims of neighbours",
    '<testsuites failures="2"><testsuite failures="1"/><testsuite errors="1"/></testsuites>',
    { errors: 2 },
  ],
  [
    "a claim beside a neighbour that shows its own",
    '<testsuites><testsuite failures="1"><testcase><failure/></testcase></testsuite><testsuite failures="1"><testcase/></testsuite></testsuites>',
    { failed: 1, errors: 1 },
  ],
  [
    "errors of the root where its suites count errors too",
    '<testsuites errors="1"><testsuite failures="0" errors="0"><testcase/></testsuite></testsuites>',
    { errors: 1 },
  ],
  [
    "a suite that could not start",
    '<testsuite name="s"><error message="no database"/><testcase name="a"/></testsuite>',
    { errors: 1, passed: 1 },
  ],
  [
    "a suite whose property says that it failed",
    '<testsuite name="s"><properties><property name="SuiteSucceeded" value="false"/></properties><testcase name="a"/></testsuite>',
    { errors: 1, passed: 1 },
  ],
  [
    "a suite that never started",
    '<testsuites><testsuite package="/w/orders" timestamp="0001-01-01T00:00:00"/></testsuites>',
    { errors: 1 },
  ],
  [
    "a failure beside the suites",
    '<testsuites><failure message="x"/><testsuite><testcase name="a"/></testsuite></testsuites>',
    { errors: 1 },
  ],
  [
    "two failures of one case",
    '<testsuite failures="2"><testcase name="a"><failure/><failure/></testcase></testsuite>',
    { failed: 1, errors: 0 },
  ],
  [
    "skipped, and an error in the clean-up",
    '<testsuite><testcase name="a"><skipped/><error/></testcase></testsuite>',
    { failed: 1 },
  ],
  [
    "an attempt that failed and none that passed",
    '<testsuite><testcase name="a"><rerunFailure/></testcase></testsuite>',
    { failed: 1 },
  ],
  [
    "a failed word without an element",
    '<testsuite><testcase name="a" status="Failed"/></testsuite>',
    { failed: 1 },
  ],
  [
    "a failure in a place of its own",
    '<testsuite><testcase name="a"><details><failure/></details></testcase></testsuite>',
    { failed: 1 },
  ],
  [
    "a failure of another namespace",
    '<testsuite><testcase name="a"><x:failure xmlns:x="urn:x"/></testcase></testsuite>',
    { failed: 1 },
  ],
  [
    "a case outside any suite",
    '<testsuites><testcase name="a"><failure/></testcase></testsuites>',
    { failed: 1 },
  ],
  [
    "a case in an unknown element",
    '<testsuites><batch><testcase name="a"><failure/></testcase></batch></testsuites>',
    { failed: 1 },
  ],
  [
    "the same name of TestNG, once for each row of data",
    '<testsuite name="A" ignored="0"><testcase name="t" classname="A"><failure>x\n\tat a.B.c(D.java:1)</failure></testcase><testcase name="t" classname="A"/></testsuite>',
    { failed: 1, passed: 1, flaky: 0 },
  ],
  [
    "two tests of one title in JavaScript",
    '<testsuite name="cart"><testcase name="works" classname="cart"><failure message="no">Error: no\n    at cart.test.js:3:1</failure></testcase><testcase name="works" classname="cart"/></testsuite>',
    { failed: 1, passed: 1, flaky: 0 },
  ],
  [
    "a retry in Go that failed once more",
    `<testsuite name="p">${goCase(true)}${goCase(true)}</testsuite>`,
    { failed: 2, flaky: 0 },
  ],
  [
    "a retry in Go that passed, and then one that failed",
    `<testsuite name="p">${goCase(true)}${goCase(false)}${goCase(true)}</testsuite>`,
    { failed: 1, flaky: 1 },
  ],
  [
    "a failure of Boost where its suite counts it",
    '<testsuite failures="1" errors="0"><testcase name="a"><failure message="failure">ASSERTION FAILURE:</failure></testcase></testsuite>',
    { failed: 1 },
  ],
  [
    "a failure of another runner, where the suite counts none",
    '<testsuite failures="0" errors="0"><testcase name="a"><failure message="1 is not 2"/></testcase></testsuite>',
    { failed: 1 },
  ],
])("fails: %s", (_, report, expected) => {
  expect(counts(report)).toMatchObject(expected);
});

function goCase(fails: boolean): string {
  const failure = '<failure message="Failed" type="">--- FAIL: TestA (0.00s)</failure>';
  return `<testcase classname="p" name="TestA">${fails ? failure : ""}</testcase>`;
}

test("a test of Gradle that was retried and passed is flaky, and its failure is not listed", () => {
  const frames = "java.lang.AssertionError: cold\n\tat shop.CartTest.adds(CartTest.java:9)";
  const failed = `<testcase name="adds()" classname="shop.CartTest"><failure message="cold">${frames}</failure></testcase>`;
  const reading = read(
    `<testsuite name="shop.CartTest" tests="3" failures="2">${failed}${failed}<testcase name="adds()" classname="shop.CartTest"/></testsuite>`,
  );
  expect(reading).toMatchObject({ counts: { passed: 1, failed: 0, flaky: 1 }, problems: [] });
});

test.each([
  ["no tests", "<testsuites/>", { passed: 0, failed: 0 }],
  [
    "an expected failure",
    '<testsuite><testcase><skipped/><failure message="Skipped: not yet"/></testcase></testsuite>',
    { passed: 0, failed: 0, skipped: 1 },
  ],
  [
    "a failure that Boost expected",
    '<testsuite failures="0" errors="0"><testcase name="a"><failure message="failure" type="assertion error"><![CDATA[\nASSERTION FAILURE:\n- file: a.cpp]]></failure></testcase></testsuite>',
    { passed: 1, failed: 0, errors: 0 },
  ],
  [
    "a disabled test of an old gtest",
    '<testsuite><testcase name="DISABLED_a" status="notrun"/></testsuite>',
    { skipped: 1, failed: 0 },
  ],
  [
    "an inconclusive test",
    '<testsuite><testcase name="a" result="Inconclusive"/></testsuite>',
    { passed: 0, failed: 0, other: 1 },
  ],
  [
    "errors that count lines on stderr, beside suites that count no errors",
    '<testsuites errors="3"><testsuite failures="0"><testcase/></testsuite></testsuites>',
    { passed: 1, failed: 0, errors: 0 },
  ],
  [
    "empty counts",
    '<testsuite failures="" errors=""><testcase/></testsuite>',
    { passed: 1, failed: 0 },
  ],
  [
    "a flaky case",
    "<testsuite><testcase><flakyError/></testcase></testsuite>",
    { passed: 1, failed: 0, flaky: 1 },
  ],
  [
    "a failed case after reruns",
    "<testsuite><testcase><failure/><rerunFailure/><flakyError/></testcase></testsuite>",
    { failed: 1, flaky: 0 },
  ],
  [
    "failure as text",
    "<testsuite><testcase><system-out>&lt;failure/><![CDATA[<failure/>]]></system-out></testcase></testsuite>",
    { passed: 1, failed: 0 },
  ],
  [
    "failure in a comment",
    "<testsuite><testcase><!-- <failure/> --></testcase></testsuite>",
    { passed: 1, failed: 0 },
  ],
  [
    "a comment in a case that looks like Node's",
    "<testsuite><testcase><!-- fail 3 --></testcase></testsuite>",
    { passed: 1, failed: 0 },
  ],
])("reads: %s", (_, report, expected) => {
  expect(counts(report)).toMatchObject(expected);
});

test("what a summary claims and no test shows is an error of its suite", () => {
  expect(
    problems(
      '<testsuites><testsuite name="basket" failures="2"><testcase name="a"/></testsuite></testsuites>',
    ),
  ).toMatchObject([
    { name: "basket", status: "error", message: "The suite counts 2 failed, and shows none." },
  ]);
});

test("a suite that could not start is told with its name, file and message", () => {
  const report =
    '<testsuite name="basket" file="/build/shop/test/basket.js"><error message="no database">  at x (/build/shop/test/basket.js:3:1)</error></testsuite>';
  expect(problems(report)).toMatchObject([
    {
      name: "basket",
      status: "error",
      message: "no database",
      trace: "  at x (/build/shop/test/basket.js:3:1)",
      file: "test/basket.js",
      line: 3,
      flaky: false,
    },
  ]);
});

test.each([
  ["raw", "\u001b[31mred\u001b[0m \u0000\u0008text\u001b]0;title\u0007\ufffe"],
  ["as references", "&#27;[31mred&#x1b;[0m &#0;&#x8;text&#x1B;]0;title&#7;&#xFFFE;"],
])("control characters that XML cannot carry do not break a report: %s", (_, text) => {
  const report = `<testsuite><testcase name="${text}"><failure message="${text}">${text}</failure></testcase></testsuite>`;
  const [problem] = problems(report);
  expect(problem?.name).toMatch(/^red text\ufffd?$/);
  expect(problem?.message).toMatch(/^red text\ufffd?$/);
  expect(problem?.trace).toMatch(/^red text\ufffd?$/);
});

test("a control character is found wherever the text is cut into pieces", () => {
  for (let padding = 65_480; padding < 65_545; padding += 1) {
    const report = `<testsuite><testcase name="ä&#x1b;[1mb"><failure/></testcase></testsuite>`;
    expect(problems(`<!--${" ".repeat(padding)}-->${report}`)[0]?.name).toBe("äb");
  }
});

test("names lose what a reader cannot see, and keep what looks like markup", () => {
  const name = "a\u202eb\u200bc\u2066d\ufeff **bold** &lt;b>x&lt;/b>\n [l](u)";
  const report = `<testsuite name="s&#9;&#10;t"><testcase name="${name}"><failure/></testcase></testsuite>`;
  expect(problems(report)[0]?.name).toBe("s t › abcd **bold** <b>x</b> [l](u)");
});

test("a name without anything to see still gets one", () => {
  expect(
    problems('<testsuite><testcase name="\u200b"><failure/></testcase></testsuite>')[0]?.name,
  ).toBe("(no name)");
});

test("texts are cut, counts stay exact", () => {
  const long = "x".repeat(100_000);
  const failing = `<testcase name="${long}"><failure message="${long}">${long}</failure></testcase>`;
  const reading = read(
    `<testsuite>${failing}${'<testcase name="b"><failure/></testcase>'.repeat(500)}</testsuite>`,
  );
  if (reading.kind !== "read") throw new Error(reading.kind);
  expect(reading.counts.failed).toBe(501);
  expect(reading.problems).toHaveLength(limit.report.problems);
  expect(reading.truncated).toBe(true);
  const [first] = reading.problems;
  expect(first?.name).toHaveLength(limit.report.name_chars);
  expect(first?.message).toHaveLength(limit.report.message_chars);
  expect(first?.trace).toHaveLength(limit.report.trace_chars);
});

test("a long name loses its outer part, not the test's own name", () => {
  const outer = "outer ".repeat(100);
  const report = `<testsuite name="${outer}"><testcase name="adds up"><failure/></testcase></testsuite>`;
  const name = problems(report)[0]?.name;
  expect(name).toHaveLength(limit.report.name_chars);
  expect(name).toMatch(/^….*outer › adds up$/);
});

test.each([
  ["empty", '<failure message=""/>'],
  ["generic", '<failure message="Failed"/>'],
  ["its type", '<failure message="exit" type="exit"/>'],
])("where the message is %s, the first lines of what the test printed say why", (_, failure) => {
  const report = `<testsuite><testcase name="a">${failure}<system-out>\nsrc/cart.c:12: oops\n</system-out></testcase></testsuite>`;
  expect(problems(report)).toMatchObject([
    { message: "src/cart.c:12: oops", file: "src/cart.c", line: 12 },
  ]);
});

test.each([
  ["1,234.56", 1_234_560],
  ["1,234", 1_234_000],
  ["0,25", 250],
  ["1e-3", 1],
  ["0.", 0],
  ["-5", 2000],
  ["NaN", 2000],
  ["soon", 2000],
  ["", 2000],
  ["1e300", limit.report.duration_ms],
])("time %s", (time, expected) => {
  const reading = read(`<testsuite time="${time}"><testcase time="2"/></testsuite>`);
  expect(reading).toMatchObject({ kind: "read", duration_ms: expected });
});

test.each([
  ["a DOCTYPE", '<!DOCTYPE testsuite SYSTEM "http://127.0.0.1/x.dtd"><testsuite/>', /DOCTYPE/],
  [
    "a billion laughs",
    `<!DOCTYPE t [<!ENTITY a "ha">${[..."bcdefghij"].map((name, i) => `<!ENTITY ${name} "${`&${"abcdefghi"[i]};`.repeat(10)}">`).join("")}]><testsuite name="&j;"/>`,
    /DOCTYPE/,
  ],
  ["an entity of nobody", '<testsuite name="&nbsp;"/>', /undefined entity/],
  [
    "an entity with the name of a property",
    '<testsuite name="&constructor;"/>',
    /undefined entity/,
  ],
  ["nothing", "", /empty/],
  ["only blanks", "  \n", /empty/],
  ["another format", "<assemblies/>", /its root is <assemblies>/],
  ["a page", "<html><body>502</body></html>", /its root is <html>/],
  ["an open end", '<testsuite><testcase name="a"/>', /unclosed tag: testsuite/],
  ["two roots", "<testsuite/><testsuite/>", /only one root/],
  ["text after the root", "<testsuite/>done", /outside of root/],
  ["zeros after the root", `<testsuite/>${"\0".repeat(4096)}`, /outside of root/],
  ["crossed elements", "<testsuite><testcase></testsuite></testcase>", /unexpected close tag/],
  ["one attribute twice", '<testsuite failures="1" failures="0"/>', /duplicate attribute/],
  [
    "a case in a case",
    "<testsuite><testcase><testcase/></testcase></testsuite>",
    /inside a test case/,
  ],
  [
    "a suite in a case",
    "<testsuite><testcase><testsuite/></testcase></testsuite>",
    /inside a test case/,
  ],
  [
    "an unknown element where a test should stand",
    '<testsuites><suite><test result="failure"/></suite></testsuites>',
    /<suite> in a test suite, which may be a result/,
  ],
  [
    "an unknown element in a test",
    "<testsuite><testcase><exploded/></testcase></testsuite>",
    /<exploded> in a test case, which may be a result/,
  ],
  [
    "an unknown status",
    '<testsuite><testcase name="a" status="purple"/></testsuite>',
    /a status that is not known: "purple"/,
  ],
  ["a count that is none", '<testsuite failures="many"/>', /cannot be true: "many"/],
  ["a negative count", '<testsuite failures="-1"/>', /cannot be true/],
  ["an absurd count", '<testsuite failures="99999999"/>', /cannot be true/],
  ["100,000 levels", "<testsuite>".repeat(100_000), /too deeply/],
  [
    "300,000 cases",
    `<testsuite>${"<testcase/>".repeat(300_000)}</testsuite>`,
    /more than 200000 test cases/,
  ],
  [
    "a million attributes",
    `<testsuite ${Array.from({ length: 1e6 }, (_, i) => `a${i}=""`).join(" ")}/>`,
    /too many attributes/,
  ],
])("broken: %s", (_, report, expected) => {
  expect(why(report)).toMatch(expected);
});

test.each([
  ["UTF-16 with a byte order mark", (text: string) => Buffer.from(`\ufeff${text}`, "utf16le")],
  ["UTF-16 without one", (text: string) => Buffer.from(text, "utf16le")],
  ["UTF-16, big end first", (text: string) => Buffer.from(`\ufeff${text}`, "utf16le").swap16()],
  ["UTF-8, whatever it declares", (text: string) => Buffer.from(text, "utf8")],
])("a report is read in the encoding that it has: %s", (_, encode) => {
  const text =
    '<?xml version="1.0" encoding="UTF-16"?><testsuite><testcase name="ä"><failure/></testcase></testsuite>';
  expect(read(encode(text))).toMatchObject({ problems: [{ name: "ä" }] });
});

test("a declared encoding is obeyed where the bytes are not UTF-8", () => {
  const text = (encoding: string) =>
    Buffer.from(
      `\n\n<?xml version="1.0" encoding="${encoding}"?><testsuite><testcase name="ä"><failure/></testcase></testsuite>`,
      "latin1",
    );
  for (const encoding of ["ISO-8859-1", "windows-1252"])
    expect(read(text(encoding))).toMatchObject({ problems: [{ name: "ä" }] });
  expect(why(text("UTF-8"))).toBe("is not UTF-8, as it declares");
  expect(why(text("none-such"))).toBe("is not none-such, as it declares");
  expect(why(Buffer.from('<testsuite name="ä"/>', "latin1"))).toMatch(/not UTF-8/);
});

test("broken: 30 MB, without parsing it", () => {
  expect(why(Buffer.alloc(30_000_000, "<testsuite>"))).toBe("is larger than 20 MiB");
});

test("the reason names the line and stays short and plain", () => {
  expect(why("<testsuites>\n<testsuite>\n</oops>\n</testsuites>")).toMatch(/\(line 3\)$/);
  expect(why(`<${"x".repeat(1e6)}/>`).length).toBeLessThan(200);
  expect(why(`<testsuite></${"y".repeat(1e6)}>`).length).toBeLessThanOrEqual(
    limit.report.message_chars,
  );
});

/** The report of one failure costs its length. With the square of it, this would take minutes. */
test("a trace of blank lines costs no more than its length", () => {
  const blank = "\n".repeat(60 * 1024);
  const failed = `<testcase name="a" classname="b"><failure message="m"><![CDATA[${blank}]]></failure></testcase>`;
  expect(counts(`<testsuite name="b">${failed.repeat(40)}</testsuite>`)).toMatchObject({
    failed: 40,
  });
});
