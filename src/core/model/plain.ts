// Foreign text made plain: no terminal sequences, no control characters, nothing that a reader cannot see.

/** What a reader sees of the text. Line ends become "\n"; tabs stay. */
export function plain(text: string): string {
  const lines = withoutSequences(text).replace(/\r\n?|[\u0085\u2028\u2029]/g, "\n");
  return withoutUnseen(lines).toWellFormed();
}

/** One line of plain text. */
export function plainLine(text: string): string {
  return plain(text).replace(/\s+/g, " ").trim();
}

/** Cuts plain text to a number of characters, with an ellipsis. */
export function cutChars(text: string, chars: number): string {
  return text.length <= chars ? text : `${beginning(text, chars - 1)}…`;
}

/** At most so many characters, and no half of one at the end. */
export function beginning(text: string, chars: number): string {
  const isHalf = /[\ud800-\udbff]/.test(text.charAt(chars - 1));
  return text.slice(0, isHalf ? chars - 1 : chars).toWellFormed();
}

/** Text without colours, titles, links and cursor movements. */
export function withoutSequences(text: string): string {
  return text.replace(sequences, "");
}

/** Text without control characters but tab and newline, and without what has no shape of its own. */
export function withoutUnseen(text: string): string {
  return text.replace(unseen, "");
}

/** Text without the run of such characters at its end: a pattern that ends in `$` looks at a long run once for each of its characters. */
export function withoutLast(text: string, chars: string): string {
  let end = text.length;
  while (end > 0 && chars.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

// ECMA-48: control sequences (CSI), strings (OSC, DCS, SOS, PM, APC; ended by BEL or ST), two-character escapes.
const sequences =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?/g;

// Bidirectional controls, zero-width characters, fillers, tags, variation selectors, private use, non-characters.
const unseen =
  /(?![\t\n])[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu;
