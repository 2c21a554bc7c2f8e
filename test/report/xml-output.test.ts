// What tests print is left out before a report is parsed, and nothing else is.

import fc from "fast-check";
import { expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { readReport } from "../../src/report/read.ts";
import { withoutOutput } from "../../src/report/xml-output.ts";

function left(report: string): string {
  return Buffer.concat([...withoutOutput(Buffer.from(report))]).toString("utf8");
}

function read(report: string) {
  return readReport({ path: "r.xml", bytes: Buffer.from(report), root: "" });
}

const long = limit.report.output_chars * 3;

test.each([
  ["as text", (log: string) => log],
  ["as CDATA", (log: string) => `<![CDATA[${log}]]>`],
])("a log %s is cut to its beginning, and the rest of the report stays", (_, write) => {
  const before = '<testsuite><testcase name="a"><failure message=""/><system-out>';
  const after = '</system-out></testcase><testcase name="b"/></testsuite>';
  const report = `${before}${write(`src/a.c:3: oops\n${"x".repeat(long)}`)}${after}`;
  expect(left(report).length).toBeLessThan(report.length - long / 2);
  expect(left(report).startsWith(`${before}${write("src/a.c:3: oops").slice(0, 20)}`)).toBe(true);
  expect(left(report).endsWith(after)).toBe(true);
  expect(read(report)).toMatchObject({
    counts: { passed: 1, failed: 1 },
    problems: [{ name: "a", file: "src/a.c", line: 3 }],
  });
});

test("what looks like output inside a failure, a comment or a value is none", () => {
  const text = "y".repeat(long);
  for (const inner of [
    `<failure><![CDATA[<system-out>${text}</system-out>]]></failure>`,
    `<!-- <system-out>${text} -->`,
    `<failure message="&lt;system-out>${text}"/>`,
    `<properties><property name="system-out" value="${text}"/></properties>`,
  ]) {
    const report = `<testsuite><testcase name="a">${inner}</testcase></testsuite>`;
    expect(left(report)).toBe(report);
  }
});

test("an element inside the output is still seen", () => {
  const filler = "z".repeat(long);
  const report = `<testsuite><testcase name="a"><system-out>${filler}<failure message="no"/>${filler}</system-out></testcase></testsuite>`;
  expect(read(report)).toMatchObject({ counts: { failed: 1 } });
});

test("output that is not closed leaves a broken report", () => {
  const open = `<testsuite><testcase name="a"><system-out>${"x".repeat(long)}`;
  expect(read(open).kind).toBe("broken");
  expect(read(`${open}<![CDATA[never closed`).kind).toBe("broken");
  expect(read(`${open}</system-out></testcase>`).kind).toBe("broken");
});

/** Characters of one to four bytes, references, and what ends a CDATA section almost. */
const log = fc
  .array(fc.constantFrom("a", "ä", "€", "🚀", "&amp;", "&#x1b;", "&#10;", "]]", "]", "&gt;"), {
    minLength: 200,
    maxLength: 400,
  })
  .map((parts) => parts.join(""));

test("wherever a log is cut, the report is read as if it had been short", () => {
  fc.assert(
    fc.property(log, fc.boolean(), (text, cdata) => {
      const shown = cdata ? `<![CDATA[${text}]]>` : text;
      const report = `<testsuite><testcase name="ä"><system-out>${shown}</system-out></testcase><testcase name="b"><failure message="ö"/><system-err>${shown.repeat(8)}</system-err></testcase></testsuite>`;
      expect(read(report)).toMatchObject({
        kind: "read",
        counts: { passed: 1, failed: 1 },
        problems: [{ name: "b", message: "ö" }],
      });
    }),
    { numRuns: 300 },
  );
});
