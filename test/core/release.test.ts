// Landed commits: what is released, in which order, and when a commit may rest.

import { expect, test } from "vitest";
import { decide } from "../../src/core/decide/decide.ts";
import {
  type CommitSketch,
  commitFacts,
  commitSubject,
  planOf,
  readingOf,
  sha,
  usualPlan,
} from "./facts.ts";

const earlier = `commit:acme/shop@${sha.earlier}:main`;
const busy = [{ pipeline: "shop", sha: sha.earlier, key: earlier }];
const out = (verdict: "success" | "failure" | "in_progress" | "action_required" | null) => ({
  verdict,
  released: ["shop"],
});
const failed = { state: "failed", stages: [{ name: "deploy", state: "failed" }] } as const;
const invalid = readingOf("version: 1");
const unknown = { kind: "unknown", why: "no answer" } as const;

const waits = { state: "running", stages: [] } as const;
const started = { state: "running", stages: [{ name: "deploy", state: "running" }] } as const;
const surveyed = (stage: string): NonNullable<CommitSketch["driftReports"]> => {
  const closed = { kind: "transition_disabled", stage, sentence: "It is closed." } as const;
  const value = { differences: [closed], foreignExecutions: [], outOfBandChanges: [], live: [] };
  return [{ pipeline: "shop", part: "release", fresh: true, reading: { kind: "known", value } }];
};

function ask(sketch: CommitSketch) {
  const { verdict, runs, stops, open, dueAt } = decide(commitFacts(sketch));
  return {
    code: verdict?.reasons[0]?.code ?? null,
    runs: runs.map(({ pipeline, attempt }) => `${pipeline} ${attempt}`),
    stops: stops.length,
    open,
    waits: dueAt !== null,
  };
}

const rests = { runs: [], stops: 0, open: false };
const holds = { runs: [], stops: 0, open: true, waits: true };
const goes = { runs: ["shop 1"], open: true, waits: true };

test.each<[string, CommitSketch, object]>([
  ["its turn", {}, { ...goes, code: "stage_pending" }],
  ["it runs", { executions: [{ state: "running" }] }, { ...holds, code: "stage_pending" }],
  ["it went out", { executions: [{}] }, { ...rests, code: "passed" }],
  ["it failed", { executions: [failed] }, { ...rests, code: "stage_failed" }],
  ["an earlier commit is undecided", { waiting: [earlier] }, { ...holds, code: "release_waits" }],
  ["another release of the pipeline runs", { busy }, { ...holds, code: "release_waits" }],
  [
    "a release of another pipeline runs",
    { busy: [{ ...busy[0], pipeline: "docs" }] as typeof busy },
    goes,
  ],
  ["a later one went out", { newer: [out("success")] }, { ...rests, code: "carried" }],
  [
    "a later one went out, which the branch has dropped",
    { newer: [out("success")], landing: { kind: "landed", isTip: true } },
    { ...goes, code: "stage_pending" },
  ],
  [
    "a later one went out, and one after that waits",
    { newer: [out("success")], landing: { kind: "landed" } },
    { ...rests, code: "carried" },
  ],
  ["a later one failed", { newer: [out("failure")] }, { ...rests, code: "carrier_failed" }],
  [
    "a later one was stopped",
    { newer: [out("action_required")] },
    { ...rests, code: "carrier_failed" },
  ],
  ["a later one is going out", { newer: [out("in_progress")] }, { ...holds, code: "carrying" }],
  ["a later one is not decided", { newer: [out(null)] }, { ...holds, code: "carrying" }],
  [
    "of two later ones, the last that was released carries it",
    { newer: [out("failure"), out("success"), { verdict: "failure" }] },
    { code: "carried" },
  ],
  ["a later one released nothing", { newer: [{ verdict: "success" }] }, goes],
  [
    "it runs, and a later one went out",
    { executions: [{ state: "running" }], newer: [out("success")] },
    { ...holds, code: "stage_pending" },
  ],
  [
    "heard of late, contained in one that went out",
    { holders: [out("success")], files: [] },
    { ...rests, code: "carried" },
  ],
  [
    "heard of late, contained in one that released nothing",
    { holders: [{ verdict: "success" }], files: [] },
    goes,
  ],
  [
    "heard of late, brought by one that is going out, with later ones that released nothing",
    {
      landing: { kind: "old", tip: sha.head },
      holders: [{ verdict: "success" }, out("in_progress")],
      files: ["README.md"],
    },
    { ...holds, code: "carrying" },
  ],
  [
    "heard of late, and it is not known whether the branch was put back to it",
    { landing: { kind: "unknown", why: "no answer" }, holders: [out("success")], files: [] },
    { ...holds, code: "landing_unknown" },
  ],
  [
    "heard of late, and what brought it is not known",
    { landing: { kind: "old", tip: sha.head }, holders: [], files: [] },
    { ...rests, code: null },
  ],
  ["only exempt paths", { files: ["README.md"] }, { ...rests, code: "exempt" }],
  ["its paths are not listed", { files: { kind: "cut", why: "" } }, goes],
  [
    "its paths are not listed, and every pipeline released it",
    { files: { kind: "cut", why: "" }, executions: [{}] },
    { ...rests, code: "passed" },
  ],
  [
    "the way into its next stage is closed",
    { executions: [waits], driftReports: surveyed("deploy") },
    { code: "stage_held" },
  ],
  [
    "the way into another stage is closed",
    { executions: [waits], driftReports: surveyed("later") },
    { code: "stage_pending" },
  ],
  [
    "the way into a stage was closed once it had started that",
    { executions: [started], driftReports: surveyed("deploy") },
    { code: "stage_pending" },
  ],
  ["its paths could not be read", { files: unknown }, { ...holds, code: "files_unreadable" }],
  [
    "a path is uncovered, and the rest is released",
    { files: ["src/a.ts", "infra/a.tf"] },
    { ...goes, code: "path_uncovered" },
  ],
  ["the engine is off", { engines: [] }, { ...rests, code: "engine_off" }],
  ["no plan anywhere", { defaultPlan: { kind: "absent" } }, { ...rests, code: null }],
  ["not known whether there is a plan", { defaultPlan: unknown }, { ...holds, code: null }],
  ["not known what its plan is", { plan: unknown }, { ...holds, code: null }],
  ["its plan is gone", { plan: { kind: "absent" } }, { ...rests, code: "plan_missing" }],
  ["its plan is broken", { plan: invalid }, { ...rests, code: "plan_invalid" }],
  [
    "the default branch's plan is broken for now",
    { defaultPlan: invalid },
    { ...holds, code: "plan_invalid" },
  ],
  [
    "a branch that is not governed",
    { subject: { ...commitSubject(), branch: "cart" } },
    { ...rests, code: null },
  ],
])("%s", (_, sketch, expected) => {
  expect(ask(sketch)).toMatchObject(expected);
});

test("a plan that names its own branch does not govern it", () => {
  const own = planOf(`
version: 1
pipelines:
  shop:
    branches: [cart]
    paths: ["**"]
    verify: { engine: local, stages: [{ name: build, run: make }] }
    release: { engine: local, stages: [{ name: deploy, run: ./deploy.sh }] }
`);
  const subject = { ...commitSubject(), branch: "cart" };
  expect(ask({ subject, plan: own })).toEqual({ ...rests, code: null, waits: false });
});

const two = planOf(`
version: 1
pipelines:
  shop:
    branches: [main]
    paths: ["src/**"]
    verify: { engine: local, stages: [{ name: build, run: make }] }
    release: { engine: local, stages: [{ name: deploy, run: ./deploy.sh }] }
  docs:
    branches: [main]
    paths: ["src/**"]
    verify: { engine: local, stages: [{ name: build, run: make }] }
    release: { engine: local, stages: [{ name: upload, run: ./upload.sh }] }
  lint:
    branches: [main]
    paths: ["lint/**"]
    verify: { engine: local, stages: [{ name: lint, run: make lint }] }
`);

test("one pipeline that failed does not keep the other one from its turn", () => {
  const waits = [{ pipeline: "docs", sha: sha.earlier, key: earlier }];
  const facts = { plan: two, executions: [failed] };
  expect(ask({ ...facts, busy: waits })).toMatchObject({ ...holds, code: "stage_failed" });
  expect(ask(facts)).toMatchObject({ runs: ["docs 1"], open: true, waits: true });
});

test("a commit that has failed stays open for a retry that is under way", () => {
  const requests = [
    { source: "button", comment: null, commands: [{ kind: "retry", stage: null }] } as const,
  ];
  const facts = commitFacts({ executions: [failed], requests });
  expect(decide(facts)).toMatchObject({
    open: true,
    retries: [{ stage: "deploy" }],
    dueAt: expect.any(Number),
  });
});

test("a pipeline without a release has nothing to release", () => {
  expect(ask({ plan: two, files: ["lint/a.ts"] })).toMatchObject({
    ...rests,
    code: "nothing_to_release",
  });
});

test("who asks for older code after newer is refused, and the verdict stays", () => {
  const rerun = {
    key: "delivery:1",
    comment: null,
    source: "rerequest",
    commands: [{ kind: "verify", sha: null }],
  } as const;
  const again = {
    ...rerun,
    key: "delivery:2",
    source: "button",
    commands: [{ kind: "retry", stage: null }],
  } as const;
  const facts = commitFacts({
    executions: [failed],
    newer: [out("success")],
    requests: [rerun, again],
  });
  const { runs, retries, results, verdict } = decide(facts);
  expect({ runs, retries, state: verdict?.state }).toEqual({
    runs: [],
    retries: [],
    state: "failure",
  });
  expect(results.map(({ outcome }) => outcome[0]?.kind)).toEqual(["refused", "refused"]);
});

test("who was judged while a branch counted looks once it counts no more", () => {
  const other = { ...usualPlan, pipelines: usualPlan.pipelines.map(elsewhere) };
  const judgedOtherwise = ["pull:acme/shop#3"];
  expect(decide(commitFacts({ defaultPlan: other, judgedOtherwise })).wake).toEqual(
    judgedOtherwise,
  );
});

const elsewhere = (pipeline: (typeof usualPlan.pipelines)[number]) => ({
  ...pipeline,
  branches: ["elsewhere"],
});

test("a verdict wakes those that wait for it, and only when it is news", () => {
  const later = { sha: sha.later };
  const sketch = {
    executions: [{}],
    newer: [later],
    waiting: [],
    judgedOtherwise: ["pull:acme/shop#3"],
  };
  const woken = [`commit:acme/shop@${sha.later}:main`, "pull:acme/shop#3"];
  expect(decide(commitFacts(sketch)).wake).toEqual(woken);
  const lastVerdict = { verdict: "success", sha: sha.landed } as const;
  expect(decide(commitFacts({ ...sketch, lastVerdict })).wake).toEqual([]);
});
