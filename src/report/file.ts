// What every reader of reports takes and what it says when it cannot read.

import { isUtf8 } from "node:buffer";
import { limit } from "../core/limit.ts";
import type { ReportReading } from "../core/report.ts";
import { plainLine } from "./plain.ts";

export interface ReportFile {
  /** As it is shown to people: plain text, below the workspace. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** The folder that absolute paths in the report are below; empty when it is not known. */
  readonly root: string;
}

export function broken(path: string, why: string): ReportReading {
  return { kind: "broken", path, why: plainLine(why, limit.report.message_chars) };
}

/** Why these bytes are not worth parsing, or null. */
export function refuseBytes(bytes: Uint8Array): string | null {
  if (bytes.length > limit.report.bytes) {
    return `is larger than ${limit.report.bytes / 1024 / 1024} MiB`;
  }
  if (bytes.length === 0) return "is empty";
  const [first, second] = bytes;
  const marked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (marked || first === 0 || second === 0)
    return "is UTF-16 or binary; reports are read as UTF-8";
  // The bytes decide, not the declaration: what runners declare is often not what they write.
  return isUtf8(bytes) ? null : "is not UTF-8";
}
