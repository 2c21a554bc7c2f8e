// What runs out of a comment, and above all what does not.

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { plainLines } from "../../src/core/command/comment.ts";
import { parseCommands } from "../../src/core/command/parse.ts";
import { commandTable, mayGive, type Verb } from "../../src/core/model/command.ts";
import { limit } from "../../src/core/model/limit.ts";
import { roles } from "../../src/core/model/plan.ts";

const stop = [{ kind: "stop" }];

test.each([
  ["/interlock help", { kind: "help" }],
  ["/interlock", { kind: "help" }],
  ["/interlock status", { kind: "status" }],
  ["/interlock explain", { kind: "explain" }],
  ["/interlock stop", { kind: "stop" }],
  ["/interlock STOP", { kind: "stop" }],
  ["/interlock \t stop  ", { kind: "stop" }],
  ["/interlock verify", { kind: "verify", sha: null }],
  ["/interlock verify 3F9A1C7", { kind: "verify", sha: "3f9a1c7" }],
  [`/interlock verify ${"a1".repeat(20)}`, { kind: "verify", sha: "a1".repeat(20) }],
  ["/interlock retry", { kind: "retry", stage: null }],
  [
    "/interlock rollback to 3f9a1c7",
    { kind: "rollback", pipeline: "to", stage: "3f9a1c7", to: null },
  ],
  ["/interlock retry test", { kind: "retry", stage: "test" }],
  ["/interlock retry unit_test_2.x", { kind: "retry", stage: "unit_test_2.x" }],
  ['/interlock retry "unit tests"', { kind: "retry", stage: "unit tests" }],
  ["/interlock retry 'unit tests'", { kind: "retry", stage: "unit tests" }],
  ["/interlock retry “unit tests”", { kind: "retry", stage: "unit tests" }],
  ["/interlock retry ‘build’", { kind: "retry", stage: "build" }],
])("%s", (body, command) => {
  expect(parseCommands(body)).toEqual([command]);
});

test.each([
  ["/interlock hlep", { kind: "unknown", word: "hlep", nearest: "help" }],
  ["/interlock stopp", { kind: "unknown", word: "stopp", nearest: "stop" }],
  ["/interlock verfy now", { kind: "unknown", word: "verfy", nearest: "verify" }],
  ["/interlock ѕtop", { kind: "unknown", word: "ѕtop", nearest: "stop" }],
  ["/interlock deploy", { kind: "unknown", word: "deploy", nearest: null }],
  ["/interlock __proto__", { kind: "unknown", word: "__proto__", nearest: null }],
  [
    `/interlock ${"x".repeat(60_000)}`,
    { kind: "unknown", word: "x".repeat(limit.command.word_chars), nearest: null },
  ],
])("%s is no command, and the nearest is named", (body, command) => {
  expect(parseCommands(body)).toEqual([command]);
});

test.each<[string, Verb, RegExp]>([
  ["/interlock stop now", "stop", /takes no argument/],
  ["/interlock help <!-- x -->", "help", /takes no argument/],
  ["/interlock verify 3f9a1c", "verify", /7 to 40/],
  [`/interlock verify ${"a".repeat(41)}`, "verify", /7 to 40/],
  ["/interlock verify main", "verify", /7 to 40/],
  ["/interlock verify 3f9a1c7 3f9a1c8", "verify", /at most one/],
  ["/interlock verify [3f9a1c7](https://example.org)", "verify", /7 to 40/],
  ["/interlock retry unit tests", "retry", /in quotes: `\/interlock retry "unit tests"`/],
  ['/interlock retry ""', "retry", /name of a stage/],
  ['/interlock retry "test', "retry", /name of a stage/],
  ["/interlock retry `test`", "retry", /name of a stage/],
  ["/interlock retry *test*", "retry", /name of a stage/],
  ["/interlock retry $(reboot)", "retry", /name of a stage/],
  [`/interlock retry ${"x".repeat(65)}`, "retry", /name of a stage/],
])("%s is answered with what it takes", (body, verb, why) => {
  expect(parseCommands(body)).toEqual([{ kind: "invalid", verb, why: expect.stringMatching(why) }]);
});

test.each([
  ["below text", "Looks good.\n/interlock stop"],
  [
    "below text with marks of its own",
    "I _think_ `a` **b** ~5 [c](d) <kbd>e</kbd>\n/interlock stop",
  ],
  ["above text", "/interlock stop\nbecause it *hangs*"],
  ["with Windows line ends", "Hello\r\n\r\n/interlock stop\r\n"],
  ["indented a little", "Hello\n\n   /interlock stop"],
  ["below a quote", "> why?\n> `so`\n\n/interlock stop"],
  ["below quoted code", "> ```\n> x\n\n/interlock stop"],
  ["below a list", "- a\n- b\n  ```\n  c\n  ```\n\n/interlock stop"],
  ["below a code block", "```sh\nmake\n```\n/interlock stop"],
  ["below a table", "| a |\n|---|\n| b |\n\n/interlock stop"],
  ["below a heading", "# Hello\n/interlock stop"],
  ["below a closed comment", "<!-- a\n\nb -->\n\n/interlock stop"],
  [
    "below a closed fold",
    "<details><summary>log</summary>\n\n```\nx\n```\n\n</details>\n\n/interlock stop",
  ],
  [
    "below an image",
    '<img width="1" alt="Image" src="https://example.org/a.png" />\n\n/interlock stop',
  ],
  ["below a type that GitHub drops", "It is a List<String>.\n\n/interlock stop"],
  ["below an address", "<https://example.org/>\n/interlock stop"],
  ["below what other bots read", "/retest\n/lgtm\n/interlock stop"],
  ["below invisible characters on another line", "a\u200bb\n/interlock stop"],
])("runs %s", (_where, body) => {
  expect(parseCommands(body)).toEqual(stop);
});

test.each([
  ["inside a sentence", "Say /interlock stop"],
  [
    "of other bots",
    "/retest\n/lgtm\n/interlocks stop\n/interlock-stop\n/interlock: stop\n/Interlock stop",
  ],
  ["with a look-alike letter in the name", "/interlосk stop"],
  ["in a quote", "> /interlock stop"],
  ["in a lazy line of a quote", "> hello\n/interlock stop"],
  ["in an alert", "> [!NOTE]\n> /interlock stop"],
  ["in a list", "- /interlock stop\n1. /interlock stop"],
  ["in a lazy line of a list", "- hello\n/interlock stop"],
  ["in a task list", "- [ ] /interlock stop"],
  ["in a paragraph of a list", "- hello\n\n  /interlock stop"],
  ["in a fence", "```\n/interlock stop\n```"],
  ["in a fence of tildes", "~~~ sh\n```\n/interlock stop\n~~~"],
  ["in a fence that never ends", "```\n\n/interlock stop"],
  ["in a fence below one that ended with its list", "- ```\n\n```\n/interlock stop\n```"],
  ["in a fence below an empty item", "-\n\n  ```\n\n/interlock stop\n  ```"],
  ["in indented code", "    /interlock stop\n\n\t/interlock stop"],
  ["indented like code in a paragraph", "hello\n    /interlock stop\n\t/interlock stop"],
  ["in inline code", "`/interlock stop`"],
  ["in inline code over lines", "``a\n/interlock stop\nb``"],
  ["in inline code above the bare word", "`a\n/interlock stop\nb`\n/interlock"],
  ["in a heading", "# /interlock stop"],
  ["in an underlined heading", "/interlock stop\n---\n\n/interlock stop\n==="],
  ["in a table", "| a |\n|---|\n| /interlock stop |\n/interlock stop"],
  ["in a table's head without pipes", "/interlock stop\n:--"],
  [
    "in a link",
    "[/interlock stop](https://example.org)\n[a\n/interlock stop\nb](https://example.org)",
  ],
  ["in a link's title", '[a](b "c\n/interlock stop\nd")'],
  ["in a link's definition", '[a]: b "c\n/interlock stop\nd"\n\n[a]'],
  ["in a footnote", "a[^1]\n\n[^1]: b\n/interlock stop"],
  ["in bold", "**/interlock stop**\n**a\n*/interlock stop*"],
  ["in a strikethrough", "~~a\n/interlock stop\nb~~\n\n~a\n/interlock stop\nb~"],
  ["in a formula", "$$\n/interlock stop\n$$"],
  ["escaped", "\\/interlock stop"],
  ["with an escape in it, which is not shown as it is written", "/interlock status\\!"],
  ["in character references", "&#47;interlock stop"],
  [
    "in a comment",
    "<!-- /interlock stop -->\n\n<!--\n/interlock stop\n-->\n\na <!--\n/interlock stop\n-->",
  ],
  ["in a comment that never ends", "<!--\n\n/interlock stop"],
  ["in a comment that only we see end", "<div><!--\n\n/interlock stop\n\n--></div>"],
  ["in a fold", "<details>\n\n/interlock stop\n\n</details>"],
  ["in a fold that begins in a line", "see <details>\n\n/interlock stop"],
  ["in a fold that a comment seems to end", "<details>\n<!-- </details> -->\n\n/interlock stop"],
  ["in a fold that an attribute seems to end", '<details title="</details>">\n\n/interlock stop'],
  ["in a fold that code seems to end", "<details>\n\n`</details>`\n\n/interlock stop"],
  ["in a fold that a cell seems to end", "<details>\n\n|a|\n|-|\n|</details>|\n\n/interlock stop"],
  ["in a fold that a table seems to end", "<details><table></details></table>\n\n/interlock stop"],
  ["in a fold behind a comment that ends early", "<!--> <details> -->\n\n/interlock stop"],
  ["in a fold behind a comment with an odd end", "<!-- --!> <details> -->\n\n/interlock stop"],
  ["in a fold written as if it had no inside", "<details/>\n\n/interlock stop"],
  ["in a fold in capitals", "<DETAILS>\n\n/interlock stop"],
  ["in deleted text", "<del>\n/interlock stop\n</del>\n\na <del>\n/interlock stop\n</del>"],
  ["in preformatted text", "<pre>\n\n/interlock stop\n\n</pre>"],
  ["in an attribute that never ends", '<div title="\n\n/interlock stop'],
  ["behind an element that takes everything", "<textarea>\n\n</textarea>\n\n/interlock stop"],
  ["in a processing instruction", "<?php\n\n/interlock stop\n\n?>\n\n/interlock stop"],
  ["with a zero-width space", "/interlock\u200b stop"],
  ["with a zero-width joiner", "/interlock st\u200dop"],
  ["with a soft hyphen", "/interlock st\u00adop"],
  ["with a byte order mark", "\ufeff/interlock stop"],
  ["behind a no-break space", "\u00a0/interlock stop"],
  ["with a no-break space", "/interlock\u00a0stop"],
  ["with an ideographic space", "/interlock\u3000stop"],
  ["with a Hangul filler", "/interlock stop \u3164"],
  ["with a right-to-left mark", "/interlock stop \u200f"],
  ["with an override", "/interlock \u202epots"],
  ["below an override", "a \u202e b\n/interlock stop"],
  ["with a combining mark", "/interlock stop\u0336"],
  ["with a variation selector", "/interlock stop\ufe0f"],
  ["with a tag character", "/interlock stop\u{e0041}"],
  [
    "with a control character",
    "/interlock \u0000stop\n\n/interlock \u001b[31mstop\n\n\f/interlock stop",
  ],
  ["behind a line separator", "a\u2028/interlock stop\n\n\u2029/interlock stop"],
])("nothing runs %s", (_where, body) => {
  expect(parseCommands(body)).toEqual([]);
});

test("a comment gives its commands in order, and only the first few", () => {
  expect(
    parseCommands("/interlock status\ntext\n\n/interlock hlep\n/interlock stop"),
  ).toMatchObject([{ kind: "status" }, { kind: "unknown" }, { kind: "stop" }]);
  expect(parseCommands("/interlock status\n".repeat(100))).toHaveLength(limit.command.per_comment);
});

test("a comment as long as GitHub takes them is read, a longer one is not", () => {
  const filling = "word ".repeat(13_110).slice(0, limit.command.comment_chars - 17);
  expect(parseCommands(`${filling}\n\n/interlock stop`)).toEqual(stop);
  expect(parseCommands(`${filling}x\n\n/interlock stop`)).toEqual([]);
});

test.each(
  [
    "[",
    "*a_",
    "<",
    "> ",
    "><",
    "`",
    "[a](",
    "![[]()",
    "[ (](",
    "<!--",
    "a <!A ",
    "a <?",
    "- ",
    "- \n",
    "1. ",
    "|",
    "**x [a*b**c*](d)",
    "x <a b='",
    "&",
    "\\",
    "~~a",
    "~a\n",
    "$\n",
    "*",
    "_a __a ",
    ">\n",
    "<b>",
    "<b></b>",
    "<!-- -->",
    "<!-- -->\n\n",
    "[^1]: ",
    "\n",
    "\t",
    " ",
    '<a href="',
    "```\n",
    "[a]: <",
    "[a]: b '\n",
    "a\n=\n",
    "a\n",
    "|-",
    "e`",
    "/interlock \n",
    "\u202e\n",
    "<details ",
    "<details\n",
  ].map((part) => [part]),
)("65,536 characters of %j are read", (part) => {
  const command = "\n\n/interlock stop";
  const body = part
    .repeat(limit.command.comment_chars)
    .slice(0, limit.command.comment_chars - command.length);
  expect(parseCommands(body + command).length).toBeLessThanOrEqual(limit.command.per_comment);
});

/** Paragraphs that open nothing; so what follows them stands where it would stand alone. */
const prose = fc
  .array(fc.stringMatching(/^[a-z][a-z ,.]{0,30}$/), { maxLength: 4 })
  .map((lines) => lines.map((line) => `${line}\n\n`).join(""));

const hiding = fc.constantFrom<(line: string) => string>(
  (line) => `> ${line}`,
  (line) => `> a\n${line}`,
  (line) => `* a\n\n  ${line}`,
  (line) => `1) ${line}`,
  (line) => `\`\`\`\n${line}\n\`\`\``,
  (line) => `~~~~\n~~~\n${line}\n~~~~`,
  (line) => `    ${line}`,
  (line) => `\`\n${line}\n\``,
  (line) => `### ${line}`,
  (line) => `a\n${line}\n---`,
  (line) => `<!-- a\n\n${line}\n-->`,
  (line) => `<details>\n\n${line}\n\n</details>`,
  (line) => `<div>\n${line}\n</div>`,
  (line) => `<s>\n\n${line}\n\n</s>`,
  (line) => `[a\n${line}\nb](c)`,
  (line) => `~~a\n${line}\nb~~`,
  (line) => `| a |\n| - |\n${line}`,
);

test("what hides a command hides it wherever it stands, and shows the command that follows", () => {
  fc.assert(
    fc.property(
      prose,
      fc.array(hiding, { minLength: 1, maxLength: 4 }),
      prose,
      (above, wrap, below) => {
        const hidden = wrap.map((hide) => `${hide("/interlock stop")}\n\n`).join("x\n\n");
        expect(parseCommands(above + hidden + below)).toEqual([]);
        expect(parseCommands(`${above + hidden + below}x\n\n/interlock status`)).toEqual([
          { kind: "status" },
        ]);
      },
    ),
  );
});

test("whatever else a comment holds, every plain line stands in it as a line of its own", () => {
  const fragment = fc.constantFrom(
    "/interlock stop",
    "\n",
    "\n\n",
    "> ",
    "- ",
    "1. ",
    "```",
    "~~~",
    "    ",
    "\t",
    "<!--",
    "-->",
    "<details>",
    "</details>",
    "<b>",
    "</b>",
    "`",
    "**",
    "~~",
    "[a](",
    ")",
    "[a]: ",
    '"',
    "|",
    "---",
    "===",
    "#",
    "\\",
    "\u200b",
    "\u202e",
    "&#47;",
    "a",
    " ",
    "<",
    "\r",
    "$",
    "[^1]:",
    "<pre>",
    "</pre>",
  );
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 30 }), (parts) => {
      const body = parts.join("");
      const lines = new Set(body.split(/\r\n?|\n/).map((line) => line.trim()));
      for (const line of plainLines(body)) {
        expect(lines).toContain(line);
        expect(line).not.toMatch(/[\u200b\u202e]/);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("nothing at all makes the reading fail", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      parseCommands(`${text}\n\n/interlock ${text}`);
    }),
  );
});

test("roles below the table's may not give a command, and the plan can say otherwise", () => {
  const allowed = (verb: Verb) =>
    [...roles, "none" as const].filter((role) => mayGive(verb, role, {}));
  expect(allowed("status")).toEqual(["read", "triage", "write", "maintain", "admin"]);
  expect(allowed("verify")).toEqual(["write", "maintain", "admin"]);
  expect(mayGive("stop", "write", { stop: ["admin"] })).toBe(false);
  expect(mayGive("stop", "admin", { stop: ["admin"] })).toBe(true);
  expect(mayGive("stop", "triage", { stop: ["triage"] })).toBe(true);
  expect(mayGive("help", "none", { help: [...roles] })).toBe(false);
  expect(mayGive("verify", "write", { stop: ["admin"] })).toBe(true);
});

test("every example of the table is read as its own command", () => {
  for (const row of commandTable)
    for (const example of row.examples) {
      expect(parseCommands(example)).toMatchObject([{ kind: row.verb }]);
    }
});

test("the document holds the table as it is", () => {
  const document = readFileSync("docs/commands.md", "utf8");
  const rows = commandTable.map(
    (row) => `| \`/interlock ${row.usage}\` | ${row.help} | ${row.roles.join(", ")} |`,
  );
  expect(document.split("\n").filter((line) => line.startsWith("| `/interlock"))).toEqual(rows);
  for (const example of commandTable.flatMap((row) => row.examples))
    expect(document).toContain(example);
});
