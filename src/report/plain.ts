// Text from reports, made plain and kept short.

import { plain } from "../core/model/plain.ts";

/** One line: a name, a path, a sentence. */
export function plainLine(text: string, most_chars: number): string {
  return cut(clean(text, most_chars).replace(/\s+/g, " ").trim(), most_chars);
}

/** Several lines: a message, a trace. Line ends become "\n", tabs stay. */
export function plainText(text: string, most_chars: number): string {
  return cut(
    clean(text, most_chars)
      .replace(/^\s*\n/, "")
      .trimEnd(),
    most_chars,
  );
}

/**
 * XML cannot carry control characters, yet runners write them. They travel through the parser as
 * Unicode's 32 noncharacters, which XML allows and nobody may use for text, so that a colour
 * sequence can still be told from the brackets of the message.
 */
export const carrier = 0xfdd0;

function clean(text: string, most_chars: number): string {
  // Cleaning only removes, so text that is far beyond the limit is not worth the work.
  return plain(
    text
      .slice(0, most_chars * 2)
      .replace(/[\ufdd0-\ufdef]/g, (char) => String.fromCharCode(char.charCodeAt(0) - carrier))
      // How pytest writes an escape character that it may not write.
      .replace(/#x1[Bb](?=\[)/g, "\u001b"),
  );
}

function cut(text: string, most_chars: number): string {
  if (text.length <= most_chars) return text;
  // Half of a surrogate pair is not text.
  return `${text.slice(0, most_chars - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
