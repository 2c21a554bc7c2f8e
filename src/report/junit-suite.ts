// One suite of a JUnit report: what it claims, and whether its cases account for that.

import { limit } from "../core/model/limit.ts";
import { Refusal } from "./file.ts";
import { type Attributes, placeOf, type TestCase } from "./junit-case.ts";
import { milliseconds, wholeNumber } from "./junit-number.ts";
import { plainLine } from "./plain.ts";

export interface Suite {
  readonly isRoot: boolean;
  readonly name: string | undefined;
  file: string | undefined;
  /** By its own attributes; null where it has none, or an empty one. */
  readonly failures: number | null;
  readonly errors: number | null;
  /** Surefire and TestNG repeat a name for other arguments; they have other marks for a retry. */
  readonly repeatsNames: boolean;
  /** Go and Ginkgo write the zero of their clock where a suite never started. */
  readonly unstarted: boolean;
  readonly own_ms: number | null;
  inner_ms: number;
  cases: number;
  /** Whether anything in it shows a failure, an expected or repeated one included. */
  accounted: boolean;
  /** Ginkgo says by a property that a suite failed. */
  failedByProperty: boolean;
  /** Qt counted what tests print as errors, before its version 6. */
  countsMessages: boolean;
  inner: { readonly failures: boolean; readonly errors: boolean } | null;
}

/** @throws Refusal where a count is none. */
export function newSuite(name: string, attributes: Attributes, outer: Suite | undefined): Suite {
  const failures = claim(attributes.failures);
  const errors = claim(attributes.errors);
  const isSurefire = Object.values(attributes).some((value) => value?.includes("maven-surefire"));
  const suite: Suite = {
    isRoot: outer === undefined,
    // Ginkgo leaves the name of a suite that it could not build empty.
    name: name === "testsuite" ? attributes.name || attributes.package : undefined,
    file: placeOf(attributes).file ?? outer?.file,
    failures,
    errors,
    repeatsNames: isSurefire || attributes.ignored !== undefined || outer?.repeatsNames === true,
    unstarted: attributes.timestamp?.startsWith("0001-01-01") === true,
    own_ms: milliseconds(attributes.time),
    inner_ms: 0,
    cases: 0,
    accounted: false,
    failedByProperty: false,
    countsMessages: false,
    inner: null,
  };
  if (outer !== undefined)
    outer.inner = {
      failures: outer.inner?.failures === true || failures !== null,
      errors: outer.inner?.errors === true || errors !== null,
    };
  return suite;
}

/** What a property of a suite says of it. */
export function noteProperty(suite: Suite, { name = "", value = "" }: Attributes) {
  if (/^SuiteSucceeded$/i.test(name) && value === "false") suite.failedByProperty = true;
  if (name === "QTestVersion" && /^[45]\./.test(value)) suite.countsMessages = true;
  if (/^(?:test\.)?file(?:_?name|_?path)?$/i.test(name)) suite.file ??= value;
}

/**
 * What a suite says of itself and no case could account for, as a sentence; null where there is nothing. What
 * cases show counts by itself: totals are claims, and runners count attempts, suites and lines in them.
 */
export function unaccounted(suite: Suite): string | null {
  if (suite.accounted) return null;
  const claimed = (suite.failures ?? 0) + errorsOf(suite);
  if (claimed > 0) return `The suite counts ${claimed} failed, and shows none.`;
  if (suite.failedByProperty) return "The suite says that it failed, and shows no failure.";
  if (suite.unstarted && suite.cases === 0) return "The suite never started.";
  return null;
}

/** gotestsum counts the lines on stderr as errors of the whole, beside suites that count no errors at all. */
function errorsOf({ isRoot, errors, inner, countsMessages }: Suite): number {
  if (countsMessages) return 0;
  if (isRoot && inner?.failures === true && !inner.errors) return 0;
  return errors ?? 0;
}

/**
 * A failure that its runner expected: Boost.Test and Catch2 show it in the case and leave it out of the counts
 * of the suite.
 */
export function isExpected({ failures, errors }: Suite, test: TestCase): boolean {
  if (failures !== 0 || errors !== 0 || test.errors > 0 || test.rerun) return false;
  return /^\s*(?:ASSERTION FAILURE:|FAILED:\s)/.test(test.failure.text);
}

/**
 * Whether a case of the same name can only be the same test once more. In Go a name is unique in its package,
 * and Gradle names the arguments; elsewhere a name can stand for several tests.
 */
export function repeatsOf(suite: Suite, test: TestCase): boolean {
  if (suite.repeatsNames || test.name === "" || test.classname === "") return false;
  const isGo = test.failure.message === "Failed" && /^(?:Test|Fuzz|Example)/.test(test.name);
  const isJava = /\n[ \t]*at [\w.$/]+\(/.test(test.failure.text) && suite.name === test.classname;
  return (isGo && suite.name === test.classname) || isJava;
}

function claim(attribute: string | undefined): number | null {
  if (attribute === undefined || attribute.trim() === "") return null;
  const count = wholeNumber(attribute);
  if (count === null || count > limit.report.tests)
    throw new Refusal(`has a count that cannot be true: "${plainLine(attribute, 60)}"`);
  return count;
}
