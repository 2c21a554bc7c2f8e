// Properties of the readers: nothing is lost between writer and reader, and damage is never good news.

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readReport } from "../../src/report/read.ts";

const statuses = ["passed", "failed", "skipped", "flaky"] as const;
interface Item {
  readonly name: string;
  readonly status: (typeof statuses)[number];
  readonly message: string;
}

/** Any text, control characters and what looks like markup included; lone surrogates are not text. */
const text = fc.oneof(
  fc.string({ unit: "binary" }).map((value) => value.toWellFormed()),
  fc.string({
    unit: fc.constantFrom("<", ">", "&", "]", "]]>", '"', "\u001b[", "\0", "&#x1b;", "failure"),
  }),
);
const items = fc.array(
  fc.record({ name: text, status: fc.constantFrom(...statuses), message: text }),
);

function escaped(value: string): string {
  return value
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function element({ status, message }: Item): string {
  const attribute = `message="${escaped(message)}"`;
  switch (status) {
    case "passed":
      return `<system-out>${escaped(message)}</system-out>`;
    case "failed":
      return `<failure ${attribute}>${escaped(message)}</failure>`;
    case "skipped":
      return `<skipped ${attribute}/>`;
    case "flaky":
      return `<flakyFailure ${attribute}>${escaped(message)}</flakyFailure>`;
  }
}

function written(list: readonly Item[]): string {
  const cases = list.map(
    (item) => `<testcase name="${escaped(item.name)}">${element(item)}</testcase>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?><testsuites><testsuite name="s">${cases.join("")}</testsuite></testsuites>`;
}

function read(bytes: Uint8Array) {
  return readReport({ path: "r", bytes, root: "/build/shop" });
}

test("what a writer counts, the reader counts", () => {
  fc.assert(
    fc.property(items, (list) => {
      const reading = read(Buffer.from(written(list)));
      const count = (status: Item["status"]) =>
        list.filter((item) => item.status === status).length;
      expect(reading).toMatchObject({
        kind: "read",
        counts: {
          passed: count("passed") + count("flaky"),
          failed: count("failed"),
          skipped: count("skipped"),
          flaky: count("flaky"),
          pending: 0,
          other: 0,
        },
      });
    }),
    { numRuns: 500 },
  );
});

test("what is shown has nothing that a reader cannot see", () => {
  fc.assert(
    fc.property(items, (list) => {
      const reading = read(Buffer.from(written(list)));
      const problems = reading.kind === "read" ? reading.problems : [];
      for (const { name, message, trace } of problems) {
        expect(name).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Noncharacter_Code_Point}]/u);
        expect(`${message}${trace}`).not.toMatch(
          /(?![\t\n])[\p{Cc}\p{Cf}\p{Cs}\p{Noncharacter_Code_Point}]/u,
        );
      }
    }),
    { numRuns: 500 },
  );
});

test("a report that ends too early is never read", () => {
  fc.assert(
    fc.property(
      items,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (list, part) => {
        const bytes = Buffer.from(written(list));
        expect(read(bytes.subarray(0, Math.floor(bytes.length * part))).kind).toBe("broken");
      },
    ),
    { numRuns: 500 },
  );
});

const fixtures = [
  "surefire.xml",
  "pytest.xml",
  "jest-junit.xml",
  "vitest.xml",
  "gotestsum.xml",
  "phpunit.xml",
  "node-test.xml",
  "mocha.xml",
  "dotnet.xml",
  "gtest.xml",
  "ctrf.json",
].map((name) => ({
  name,
  bytes: readFileSync(new URL(`../fixtures/reports/${name}`, import.meta.url)),
}));

test.each(fixtures)("$name, cut anywhere before its end, is never read", ({ bytes }) => {
  const end = bytes.toString("latin1").trimEnd().length;
  for (let length = 0; length < end; length += 1) {
    const { kind } = read(bytes.subarray(0, length));
    if (kind !== "broken") throw new Error(`${kind} after ${length} of ${end} bytes`);
  }
});

test.each(fixtures)(
  "$name with bytes changed never throws, and never gains a pass that no test gave",
  ({ bytes }) => {
    const whole = read(bytes);
    if (whole.kind !== "read") throw new Error(whole.kind);
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const damaged = Buffer.from(bytes);
        for (const [at, byte] of changes) damaged[at] = byte;
        const reading = read(damaged);
        expect(["read", "broken"]).toContain(reading.kind);
        if (reading.kind !== "read") return;
        const { passed, failed, skipped, pending, other } = whole.counts;
        const all = passed + failed + skipped + pending + other;
        expect(reading.counts.passed).toBeLessThanOrEqual(all);
      }),
      { numRuns: 400 },
    );
  },
);
