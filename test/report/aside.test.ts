// Large reports are read in a thread of their own, to the same end, and the program goes on meanwhile.

import { expect, test } from "vitest";
import { limit } from "../../src/core/limit.ts";
import { readAside } from "../../src/report/aside.ts";
import { readReport } from "../../src/report/read.ts";

const cases = (count: number) =>
  Array.from({ length: count }, (_, at) => `<testcase classname="shop" name="adds ${at}"/>`);

function file(text: string) {
  return { path: "junit.xml", bytes: new TextEncoder().encode(text), root: "" };
}

test.each([
  ["small", `<testsuite>${cases(10).join("")}</testsuite>`],
  ["large", `<testsuite>${cases(20_000).join("")}</testsuite>`],
  ["large and broken", `<testsuite>${cases(20_000).join("")}`],
])("a %s report is read as where it is", async (_, text) => {
  expect(await readAside(file(text))).toEqual(readReport(file(text)));
});

test("other work goes on while a large one is read", async () => {
  const large = file(`<testsuite>${cases(100_000).join("")}</testsuite>`);
  expect(large.bytes.length).toBeGreaterThan(limit.report.inline_bytes);
  let turns = 0;
  const turning = setInterval(() => {
    turns += 1;
  }, 1);
  const reading = await readAside(large);
  clearInterval(turning);
  expect(reading).toMatchObject({ kind: "read", counts: { passed: 100_000 } });
  expect(turns).toBeGreaterThan(1);
});

test("several are all read, each as what it is", async () => {
  const counts = [3_000, 4_000, 5_000];
  const readings = await Promise.all(
    counts.map((count) => readAside(file(`<testsuite>${cases(count).join("")}</testsuite>`))),
  );
  expect(readings).toMatchObject(counts.map((passed) => ({ counts: { passed } })));
});
