// Whatever a command prints, what is kept is short and plain.

import { expect, test } from "vitest";
import { limit } from "../../../src/core/model/limit.ts";
import { openTail } from "../../../src/engine/local/tail.ts";

function kept(printed: string | readonly Uint8Array[], limits = {}): string {
  const tail = openTail({ ...limit.local, ...limits });
  const chunks = typeof printed === "string" ? [new TextEncoder().encode(printed)] : printed;
  for (const chunk of chunks) tail.write(chunk);
  return tail.text();
}

test.each([
  ["colours", "\x1b[1;31mred\x1b[0m plain", "red plain"],
  ["a link", "\x1b]8;;https://x.test\x07text\x1b]8;;\x07", "text"],
  ["a title", "\x1b]0;title\x1b\\after", "after"],
  ["8-bit sequences", "\x9b31mred", "red"],
  ["a cut sequence", "text\x1b[", "text"],
  ["cursor keys", "a\x1b[2Kb\x1bMc", "abc"],
  ["bells, backspaces and NUL", "a\x07b\x08c\0d", "abcd"],
  ["a progress bar", "10%\r50%\r100%\ndone", "100%\ndone"],
  ["lines of Windows", "a\r\nb\r\n", "a\nb"],
  ["tabs", "a\tb", "a\tb"],
  ["marks that reorder text", "a\u202eb\u2066c\u200f", "abc"],
  ["other scripts", "größer 日本 👍", "größer 日本 👍"],
])("%s", (_, printed, expected) => {
  expect(kept(printed)).toBe(expected);
});

test("bytes that are no UTF-8 are replaced, and a character may come in two chunks", () => {
  expect(kept([Uint8Array.of(0x61, 0xff, 0x62)])).toBe("a\ufffdb");
  const bytes = new TextEncoder().encode("ü");
  expect(kept([bytes.subarray(0, 1), bytes.subarray(1)])).toBe("ü");
});

test("keeps the last lines, by number and by size", () => {
  const printed = Array.from({ length: 100 }, (_, index) => `line ${index}`).join("\n");
  expect(kept(printed, { output_lines: 2 })).toBe("line 98\nline 99");
  expect(kept(`${printed}\n`, { output_bytes: 20 })).toBe("line 98\nline 99");
});

test("a line without an end stays short", () => {
  const tail = openTail({ ...limit.local, line_chars: 10 });
  for (let round = 0; round < 100; round += 1) tail.write(new Uint8Array(100_000).fill(0x78));
  expect(tail.text()).toBe(`${"x".repeat(10)} …`);
  expect(tail.total).toBe(10_000_000);
});
