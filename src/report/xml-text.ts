// Bytes of a report → pieces of text that an XML parser accepts.

import { carrier } from "./plain.ts";
import { withoutOutput } from "./xml-output.ts";

/**
 * Runners copy terminal output into reports, with control characters that no XML may hold, raw or as
 * `&#27;`. Refusing those reports would hide the failures in them, so exactly these characters are
 * replaced; everything else that is not well formed stays so.
 * @param bytes Valid UTF-8.
 */
export function* xmlText(bytes: Uint8Array): Generator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for (const chunk of chunksOf(bytes)) {
    const text = rest + decoder.decode(chunk, { stream: true });
    // A reference may be cut in two by the end of the chunk.
    rest = /&(?:#\w{0,8})?$/.exec(text)?.[0] ?? "";
    yield legal(text.slice(0, text.length - rest.length));
  }
  yield legal(rest + decoder.decode());
}

function* chunksOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (const piece of withoutOutput(bytes))
    for (let start = 0; start < piece.length; start += chunk_bytes)
      yield piece.subarray(start, start + chunk_bytes);
}

/** Small enough that a string cut out of a chunk keeps little else in memory. */
const chunk_bytes = 64 * 1024;

function legal(text: string): string {
  const named = text.includes("&#")
    ? text.replace(
        /&#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}));/g,
        (reference, hex: string | undefined, decimal: string) => {
          const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
          return isLegal(code) ? reference : carried(code);
        },
      )
    : text;
  return controls.test(named)
    ? named.replace(everyControl, (char) => {
        const code = char.charCodeAt(0);
        return isLegal(code) ? char : carried(code);
      })
    : named;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const controls = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]/;
const everyControl = new RegExp(controls, "g");

/** The Char production, https://www.w3.org/TR/xml/#charsets */
function isLegal(code: number): boolean {
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
  return code < 0xd800 || (code > 0xdfff && code < 0xfffe) || (code > 0xffff && code <= 0x10ffff);
}

function carried(code: number): string {
  return String.fromCharCode(code < 0x20 ? carrier + code : 0xfffd);
}
