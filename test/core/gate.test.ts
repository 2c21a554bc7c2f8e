// The gate on every combination of what its facts can be, against properties that say nothing about
// how it is decided. Anyone who adds a reason to pass has to convince this file.

import { expect, test, vi } from "vitest";
import { decide } from "../../src/core/decide/decide.ts";
import type { Decision } from "../../src/core/model/decision.ts";
import type { Execution, Facts, Files, PlanReading, Sibling } from "../../src/core/model/fact.ts";
import type { Plan } from "../../src/core/model/plan.ts";
import { minute_ms, sha } from "./facts.ts";
import {
  badPlans,
  type Dimension,
  engines,
  everyPoint,
  executionsOf,
  factsOf,
  filesOf,
  narrow,
  origins,
  type Point,
  proposals,
  siblings,
  two,
  underPlan,
  type Value,
  wide,
  worsenings,
} from "./gate-space.ts";

// Much is tried here; beside other work it takes many times as long as alone.
vi.setConfig({ testTimeout: 120_000 });

const few = ["passed", "none", "intended", "running", "failed", "report missing"];

test.each<[string, Plan, number]>([
  ["one pipeline", narrow, 16_000],
  ["one pipeline for whatever there may be", wide, 16_000],
  ["two pipelines", two, 38_000],
])(
  "%s: the gate passes exactly where every stage of every routed pipeline has",
  (_, plan, most) => {
    const only = plan.pipelines.length === 1 ? undefined : few;
    const runs = plan.pipelines.map(({ name }) => executionsOf(plan, name, only));
    const files = filesOf(plan);
    const dimensions = [files, proposals, origins, engines, siblings, ...runs];
    const count = sweep(dimensions, (at) => {
      const [file, proposed, origin, engine, sibling, ...executions] = at as [
        Value<Files>,
        Value<PlanReading | null>,
        (typeof origins.values)[number],
        Value<readonly string[]>,
        Value<readonly Sibling[]>,
        ...Value<readonly Execution[]>[],
      ];
      const routed = executions.filter((__, at) => routes(file.label, at));
      return {
        facts: factsOf({
          plan: underPlan(plan),
          files: file.value,
          proposed: proposed.value,
          executions: executions.flatMap(({ value }) => value),
          origin: origin.value,
          engines: engine.value,
          siblings: sibling.value,
        }),
        passes: [file, proposed, sibling, ...routed].every(({ good }) => good),
        mayRun: engine.label === "on" && origin.label !== "fork",
      };
    });
    expect(count).toBeGreaterThan(most);
  },
);

/** Which of the pipelines, by their place in the plan, has to pass for the files. */
function routes(files: string, pipeline: number): boolean {
  if (files === "exempt") return false;
  return pipeline === 0 || files !== "the first's";
}

test("without a valid plan only the first plan passes", () => {
  const runs = executionsOf(narrow, "shop");
  const dimensions = [badPlans, filesOf(narrow), proposals, origins, engines, siblings, runs];
  const count = sweep(dimensions, (at) => {
    const [plan, file, proposed, origin, engine, sibling, execution] = at as [
      Value<PlanReading>,
      Value<Files>,
      Value<PlanReading | null>,
      (typeof origins.values)[number],
      Value<readonly string[]>,
      Value<readonly Sibling[]>,
      Value<readonly Execution[]>,
    ];
    return {
      facts: factsOf({
        plan: plan.value,
        files: file.value,
        proposed: proposed.value,
        executions: execution.value,
        origin: origin.value,
        engines: engine.value,
        siblings: sibling.value,
      }),
      passes:
        plan.label === "absent" &&
        file.label !== "unknown" &&
        proposed.label === "valid" &&
        sibling.good,
      mayRun: false,
    };
  });
  expect(count).toBeGreaterThan(45_000);
});

// ---------------------------------------------------------------- the sweep

interface Situation {
  readonly facts: Facts;
  readonly passes: boolean;
  readonly mayRun: boolean;
}

const strictness = ["success", "in_progress", "action_required", "failure"] as const;
/** Nothing is said, or a sibling says it. */
const silent = 4;

/** Tries every combination and answers how many there were. */
function sweep(
  dimensions: readonly Dimension<unknown>[],
  situation: (at: Point["at"]) => Situation,
): number {
  const gates: number[] = [];
  for (const { at, index } of everyPoint(dimensions)) {
    const { facts, passes, mayRun } = situation(at);
    const decision = decide(facts);
    const gate = gateOf(decision);
    gates.push(gate === silent ? spokenFor(facts, decision) : gate);
    // One comparison a point: naming each of a hundred thousand would take longer than deciding it.
    const faults = [
      (gate === 0) !== passes && `the gate is ${strictness[gate] ?? "silent"}`,
      ...oddChecks(decision),
      ...deadEnds(decision, gate),
      ...oddRuns(facts, decision, mayRun),
      ...(index % 37 === 0 ? moods(facts, decision) : []),
    ].filter((fault) => fault !== false);
    if (faults.length > 0)
      expect.fail(`${at.map(({ label }) => label).join(" | ")}: ${faults.join("; ")}`);
  }
  for (const { what, better, worse } of worsenings(dimensions)) {
    const [before = silent, after = silent] = [gates[better], gates[worse]];
    if (after === 0 && before !== 0) expect.fail(`${what} opened the gate`);
    // Where the paths or the plan are not known, no part speaks, so that a failure becomes a wait.
    const comparable = before !== silent && !waits.has(what);
    if (comparable && after < before) expect.fail(`${what} loosened the gate`);
  }
  return gates.length;
}

const waits = new Set([
  "files: covered → unknown",
  "files: exempt → unknown",
  "plan: absent → unknown",
]);

/** The gate of the sibling that is stricter; still silent where nobody has anything to say. */
function spokenFor({ siblings: [sibling] }: Facts, { verdict }: Decision): number {
  if (verdict === null || sibling === undefined) return silent;
  return strictness.indexOf(sibling.verdict ?? "in_progress");
}

function gateOf({ checks, corrections }: Decision): number {
  const gates = [...checks, ...corrections].filter(({ name }) => name === "interlock");
  const [gate] = gates;
  if (gate === undefined) return silent;
  if (gates.length > 1) return Number.NaN;
  if (gate.state.status === "in_progress") return 1;
  const { conclusion } = gate.state;
  return conclusion === "cancelled" ? Number.NaN : strictness.indexOf(conclusion);
}

/** Only conclusions that GitHub does not count as passing by the way, and only about the head. */
function* oddChecks({ checks, corrections, sha: decided }: Decision) {
  const all = [...checks, ...corrections];
  for (const { state, sha: on, name, title, summary } of all) {
    if (on !== sha.head || decided !== sha.head) yield `${name} is about ${on}`;
    if (state.status === "completed" && !conclusions.has(state.conclusion))
      yield `${name} is ${state.conclusion}`;
    if (title === "" || summary === "") yield `${name} says nothing`;
  }
  if (new Set(all.map(({ name }) => name)).size < all.length) yield "a check is there twice";
}

const conclusions = new Set<string>(["success", "failure", "action_required", "cancelled"]);

/** Who waits is looked at again without anybody's help. */
function* deadEnds(decision: Decision, gate: number) {
  if (gate === 1 && decision.dueAt === null) yield "nothing will wake it";
  if (gate === 1 && !decision.open) yield "it is closed and waits";
  if (decision.verdict?.reasons.length === 0) yield "it gives no reason";
}

/** Only what the base's plan says is started, only for the head, and never beside what runs. */
function* oddRuns(facts: Facts, { runs }: Decision, mayRun: boolean) {
  if (runs.length > 0 && !mayRun) yield "something is started";
  if (new Set(runs.map(({ pipeline }) => pipeline)).size < runs.length) yield "two runs of one";
  const { plan: reading } = facts;
  const parse = reading.kind === "read" ? reading.parse : null;
  const pipelines = parse?.kind === "valid" ? parse.plan.pipelines : [];
  for (const run of runs) {
    const pipeline = pipelines.find(({ name }) => name === run.pipeline);
    if (JSON.stringify(run.spec) !== JSON.stringify(pipeline?.verify))
      yield `${run.pipeline} runs by another plan`;
    if (run.sha !== sha.head) yield `${run.pipeline} runs for ${run.sha}`;
    const beside = facts.executions.some(
      (other) =>
        other.pipeline === run.pipeline &&
        other.sha === run.sha &&
        (other.state === "running" || other.state === "unconfirmed"),
    );
    if (beside) yield `${run.pipeline} runs already`;
  }
}

/** The same facts give the same decision, and it is the same an hour or a day later by the clock. */
function* moods(facts: Facts, decision: Decision) {
  if (JSON.stringify(decide(structuredClone(facts))) !== JSON.stringify(decision))
    yield "it was decided otherwise the second time";
  const later = decide({ ...facts, now: facts.now + 10 * minute_ms });
  const without = ({ dueAt: _, ...rest }: Decision) => JSON.stringify(rest);
  if (without(later) !== without(decision)) yield "ten minutes made a difference";
}
