// Large reports are read in a thread of their own, to the same end, and the program goes on meanwhile.

import { expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { readInWorker } from "../../src/report/in-worker.ts";
import { readReport } from "../../src/report/read.ts";

const cases = (count: number) =>
  Array.from({ length: count }, (_, at) => `<testcase classname="shop" name="adds ${at}"/>`);

const suite = (count: number) => `<testsuite>${cases(count).join("")}</testsuite>`;

const reader = { installation: 1 };

function file(text: string) {
  return { path: "junit.xml", bytes: new TextEncoder().encode(text), root: "" };
}

test.each([
  ["small", `<testsuite>${cases(10).join("")}</testsuite>`],
  ["large", `<testsuite>${cases(20_000).join("")}</testsuite>`],
  ["large and broken", `<testsuite>${cases(20_000).join("")}`],
])("a %s report is read as where it is", async (_, text) => {
  expect(await readInWorker(file(text), reader)).toEqual(readReport(file(text)));
});

test("other work goes on while a large one is read", async () => {
  const large = file(`<testsuite>${cases(100_000).join("")}</testsuite>`);
  expect(large.bytes.length).toBeGreaterThan(limit.report.inline_bytes);
  let turns = 0;
  const turning = setInterval(() => {
    turns += 1;
  }, 1);
  const reading = await readInWorker(large, reader);
  clearInterval(turning);
  expect(reading).toMatchObject({ kind: "read", counts: { passed: 100_000 } });
  expect(turns).toBeGreaterThan(1);
});

test("several are all read, each as what it is", async () => {
  const counts = [3_000, 4_000, 5_000];
  const readings = await Promise.all(
    counts.map((count) => readInWorker(file(suite(count)), reader)),
  );
  expect(readings).toMatchObject(counts.map((passed) => ({ counts: { passed } })));
});

test("installations take turns, so that the reports of one do not hold up the stage of another", async () => {
  const order: string[] = [];
  const read = async (name: string, text: string, installation: number) => {
    const reading = await readInWorker(file(text), { installation });
    order.push(name);
    return reading;
  };
  const large = suite(60_000);
  expect(large.length).toBeGreaterThan(limit.report.short_bytes);
  await Promise.all([
    ...[1, 2, 3, 4].map((at) => read(`one ${at}`, large, 1)),
    read("other", large, 2),
    read("other, short", suite(2_000), 2),
  ]);
  expect(order.indexOf("other")).toBeLessThan(order.indexOf("one 3"));
  expect(order.indexOf("other, short")).toBeLessThan(order.indexOf("one 2"));
});

test("the time of a report is that of reading it, without the wait for a turn", async () => {
  const spent: number[] = [];
  const since = performance.now();
  await Promise.all(
    [1, 2, 3].map((installation) =>
      readInWorker(file(suite(60_000)), { installation, spent: (ms) => spent.push(ms) }),
    ),
  );
  const whole = performance.now() - since;
  expect(spent).toHaveLength(3);
  expect(spent.every((ms) => ms > 0)).toBe(true);
  expect(spent.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(whole);
});
