// Which pipelines a change has to pass, and which changes no pipeline answers for.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Files } from "../../src/core/model/fact.ts";
import { limit } from "../../src/core/model/limit.ts";
import { type Pipeline, type Plan, planPath } from "../../src/core/model/plan.ts";
import { openSteps } from "../../src/core/plan/glob.ts";
import { coversBranch, route } from "../../src/core/plan/route.ts";
import { anyPlan, globs } from "./plan-arbitrary.ts";

const part = {
  engine: "local" as const,
  deadline_ms: 1_000,
  stages: [{ name: "test", run: "make", reports: [], timeout_ms: 1_000 }],
};

function pipeline(
  name: string,
  paths: readonly string[],
  branches: readonly string[] = ["main"],
): Pipeline {
  return { name, paths, branches, verify: part, release: null };
}

const plan: Plan = {
  exempt: ["**/*.md", "docs/**", "!docs/api/**"],
  pipelines: [
    pipeline("web", ["web/**", "!web/gen/**"]),
    pipeline("api", ["!api/old/**", "api/**"]),
    pipeline("all", ["**"], ["release/*", "!release/old"]),
  ],
  commands: {},
  notify: [],
};

const known = (value: readonly string[]): Files => ({ kind: "known", value });

function ask(branch: string, files: Files | readonly string[], of: Plan = plan) {
  const way = route({
    plan: of,
    branch,
    files: "kind" in files ? files : known(files),
    steps: openSteps(),
  });
  return { ...way, pipelines: way.pipelines.map(({ name }) => name) };
}

test.each<[string, readonly string[], object]>([
  ["one pipeline", ["web/a.ts"], { pipelines: ["web"], coverage: "all" }],
  [
    "two, in the order of the plan",
    ["api/a", "web/a"],
    { pipelines: ["web", "api"], coverage: "all" },
  ],
  [
    "exempt paths beside others",
    ["README.md", "docs/a.png", "web/a"],
    { pipelines: ["web"], coverage: "all" },
  ],
  ["only exempt paths", ["README.md", "web/NOTES.md"], { pipelines: [], coverage: "exempt" }],
  [
    "what an exempt list excludes",
    ["docs/api/a.yml"],
    { pipelines: [], coverage: "uncovered", uncovered: ["docs/api/a.yml"] },
  ],
  [
    "a path that nobody covers",
    ["web/a", "infra/b", "c"],
    { pipelines: ["web"], coverage: "uncovered", uncovered: ["infra/b", "c"] },
  ],
  [
    "what a pipeline excludes",
    ["web/gen/a"],
    { pipelines: [], coverage: "uncovered", uncovered: ["web/gen/a"] },
  ],
  ["an exclude in front", ["api/old/a"], { coverage: "uncovered", uncovered: ["api/old/a"] }],
  ["upper case", ["Web/a"], { coverage: "uncovered", uncovered: ["Web/a"] }],
  [
    "names with a dot in front",
    ["web/.env", "api/.ci/x"],
    { pipelines: ["web", "api"], coverage: "all" },
  ],
  [
    "names with line ends and stars",
    ["web/a\nb", "web/**"],
    { pipelines: ["web"], coverage: "all" },
  ],
  ["no path at all", [], { pipelines: ["web", "api"], coverage: "all", uncovered: [] }],
])("on main: %s", (_what, files, expected) => {
  expect(ask("main", files)).toMatchObject({ branchCovered: true, ...expected });
});

test.each([
  ["release/1.0", true, ["all"]],
  ["release/old", false, []],
  ["release/1/0", false, []],
  ["release", false, []],
  ["Main", false, []],
  ["mainline", false, []],
])("branch %s", (branch, covered, pipelines) => {
  expect(coversBranch(plan, branch, openSteps())).toBe(covered);
  expect(ask(branch, ["infra/a"])).toMatchObject({ branchCovered: covered, pipelines });
  expect(ask(branch, [])).toMatchObject({
    branchCovered: covered,
    coverage: covered ? "all" : "uncovered",
  });
});

test("the plan itself is a matter of every pipeline of the branch, whatever is exempt", () => {
  expect(ask("main", [planPath])).toMatchObject({
    pipelines: ["web", "api"],
    coverage: "all",
    uncovered: [],
  });
  const open = { ...plan, exempt: [".github/**"] };
  expect(ask("main", [planPath], open)).toMatchObject({
    pipelines: ["web", "api"],
    coverage: "all",
  });
  expect(ask("main", [planPath, "web/a"], open)).toMatchObject({
    pipelines: ["web", "api"],
    coverage: "all",
  });
  expect(ask("main", [planPath, "infra/a"], open)).toMatchObject({
    pipelines: ["web", "api"],
    coverage: "uncovered",
    uncovered: ["infra/a"],
  });
  expect(ask("main", [".github/CODEOWNERS"], open)).toMatchObject({
    pipelines: [],
    coverage: "exempt",
  });
  expect(ask("other", [planPath], open)).toMatchObject({
    coverage: "uncovered",
    uncovered: [planPath],
  });
});

test("paths that could not be read are unknown, and every pipeline of the branch must pass", () => {
  for (const branch of ["main", "release/1"])
    expect(ask(branch, { kind: "unknown", why: "502" })).toMatchObject({
      pipelines: branch === "main" ? ["web", "api"] : ["all"],
      coverage: "unknown",
    });
});

test("a list that GitHub cut is covered only where a pipeline covers whatever there is", () => {
  const cut: Files = { kind: "cut", why: "more than 3,000 paths" };
  expect(ask("main", cut)).toMatchObject({ pipelines: ["web", "api"], coverage: "unknown" });
  expect(ask("release/1", cut)).toMatchObject({ pipelines: ["all"], coverage: "all" });
  const excluding = { ...plan, pipelines: [pipeline("most", ["**", "!web/**"])] };
  expect(ask("main", cut, excluding)).toMatchObject({ pipelines: ["most"], coverage: "unknown" });
});

const segment = fc.constantFrom("a", "b", "x", "docs", "a.b");
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
const paths = fc.array(path, { minLength: 1, maxLength: 6 });

test("an exclude never makes a pipeline or the exempt list cover more", () => {
  fc.assert(
    fc.property(globs, path, paths, (include, excluded, files) => {
      const before = ask("main", files, {
        ...plan,
        exempt: [],
        pipelines: [pipeline("p", include)],
      });
      const after = ask("main", files, {
        ...plan,
        exempt: [],
        pipelines: [pipeline("p", [...include, `!${excluded}`])],
      });
      expect(after.uncovered).toEqual(expect.arrayContaining([...before.uncovered]));
      if (files.includes(excluded)) expect(after.uncovered).toContain(excluded);
      const exempt = ask("main", files, {
        ...plan,
        exempt: include,
        pipelines: [pipeline("p", ["none"])],
      });
      const less = ask("main", files, {
        ...plan,
        exempt: [...include, `!${excluded}`],
        pipelines: [pipeline("p", ["none"])],
      });
      expect(less.uncovered).toEqual(expect.arrayContaining([...exempt.uncovered]));
    }),
  );
});

test("whatever the plan, no path goes without a pipeline, an exemption or a word about it", () => {
  fc.assert(
    fc.property(anyPlan, paths, (any, files) => {
      const branches = ["main", "a/a", "a/b"];
      for (const branch of branches) {
        const way = route({ plan: any, branch, files: known(files), steps: openSteps() });
        expect(way.branchCovered).toBe(coversBranch(any, branch, openSteps()));
        if (way.coverage === "all") expect(way.pipelines).not.toEqual([]);
        if (way.coverage === "exempt") expect(way.pipelines).toEqual([]);
        expect(way.coverage === "uncovered").toBe(way.uncovered.length > 0);
        const unread = route({
          plan: any,
          branch,
          files: { kind: "unknown", why: "502" },
          steps: openSteps(),
        });
        expect(unread.pipelines).toEqual(expect.arrayContaining([...way.pipelines]));
      }
    }),
  );
});

const monorepo: Plan = {
  exempt: ["**/*.md", "docs/**", "**/*.{png,svg}", "LICENSE"],
  pipelines: Array.from({ length: 50 }, (_, turn) =>
    pipeline(`service-${turn}`, [
      `services/service-${turn}/**`,
      "libs/common/**",
      `!services/service-${turn}/notes/**`,
      `deploy/**/service-${turn}*.yml`,
    ]),
  ),
  commands: {},
  notify: [],
};

test("a monorepo with 200 patterns and 3,000 changed paths takes less than a fifth of the steps", () => {
  const files = Array.from(
    { length: 3_000 },
    (_, turn) => `services/service-${turn % 50}/src/part-${turn % 17}/file-${turn}.ts`,
  );
  const steps = openSteps();
  const way = route({ plan: monorepo, branch: "main", files: known(files), steps });
  expect(way).toMatchObject({ coverage: "all", uncovered: [] });
  expect(way.pipelines).toHaveLength(50);
  expect(steps.left).toBeGreaterThan((limit.plan.steps * 4) / 5);
});

test("where matching takes too long it is not known which pipelines must pass", () => {
  const hostile = Array.from({ length: 100 }, (_, turn) =>
    ["a", "b", "c"].map((name) => `**/${name}${turn}{a*,b}{c*,d}{e*,f}{g*,h}{i*,j}{k*,l}/x`),
  ).flat();
  const of = { ...monorepo, pipelines: [pipeline("slow", hostile), pipeline("all", ["**"])] };
  expect(ask("main", ["src/a"], of)).toMatchObject({ coverage: "costly", uncovered: [] });
  // Also for a branch, and whatever else the steps are shared with.
  const byBranch = { ...monorepo, pipelines: [pipeline("slow", ["**"], hostile)] };
  expect(coversBranch(byBranch, "main", openSteps())).toBeNull();
  expect(ask("main", ["src/a"], byBranch)).toMatchObject({ coverage: "costly", pipelines: [] });
});

test("what is asked again with the same plan and paths counts again, and is walked once", () => {
  let walks = 0;
  const paths = new Proxy(["web/a", "api/b", "c"], {
    get: (of, name, receiver) => {
      if (name === Symbol.iterator) walks += 1;
      return Reflect.get(of, name, receiver);
    },
  });
  const files = known(paths);
  const steps = openSteps();
  const question = { plan: { ...plan }, branch: "main", files, steps };
  const first = route(question);
  const taken = limit.plan.steps - steps.left;
  const walked = walks;
  expect(taken).toBeGreaterThan(0);
  expect(route(question)).toEqual(first);
  expect(limit.plan.steps - steps.left).toBe(2 * taken);
  expect(walks).toBe(walked);
  // Anyone who has fewer steps finds out no more by what another one has found.
  expect(route({ ...question, steps: openSteps(taken - 1) }).coverage).toBe("costly");
  expect(route({ ...question, steps: openSteps(taken) })).toEqual(first);
});
