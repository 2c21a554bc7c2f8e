// Patterns: what they match, what is refused, and that no path keeps them busy.

import fc from "fast-check";
import picomatch from "picomatch";
import { expect, test } from "vitest";
import { globProblem, matcher, matchLists, openSteps } from "../../src/core/plan/glob.ts";
import { compile } from "../../src/core/plan/glob-automaton.ts";

test.each([
  ["**", ["a", "a/b", ".a/.b"], []],
  ["*", ["a", ".a"], ["a/b"]],
  ["docs/**", ["docs/a", "docs/a/b", "docs/.a"], ["docs", "docsa", "a/docs/b"]],
  ["**/*.md", ["a.md", "a/b.md", "a/.md"], ["a.mdx", "a.MD"]],
  ["src/**/test/*", ["src/test/a", "src/b/c/test/a"], ["src/test", "src/test/a/b"]],
  ["**/a/**/b", ["a/b", "x/a/y/b", "a/a/b/b"], ["a", "b", "a/c"]],
  ["a?c", ["abc", "a😀c"], ["ac", "abbc", "a/c"]],
  ["[a-c]1", ["a1", "c1"], ["d1", "A1", "1"]],
  ["[!a-c]1", ["d1", "-1"], ["a1", "1", "/1"]],
  ["[^a]", ["b"], ["a"]],
  ["app/[[]id]/*", ["app/[id]/page"], ["app/i/page"]],
  ["{a,b}/*.{ts,js}", ["a/x.ts", "b/x.js"], ["c/x.ts", "a/x.css"]],
  ["{docs/**,{README,NOTICE}.md}", ["docs/a", "README.md", "NOTICE.md"], ["docs", "a.md"]],
  ["a{,b}", ["a", "ab"], ["b"]],
  ["app/(group)/a+b$^|.x", ["app/(group)/a+b$^|.x"], ["app/group/aab"]],
  ["a.b", ["a.b"], ["axb"]],
  ["release/*", ["release/1.0"], ["release", "release/1/0", "prerelease/1"]],
])("%s", (glob, yes, no) => {
  expect(globProblem(glob)).toBeNull();
  const matches = matcher([glob]);
  for (const path of yes) expect(matches(path), path).toBe(true);
  for (const path of no) expect(matches(path), path).toBe(false);
});

test.each([
  ["", /must not be empty/],
  ["!", /must not be empty/],
  ["!!a", /one ! in front/],
  ["/a", /relative/],
  ["a/", /relative/],
  ["a//b", /relative/],
  ["./a", /must not hold \. or \.\./],
  ["a/../b", /must not hold \. or \.\./],
  ["!../a", /must not hold \. or \.\./],
  ["a\\b", /no backslash/],
  ["**.md", /\*\*\/\*\.md/],
  ["a**", /Two stars/],
  ["a***", /Two stars/],
  ["[a", /A \[ needs/],
  ["[]", /A \[ needs/],
  ["[a/b]", /A \[ needs/],
  ["[[:alpha:]]", /use \[0-9\]/],
  ["[z-a]", /wrong way round/],
  ["{a", /no } after/],
  ["a}", /no { before/],
  ["{a}", /with a comma/],
  ["{a,b}".repeat(7), /at most 64/],
  ["+(a|b)", /use \{a,b\}/],
  [" a", /space/],
  ["a\u0000b", /control characters/],
  ["a\u202eb", /control characters/],
  ["x".repeat(201), /at most 200/],
])("%j is refused with a sentence", (glob, why) => {
  expect(globProblem(glob)).toMatch(why);
  expect(globProblem(glob)).toMatch(/^[A-Z].*[.]$/);
});

test("excludes win in whatever order", () => {
  for (const globs of [
    ["src/**", "!src/gen/**"],
    ["!src/gen/**", "src/**"],
  ]) {
    const matches = matcher(globs);
    expect(matches("src/a")).toBe(true);
    expect(matches("src/gen/a")).toBe(false);
    expect(matches("other")).toBe(false);
  }
  expect(matcher(["!a"])("b")).toBe(false);
  expect(matcher([])("b")).toBe(false);
});

test("a pattern with a fault is a bug by the time it is matched", () => {
  expect(() => matcher(["[a"])).toThrow(/\[a/);
});

test("a path made to keep a matcher busy does not", () => {
  const path = `${"-_".repeat(2_000)}/`.repeat(20);
  expect(matcher(["**/*-*_*-*_*-*_*-*.md", "**/-*/**/_*/**/-*-*x"])(`${path}x`)).toBe(false);
});

const letter = fc.constantFrom("a", "b", ".", "-");
const name = fc
  .string({ unit: letter, minLength: 1, maxLength: 4 })
  .filter((text) => !/^\.\.?$/.test(text));
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"));
const part = fc.oneof(
  { weight: 2, arbitrary: fc.constant("**") },
  {
    weight: 5,
    arbitrary: fc
      .array(fc.constantFrom("a", "b", ".", "-", "*", "?", "[ab]", "[!a]", "{a,b}"), {
        minLength: 1,
        maxLength: 4,
      })
      .map((parts) => parts.join(""))
      .filter((text) => !text.includes("**") && !/^\.\.?$/.test(text)),
  },
);
const glob = fc
  .array(part, { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join("/"))
  .filter((pattern) => globProblem(pattern) === null);

test("what both understand, picomatch matches too", () => {
  fc.assert(
    fc.property(glob, path, (pattern, text) => {
      // Ours reads `docs/**` as what is in docs; picomatch also as a file of that name.
      fc.pre(!pattern.endsWith("/**") && !pattern.includes("/**/**"));
      // A dot is only special to picomatch at the beginning of a name.
      fc.pre(!text.split("/").some((part) => part.startsWith(".")));
      expect(matcher([pattern])(text)).toBe(
        picomatch(pattern.replaceAll("[!", "[^"), { dot: true })(text),
      );
    }),
    { numRuns: 3_000 },
  );
});

test("many lists at once match what each of them matches alone", () => {
  const list = fc.array(
    fc.oneof(
      glob,
      glob.map((text) => `!${text}`),
    ),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(
      fc.array(list, { maxLength: 4 }),
      fc.array(path, { minLength: 1, maxLength: 5 }),
      (lists, paths) => {
        const together = matchLists(compile(lists), openSteps());
        for (const one of paths) {
          const alone = lists.flatMap((globs, index) => (matcher(globs)(one) ? [index] : []));
          expect(together(one)).toEqual(alone);
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

/** Six choices in a pattern: 64 texts that it stands for. */
const costly = Array.from(
  { length: 100 },
  (_, turn) => `**/{a*,b}{c*,d}{e*,f}{g*,h}{i*,j}{k*,l}${turn}`,
);

test("patterns that take more steps than there are leave it unknown what they match", () => {
  expect(matcher(costly, openSteps(1_000))("README")).toBeNull();
  const steps = openSteps(2_000);
  const matches = matcher(["**/*a*a*a*a*a*x"], steps);
  const answers = Array.from({ length: 1_000 }, (_, turn) => matches(`${"a".repeat(60)}${turn}y`));
  expect(answers[0]).toBe(false);
  // And so it stays, also for anyone who shares the steps.
  expect(answers.at(-1)).toBeNull();
  expect(matcher(["a"], steps)("a")).toBeNull();
});

test("what was matched before does not change what is known", () => {
  const lists = [["src/**/*.ts"], ["**/*.{a,b}*"]];
  const paths = ["src/a.ts", "src/b/c.a1", "docs/x"];
  const automaton = compile(lists);
  const spent = () => {
    const steps = openSteps();
    const matching = matchLists(automaton, steps);
    return [paths.map(matching), steps.left];
  };
  expect(spent()).toEqual(spent());
});
