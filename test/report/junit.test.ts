// What JUnit reports may not hide, and what hostile ones may not do.

import { expect, test } from "vitest";
import { limit } from "../../src/core/limit.ts";
import { readJUnit } from "../../src/report/junit.ts";

function read(report: string | Uint8Array, root = "/build/shop") {
  const bytes = typeof report === "string" ? new TextEncoder().encode(report) : report;
  return readJUnit({ path: "junit.xml", bytes, root });
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
  ["a suite that says it failed and shows no case", '<testsuite name="s" errors="1"/>', 1],
  [
    "more failures claimed than shown",
    '<testsuite failures="3"><testcase name="a"><failure/></testcase><testcase name="b"/></testsuite>',
    3,
  ],
  [
    "a claim of the root alone",
    '<testsuites failures="2"><testsuite><testcase name="a"/></testsuite></testsuites>',
    2,
  ],
  [
    "a claim repeated on every level",
    '<testsuites failures="2"><testsuite failures="2"><testsuite failures="2"><testcase name="a"/></testsuite></testsuite></testsuites>',
    2,
  ],
  [
    "claims of neighbours",
    '<testsuites failures="2"><testsuite failures="1"/><testsuite errors="1"/></testsuites>',
    2,
  ],
  [
    "a suite that could not start",
    '<testsuite name="s"><error message="no database"/><testcase name="a"/></testsuite>',
    1,
  ],
  [
    "a failure beside the suites",
    '<testsuites><failure message="x"/><testsuite><testcase name="a"/></testsuite></testsuites>',
    1,
  ],
  [
    "two failures of one case",
    '<testsuite failures="2"><testcase name="a"><failure/><failure/></testcase></testsuite>',
    1,
  ],
  [
    "skipped and failed at once",
    '<testsuite><testcase name="a"><skipped/><error/></testcase></testsuite>',
    1,
  ],
  [
    "an attempt that failed and none that passed",
    '<testsuite><testcase name="a"><rerunFailure/></testcase></testsuite>',
    1,
  ],
  [
    "a failed word without an element",
    '<testsuite><testcase name="a" status="Failed"/></testsuite>',
    1,
  ],
  [
    "a failure in a place of its own",
    '<testsuite><testcase name="a"><details><failure/></details></testcase></testsuite>',
    1,
  ],
  [
    "a case outside any suite",
    '<testsuites><testcase name="a"><failure/></testcase></testsuites>',
    1,
  ],
  [
    "a case in an unknown element",
    '<testsuites><group><testcase name="a"><failure/></testcase></group></testsuites>',
    1,
  ],
])("fails: %s", (_, report, failed) => {
  expect(counts(report)).toMatchObject({ failed });
});

test.each([
  ["no tests", "<testsuites/>", { passed: 0, failed: 0 }],
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

test("what a summary claims and no test shows is said as such, with its suite", () => {
  const [problem] = problems(
    '<testsuites><testsuite name="basket" failures="2"><testcase name="a"><failure/></testcase></testsuite></testsuites>',
  ).slice(1);
  expect(problem).toMatchObject({
    name: "basket › (not shown)",
    status: "failed",
    message: "The report counts 2 failed here, 1 more than it shows.",
  });
});

test("a suite that could not start is told with its name, file and message", () => {
  const report =
    '<testsuite name="basket" file="/build/shop/test/basket.js"><error message="no database">  at x (/build/shop/test/basket.js:3:1)</error></testsuite>';
  expect(problems(report)).toEqual([
    {
      name: "basket",
      status: "failed",
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
  ["only blanks", "  \n", /root element/],
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

test("broken: what is not UTF-8, whatever it declares", () => {
  const text = '<?xml version="1.0" encoding="UTF-16"?><testsuite name="ä"/>';
  expect(why(Buffer.from(`\ufeff${text}`, "utf16le"))).toMatch(/UTF-16/);
  expect(why(Buffer.from(text, "utf16le"))).toMatch(/UTF-16/);
  expect(why(Buffer.from(`\ufeff${text}`, "utf16le").swap16())).toMatch(/UTF-16/);
  expect(why(Buffer.from(text, "latin1"))).toMatch(/not UTF-8/);
  expect(read(Buffer.from(text, "utf8"))).toMatchObject({ kind: "read" });
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
