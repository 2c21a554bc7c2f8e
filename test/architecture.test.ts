// Holds the code against docs/architecture.md: who may know whom, what the core never does, and what a
// file looks like. Reads the sources as text, so that a rule is a line here and its breach says why.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Source {
  /** Below the project's folder, such as `src/core/model/gate.ts`. */
  readonly path: string;
  readonly text: string;
  /** Without comments and quoted strings. */
  readonly code: string;
  readonly imports: readonly Import[];
}

interface Import {
  /** A file of ours below the project's folder, or what a package is imported by. */
  readonly from: string;
  readonly types: boolean;
}

function sourcesIn(folder: string): readonly Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => {
      const path = join(folder, file);
      const text = readFileSync(join(root, path), "utf8");
      return { path, text, code: codeOf(text), imports: importsOf(path, text) };
    });
}

function codeOf(text: string): string {
  return text
    .replace(/\/\*.*?\*\//gs, "")
    .replace(/(^|[^:"'`])\/\/.*$/gm, "$1")
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
}

function importsOf(path: string, text: string): readonly Import[] {
  const statements = text.matchAll(
    /^(import|export)\s+(type\s)?[^;"]*?from\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm,
  );
  return [...statements].map(([, , types, from, bare, late]) => {
    const name = from ?? bare ?? late ?? "";
    const own = name.startsWith(".") ? relative(root, join(root, dirname(path), name)) : name;
    return { from: own, types: types !== undefined };
  });
}

const sources = sourcesIn("src");
const sandbox = sourcesIn("sandbox");
const tests = sourcesIn("test");
const all = [...sources, ...sandbox, ...tests];

/** Fails with one line for each breach, and the reason for the rule. */
function expectNone(breaches: readonly string[], why: string): void {
  expect(breaches, `${breaches.join("\n")}\n${why}`).toEqual([]);
}

// ---------------------------------------------------------------- who knows whom

interface Rule {
  readonly may: readonly RegExp[];
  readonly why: string;
}

const core = /^src\/core\//;
const port = /^src\/(port\.ts$|ports\/)/;
const aws = /^src\/aws\//;
const node = /^node:/;

/** By folder; the first that matches counts. What is listed besides core and port are its libraries. */
const rules: readonly (readonly [folder: RegExp, rule: Rule])[] = [
  [
    /^src\/core\/plan\/(schema|sentence)\.ts$/,
    { may: [core, /^zod$/], why: "The plan's schema is zod's, and nothing else in the core is." },
  ],
  [
    /^src\/core\/plan\/yaml/,
    { may: [core, /^yaml$/], why: "Only the reader of plans knows YAML." },
  ],
  [
    /^src\/core\/command\/comment\.ts$/,
    { may: [core, /^markdown-it$/], why: "Only the reader of comments knows a Markdown parser." },
  ],
  [
    core,
    {
      may: [core],
      why: "The core is pure: facts in, decision out. What it needs comes as a fact.",
    },
  ],
  [
    port,
    {
      may: [core, port],
      why: "The port is interfaces over the core's types, so that both sides fit it.",
    },
  ],
  [
    /^src\/flow\//,
    {
      may: [core, port, /^src\/flow\//, /^node:timers\/promises$/],
      why: "The flow reaches the outside through ports only, so that tests can stand in for it.",
    },
  ],
  [/^src\/thread\//, adapter("thread")],
  [
    /^src\/github\//,
    adapter("github", /^src\/thread\//, /^probot$/, /^@octokit\//, /^zod$/, /^yaml$/),
  ],
  [/^src\/engine\/local\//, adapter("engine/local", /^tar$/)],
  [
    /^src\/engine\/codepipeline\//,
    adapter("engine/codepipeline", aws, /^@aws-sdk\//, /^yauzl$/, /^zod$/),
  ],
  [aws, adapter("aws", /^@aws-sdk\//, /^@smithy\//, /^zod$/)],
  [/^src\/metrics\//, adapter("metrics", /^prom-client$/)],
  [/^src\/metric\//, adapter("metric", aws, /^@aws-sdk\//, /^zod$/)],
  [/^src\/notify\//, adapter("notify", aws, /^@aws-sdk\//, /^zod$/)],
  [/^src\/report\//, adapter("report", /^src\/thread\//, /^saxes$/, /^zod$/)],
  [/^src\/store\//, adapter("store", /^pg$/, /^pg-boss$/, /^@electric-sql\/pglite/)],
  [/^src\/web\//, adapter("web")],
  [
    /^src\/settings(-app)?\.ts$/,
    {
      may: [node, /^src\/core\/model\/nearest\.ts$/, /^src\/settings-app\.ts$/],
      why: "Settings are read before anything else is there.",
    },
  ],
  [
    /^src\/(main\.ts|command-line\/)/,
    { may: [/./], why: "Anyone who wires the program may know all of it." },
  ],
];

function adapter(folder: string, ...libraries: readonly RegExp[]): Rule {
  return {
    may: [core, port, new RegExp(`^src/${folder}/`), node, ...libraries],
    why: "Only one folder knows each foreign system: adapters know core, port and their own library, never each other.",
  };
}

test("imports follow the table of the architecture", () => {
  for (const { path, imports } of sources) {
    const rule = rules.find(([folder]) => folder.test(path))?.[1];
    if (rule === undefined) expect.fail(`${path} is in no folder of the architecture's table.`);
    const wrong = imports.filter(({ from }) => !rule.may.some((allowed) => allowed.test(from)));
    expectNone(
      wrong.map(({ from }) => `${path} imports ${from}`),
      rule.why,
    );
  }
});

/** Decisions that still write Markdown themselves. */
const notYet = new Set([
  "src/core/decide/approve.ts src/core/render/markdown.ts",
  "src/core/decide/production-command.ts src/core/render/markdown.ts",
  "src/core/decide/closed.ts src/core/render/markdown.ts",
  "src/core/decide/intervene.ts src/core/render/markdown.ts",
  "src/core/decide/release.ts src/core/render/checks.ts",
  "src/core/decide/settle.ts src/core/render/answer.ts",
  "src/core/decide/settle.ts src/core/render/markdown.ts",
  "src/core/decide/sibling.ts src/core/render/checks.ts",
  "src/core/decide/speak.ts src/core/render/checks.ts",
]);

/** Inside the core: a folder imports itself and those before it. */
const layers = ["model", "plan", "command", "detect", "decide", "render", "diff.ts"];

test("imports inside the core run one way", () => {
  const layerOf = (path: string) => layers.indexOf(path.split("/")[2] ?? "");
  const wrong = sources
    .filter(({ path }) => core.test(path))
    .flatMap(({ path, imports }) =>
      imports
        .filter(({ from }) => layerOf(from) > layerOf(path) && !notYet.has(`${path} ${from}`))
        .map(({ from }) => `${path} imports ${from}`),
    );
  expectNone(wrong, `The order is ${layers.join(", ")}.`);
});

test("imports make no circles", () => {
  const graph = new Map(
    all.map(({ path, imports }) => [path, imports.map(({ from }) => from)] as const),
  );
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, above: readonly string[]): void => {
    const at = above.indexOf(path);
    if (at >= 0) circles.push([...above.slice(at), path].join(" → "));
    if (at >= 0 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...above, path]);
    done.add(path);
  };
  for (const { path } of all) visit(path, []);
  expectNone(circles, "Files that need each other are one file, or what both need is a third.");
});

test("the port imports types alone", () => {
  const wrong = sources
    .filter(({ path }) => port.test(path))
    .flatMap(({ imports }) => imports.filter(({ types }) => !types));
  expectNone(
    wrong.map(({ from }) => `a port imports ${from} to run it`),
    "Nothing runs in the port.",
  );
});

test("nothing in src imports the tests or the sandbox", () => {
  const wrong = sources.flatMap(({ path, imports }) =>
    imports
      .filter(({ from }) => /^(test|sandbox)\//.test(from))
      .map(({ from }) => `${path} imports ${from}`),
  );
  expectNone(wrong, "What ships contains neither.");
});

test("the embedded GitHub and AWS import nothing of the program", () => {
  const doubles = sandbox.filter(({ path }) => /^sandbox\/(github|aws)\//.test(path));
  expect(doubles.length).toBeGreaterThan(50);
  const wrong = doubles.flatMap(({ path, imports }) =>
    imports
      .filter(({ from }) => /^(src|test)\//.test(from))
      .map(({ from }) => `${path} imports ${from}`),
  );
  expectNone(wrong, "A double that shares code with the program shares its mistakes.");
});

// ---------------------------------------------------------------- what the core never does

const impure: readonly (readonly [RegExp, string])[] = [
  [/\bawait\b/, "it never waits"],
  [/\basync\b/, "it never waits"],
  [/\bPromise\b/, "it never waits"],
  [/\bset(?:Timeout|Interval|Immediate)\b/, "it never waits"],
  [/\bDate\.now\b/, "the time is a fact, `now`"],
  [/\bnew Date\(\s*\)/, "the time is a fact, `now`"],
  [/\bperformance\./, "the time is a fact, `now`"],
  [/\bMath\.random\b/, "the same facts give the same decision"],
  [/\bcrypto\./, "the same facts give the same decision"],
  [/\bprocess\.\w/, "the environment is read in settings alone"],
  [/\bfetch\(/, "it reaches nothing outside"],
  [/\bconsole\./, "it logs nothing: what there is to say is in the decision"],
  [/\bglobalThis\b/, "it reaches nothing outside"],
];

/** Files that may throw, because what they throw for is a bug of ours. */
const mayThrow = new Set(["src/core/plan/glob-automaton.ts"]);

test("the core is pure", () => {
  const inCore = sources.filter(({ path }) => core.test(path));
  expect(inCore.length).toBeGreaterThan(30);
  for (const [pattern, why] of impure)
    expectNone(
      inCore.filter(({ code }) => pattern.test(code)).map(({ path }) => `${path}: ${pattern}`),
      `The core is pure: ${why}.`,
    );
  expectNone(
    inCore
      .filter(({ path, code }) => /\bthrow\b/.test(code) && !mayThrow.has(path))
      .map(({ path }) => path),
    "Expected trouble is a value. Where only a bug gets there, add the file to `mayThrow`.",
  );
});

test("only settings read the environment", () => {
  const wrong = sources.filter(
    ({ path, code }) => /\bprocess\.env\b/.test(code) && path !== "src/settings.ts",
  );
  expectNone(
    wrong.map(({ path }) => path),
    "All problems with settings are told at once, by `src/settings.ts`; others get what they need as arguments.",
  );
});

// ---------------------------------------------------------------- what a file looks like

test("a file is named for what it is", () => {
  const vague = /^(utils?|helpers?|common|shared|misc|lib|index|types|constants)\.ts$/;
  for (const { path } of all) {
    const name = path.split("/").at(-1) ?? "";
    expect(name, `${path}: words in lower case, joined by hyphens`).toMatch(
      /^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/,
    );
    expect(
      vague.test(name),
      `${path}: nouns for data, verbs for acts; this name says neither`,
    ).toBe(false);
  }
});

test("a file begins with a sentence about its purpose", () => {
  const wrong = all.filter(({ text }) => {
    const lines = text.replace(/^#!.*\n/, "").split("\n");
    const end = lines.findIndex((line) => !line.startsWith("// "));
    return end < 1 || !/[.:;?!]$/.test(lines[end - 1] ?? "");
  });
  expectNone(
    wrong.map(({ path }) => path),
    "Anyone who opens a file should not have to guess; the sentence is a `//` comment on its first line.",
  );
});

/** The port and the limits are one list each: cutting it would only hide how much there is. */
const longer = new Map([["src/core/model/limit.ts", 560]]);

test("no file is long", () => {
  const wrong = all.flatMap(({ path, text }) => {
    const lines = text.split("\n").length - 1;
    const most = longer.get(path) ?? (path.startsWith("test/") ? 500 : 400);
    return lines > most ? [`${path} has ${lines} lines, more than ${most}`] : [];
  });
  expectNone(wrong, "The trouble of a code base sits in its few long files: split it by subject.");
});

test("nothing is left over", () => {
  const marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|");
  const leftover = new RegExp(
    `\\b(?:${marks})\\b|\\b(?:test|it|describe)\\.on${"ly"}\\b|\\bdebugger\\b`,
  );
  expectNone(
    all.filter(({ text }) => leftover.test(text)).map(({ path }) => path),
    "What is to do is an issue; a test that runs alone hides all others.",
  );
});

test("exports have names", () => {
  const wrong = sources.filter(({ code }) => /^export default\b/m.test(code));
  expectNone(
    wrong.map(({ path }) => path),
    "A named export has one name everywhere.",
  );
});

test("limits are in one file", () => {
  const named = /^\s*const \w*(?:most|max|limit)\w* = \d/im;
  const wrong = sources.filter(
    ({ path, code }) => named.test(code) && path !== "src/core/model/limit.ts",
  );
  expectNone(
    wrong.map(({ path }) => path),
    "Every limit stands in `src/core/model/limit.ts`, with the document or the reason that it comes from.",
  );
});

// ---------------------------------------------------------------- words

/** Words of a private dialect, with what is written instead. */
const banned: readonly (readonly [RegExp, string])[] = [
  [/\bwhoever\b/i, "anyone who, no matter who"],
  [/\bbegun\b/i, "started"],
  [/\banew\b/i, "again"],
  [/\bmend(s|ed|ing)?\b/i, "fix"],
  [/\broads?\b/i, "governed branch, way"],
  [/\bwish(es)?\b/i, "command request"],
  [/\bsights?\b/, "hint"],
  [/\bheirs?\b/i, "successor"],
  [/\bbeque(st|sts|ath|athed)\b/i, "handover"],
  [/\bshut\b(?! down)/i, "blocked"],
  [/\bpatrols?\b/i, "resync"],
  [/\bclosed ways?\b/i, "disabled stage transition"],
  [/\bstor(y|ies)\b/i, "scenario"],
];

test("words are those of the glossary", () => {
  const documents = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "app.yml"]
    .concat(readdirSync(join(root, "docs")).map((name) => `docs/${name}`))
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
  const read = [...all, ...documents].filter(({ path }) => path !== "test/architecture.test.ts");
  for (const [word, instead] of banned)
    expectNone(
      read
        .filter(({ text }) => word.test(text))
        .map(({ path, text }) => `${path}: ${word.exec(text)?.[0]}`),
      `docs/glossary.md has the words of this project. Instead: ${instead}.`,
    );
});

// ---------------------------------------------------------------- packages

interface Package {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Package;

test("packages are pinned exactly", () => {
  const packages = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  expectNone(
    packages
      .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      .map(([name]) => name),
    "The same commit installs the same program: no ranges, no tags.",
  );
});

test("every package that ships is explained", () => {
  const decisions = readFileSync(join(root, "docs/decisions.md"), "utf8");
  const explained = [...decisions.matchAll(/`(@?[\w./*-]+)`/g)].map(([, name]) => name ?? "");
  const covers = (name: string, by: string) =>
    by.endsWith("*") ? name.startsWith(by.slice(0, -1)) : by === name;
  expectNone(
    Object.keys(manifest.dependencies).filter((name) => !explained.some((by) => covers(name, by))),
    "A package that ships is a decision: docs/decisions.md says what it is for and why it.",
  );
});

test("what src imports ships, and what ships is imported", () => {
  const imported = new Set(
    sources
      .flatMap(({ imports }) => imports.map(({ from }) => from))
      .filter((from) => !from.startsWith("src/") && !node.test(from))
      .map((from) =>
        from
          .split("/")
          .slice(0, from.startsWith("@") ? 2 : 1)
          .join("/"),
      ),
  );
  const shipped = new Set(Object.keys(manifest.dependencies));
  expectNone(
    [...imported].filter((name) => !shipped.has(name)).map((name) => `${name} is imported`),
    "`npm ci --omit=dev` installs dependencies only.",
  );
  expectNone(
    [...shipped].filter((name) => !imported.has(name)).map((name) => `${name} is not imported`),
    "A package that nobody imports is only a risk.",
  );
});
