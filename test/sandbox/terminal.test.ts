// Markdown as a terminal shows it, and the sandbox's command line.

import { expect, test } from "vitest";
import { readable } from "../../sandbox/markdown.ts";
import { Narrator } from "../../sandbox/narrator.ts";
import { readOptions } from "../../sandbox/options.ts";

const marked = { strong: (text: string) => `<${text}>`, code: (text: string) => `[${text}]` };

test("words keep their sense and lose their marks", () => {
  const page = [
    "<!-- interlock:answer comment:12 -->",
    "**Blocked** · commit `3f9a1c7`",
    "",
    "",
    "- `a\\_b` said \\*no\\* to @\u200bdev &amp; &lt;b&gt; (`stage_failed`)",
    "  **Next:** fix it, in [the plan \\[1\\]](<https://github.com/a/b(c)>) or [here](#top).",
    "<details><summary>Details for operators</summary>",
    "",
    '```json\n{ "long": true }\n```',
    "",
    "</details>",
  ].join("\n");

  expect(readable(page, marked)).toEqual([
    "<Blocked> · commit [3f9a1c7]",
    "• [a\\_b] said *no* to @dev & <b> ([stage_failed])",
    "  <Next:> fix it, in the plan [1] or here.",
    "▸ Details for operators",
  ]);
});

test("tables stand in columns", () => {
  const table =
    "| stage | state | note |\n| --- | --- | --- |\n| `a\\|b` | ❌ failed | |\n| `build` | ✅ passed | x |";

  expect(readable(table, { strong: String, code: String })).toEqual([
    "stage  state      note",
    "a|b    ❌ failed",
    "build  ✅ passed  x",
  ]);
});

test("colours are used only where they are wanted", () => {
  const told = (colours: "on" | "off") => {
    let text = "";
    const narrator = new Narrator({
      write: (part) => {
        text += part;
      },
      colours,
      clock: () => 0,
    });
    narrator.chapter("A scenario");
    narrator.expect({ sentence: "It holds.", holds: true, instead: "" });
    return text;
  };

  expect(told("off")).toBe("\nA scenario\n  ✔ It holds.\n");
  expect(told("on")).toContain("\u001b[32m✔\u001b[39m It holds.");
});

test("options choose the engine, the scenarios and whether to stay", () => {
  const scenarios = [1, 2, 3].map((number) => {
    return { number, title: "A scenario", engine: number === 3 ? ("codepipeline" as const) : null };
  });
  const read = (...args: string[]) => readOptions(args, scenarios);

  expect(read()).toEqual({ kind: "run", options: { engine: "local", only: null, stay: "leave" } });
  expect(read("--stay", "--engine", "codepipeline", "--only", "1,3")).toEqual({
    kind: "run",
    options: { engine: "codepipeline", only: [1, 3], stay: "stay" },
  });
  expect(read("--help")).toEqual({ kind: "help" });
  for (const bad of [
    ["--only", "4"],
    // It is told elsewhere.
    ["--only", "3"],
    ["--engine", "jenkins"],
    ["--only", ""],
    ["--only"],
    ["--only", "1,x"],
    ["now"],
    ["-x"],
  ])
    expect(read(...bad)).toMatchObject({ kind: "bad" });
});
