// Foreign text made plain: no colours, no control characters, nothing that a reader cannot see.

/** One line: a name, a path, a sentence. */
export function plainLine(text: string, most_chars: number): string {
  return cut(plain(text, most_chars).replace(/\s+/g, " ").trim(), most_chars);
}

/** Several lines: a message, a trace. Line ends become "\n", tabs stay. */
export function plainText(text: string, most_chars: number): string {
  return cut(
    plain(text, most_chars)
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

/** `#x1B` is how pytest writes an escape character that it may not write. */
const esc = String.raw`(?:\u001b|#x1[Bb])`;
const colour = new RegExp(
  [
    String.raw`(?:${esc}\[|\u009b)[0-?]*[ -/]*[@-~]`,
    // A title or link ends with a bell or a string terminator; without one, only its start is taken away.
    String.raw`\u001b\][^\u0007\u001b\n]*(?:\u0007|\u001b\\)`,
    String.raw`\u001b[ -/]*[0-~]`,
  ].join("|"),
  "gu",
);
/** The bidirectional controls, the zero-width characters, fillers, tags, and what is no character. */
const unseen = /[\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu;
const control = /(?![\t\n])\p{Cc}/gu;

function plain(text: string, most_chars: number): string {
  // Cleaning only removes, so text that is far beyond the limit is not worth the work.
  return text
    .slice(0, most_chars * 2)
    .replace(/[\ufdd0-\ufdef]/g, (char) => String.fromCharCode(char.charCodeAt(0) - carrier))
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, "\n")
    .replace(colour, "")
    .replace(control, "")
    .replace(unseen, "");
}

function cut(text: string, most_chars: number): string {
  if (text.length <= most_chars) return text;
  // Half of a surrogate pair is not text.
  return `${text.slice(0, most_chars - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
