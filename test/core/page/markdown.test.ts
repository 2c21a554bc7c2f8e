// Foreign text on a page: it is seen as what it is and does nothing. A page with hostile words has the
// elements that it has with harmless ones, none more.

import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { cutChars } from "../../../src/core/model/plain.ts";
import {
  block,
  cell,
  code,
  cutBytes,
  fold,
  link,
  prose,
} from "../../../src/core/render/markdown.ts";
import { hostile, nasty } from "./hostile.ts";
import { lively, render } from "./render.ts";

// Much is tried here; beside other work it takes many times as long as alone.
vi.setConfig({ testTimeout: 120_000 });

/** Where foreign text stands on our pages. */
const places: readonly (readonly [string, (text: string) => string])[] = [
  ["a code span", (text) => code(text)],
  ["a code span in a sentence", (text) => `- before ${code(text)} after (${code("b")})`],
  ["a cell of code", (text) => `| a | b |\n| --- | --- |\n| ${cell(text)} | c |`],
  ["a cell of prose", (text) => `| a | b |\n| --- | --- |\n| ${prose(text)} | c |`],
  ["a paragraph", (text) => `${prose(text)}\n\nafter`],
  ["a sentence in a list", (text) => `- before ${prose(text)} (${code("b")})\n- after`],
  ["the beginning of a list's item", (text) => `- ${prose(text)}\n- after`],
  ["the text of a link", (text) => `- ${link(text, "https://a.example/b?c=1#d")} after`],
  ["an address that is none", (text) => `- ${link("b", `https://a.example/${text}>`)} after`],
  ["a block", (text) => `${block(text)}\n\nafter`],
  ["a block with a language", (text) => `${block(text, "json")}\n\nafter`],
  ["what is folded", (text) => `${fold(text, block(text))}\n\nafter`],
];

test.each(places)("%s keeps hostile text inert", (_, page) => {
  const harmless = render(page("word"));
  fc.assert(
    fc.property(nasty, (text) => {
      // Nothing at all makes no paragraph.
      fc.pre(prose(text) !== "");
      const rendered = render(page(text));
      expect(rendered.tags).toEqual(harmless.tags);
      expect(lively(rendered)).toEqual([]);
    }),
    { numRuns: 1_500 },
  );
});

test("each of the fragments alone is inert everywhere", () => {
  for (const [place, page] of places) {
    const harmless = render(page("word")).tags;
    const seen = hostile.filter((part) => prose(part) !== "");
    for (const text of [...seen, ...hostile.map((part) => `x ${part} y`)]) {
      const rendered = render(page(text));
      expect(rendered.tags, `${JSON.stringify(text)} in ${place}`).toEqual(harmless);
      expect(lively(rendered), `${JSON.stringify(text)} in ${place}`).toEqual([]);
    }
  }
});

test("nothing that a reader cannot see is left, apart from our own break in a mention", () => {
  fc.assert(
    fc.property(nasty, (text) => {
      for (const [, page] of places)
        expect(page(text)).not.toMatch(/[\p{Cc}\p{Cf}](?<![\t\n\u200b])|\p{Cs}/u);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ["letters and marks", "a_b*c [d] <e> & f|g ~h~ 1.5 \\n"],
  ["a path", "src/a-b_c.test.ts:12"],
  ["a shell command", "npm test -- --grep 'a|b' && echo \"$HOME\" # done"],
])("%s reads in prose as it was written", (_, text) => {
  expect(render(`- ${prose(text)}`).text.trim()).toBe(text);
  expect(render(code(text)).text.trim()).toBe(text);
});

test("a mention keeps its letters", () => {
  expect(prose("ask @ada about #12").replaceAll("\u200b", "")).toBe("ask @ada about #12");
});

// ---------------------------------------------------------------- cutting

const bytes = (text: string) => new TextEncoder().encode(text).length;

test("a cut text fits, is a beginning of the whole in whole lines, and says that it was cut", () => {
  const line = fc.string({ unit: fc.constantFrom("a", "é", "漢", "😀", " ", "`"), maxLength: 60 });
  fc.assert(
    fc.property(
      fc.array(line, { maxLength: 40 }),
      fc.integer({ min: 60, max: 900 }),
      (all, most) => {
        const text = all.join("\n");
        const cut = cutBytes(text, most);
        expect(bytes(cut)).toBeLessThanOrEqual(most);
        if (bytes(text) <= most) expect(cut).toBe(text);
        else {
          const [kept = "", mark] = cut.split("\n\n… cut");
          expect(mark).toBeDefined();
          expect(text.startsWith(kept)).toBe(true);
          if (text.slice(0, kept.length + 1).includes("\n"))
            expect(["\n", undefined]).toContain(text[kept.length]);
        }
        expect(cut.isWellFormed()).toBe(true);
      },
    ),
    { numRuns: 2_000 },
  );
});

test("a text is not cut within a character", () => {
  const words = "😀漢😀😀a😀😀aé😀";
  expect(cutBytes(`${words}\n${words}`, 61)).toBe(
    `${words.slice(0, -2)}\n\n… cut: too long for GitHub.`,
  );
  expect(cutChars("ab😀d", 4)).toBe("ab…");
});

test.each([
  ["bytes", "a"],
  ["two bytes", "é"],
  ["three bytes", "漢"],
  ["four bytes", "😀"],
])("one endless line of %s is cut to GitHub's limit and hardly below", (_, letter) => {
  const cut = cutBytes(letter.repeat(70_000), 65_535);
  expect(bytes(cut)).toBeLessThanOrEqual(65_535);
  expect(bytes(cut)).toBeGreaterThan(65_000);
});

test("a page that is cut in the middle of hostile code lets nothing out", () => {
  const lines = Array.from({ length: 60 }, () => `- ${code(`@ada <b> ${"x".repeat(3_000)}`)}`);
  const rendered = render(cutBytes(lines.join("\n"), 65_535));
  expect(lively(rendered)).toEqual([]);
  expect(rendered.tags).not.toContain("<b>");
});

test("cut plain text ends with an ellipsis and never with half a letter", () => {
  expect(cutChars("short", 5)).toBe("short");
  expect(cutChars("longer", 5)).toBe("long…");
  expect(cutChars("abc😀def", 5).isWellFormed()).toBe(true);
  expect(cutChars("abc😀def", 5).length).toBeLessThanOrEqual(5);
});

test("a block of blank lines costs no more than its length", () => {
  const text = `${"\n".repeat(1_000_000)}x`;
  expect(block(`${text}\n\n`)).toBe(`\`\`\`\n${text}\n\`\`\``);
});
