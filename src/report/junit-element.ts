// What the elements of a JUnit report mean. There is no standard, so this is what the runners write.

/** A result of a test case, or what an element is instead. */
export type Meaning =
  | "suite"
  | "case"
  | "failure"
  | "error"
  | "skipped"
  /** Ended before its end: by an assumption that did not hold, or by something else. */
  | "aborted"
  | "flaky"
  | "rerun"
  | "output"
  | "property"
  /** Known, and no result. */
  | "detail"
  | "unknown";

/** @param name As written; a namespace's prefix says nothing. */
export function meaningOf(name: string): Meaning {
  const colon = name.indexOf(":");
  return meanings.get(colon < 0 ? name : name.slice(colon + 1)) ?? "unknown";
}

const results: readonly (readonly [Meaning, string])[] = [
  ["suite", "testsuite testsuites"],
  ["case", "testcase"],
  // PHPUnit's warnings are tests that could not be made of a class, among others.
  ["failure", "failure warning"],
  ["error", "error"],
  ["skipped", "skipped skip ignored disabled pending"],
  ["aborted", "aborted"],
  // Surefire: failed first and passed then; a further failure of a test that failed.
  ["flaky", "flakyFailure flakyError"],
  ["rerun", "rerunFailure rerunError"],
  ["output", "system-out system-err"],
  ["property", "property"],
];

/** What runners write beside results: output, places, labels, attachments, measurements. */
const details = `
  properties attributes attribute arguments argument parameters parameter params param
  output stdout stderr stdOut stdErr console log logs trace stackTrace stack-trace stacktrace
  detail details description comment comments message metadata meta info environment hostname
  attachments attachment files file screenshots screenshot artifacts artifact links link url
  tags tag labels label categories category traits trait groups group-name requirements issue issues
  measurements measurement metrics metric benchmark assertions snapshot steps-file time duration
  timestamp datetime start-time end-time
`;

const meanings: ReadonlyMap<string, Meaning> = new Map([
  ...details
    .trim()
    .split(/\s+/)
    .map((name) => [name, "detail"] as const),
  ...results.flatMap(([meaning, names]) =>
    names.split(" ").map((name) => [name, meaning] as const),
  ),
]);
