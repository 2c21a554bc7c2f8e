// Each runner's dialect, read from a small report of that runner.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readReport } from "../../src/report/read.ts";

const none = { passed: 0, failed: 0, skipped: 0, pending: 0, other: 0, errors: 0, flaky: 0 };

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
      "example.org/shop/basket › TestRemove/two_pears | null:null | basket_test.go:19: got 2, want 1",
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
    // Its todo fails without counting, and its closing comments count a suite besides its test.
    file: "node-test.xml",
    counts: { ...none, passed: 3, failed: 1, skipped: 1, pending: 1 },
    duration_ms: 3,
    problems: ["basket › pears › removes | test/basket.test.js:18 | boom"],
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
    counts: { ...none, passed: 3, failed: 1, skipped: 1, pending: 1, other: 1, flaky: 2 },
    duration_ms: 4500,
    problems: ["checkout › refunds | e2e/refund.spec.ts:31 | expected 200, got 500"],
  },
  {
    // An expected failure.
    file: "catch2-mayfail.xml",
    counts: { ...none, skipped: 1 },
    problems: [],
  },
  {
    file: "ctest-missing-executable.xml",
    counts: { ...none, passed: 1, failed: 1 },
    problems: ["missing | null:null | Not run: Unable to find executable"],
  },
  {
    // Its messages are empty; what the tests print says why.
    file: "ctest-silent.xml",
    counts: { ...none, passed: 2, failed: 7, skipped: 2 },
    problems: [
      "bad | src/cart.c:12 | src/cart.c:12: oops",
      "crash | null:null | ",
      "slow | null:null | ",
      "missing | null:null | Not run: Unable to find executable",
      "needs | null:null | Not run: Required Files Missing",
      "setup | null:null | ",
      "usesdb | null:null | Not run: Fixture dependency failed",
    ],
  },
  {
    file: "ginkgo-compile-error.xml",
    counts: { ...none, passed: 1, errors: 1 },
    problems: ["/w/orders | null:null | The suite never started."],
  },
  {
    file: "gotestsum-rerun-fails.xml",
    counts: { ...none, passed: 2, flaky: 1 },
    problems: [],
  },
  {
    file: "gotestsum-stderr-errors.xml",
    counts: { ...none, passed: 2 },
    problems: [],
  },
  {
    file: "jest-ctrf-todo.json",
    format: "ctrf",
    counts: { ...none, passed: 1, pending: 2 },
    problems: [],
  },
  {
    file: "minitest-skip.xml",
    counts: { ...none, passed: 1, skipped: 1 },
    problems: [],
  },
  {
    file: "mocha-file-undefined.xml",
    root: "/ci/project",
    counts: { ...none, passed: 1, failed: 1 },
    problems: [
      'Mocha Tests › "after all" hook in "{root}" | mocha/rootafter.spec.cjs:1 | cannot close\nError: cannot close',
    ],
  },
  {
    // Its totals count suites besides cases.
    file: "node-tap-double-count.xml",
    counts: { ...none, passed: 4, failed: 4 },
  },
  {
    file: "phpunit9-no-tests.xml",
    root: "/ci/project",
    counts: { ...none, failed: 1 },
    problems: [
      'EmptyTest › Warning | php/tests/EmptyTest.php:null | Warning\nNo tests found in class "EmptyTest".',
    ],
  },
  {
    file: "playwright-ctrf-expected-failure.json",
    format: "ctrf",
    counts: { ...none, passed: 2, skipped: 2 },
    problems: [],
  },
  {
    // Its totals count attempts.
    file: "surefire-flaky-counted.xml",
    counts: { ...none, passed: 1, flaky: 1 },
    problems: [],
  },
  {
    file: "surefire-rerun-counted.xml",
    counts: { ...none, failed: 1 },
    problems: ["io.dev.AlwaysFailTest › testApp | null:null | built to fail"],
  },
];

test.each(dialects)("$file", ({ file, root, format, counts, duration_ms, problems }) => {
  const bytes = readFileSync(new URL(`../fixtures/reports/${file}`, import.meta.url));
  const reading = readReport({ path: file, bytes, root: root ?? "/build/shop" });
  if (reading.kind !== "read") throw new Error(JSON.stringify(reading));
  expect(reading).toMatchObject({ path: file, format: format ?? "junit", truncated: false });
  expect(reading.counts).toEqual(counts);
  if (duration_ms !== undefined) expect(reading.duration_ms).toBe(duration_ms);
  if (problems === undefined) return;
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

test("a report of C's Check has elements that nobody here knows, and is no pass", () => {
  const bytes = readFileSync(
    new URL("../fixtures/reports/empty-beside/check.xml", import.meta.url),
  );
  expect(readReport({ path: "check.xml", bytes, root: "" })).toMatchObject({
    kind: "broken",
    why: expect.stringMatching(/^has an element <suite> in a test suite/),
  });
});
