// The limits of test reports: the part of `limit.ts` that is under `report`.

const KiB = 1024;
const MiB = 1024 * KiB;

export const reportLimit = {
  /** A report larger than this is hostile or useless; our own choice. */
  bytes: 20 * MiB,
  /** Up to here it is read where it is, in a few milliseconds; what is larger gets a thread of its own. */
  inline_bytes: 64 * KiB,
  /** Up to here it does not wait for larger ones: the hostile ones of this size take a fifth of a second. */
  short_bytes: 2 * MiB,
  /** How long a thread is kept for the next report. */
  idle_ms: 10_000,
  /** The hostile ones of full size that we know take two seconds and 150 MB. */
  read_ms: 60_000,
  memory_mb: 512,
  /** Nested elements in a report; real ones stay under ten. */
  depth: 64,
  /** Test cases in one report file. */
  tests: 200_000,
  /** Problems kept per report; the check shows fewer. */
  problems: 200,
  name_chars: 300,
  /** A path is where a failure is annotated; longer ones are no files of a repository. */
  path_chars: 400,
  message_chars: 2_000,
  trace_chars: 4_000,
  /** Places kept of one trace, until one of them is found in the commit. */
  frames: 20,
  /** Files of one name that are looked through for one that a report means. */
  same_name: 1_000,
  /** The list of a commit's files that is kept beside a workspace. */
  list_bytes: 64 * MiB,
  /** Text of one problem that is searched for the place where it happened. */
  text_chars: 64 * KiB,
  /** Of an element, section or comment without an end; then the parser reads all the rest of the report. */
  unended_chars: 256 * KiB,
  /** Attributes of one element; real ones have about ten. */
  attributes: 100,
  /** What one report may claim to have taken: about a month, and still a 32-bit integer. */
  duration_ms: 2 ** 31 - 1,
  /** Values in one JSON report: ten for each test, as many as fit into `bytes`. */
  values: 2_000_000,
  /** Files that one `reports` pattern may match: Surefire and Gradle write one for each test class. */
  files: 10_000,
  /**
   * Bytes of all the files that the patterns of one stage match, and how long their reading may take, without
   * the wait for a turn.
   */
  total_bytes: 200 * MiB,
  total_ms: 120_000,
  /** Files that cannot be used and are named, of those that one pattern matches. */
  unusable: 20,
  /** What is kept of the output of one test: its first lines stand in for a failure without a message. */
  output_chars: 4_096,
  /** The same where the test has shown no result before it printed. */
  passed_output_bytes: 256,
  /** Folder entries looked at for one `reports` pattern. */
  entries: 100_000,
  /** Steps of matching the patterns of one search with what it finds; a path takes about ten. */
  steps: 10_000_000,
} as const;
