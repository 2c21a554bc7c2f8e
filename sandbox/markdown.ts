// Shows the Markdown of checks and comments in a terminal: what a reader of GitHub's page would see of it.

/** How words are set off; the identity where there are no colours. */
export interface Emphasis {
  readonly strong: (text: string) => string;
  readonly code: (text: string) => string;
}

/** Lines without marks that a page does not show, and without empty ones. Folded parts keep only their title. */
export function readable(markdown: string, emphasis: Emphasis): readonly string[] {
  const text = markdown
    .replace(/<!--.*?-->/gs, "")
    .replace(/<details>\s*<summary>(.*?)<\/summary>.*?<\/details>/gs, "▸ $1")
    .trim();
  const lines: string[] = [];
  let rows: string[][] = [];
  const endTable = () => {
    lines.push(...table(rows));
    rows = [];
  };
  for (const line of text.split("\n")) {
    if (line.startsWith("|")) {
      const row = cells(line).map((cell) => inline(cell, emphasis));
      if (!row.every((cell) => /^-+$/.test(cell))) rows.push(row);
      continue;
    }
    endTable();
    const [, indent = "", bullet = "", rest = ""] = /^(\s*)(- )?(.*)$/.exec(line) ?? [];
    const shown = `${indent}${bullet === "" ? "" : "• "}${inline(rest, emphasis)}`.trimEnd();
    if (shown !== "") lines.push(shown);
  }
  endTable();
  return lines;
}

/** Code spans keep every character; around them, marks become emphasis and escapes become themselves. */
function inline(text: string, { strong, code }: Emphasis): string {
  return text
    .split(/(`+(?:(?!`).)+`+)/)
    .map((part, index) => {
      if (index % 2 === 1) return code(part.replace(/^`+ ?| ?`+$/g, ""));
      const shown = part.replace(link, "$1");
      return plain(shown.replace(/\*\*(.+?)\*\*/g, (_, words: string) => strong(words)));
    })
    .join("");
}

/** Where it leads is no business of somebody who reads on. */
const link = /\[((?:[^\\[\]]|\\.)+)\]\((?:<[^<>]*>|[^\s()]*)\)/g;

function plain(text: string): string {
  return text
    .replaceAll("\u200b", "")
    .replace(/\\([\\`*_{}[\]|~+#.)-])/g, "$1")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

function cells(line: string): string[] {
  return line
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function table(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => width(row[column] ?? ""))),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - width(cell))))
      .join("  ")
      .trimEnd(),
  );
}

/** Columns on the screen: colours take none, pictures two. */
function width(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one.
  const visible = text.replace(/\u001b\[\d+m/g, "");
  return [...visible].reduce(
    (sum, character) => sum + (/\p{Emoji_Presentation}/u.test(character) ? 2 : 1),
    0,
  );
}
