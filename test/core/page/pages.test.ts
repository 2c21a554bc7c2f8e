// Whole pages: hostile words anywhere in the facts come out inert, and nothing is larger than GitHub takes.

import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { decide } from "../../../src/core/decide/decide.ts";
import type { CheckWanted } from "../../../src/core/model/effect.ts";
import type { Facts, PlanReading } from "../../../src/core/model/fact.ts";
import { limit } from "../../../src/core/model/limit.ts";
import { commitFacts, problemOf, pullFacts, sha, usualPlan } from "../facts.ts";
import { hostile, nasty } from "./hostile.ts";
import { lively, render } from "./render.ts";

// Much is tried here; beside other work it takes many times as long as alone.
vi.setConfig({ testTimeout: 120_000 });

/** Facts that carry foreign words wherever the outside can put any. */
function spoken(words: string): readonly Facts[] {
  const invalid = (message: string): PlanReading => ({
    kind: "read",
    blob: "b",
    parse: { kind: "invalid", problems: [{ line: 1, column: 1, path: words, message }] },
  });
  const problem = { name: words, message: words, trace: words, file: "src/a.ts" };
  const request = {
    actor: words,
    commands: [
      { kind: "status" } as const,
      { kind: "explain" } as const,
      { kind: "retry", stage: "nowhere" } as const,
      { kind: "unknown", word: words, nearest: null } as const,
    ],
  };
  const failed = (kind: "read" | "broken") => ({
    state: "failed" as const,
    why: words,
    stages: [
      { name: "build" },
      {
        name: "test",
        state: "failed" as const,
        why: words,
        output: words,
        reports: [{ kind, path: words, why: words, counts: { failed: 1 }, problems: [problem] }],
      },
    ],
  });
  const unknown = { kind: "unknown", why: words } as const;
  return [
    pullFacts({ executions: [failed("read")], requests: [request], pull: { author: words } }),
    pullFacts({ executions: [failed("broken")], pull: { head: { sha: sha.head, ref: words } } }),
    pullFacts({ executions: [{ state: "refused", why: words }] }),
    pullFacts({ executions: [{ state: "lost", why: words }] }),
    pullFacts({ executions: [{ state: "stopped", why: words, stopReason: `person:${words}` }] }),
    pullFacts({ pull: { base: { ref: words } } }),
    pullFacts({ files: [words, `src/${words}`] }),
    pullFacts({ files: { kind: "cut", why: words } }),
    pullFacts({ files: unknown }),
    pullFacts({ plan: unknown }),
    pullFacts({ plan: invalid(words) }),
    pullFacts({ proposed: invalid(words), files: [".github/interlock.yml"] }),
    pullFacts({ proposed: { ...usualPlan, exempt: [words] }, files: [".github/interlock.yml"] }),
    pullFacts({ siblings: [{ key: `pull:acme/shop#9`, base: words, verdict: "failure" }] }),
    commitFacts({ waiting: [words], plan: invalid(words) }),
    commitFacts({ waiting: [words] }),
    commitFacts({ executions: [{ state: "failed", why: words }] }),
    ...around(words),
  ];
}

/** What others did, in their words. */
function around(words: string): readonly Facts[] {
  const mark = { kind: "condition_overridden", stage: "deploy", sentence: words } as const;
  const back = { key: "comment:7|shop||", execution: "r1", stage: "deploy", actor: words };
  const foreignExecutions = {
    engineId: words,
    kind: "standard",
    trigger: words,
    by: words,
    state: "failed",
    why: words,
    startedAt: null,
    link: words,
  } as const;
  const value = {
    differences: [
      { kind: "cannot_start", sentence: words },
      { kind: "transition_disabled", stage: "deploy", sentence: words },
    ],
    foreignExecutions: [foreignExecutions],
    outOfBandChanges: [],
    live: [],
  } as const;
  const drift = { pipeline: "shop", part: "release", fresh: true } as const;
  const command = { kind: "rollback", pipeline: "shop", stage: null, to: null } as const;
  const asked = { key: "comment:7", comment: 7, commands: [command] };
  const running = { key: "r1", state: "running", stages: [{ name: "package" }] } as const;
  return [
    commitFacts({
      executions: [{ key: "r1", outOfBandChanges: [mark] }],
      driftReports: [{ ...drift, reading: { kind: "known", value } }],
      rollbacks: [{ ...back, state: "failed", why: words }],
      requests: [asked],
    }),
    commitFacts({
      executions: [running],
      driftReports: [{ ...drift, reading: { kind: "known", value } }],
    }),
    commitFacts({
      executions: [{ key: "r1", surveyedAt: null }],
      driftReports: [{ ...drift, reading: { kind: "unknown", why: words } }],
    }),
    commitFacts({
      executions: [{ ...running, stopReason: "deadline_passed", stopRefused: words }],
      rollbacks: [{ ...back, sha: sha.landed }],
    }),
    commitFacts({ executions: [{ state: "intended", why: words }] }),
    pullFacts({
      rollbacks: [{ ...back, state: "refused", why: words }],
      requests: [asked],
    }),
  ];
}

/** Everything that is posted for the facts. */
function pages(facts: Facts): readonly string[] {
  const { checks, corrections, answers } = decide(facts);
  const of = ({ summary, text }: CheckWanted) => [summary, text];
  return [...[...checks, ...corrections].flatMap(of), ...answers.map(({ body }) => body)];
}

const harmless = spoken("word").map((facts) => pages(facts).map(render));

function expectInert(words: string): void {
  for (const [at, facts] of spoken(words).entries())
    for (const [page, source] of pages(facts).entries()) {
      const rendered = render(source);
      const where = `${JSON.stringify(words)} in page ${page} of situation ${at}:\n${source}`;
      const before = harmless[at]?.[page];
      expect(elements(rendered.tags), where).toEqual(elements(before?.tags ?? []));
      expect(lively(rendered), where).toEqual([]);
    }
}

/** What is empty takes a paragraph or a fold away; nothing else may differ, and nothing be added. */
function elements(tags: readonly string[]): readonly string[] {
  return [...new Set(tags)].sort();
}

test("every fragment is inert wherever the outside can put it", () => {
  for (const fragment of hostile) expectInert(`x ${fragment} y`);
});

test("any mixture of fragments is inert wherever the outside can put it", () => {
  fc.assert(
    fc.property(nasty, (words) => expectInert(`x${words}y`)),
    { numRuns: 150 },
  );
});

test("titles are one line of plain text", () => {
  for (const fragment of hostile)
    for (const facts of spoken(`x ${fragment} y`))
      for (const { title } of decide(facts).checks) {
        expect(title).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\n]/u);
        expect(title.length).toBeLessThanOrEqual(limit.page.title_chars);
      }
});

// ---------------------------------------------------------------- sizes

const bytes = (text: string) => new TextEncoder().encode(text).length;

function expectAcceptable(facts: Facts): void {
  const { checks, answers } = decide(facts);
  expect(checks.length).toBeGreaterThan(0);
  for (const check of checks) {
    expect(bytes(check.summary)).toBeLessThanOrEqual(65_535);
    expect(bytes(check.text)).toBeLessThanOrEqual(65_535);
    expect(check.title).not.toBe("");
    expect(check.summary).not.toBe("");
    expect(check.annotations.length).toBeLessThanOrEqual(50);
    for (const { title, message, path, line } of check.annotations) {
      expect(title.length).toBeLessThanOrEqual(255);
      expect(bytes(message)).toBeLessThanOrEqual(64 * 1024);
      expect(message).not.toBe("");
      expect(path).not.toBe("");
      expect(line).toBeGreaterThan(0);
    }
    expect(check.actions.length).toBeLessThanOrEqual(3);
    for (const { label, description, identifier } of check.actions) {
      expect(label.length).toBeLessThanOrEqual(20);
      expect(description.length).toBeLessThanOrEqual(40);
      expect(identifier.length).toBeLessThanOrEqual(20);
    }
  }
  for (const { body } of answers) expect(body.length).toBeLessThanOrEqual(65_536);
}

test.each([
  ["letters", "a"],
  ["letters of two bytes", "é"],
  ["letters of three bytes", "漢"],
  ["letters of four bytes", "😀"],
  ["backticks", "`"],
  ["what has to be escaped", "<"],
  ["lines", "line\n"],
])("pages made of very many %s are what GitHub takes", (_, letter) => {
  const long = letter.repeat(8_000);
  const many = (count: number) => Array.from({ length: count }, (__, at) => at);
  const problems = many(200).map((at) =>
    problemOf({ name: `${at} ${long}`, message: long, trace: long, file: `src/${at}.ts` }),
  );
  const reports = many(50).map((at) => ({
    kind: "broken" as const,
    path: `${at}${long}`,
    why: long,
  }));
  const read = { counts: { failed: 200 }, problems };
  const failed = (name: string) => ({
    state: "failed" as const,
    why: long,
    stages: [
      { name: "build" },
      { name, state: "failed" as const, why: long, output: long, reports: [read, ...reports] },
    ],
  });
  const plan: PlanReading = {
    kind: "read",
    blob: "b",
    parse: {
      kind: "invalid",
      problems: many(80).map((at) => ({ line: at + 1, column: 1, path: long, message: long })),
    },
  };
  const commands = many(5).map(() => ({ kind: "explain" }) as const);
  expectAcceptable(pullFacts({ executions: [failed("test")], requests: [{ commands }] }));
  expectAcceptable(pullFacts({ plan }));
  expectAcceptable(pullFacts({ files: many(1_000).map((at) => `${at}${long.slice(0, 2_000)}`) }));
  expectAcceptable(pullFacts({ files: { kind: "cut", why: long } }));
  expectAcceptable(pullFacts({ proposed: { ...usualPlan, exempt: [long] } }));
  expectAcceptable(commitFacts({ executions: [{ state: "failed", why: long }] }));
});

test("tests that only the engine knows of are counted, and a failing one shuts the gate", () => {
  const report = (failed: number) => ({ path: "group", counts: { failed } });
  const shown = (failed: number) => {
    const stages = [{ name: "build", reports: [report(failed)] }, { name: "test" }];
    const { checks, verdict } = decide(pullFacts({ executions: [{ stages }] }));
    const tests = checks.find(({ name }) => name === "interlock/shop/tests");
    return [verdict?.state, verdict?.reasons[0]?.code, tests?.title];
  };
  expect(shown(1)).toEqual(["failure", "tests_failed", "1 of 7 tests failed"]);
  expect(shown(0)).toEqual(["success", "passed", "6 tests passed"]);
});

test("what holds a release up is told once, and every other difference beside it", () => {
  const held = "The transition into deploy is closed: night.";
  const other = "The pipeline starts itself on a push.";
  const value = {
    differences: [
      { kind: "transition_disabled", stage: "deploy", sentence: held },
      { kind: "starts_itself", sentence: other },
    ],
    foreignExecutions: [],
    outOfBandChanges: [],
    live: [],
  } as const;
  const { checks } = decide(
    commitFacts({
      executions: [{ state: "running", stages: [] }],
      driftReports: [
        { pipeline: "shop", part: "release", fresh: true, reading: { kind: "known", value } },
      ],
    }),
  );
  const page = checks.find(({ name }) => name === "interlock/shop/release");
  const text = `${page?.title}\n${page?.summary}\n${page?.text}`;
  expect(text.split(held)).toHaveLength(2);
  expect(text.split(other)).toHaveLength(2);
});

test("of very many failing tests the first are listed, and the number of the others is told", () => {
  const problems = Array.from({ length: 200 }, (_, at) => problemOf({ name: `test ${at}` }));
  const stages = [
    { name: "build" },
    { name: "test", reports: [{ counts: { failed: 700 }, problems }] },
  ];
  const { checks } = decide(pullFacts({ executions: [{ stages }] }));
  const tests = checks.find(({ name }) => name === "interlock/shop/tests");
  expect(tests?.title).toBe("700 of 703 tests failed");
  expect(tests?.summary).toContain("`test 0`");
  expect(tests?.summary).toContain("`test 49`");
  expect(tests?.summary).not.toContain("`test 50`");
  expect(tests?.summary).toContain("… and 650 more");
  expect(tests?.annotations).toHaveLength(50);
  const gate = checks.find(({ name }) => name === "interlock");
  expect(gate?.summary).toContain("| `test 4` |");
  expect(gate?.summary).not.toContain("| `test 5` |");
  expect(gate?.summary).toContain("… and 695 more in the check of the tests");
});

test("the gate says once what its title says, and what a person has to comment as a whole", () => {
  const fork = decide(pullFacts({ pull: { fork: true } })).checks[0];
  expect(fork?.summary).not.toContain("comes from a fork");
  expect(fork?.summary).toContain(`\n\`\`\`\n/interlock verify ${sha.head}\n\`\`\``);
  // Too long for a title: below it stands in full.
  const words = "word ".repeat(60).trim();
  const long = decide(pullFacts({ executions: [{ state: "lost", why: words }] })).checks[0];
  expect(long?.title).toMatch(/…$/);
  expect(long?.summary).toContain(words);
});

test("a reply that only tells something has no mark of success, and code in it is code", () => {
  const commands = [
    { kind: "status" } as const,
    { kind: "invalid", verb: "stop", why: "`/interlock stop` takes no argument." } as const,
  ];
  const [answer] = decide(
    pullFacts({ executions: [{ state: "failed" }], requests: [{ commands }] }),
  ).answers;
  expect(answer?.body).toContain("\n`/interlock status` for commit");
  expect(answer?.body).not.toContain("✅ `/interlock status`");
  expect(answer?.body).toContain("🚫 `/interlock stop`");
  expect(answer?.body).toContain("\n`/interlock stop` takes no argument.");
});

test.each([
  ["a path that hides its direction", { file: "src/\u202ea.ts" }, 0],
  ["no path", { file: null }, 0],
  ["a path that the commit does not have", { inTree: false }, 0],
  ["a path without a line", { line: null }, 1],
])("%s", (_, problem, annotations) => {
  const stages = [
    { name: "build" },
    { name: "test", reports: [{ counts: { failed: 1 }, problems: [problem] }] },
  ];
  const { checks } = decide(pullFacts({ executions: [{ stages }] }));
  const tests = checks.find(({ name }) => name === "interlock/shop/tests");
  expect(tests?.annotations).toHaveLength(annotations);
  expect(tests?.summary).toContain("cart › adds up");
});

test("what an earlier version stored, without looking for the file, is listed and not annotated", () => {
  const { inTree: _, ...stored } = problemOf();
  const stages = [
    { name: "build" },
    { name: "test", reports: [{ counts: { failed: 1 }, problems: [stored] }] },
  ];
  const facts = pullFacts({ executions: [{ stages }] });
  const asStored = JSON.parse(JSON.stringify(facts).replaceAll('"inTree":true,', "")) as Facts;
  const tests = decide(asStored).checks.find(({ name }) => name === "interlock/shop/tests");
  expect(tests?.annotations).toEqual([]);
  expect(tests?.summary).toContain("src/cart.test.ts:7");
});
