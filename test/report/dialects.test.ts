// Each runner's dialect, read from a small report of that runner.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readReport } from "../../src/report/read.ts";

const none = { passed: 0, failed: 0, skipped: 0, pending: 0, other: 0, flaky: 0 };

/** Problems as: name | place | message. */
const dialects = [
  {
    file: "surefire.xml",
    counts: { ...none, passed: 2, failed: 2, skipped: 1, flaky: 1 },
    duration_ms: 1_204_500,
    problems: [
      "shop.PriceTest › roundsHalfUp | null:null | expected: <3> but was: <2>",
      "shop.PriceTest › opensCatalogue | null:null | java.lang.NullPointerException",
    ],
  },
  {
    file: "pytest.xml",
    counts: { ...none, passed: 1, failed: 2, skipped: 2 },
    duration_ms: 129,
    problems: [
      "tests.test_basket.TestBasket › test_removes[two pears] | tests/test_basket.py:14 | AssertionError: too many\nassert 2 == 1",
      'tests.test_basket › test_store | src/store.py:27 | failed on setup with "OSError: no store"',
    ],
  },
  {
    file: "jest-junit.xml",
    counts: { ...none, passed: 1, failed: 2, skipped: 1 },
    duration_ms: 2750,
    problems: [
      "basket removes a pear | test/basket.test.js:22 | Error: expect(received).toBe(expected) // Object.is equality",
      "test/broken.test.js › Test suite failed to run › test/broken.test.js | test/broken.test.js:null | ● Test suite failed to run",
    ],
  },
  {
    file: "vitest.xml",
    counts: { ...none, passed: 1, failed: 1, skipped: 1 },
    duration_ms: 8,
    problems: [
      "test/basket.test.ts › basket > removes | test/basket.test.ts:12 | expected 2 to be 1 // Object.is equality",
    ],
  },
  {
    file: "gotestsum.xml",
    counts: { ...none, passed: 1, failed: 1, skipped: 1 },
    duration_ms: 512,
    problems: [
      "example.org/shop/basket › TestRemove/two_pears | null:null | === RUN   TestRemove/two_pears\nbasket_test.go:19: got 2, want 1\n--- FAIL: TestRemove/two_pears (0.01s)",
    ],
  },
  {
    file: "phpunit.xml",
    counts: { ...none, passed: 1, failed: 2 },
    duration_ms: 11,
    problems: [
      "phpunit.xml › unit › Shop\\Tests\\BasketTest::testRemoves › testRemoves with data set #0 | tests/BasketTest.php:24 | Shop\\Tests\\BasketTest::testRemoves with data set #0\nFailed asserting that 2 is identical to 1.",
      "phpunit.xml › unit › Shop\\Tests\\BasketTest::testRemoves › testRemoves with data set #1 | tests/BasketTest.php:20 | Shop\\Tests\\BasketTest::testRemoves with data set #1",
    ],
  },
  {
    // Its todo fails without counting, and one test fails that only the closing comments know of.
    file: "node-test.xml",
    counts: { ...none, passed: 3, failed: 2, skipped: 1, pending: 1 },
    duration_ms: 3,
    problems: [
      "basket › pears › removes | test/basket.test.js:18 | boom",
      "(not shown) | null:null | The report counts 2 failed here, 1 more than it shows.",
    ],
  },
  {
    file: "mocha.xml",
    counts: { ...none, passed: 1, failed: 1, skipped: 1 },
    duration_ms: 17,
    problems: ["basket removes | test/basket.spec.js:9 | expected 2 to equal 1"],
  },
  {
    // With a byte order mark.
    file: "dotnet.xml",
    root: "C:\\build\\shop",
    counts: { ...none, passed: 1, failed: 1, skipped: 1 },
    duration_ms: 48,
    problems: [
      "Shop.Tests.dll › Shop.Tests.BasketTests › Removes(count: 2) | tests/BasketTests.cs:23 | Assert.Equal() Failure\nExpected: 1\nActual:   2",
    ],
  },
  {
    file: "gtest.xml",
    counts: { ...none, passed: 1, failed: 1, skipped: 1 },
    duration_ms: 1,
    problems: [
      "Basket › Removes | test/basket_test.cc:11 | test/basket_test.cc:11\nExpected equality of these values: 2 and 1",
    ],
  },
  {
    file: "ctrf.json",
    format: "ctrf",
    counts: { passed: 3, failed: 1, skipped: 1, pending: 1, other: 1, flaky: 2 },
    duration_ms: 4500,
    problems: [
      "checkout › refunds | e2e/refund.spec.ts:31 | expected 200, got 500",
      "ships abroad | e2e/ship.spec.ts:null | no verdict",
    ],
  },
];

test.each(dialects)("$file", ({ file, root, format, counts, duration_ms, problems }) => {
  const bytes = readFileSync(new URL(`../fixtures/reports/${file}`, import.meta.url));
  const reading = readReport({ path: file, bytes, root: root ?? "/build/shop" });
  if (reading.kind !== "read") throw new Error(JSON.stringify(reading));
  expect(reading).toMatchObject({ path: file, format: format ?? "junit", truncated: false });
  expect(reading.counts).toEqual(counts);
  expect(reading.duration_ms).toBe(duration_ms);
  expect(
    reading.problems.map(
      ({ name, file, line, message }) => `${name} | ${file}:${line} | ${message}`,
    ),
  ).toEqual(problems);
});

test("the trace is kept as printed, without colours and without the output of retries", () => {
  const bytes = readFileSync(new URL("../fixtures/reports/surefire.xml", import.meta.url));
  const reading = readReport({ path: "surefire.xml", bytes, root: "/build/shop" });
  const [first] = reading.kind === "read" ? reading.problems : [];
  expect(first?.trace).toBe(
    "org.opentest4j.AssertionFailedError: expected: <3> but was: <2>\n\tat shop.PriceTest.roundsHalfUp(PriceTest.java:31)",
  );
});
