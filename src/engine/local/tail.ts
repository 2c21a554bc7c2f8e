// The last lines that a command printed, as plain text and never more than the limits allow.

import { withoutSequences, withoutUnseen } from "../../core/model/plain.ts";
import type { LocalLimits } from "./limits.ts";

/** A collector of printed bytes. `text` may be asked for at any time. */
export interface Tail {
  write(chunk: Uint8Array): void;
  /** Bytes printed so far, also those that are not kept. */
  readonly total: number;
  text(): string;
}

export function openTail(limits: LocalLimits): Tail {
  // Not fatal: bytes that are no UTF-8 become U+FFFD.
  const decoder = new TextDecoder("utf-8");
  const lines: string[] = [];
  let bytes = 0;
  let total = 0;
  let pending = "";

  function push(raw: string): void {
    const line = plainLine(raw, limits.line_chars);
    lines.push(line);
    bytes += sizeOf(line);
    while (lines.length > limits.output_lines || bytes > limits.output_bytes) {
      const first = lines.shift();
      if (first === undefined) return;
      bytes -= sizeOf(first);
    }
  }

  return {
    write(chunk) {
      total += chunk.length;
      const parts = (pending + decoder.decode(chunk, { stream: true })).split("\n");
      pending = shortened(parts.pop() ?? "");
      // Lines that would fall out of the tail at once need no cleaning.
      for (const part of parts.slice(-limits.output_lines)) push(part);
    },
    get total() {
      return total;
    },
    text() {
      const last = plainLine(pending, limits.line_chars);
      const kept = last === "" ? lines : [...lines, last].slice(-limits.output_lines);
      return kept.join("\n");
    },
  };
}

const sizeOf = (line: string): number => Buffer.byteLength(line) + 1;

/** An unfinished line stays bounded: a progress bar is worth its last state, anything else its start. */
function shortened(pending: string): string {
  if (pending.length <= pendingChars) return pending;
  const bar = pending.lastIndexOf("\r", pending.length - 2);
  return pending.slice(bar + 1).slice(0, pendingChars);
}

const pendingChars = 64 * 1024;

function plainLine(raw: string, chars: number): string {
  const unstyled = withoutSequences(raw.slice(0, pendingChars)).replace(/\r+$/, "");
  // A carriage return overwrites the line, so that only what follows the last one was seen.
  const seen = unstyled.slice(unstyled.lastIndexOf("\r") + 1);
  const plain = withoutUnseen(seen);
  return plain.length > chars ? `${plain.slice(0, chars).toWellFormed()} …` : plain;
}
