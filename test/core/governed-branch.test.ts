// Only the default branch's plan makes a branch governed: a gate that is earned anywhere counts everywhere.

import { expect, test } from "vitest";
import { decide } from "../../src/core/decide/decide.ts";
import type { Decision } from "../../src/core/model/decision.ts";
import type { CheckWanted } from "../../src/core/model/effect.ts";
import type { PlanReading } from "../../src/core/model/fact.ts";
import type { Plan } from "../../src/core/model/plan.ts";
import { executionOf, pullFacts, sha, usualPlan } from "./facts.ts";

const side = { base: { ref: "side" } };
const named = (branches: readonly string[]): Plan => ({
  ...usualPlan,
  pipelines: usualPlan.pipelines.map((pipeline) => ({ ...pipeline, branches })),
});
const [pipeline] = usualPlan.pipelines;
if (pipeline === undefined) throw new Error("The usual plan has a pipeline.");
const passed = { pipeline: pipeline.name, sha: sha.head, state: "succeeded" } as const;

test("a branch that names itself in its own plan is not governed", () => {
  const decision = decide(
    pullFacts({
      pull: side,
      defaultPlan: named(["main"]),
      plan: named(["side"]),
      executions: [passed],
    }),
  );
  expect(gateOf(decision)).toMatchObject({ state: { conclusion: "action_required" } });
  expect(gateOf(decision)?.summary).toContain("branch_uncovered");
  expect(decision.runs).toEqual([]);
});

test("where another pull request speaks of the commit, one into a branch that is not governed has no say", () => {
  const sibling = { key: "pull:acme/shop#99", base: "main", verdict: "success" } as const;
  const decision = decide(
    pullFacts({
      pull: side,
      defaultPlan: named(["main"]),
      plan: named(["side"]),
      siblings: [sibling],
    }),
  );
  expect(gateOf(decision)).toBeUndefined();
  expect(decision.verdict).toBeNull();
});

test("a governed branch is judged by its own plan", () => {
  const decision = decide(
    pullFacts({
      pull: side,
      defaultPlan: named(["main", "side"]),
      plan: named(["side"]),
      executions: [passed],
    }),
  );
  expect(decision.verdict?.state).toBe("success");
});

function gateOf(decision: Decision): CheckWanted | undefined {
  return decision.checks.find(({ name }) => name === "interlock");
}

const absent: PlanReading = { kind: "absent" };
const unknown: PlanReading = { kind: "unknown", why: "GitHub did not answer." };

test.each([
  ["a first plan of a branch that is not governed", named(["main"]), absent, "branch_uncovered"],
  [
    "a first plan of a governed branch that holds none",
    named(["main", "side"]),
    absent,
    "plan_missing",
  ],
] as const)("%s opens no gate", (_, defaultPlan, plan, code) => {
  const facts = pullFacts({ pull: side, defaultPlan, plan, proposed: named(["side"]) });
  const decision = decide(facts);
  expect(gateOf(decision)?.state).not.toMatchObject({ conclusion: "success" });
  expect(gateOf(decision)?.summary).toContain(code);
});

test("without a plan on the default branch nothing is said anywhere", () => {
  const decision = decide(pullFacts({ pull: side, defaultPlan: absent, plan: named(["side"]) }));
  expect(decision.verdict).toBeNull();
  expect([...decision.checks, ...decision.corrections, ...decision.runs]).toEqual([]);
});

test("while the default branch's plan cannot be read, what stands is corrected and nothing passes", () => {
  const decision = decide(
    pullFacts({ pull: side, defaultPlan: unknown, plan: named(["side"]), executions: [passed] }),
  );
  expect(decision.verdict?.state).toBe("in_progress");
  expect(decision.checks).toEqual([]);
  expect(decision.dueAt).not.toBeNull();
});

test("what ran for a branch that is not governed any more is stopped", () => {
  const running = { ...passed, state: "running" } as const;
  const facts = pullFacts({
    pull: side,
    defaultPlan: named(["main"]),
    plan: named(["side"]),
    executions: [running],
  });
  const key = executionOf(running, usualPlan, {
    subject: facts.subject,
    head: sha.head,
    part: "verify",
  }).key;
  expect(decide(facts).stops).toEqual([{ execution: key, reason: "not_in_plan" }]);
});
