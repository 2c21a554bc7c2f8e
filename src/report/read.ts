// Reads one report in whatever known format it is written.

import type { FileReading } from "../core/model/report.ts";
import { readCtrf } from "./ctrf.ts";
import { broken, type ReportFile, textOf } from "./file.ts";
import { readJUnit } from "./junit.ts";

/** The content decides, not the name: what cannot be read is `broken`, with a reason for people. */
export function readReport(file: ReportFile): FileReading {
  const text = textOf(file.bytes);
  if (text.kind === "refused") return broken(file.path, text.why);
  const known = { ...file, bytes: text.bytes };
  switch (String.fromCharCode(text.bytes[0] ?? 0)) {
    case "<":
      return readJUnit(known);
    case "{":
      return readCtrf(known);
    default:
      return broken(file.path, "is neither JUnit XML nor CTRF");
  }
}
