// Plans read from files, good, bad and hostile, with every problem at its place.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { durationText } from "../../src/core/model/duration.ts";
import { limit } from "../../src/core/model/limit.ts";
import type { Part, Plan, PlanProblem, PlanStage } from "../../src/core/model/plan.ts";
import { parsePlan } from "../../src/core/plan/parse.ts";
import { anyPlan } from "./plan-arbitrary.ts";

const folder = "test/fixtures/plans";
const read = (name: string) => readFileSync(`${folder}/${name}`, "utf8");

function planOf(text: string): Plan {
  const parse = parsePlan(text);
  if (parse.kind === "invalid") throw new Error(parse.problems.map(line).join("\n"));
  return parse.plan;
}

function problemsOf(text: string): readonly PlanProblem[] {
  const parse = parsePlan(text);
  return parse.kind === "invalid" ? parse.problems : [];
}

function line(problem: PlanProblem): string {
  const path = problem.path === "" ? "" : `${problem.path}: `;
  return `${problem.line}:${problem.column} ${path}${problem.message}`;
}

/** Puts a stage into the smallest plan. */
const withStage = (stage: string) =>
  `version: 1\npipelines:\n  a:\n    branches: [main]\n    verify:\n      engine: local\n      stages:\n        - ${stage}\n`;

test("the smallest plan has every part, filled with what is usual", () => {
  expect(planOf(read("good/smallest.yml"))).toEqual({
    exempt: [],
    pipelines: [
      {
        name: "main",
        branches: ["main"],
        paths: ["**"],
        verify: {
          engine: "local",
          deadline_ms: 2 * 3_600_000,
          stages: [{ name: "test", run: "make test", reports: [], timeout_ms: 30 * 60_000 }],
        },
        release: null,
      },
    ],
    commands: {},
    notify: [],
  });
});

/** Puts a region into the smallest part of AWS. */
const withRegion = (region: string) =>
  `version: 1\npipelines:\n  a:\n    branches: [main]\n    verify:\n      engine: codepipeline\n      pipeline: p\n      region: ${region}\n      stages: [Build]\n`;

test.each([
  "eu-west-1",
  "us-gov-west-1",
  "cn-north-1",
  "cn-northwest-1",
  "us-iso-east-1",
  "us-isob-east-1",
  "us-isof-south-1",
  "eu-isoe-west-1",
  "eusc-de-east-1",
  "ap-southeast-7",
  "mx-central-1",
  "il-central-1",
])("the region %s is one", (region) => {
  expect(planOf(withRegion(region)).pipelines[0]?.verify).toMatchObject({ region });
});

test.each(["europe", "eu-west", "eu-west-1a", "EU-WEST-1", "eu-west-1.evil.example"])(
  "the region %s is none",
  (region) => {
    expect(problemsOf(withRegion(region))).toMatchObject([
      { message: "A region is written like eu-west-1." },
    ]);
  },
);

test("every key is read", () => {
  const plan = planOf(read("good/whole.yml"));
  expect(plan.exempt).toEqual(["**/*.md", "docs/**", "!docs/api/**"]);
  expect(plan.pipelines.map(({ name }) => name)).toEqual(["shop", "2"]);
  expect(plan.pipelines[0]).toEqual({
    name: "shop",
    branches: ["main", "release/*", "!release/old"],
    paths: ["**", "!infra/**"],
    verify: {
      engine: "local",
      deadline_ms: 3_600_000,
      stages: [
        { name: "build", run: "npm ci\nnpm run build\n", reports: [], timeout_ms: 30 * 60_000 },
        {
          name: "unit tests",
          run: "npm test",
          reports: ["reports/junit.xml", "reports/*.json"],
          timeout_ms: 600_000,
        },
      ],
    },
    release: {
      engine: "local",
      deadline_ms: 2 * 3_600_000,
      stages: [{ name: "publish", run: "npm publish", reports: [], timeout_ms: 90_000 }],
    },
  });
});

test("a role includes the stronger ones", () => {
  expect(planOf(read("good/whole.yml")).commands).toEqual({
    verify: ["maintain", "admin"],
    help: ["triage", "write", "maintain", "admin"],
    stop: ["write", "maintain", "admin"],
  });
});

test("a topic is told of everything but starts, unless the plan says otherwise", () => {
  expect(planOf(read("good/whole.yml")).notify).toEqual([
    {
      topic: "arn:aws:sns:eu-west-1:111122223333:releases",
      kinds: ["failed", "rolled_back", "bypass"],
    },
    {
      topic: "arn:aws:sns:eu-west-1:111122223333:chat",
      kinds: ["failed", "recovered", "halted", "rolled_back", "bypass"],
    },
  ]);
});

test("an alias stands for what its anchor names", () => {
  const [web, api] = planOf(read("good/anchors.yml")).pipelines;
  expect(api).toEqual({ ...web, name: "api", paths: ["api/**"] });
});

test("a byte order mark and Windows line ends make no difference", () => {
  expect(stageOf(planOf(read("good/windows.yml")))?.run).toBe("make\nmake test\n");
});

test("a stage without a timeout may use what the deadline leaves it", () => {
  const plan = planOf(
    withStage("{ name: a, run: b }").replace("stages:", "deadline: 10m\n      stages:"),
  );
  expect(stageOf(plan)?.timeout_ms).toBe(600_000);
});

test("every bad plan has its problems told, each at its place", () => {
  const told = readdirSync(`${folder}/bad`)
    .toSorted()
    .map((name) => {
      const problems = problemsOf(read(`bad/${name}`));
      expect(problems, name).not.toEqual([]);
      return `${name}\n${problems.map((problem) => `  ${line(problem)}\n`).join("")}`;
    })
    .join("\n");
  if (process.env.UPDATE === "1") writeFileSync(`${folder}/problems.txt`, told);
  expect(told, "to accept: UPDATE=1 npx vitest run test/core/plan.test.ts").toBe(
    read("problems.txt"),
  );
});

test("a problem inside a long line or a Windows file is at the place that an editor shows", () => {
  const text = 'version: 1\r\n# ä😀\r\nexempt: ["😀", "/b"]\r\n';
  expect(problemsOf(text)[1]).toMatchObject({ line: 3, column: 16, path: "exempt[1]" });
});

test("a file of 10 MB is refused by its size, and the size is named", () => {
  for (const text of ["a: 1\n".repeat(2_000_000), "😀".repeat(limit.plan.bytes / 4 + 1)]) {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      line: 1,
      column: 1,
      message: expect.stringContaining("64 KiB"),
    });
  }
  const filled = `${read("good/smallest.yml")}#`.padEnd(limit.plan.bytes, "x");
  expect(parsePlan(filled).kind).toBe("valid");
  expect(parsePlan(`${filled}x`).kind).toBe("invalid");
});

test.each(["[", "{", "- ", "? ", "{a: ", "[{a: ", "- - "])(
  "%j nested a thousandfold is told with its place",
  (part) => {
    const problems = problemsOf(
      `version: 1\nexempt: ${part.repeat(10_000)}`.slice(0, limit.plan.bytes),
    );
    expect(problems[0]?.line).toBe(2);
    expect(problems.length).toBeLessThanOrEqual(limit.plan.problems);
  },
);

test("blocks nested by their indentation are told with the line where it gets too deep", () => {
  const text = Array.from({ length: 300 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join("");
  expect(problemsOf(text)).toMatchObject([
    { line: 20, message: expect.stringContaining("more than 20 deep") },
  ]);
});

test.each([
  "]",
  ",",
  "&a ",
  "*a ",
  "!t ",
  "---\n",
  "%a\n",
  "a: 1\n",
  '"\n',
  "? a\n",
  "\t",
  "a: b: ",
  "'",
  ": ",
  "...\n",
  "\0",
  "\ufeff",
  "\ud800",
  "<<: *a\n",
  "&a [*a]\n",
])("64 KiB of %j are refused with few problems", (part) => {
  const problems = problemsOf(part.repeat(limit.plan.bytes).slice(0, limit.plan.bytes / 3));
  expect(problems.length).toBeGreaterThan(0);
  expect(problems.length).toBeLessThanOrEqual(limit.plan.problems);
});

test("aliases are counted", () => {
  const list = (count: number) => `exempt: &e [${"&x a, ".repeat(1)}${"*x, ".repeat(count)}]\n`;
  const text = (count: number) =>
    list(count) + read("good/smallest.yml").replace("version: 1\n", "version: 1\n");
  expect(problemsOf(text(50))).toEqual([]);
  expect(problemsOf(text(51))).toMatchObject([
    { line: 1, message: expect.stringContaining("at most 50 aliases") },
  ]);
});

test("a list that is too long is told", () => {
  const many = (count: number, item: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => item(index));
  const stages = many(limit.plan.stages + 1, (index) => `{ name: s${index}, run: a }`).join(
    "\n        - ",
  );
  const globs = many(limit.plan.globs + 1, (index) => `a${index}`).join(", ");
  const pipelines = many(
    limit.plan.pipelines + 1,
    (index) =>
      `  p${index}: { branches: [a], verify: { engine: local, stages: [{ name: a, run: b }] } }\n`,
  ).join("");
  expect(problemsOf(withStage(stages)).map(line)).toEqual([
    "7:7 pipelines.a.verify.stages: A part has at most 30 stages.",
  ]);
  expect(problemsOf(`exempt: [${globs}]\n${withStage("{ name: a, run: b }")}`).map(line)).toEqual([
    "1:1 exempt: A list has at most 100 patterns.",
  ]);
  expect(problemsOf(withStage("{ name: a, run: b }") + pipelines).map(line)).toContain(
    "2:1 pipelines: A plan has at most 50 pipelines.",
  );
  expect(problemsOf(withStage(`{ name: a, run: ${"x".repeat(10_001)} }`)).map(line)).toEqual([
    "8:27 pipelines.a.verify.stages[0].run: A command has at most 10000 characters; put it in a script and run that.",
  ]);
});

test("names of what every object has are names like any other", () => {
  const text = read("good/smallest.yml")
    .replace("  main:", "  constructor:")
    .replace("name: test", "name: toString");
  const plan = planOf(text);
  expect(plan.pipelines.map(({ name }) => name)).toEqual(["constructor"]);
  expect(plan.pipelines[0]?.verify.stages[0]?.name).toBe("toString");
});

test("any plan that is written down is read back as it was", () => {
  fc.assert(
    fc.property(anyPlan, fc.constantFrom(0, 40, 80), (plan, lineWidth) => {
      expect(parsePlan(stringify(written(plan), { lineWidth }))).toEqual({ kind: "valid", plan });
    }),
  );
});

test("no text makes the reading fail", () => {
  const fragment = fc.oneof(
    fc.constantFrom(
      "version: 1\n",
      "pipelines:\n",
      "  a:\n",
      "    branches: ",
      "[main]\n",
      "    verify:\n",
      "      engine: local\n",
      "      stages:\n",
      "        - ",
      "{ name: a, run: b }\n",
      "&a ",
      "*a ",
      "!!str ",
      "<<: ",
      "? ",
      "- ",
      ": ",
      "[",
      "]",
      "{",
      "}",
      "'",
      '"',
      "|\n",
      ">-\n",
      "\t",
      "\n",
      "---\n",
      "...\n",
      "%TAG ! x\n",
      "#",
      "__proto__: ",
      "\0",
      "\ud83d",
    ),
    fc.string({ unit: "binary", maxLength: 10 }),
  );
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 40 }), (parts) => {
      const text = parts.join("");
      const lines = text.split("\n").length;
      for (const problem of problemsOf(text)) {
        expect(problem.line).toBeGreaterThanOrEqual(1);
        expect(problem.line).toBeLessThanOrEqual(lines);
        expect(problem.column).toBeGreaterThanOrEqual(1);
        expect(problem.message).toMatch(/^.+[.?]$/s);
      }
    }),
    { numRuns: 1_000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      expect(parsePlan(new TextDecoder().decode(bytes)).kind).toBe("invalid");
    }),
  );
});

/** The plan as a person would write it; what is usual is left away. */
function written(plan: Plan): unknown {
  const part = (of: Part) => ({
    engine: of.engine,
    deadline: durationText(of.deadline_ms),
    stages: localStages(of).map(({ name, run, reports, timeout_ms }) => ({
      name,
      run,
      timeout: durationText(timeout_ms),
      ...(reports.length > 0 && { reports }),
    })),
  });
  return {
    version: 1,
    exempt: plan.exempt,
    pipelines: new Map(
      plan.pipelines.map(({ name, branches, paths, verify, release }) => [
        name,
        {
          branches,
          paths,
          verify: part(verify),
          ...(release !== null && { release: part(release) }),
        },
      ]),
    ),
    commands: plan.commands,
    notify: plan.notify.map(({ topic, kinds }) => ({ sns: topic, on: kinds })),
  };
}

function stageOf(plan: Plan): PlanStage | undefined {
  const verify = plan.pipelines[0]?.verify;
  return verify === undefined ? undefined : localStages(verify)[0];
}

function localStages(part: Part): readonly PlanStage[] {
  if (part.engine !== "local") throw new Error("the part is not local");
  return part.stages;
}
