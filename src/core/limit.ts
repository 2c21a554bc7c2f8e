// Every limit of the program, each with the document or the reason it comes from.

const KiB = 1024;
const MiB = 1024 * KiB;

export const limit = {
  report: {
    /** A report larger than this is hostile or useless; our own choice. */
    bytes: 20 * MiB,
    /** Nested elements in a report; real ones stay under ten. */
    depth: 64,
    /** Test cases in one report file. */
    tests: 200_000,
    /** Problems kept per report; the check shows fewer. */
    problems: 200,
    name_chars: 300,
    message_chars: 2_000,
    trace_chars: 4_000,
    /** Files that one `reports` pattern may match. */
    files: 50,
  },
} as const;
