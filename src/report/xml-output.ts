// Leaves out most of what tests printed, before a report is parsed: nobody reads it, and it is most of a large file.

import { limit } from "../core/model/limit.ts";

/**
 * The report in pieces, with what `<system-out>` and `<system-err>` hold cut to its beginning: longer where their
 * test case has shown a result before, for it may say why. Elements, comments and what is not closed stay whole,
 * so that the parser judges them; of text that is left out nothing is judged.
 * @param bytes UTF-8.
 */
export function* withoutOutput(bytes: Uint8Array): Generator<Uint8Array> {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let start = 0;
  let most: number = limit.report.passed_output_bytes;
  let inOutput = false;
  let room = 0;
  let at = all.indexOf(lessThan);
  while (at >= 0) {
    let next = at + 1;
    const isSection = startsWith(all, at, section);
    if (isSection) next = all.indexOf("]]>", at);
    else if (startsWith(all, at, comment)) next = behind(all, "-->", at + comment.length);
    else if (inOutput) {
      inOutput = !outputEnds.some((tag) => startsWith(all, at, tag));
      next = endOfTag(all, at);
    } else if (outputs.some((tag) => startsWith(all, at, tag))) {
      next = endOfTag(all, at);
      inOutput = next >= 0 && all[next - 2] !== slash;
      room = most;
    } else if (startsWith(all, at, testcase)) most = limit.report.passed_output_bytes;
    else if (results.some((tag) => startsWith(all, at, tag))) most = limit.report.output_chars;
    // What is not closed is for the parser to refuse.
    if (next < 0) break;

    if (inOutput && isSection) {
      const from = at + section.length;
      if (next - from > room) {
        yield all.subarray(start, cutUtf8(all, from, room));
        start = next;
      }
      room = Math.max(0, room - (next - from));
      next += "]]>".length;
    }
    at = all.indexOf(lessThan, next);
    if (!inOutput || at < 0) continue;
    if (at - next > room) {
      yield all.subarray(start, cutText(all, next, room));
      start = at;
    }
    room = Math.max(0, room - (at - next));
  }
  yield all.subarray(start);
}

const lessThan = 0x3c;
const slash = 0x2f;
const section = Buffer.from("<![CDATA[");
const comment = Buffer.from("<!--");
const testcase = Buffer.from("<testcase");
const outputs = [Buffer.from("<system-out"), Buffer.from("<system-err")];
const outputEnds = [Buffer.from("</system-out"), Buffer.from("</system-err")];
const results = ["<failure", "<error", "<skipped", "<rerun", "<flaky"].map((tag) =>
  Buffer.from(tag),
);

/** From the end, where tags differ most: nearly all are told apart by one byte. */
function startsWith(all: Buffer, at: number, text: Buffer): boolean {
  for (let index = text.length - 1; index > 0; index -= 1)
    if (all[at + index] !== text[index]) return false;
  return true;
}

/** Behind the end of a tag; -1 where it has none. A ">" may stand in an attribute's value. */
function endOfTag(all: Buffer, at: number): number {
  let quote = 0;
  for (let index = at + 1; index < all.length; index += 1) {
    const byte = all[index];
    if (quote !== 0) {
      if (byte === quote) quote = 0;
    } else if (byte === 0x22 || byte === 0x27) quote = byte;
    else if (byte === 0x3e) return index + 1;
  }
  return -1;
}

function behind(all: Buffer, text: string, from: number): number {
  const at = all.indexOf(text, from);
  return at < 0 ? -1 : at + text.length;
}

/** Such as "&#x10ffff;". */
const longestReference = 12;

/** Where a text may be cut: in no character and in no reference. */
function cutText(all: Buffer, from: number, room: number): number {
  const end = cutUtf8(all, from, room);
  const start = Math.max(from, end - longestReference);
  const tail = all.subarray(start, end);
  const reference = tail.lastIndexOf(0x26);
  return reference >= 0 && !tail.includes(0x3b, reference) ? start + reference : end;
}

function cutUtf8(all: Buffer, from: number, room: number): number {
  let end = from + room;
  while (end > from && ((all[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return end;
}
