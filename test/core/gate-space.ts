// The space of situations that the gate is tried on: small lists of what each fact can be, and every
// combination of them. Each value says whether it stands in the way of passing, by the plan's words.

import type { OutOfBandChange } from "../../src/core/model/drift.ts";
import type {
  DriftFact,
  Execution,
  Facts,
  Files,
  PlanReading,
  Sibling,
} from "../../src/core/model/fact.ts";
import type { Plan } from "../../src/core/model/plan.ts";
import {
  type ExecutionSketch,
  executionOf,
  minute_ms,
  now,
  partOf,
  planOf,
  pullFacts,
  pullSubject,
  requestOf,
  sha,
} from "./facts.ts";

/** One thing that a fact can be. `good`: it does not stand in the way of passing. */
export interface Value<T> {
  readonly label: string;
  readonly good: boolean;
  readonly value: T;
}

/** A dimension, and which of its values are worse than which others. */
export interface Dimension<T> {
  readonly name: string;
  readonly values: readonly Value<T>[];
  readonly worse: readonly (readonly [better: string, worse: string])[];
}

const stages = `
      stages:
        - { name: build, run: make }
        - { name: test, run: make test, reports: [r.xml] }`;

export const narrow = planOf(`
version: 1
exempt: ["**/*.md"]
pipelines:
  shop:
    branches: [main]
    paths: ["src/**"]
    verify:
      engine: local${stages}
`);
export const wide = planOf(`
version: 1
exempt: ["**/*.md"]
pipelines:
  shop:
    branches: [main]
    paths: ["**"]
    verify:
      engine: local${stages}
`);
export const two = planOf(`
version: 1
exempt: ["**/*.md"]
pipelines:
  shop:
    branches: [main]
    paths: ["src/**"]
    verify:
      engine: local${stages}
  docs:
    branches: [main]
    paths: ["handbook/**"]
    verify:
      engine: local${stages}
`);

const otherSpec = { ...partOf(narrow), deadline_ms: 1 };
const green = [{ name: "build" }, { name: "test" }];
const test = (change: object) => ({ stages: [{ name: "build" }, { name: "test", ...change }] });

const attempts: readonly (readonly [string, boolean, ExecutionSketch | null])[] = [
  ["passed", true, {}],
  ["none", false, null],
  ["another commit", false, { sha: sha.old }],
  ["another plan", false, { spec: otherSpec, stages: green }],
  ["intended", false, { state: "intended" }],
  ["unconfirmed", false, { state: "unconfirmed" }],
  ["running", false, { state: "running", stages: green }],
  ["stage silent", false, { state: "running", stages: [{ name: "build", state: "unknown" }] }],
  ["failed", false, { state: "failed", stages: [{ name: "build", state: "failed" }] }],
  ["skipped", false, test({ state: "skipped" })],
  ["report missing", false, test({ reports: [{ kind: "missing" }] })],
  ["stopped by a person", false, { state: "stopped", stopReason: "person:ada", stages: green }],
  ["stopped by us", false, { state: "stopped", stopReason: "head_moved", stages: green }],
  ["lost", false, { state: "lost", stages: green }],
  ["refused", false, { state: "refused" }],
  ["waiting", false, { state: "running", stages: [{ name: "build", state: "waiting" }] }],
  ["helped over a condition", false, { outOfBandChanges: [mark("condition_overridden")] }],
  ["changed while it ran", false, { outOfBandChanges: [mark("pipeline_changed")] }],
  ["not looked around", false, { surveyedAt: null }],
];

function mark(kind: OutOfBandChange["kind"]): OutOfBandChange {
  return { kind, stage: null, sentence: "Somebody did." };
}

/** Nobody can say now what others did; what was said before still holds. */
const driftReports = ["shop", "docs"].map(
  (pipeline): DriftFact => ({
    pipeline,
    part: "verify",
    reading: { kind: "unknown", why: "no answer" },
    fresh: true,
  }),
);

export function executionsOf(
  plan: Plan,
  pipeline: string,
  only?: readonly string[],
): Dimension<readonly Execution[]> {
  const about = { subject: pullSubject(), head: sha.head, part: "verify" } as const;
  const values = attempts
    .filter(([label]) => only === undefined || only.includes(label))
    .map(([label, good, sketch]) => ({
      label,
      good,
      value: sketch === null ? [] : [executionOf({ ...sketch, pipeline }, plan, about)],
    }));
  return {
    name: pipeline,
    values,
    worse: values.slice(1).map(({ label }) => ["passed", label] as const),
  };
}

const known = (...value: string[]): Files => ({ kind: "known", value });

/** `routes` names the pipelines that have to pass. */
export function filesOf(plan: Plan): Dimension<Files> {
  const whole = plan === wide;
  const both = plan === two ? ["handbook/a.txt"] : [];
  return {
    name: "files",
    values: [
      { label: "covered", good: true, value: known("src/a.ts", ...both) },
      { label: "the first's", good: true, value: known("src/a.ts") },
      { label: "exempt", good: true, value: known("README.md") },
      { label: "uncovered", good: whole, value: known("src/a.ts", ...both, "infra/a.tf") },
      { label: "cut", good: whole, value: { kind: "cut", why: "too many" } },
      { label: "unknown", good: false, value: { kind: "unknown", why: "no answer" } },
    ],
    worse: [
      ["the first's", "covered"],
      ["covered", "uncovered"],
      ["covered", "cut"],
      ["covered", "unknown"],
      ["exempt", "covered"],
      ["exempt", "unknown"],
    ],
  };
}

const valid = (plan: Plan): PlanReading => ({
  kind: "read",
  blob: "b",
  parse: { kind: "valid", plan },
});
const problem = { line: 1, column: 1, path: "", message: "no" };
const invalid: PlanReading = {
  kind: "read",
  blob: "b",
  parse: { kind: "invalid", problems: [problem] },
};
const unknown: PlanReading = { kind: "unknown", why: "no answer" };

export const proposals: Dimension<PlanReading | null> = {
  name: "proposed",
  values: [
    { label: "untouched", good: true, value: null },
    { label: "valid", good: true, value: valid(two) },
    { label: "deleted", good: true, value: { kind: "absent" } },
    { label: "unknown", good: false, value: unknown },
    { label: "invalid", good: false, value: invalid },
  ],
  worse: [
    ["untouched", "unknown"],
    ["valid", "unknown"],
    ["valid", "invalid"],
    ["unknown", "invalid"],
  ],
};

export const badPlans: Dimension<PlanReading> = {
  name: "plan",
  values: [
    { label: "absent", good: true, value: { kind: "absent" } },
    { label: "unknown", good: false, value: unknown },
    { label: "invalid", good: false, value: invalid },
  ],
  worse: [["absent", "unknown"]],
};

const allowed = requestOf(
  {
    comment: null,
    commands: [{ kind: "verify", sha: sha.head }],
    outcome: [{ kind: "done", text: "", sha: sha.head }],
  },
  sha.head,
);

export const origins: Dimension<Pick<Facts, "requests"> & { readonly fork: boolean }> = {
  name: "origin",
  values: [
    { label: "own", good: true, value: { fork: false, requests: [] } },
    { label: "fork, allowed", good: true, value: { fork: true, requests: [allowed] } },
    { label: "fork", good: true, value: { fork: true, requests: [] } },
  ],
  worse: [
    ["own", "fork"],
    ["fork, allowed", "fork"],
  ],
};

/** What ran before an engine was turned off has still run. */
export const engines: Dimension<readonly string[]> = {
  name: "engines",
  values: [
    { label: "on", good: true, value: ["local"] },
    { label: "off", good: true, value: [] },
  ],
  worse: [["on", "off"]],
};

const sibling = (verdict: Sibling["verdict"]): readonly Sibling[] => [
  { key: "pull:acme/shop#9", base: "dev", verdict },
];

export const siblings: Dimension<readonly Sibling[]> = {
  name: "sibling",
  values: [
    { label: "none", good: true, value: [] },
    { label: "success", good: true, value: sibling("success") },
    { label: "undecided", good: false, value: sibling(null) },
    { label: "in_progress", good: false, value: sibling("in_progress") },
    { label: "action_required", good: false, value: sibling("action_required") },
    { label: "failure", good: false, value: sibling("failure") },
  ],
  worse: [
    ["none", "success"],
    ["success", "undecided"],
    ["success", "in_progress"],
    ["in_progress", "action_required"],
    ["action_required", "failure"],
  ],
};

// ---------------------------------------------------------------- combinations

export interface Point {
  /** One value of each dimension, in their order. */
  readonly at: readonly Value<unknown>[];
  readonly index: number;
}

/** Every combination; the last dimension turns fastest, as the digits of `index` do. */
export function* everyPoint(dimensions: readonly Dimension<unknown>[]): Generator<Point> {
  const total = dimensions.reduce((product, { values }) => product * values.length, 1);
  for (let index = 0; index < total; index++) {
    let rest = index;
    const at = dimensions.toReversed().map(({ values }) => {
      const value = values[rest % values.length];
      rest = Math.floor(rest / values.length);
      if (value === undefined) throw new Error("out of range");
      return value;
    });
    yield { at: at.reverse(), index };
  }
}

/** For each dimension, each pair of points that differ in it alone and of which the second is worse. */
export function* worsenings(
  dimensions: readonly Dimension<unknown>[],
): Generator<{ readonly what: string; readonly better: number; readonly worse: number }> {
  const total = dimensions.reduce((product, { values }) => product * values.length, 1);
  let stride = total;
  for (const { name, values, worse } of dimensions) {
    stride /= values.length;
    const digit = (label: string) => values.findIndex((value) => value.label === label);
    for (const [good, bad] of worse)
      for (let index = 0; index < total; index++) {
        if (Math.floor(index / stride) % values.length !== digit(good)) continue;
        const step = (digit(bad) - digit(good)) * stride;
        yield { what: `${name}: ${good} → ${bad}`, better: index, worse: index + step };
      }
  }
}

const base = pullFacts({ now: now + minute_ms });

export function factsOf(change: {
  readonly plan: PlanReading;
  readonly files: Files;
  readonly proposed: PlanReading | null;
  readonly executions: readonly Execution[];
  readonly origin: Pick<Facts, "requests"> & { readonly fork: boolean };
  readonly engines: readonly string[];
  readonly siblings: readonly Sibling[];
}): Facts {
  const { origin, ...rest } = change;
  if (base.pull.kind !== "known") throw new Error("the usual pull request is known");
  const pull = { ...base.pull.value, fork: origin.fork };
  const { requests } = origin;
  return { ...base, ...rest, driftReports, requests, pull: { kind: "known", value: pull } };
}

export function underPlan(plan: Plan): PlanReading {
  return valid(plan);
}
