// Reads one report in whatever known format it is written.

import type { ReportReading } from "../core/report.ts";
import { readCtrf } from "./ctrf.ts";
import { broken, type ReportFile, refuseBytes } from "./file.ts";
import { readJUnit } from "./junit.ts";

/** The content decides, not the name: what cannot be read is `broken`, with a reason for people. */
export function readReport(file: ReportFile): ReportReading {
  const refused = refuseBytes(file.bytes);
  if (refused !== null) return broken(file.path, refused);
  switch (firstCharacter(file.bytes)) {
    case "<":
      return readJUnit(file);
    case "{":
      return readCtrf(file);
    case "":
      return broken(file.path, "is empty");
    default:
      return broken(file.path, "is neither JUnit XML nor CTRF");
  }
}

function firstCharacter(bytes: Uint8Array): string {
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  const at = bytes
    .subarray(start)
    .findIndex((byte) => !" \t\r\n".includes(String.fromCharCode(byte)));
  return at < 0 ? "" : String.fromCharCode(bytes[start + at] ?? 0);
}
