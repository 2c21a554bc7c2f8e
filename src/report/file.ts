// What every reader of reports takes and what it says when it cannot read.

import { isUtf8 } from "node:buffer";
import { limit } from "../core/model/limit.ts";
import type { FileReading } from "../core/model/report.ts";
import { plainLine } from "./plain.ts";

export interface ReportFile {
  /** As it is shown to people: plain text, below the workspace. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** The folder that absolute paths in the report are below; empty when it is not known. */
  readonly root: string;
}

export function broken(path: string, why: string): FileReading & { readonly kind: "broken" } {
  return { kind: "broken", path, why: plainLine(why, limit.report.message_chars) };
}

/** Why a report is not read any further; it does not leave the reader that throws it. */
export class Refusal extends Error {
  readonly why: string;
  constructor(why: string) {
    super(why);
    this.why = why;
  }
}

export type Text =
  | {
      readonly kind: "text" /** UTF-8, from its first character that is no blank. */;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: "refused"; readonly why: string };

/**
 * The bytes as UTF-8. A byte order mark decides, then whether they are UTF-8 (what runners declare is often not
 * what they write), then what an XML declaration says.
 */
export function textOf(bytes: Uint8Array): Text {
  if (bytes.length > limit.report.bytes)
    return { kind: "refused", why: `is larger than ${limit.report.bytes / 1024 / 1024} MiB` };
  const encoding = encodingOf(bytes);
  if (encoding === null) return { kind: "refused", why: "is not UTF-8 and declares nothing else" };
  if (encoding === "utf-8") return trimmed(bytes);
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return trimmed(new TextEncoder().encode(text));
  } catch {
    return { kind: "refused", why: `is not ${plainLine(encoding, 40)}, as it declares` };
  }
}

function encodingOf(bytes: Uint8Array): string | null {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0x3c && second === 0)) return "utf-16le";
  if ((first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c)) return "utf-16be";
  if (isUtf8(bytes)) return "utf-8";
  const start = Buffer.from(bytes.subarray(0, 200)).toString("latin1");
  return /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]{1,40})["']/.exec(start)?.[1] ?? null;
}

/** Some writers begin with blank lines, which XML does not allow in front of its declaration. */
function trimmed(bytes: Uint8Array): Text {
  const [first, second, third] = bytes;
  const start = first === 0xef && second === 0xbb && third === 0xbf ? 3 : 0;
  const at = bytes.subarray(start).findIndex((byte) => !blanks.has(byte));
  if (at < 0) return { kind: "refused", why: "is empty" };
  return { kind: "text", bytes: bytes.subarray(start + at) };
}

const blanks = new Set([...Buffer.from(" \t\r\n")]);
