// What people ask of production: whom a rollback and an approval are about, and when neither is carried out.

import { expect, test } from "vitest";
import { decide } from "../../src/core/decide/decide.ts";
import type { Rollback } from "../../src/core/model/fact.ts";
import {
  commitFacts,
  type ExecutionSketch,
  minute_ms,
  now,
  type PullSketch,
  planOf,
  pullFacts,
  sha,
} from "./facts.ts";

const plan = planOf(`
version: 1
pipelines:
  shop:
    branches: [main]
    verify: { engine: codepipeline, pipeline: v, region: eu-west-1, stages: [Source, Gate] }
    release: { engine: codepipeline, pipeline: r, region: eu-west-1, stages: [Source, Gate, Live] }
`);

const asked = now - minute_ms / 2;
const pendingCommand = (command: object, more = {}) => ({
  key: "comment:7",
  comment: 7,
  role: "admin",
  askedAt: asked,
  commands: [command],
  ...more,
});
const rollback = { kind: "rollback", pipeline: "shop", stage: null, to: null };
const approve = { kind: "approve", pipeline: "shop", stage: "Gate" };

const stage = (
  name: string,
  state: "succeeded" | "failed" | "waiting" | "running" = "succeeded",
) => ({
  name,
  state,
});
const release = (more: ExecutionSketch): ExecutionSketch => ({
  key: "r1",
  sha: sha.landed,
  engineId: "e1",
  createdAt: now - 10 * minute_ms,
  ...more,
});
const reached = release({ state: "failed", stages: [stage("Source"), stage("Gate", "failed")] });

function decided(more: PullSketch, command: object = rollback, on = {}) {
  const requests = [pendingCommand(command, on)] as PullSketch["requests"] & object;
  const engineCapabilities = { rollback: ["codepipeline"], approve: ["codepipeline"] };
  const facts = pullFacts({
    plan,
    engines: ["codepipeline"],
    engineCapabilities,
    requests,
    ...more,
  });
  const { rollbacks, approvals, answers, results, open } = decide(facts);
  return { rollbacks, approvals, open, settled: results.length, said: answers[0]?.body ?? "" };
}

test.each<[string, object, readonly ExecutionSketch[], object]>([
  ["the failed stage", {}, [reached], { stage: "Gate", execution: "r1", from: sha.landed }],
  [
    "the last stage where all passed",
    {},
    [release({ state: "succeeded" })],
    { stage: "Live", execution: "r1" },
  ],
  [
    "the named stage, and the release that is in it",
    { stage: "live", to: "fee1dea" },
    [reached, release({ key: "r0", sha: sha.earlier, state: "succeeded" })],
    { stage: "Live", execution: "r0", from: sha.earlier, to: "fee1dea" },
  ],
])("a rollback is of %s", (_, change, releases, wanted) => {
  const { rollbacks, settled } = decided({ releases }, { ...rollback, ...change });
  expect(rollbacks).toMatchObject([wanted]);
  expect(settled).toBe(0);
});

test.each<[string, PullSketch, object, string]>([
  ["nothing was released", {}, {}, "has released nothing yet"],
  [
    "a newer one began since",
    { releases: [release({ state: "running", createdAt: now - 1 })] },
    {},
    "was released by shop since",
  ],
  [
    "nobody reached the stage",
    { releases: [reached] },
    { stage: "Live" },
    "No release of shop has reached the stage Live",
  ],
  [
    "the engine cannot",
    { releases: [reached], engineCapabilities: { rollback: [], approve: [] } },
    {},
    "does not roll back",
  ],
])("no rollback where %s", (_, more, change, sentence) => {
  const { rollbacks, said } = decided(more, { ...rollback, ...change });
  expect(rollbacks).toEqual([]);
  expect(said).toContain(sentence);
});

test("a rollback is wanted until the engine has answered, and then no more", () => {
  const key = "comment:7|0";
  const there = { key, execution: "r1", stage: "Gate", from: sha.landed };
  const at = (rollback: Partial<Rollback>) =>
    decided({ releases: [reached], rollbacks: [{ ...there, ...rollback }] });
  expect(at({ state: "intended", sha: null }).rollbacks).toMatchObject([{ key, stage: "Gate" }]);
  expect(at({ state: "running" })).toMatchObject({ rollbacks: [], settled: 1 });
  expect(at({ state: "running" }).said).toContain("Rolling shop back");
  expect(at({ state: "refused", why: "It runs." }).said).toContain("It runs.");
});

test("on a closed pull request it is carried out by the base branch's plan, where that is governed", () => {
  const closed: PullSketch = { pull: { state: "closed", merged: true }, releases: [reached] };
  expect(decided(closed)).toMatchObject({ rollbacks: [{ stage: "Gate" }], open: true });
  const unread = { kind: "unknown", why: "GitHub is down" } as const;
  expect(decided({ ...closed, plan: unread })).toMatchObject({
    rollbacks: [],
    settled: 0,
    open: true,
  });
  const other = planOf(`
version: 1
pipelines:
  shop:
    branches: [elsewhere]
    verify: { engine: local, stages: [{ name: a, run: a }] }
`);
  const aside = decided({ ...closed, defaultPlan: other });
  expect(aside).toMatchObject({ rollbacks: [], settled: 1, open: false });
  expect(aside.said).toContain("No valid plan is in force");
});

test("a rollback that was started is followed to its end, also where its pull request is closed by then", () => {
  const told = { outcome: [{ kind: "done", text: "It is on its way.", sha: sha.landed }] };
  const closed: PullSketch = { pull: { state: "closed", merged: true }, releases: [reached] };
  const there = { key: "comment:7|0", execution: "r1", stage: "Gate", from: sha.landed } as const;
  const at = (state: Rollback["state"]) =>
    decided({ ...closed, rollbacks: [{ ...there, state }] }, rollback, told).open;
  expect(at("running")).toBe(true);
  expect(at("succeeded")).toBe(false);
});

test("a rollback whose engine has not said yet what it brings back is answered all the same", () => {
  const there = { key: "comment:7|0", execution: "r1", stage: "Gate", from: sha.landed } as const;
  const at = decided({
    releases: [reached],
    rollbacks: [{ ...there, state: "running", sha: null }],
  });
  expect(at.said).toContain("Rolling shop back");
});

test("a rollback waits while nobody knows which plan is in force", () => {
  const plan = { kind: "unknown", why: "GitHub is down" } as const;
  expect(decided({ plan, releases: [reached] })).toMatchObject({
    rollbacks: [],
    settled: 0,
    open: true,
  });
});

test("of two things asked of production in one comment each is answered for itself", () => {
  const { said } = decided({}, rollback, { commands: [rollback, approve] });
  expect(said).toContain("has released nothing yet");
  expect(said).toContain("there is nothing to approve");
});

test("on a closed pull request a rollback counts beside other commands of its comment", () => {
  const closed: PullSketch = { pull: { state: "closed", merged: true }, releases: [reached] };
  const both = { commands: [{ kind: "status" }, rollback] };
  expect(decided(closed, rollback, both).rollbacks).toHaveLength(1);
});

test("a rollback that is asked for on a pull request that is gone is refused", () => {
  expect(decided({ pull: { kind: "absent" }, releases: [reached] })).toMatchObject({
    rollbacks: [],
    settled: 1,
    open: false,
  });
});

test("of a landed commit, nothing is brought back where its branch is none of the plan any more", () => {
  const requests = [pendingCommand(rollback)] as PullSketch["requests"] & object;
  const facts = {
    plan,
    engines: ["codepipeline"],
    engineCapabilities: { rollback: ["codepipeline"], approve: [] },
    executions: [reached],
    releases: [reached],
    requests,
  };
  const elsewhere = {
    ...plan,
    pipelines: plan.pipelines.map((one) => ({ ...one, branches: ["elsewhere"] })),
  };
  expect(decide(commitFacts({ ...facts, defaultPlan: plan })).rollbacks).toHaveLength(1);
  expect(decide(commitFacts({ ...facts, defaultPlan: elsewhere })).rollbacks).toEqual([]);
});

test("what is asked of production is asked once, and answered once", () => {
  const requests = [pendingCommand(rollback)] as PullSketch["requests"] & object;
  const facts = commitFacts({
    plan,
    defaultPlan: plan,
    engines: ["codepipeline"],
    engineCapabilities: { rollback: [], approve: [] },
    executions: [reached],
    releases: [reached],
    requests,
  });
  const { results } = decide(facts);
  expect(results.map(({ outcome }) => outcome.length)).toEqual([1]);
});

const waiting = (key: string, more: ExecutionSketch = {}) =>
  release({ key, state: "running", stages: [stage("Source"), stage("Gate", "waiting")], ...more });

test("an approval goes to the execution that waits", () => {
  const own = { ...waiting("v1"), part: "verify", sha: sha.head } as const;
  expect(decided({ executions: [own] }, approve).approvals).toMatchObject([
    { execution: "v1", stage: "Gate", actor: "grace" },
  ]);
  const runs = { ...own, stages: [stage("Source", "running")] };
  expect(
    decided({ executions: [runs], releases: [waiting("r1")] }, approve).approvals,
  ).toMatchObject([{ execution: "r1" }]);
  const both = decided({ executions: [own], releases: [waiting("r1")] }, approve);
  expect(both.approvals).toEqual([]);
  expect(both.said).toContain("both wait in Gate");
});

test("an approval reaches no execution that began after it was given", () => {
  const late = decided({ releases: [waiting("r2", { createdAt: asked + 1 })] }, approve);
  expect(late.approvals).toEqual([]);
  expect(late.said).toContain("began after this was asked for");
});

test("who may not approve does not", () => {
  const { approvals, said } = decided({ releases: [waiting("r1")] }, approve, { role: "write" });
  expect(approvals).toEqual([]);
  expect(said).toContain("maintain, admin");
});

test("no rollback turns a commit green, whatever it came to", () => {
  for (const state of ["intended", "running", "succeeded", "failed", "stopped", "lost"] as const)
    for (const release of ["succeeded", "failed", "stopped"] as const) {
      const facts = commitFacts({
        plan,
        engines: ["codepipeline"],
        executions: [{ key: "r1", state: release }],
        rollbacks: [{ execution: "r1", state, createdAt: now }],
      });
      expect(decide(facts).verdict?.state, `${release}, ${state}`).not.toBe("success");
    }
});
