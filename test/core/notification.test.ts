// What people are told of a release, and that the same fact has the same key at every look.

import { expect, test } from "vitest";
import { subjectKey } from "../../src/core/model/event.ts";
import type { CommitFacts, Execution } from "../../src/core/model/fact.ts";
import { limit } from "../../src/core/model/limit.ts";
import { notificationsOf } from "../../src/core/render/notification.ts";
import {
  type CommitSketch,
  commitFacts,
  commitSubject,
  type ExecutionSketch,
  executionOf,
  minute_ms,
  now,
  planOf,
  sha,
} from "./facts.ts";

const plan = planOf(`
version: 1
pipelines:
  shop:
    branches: [main]
    verify: { engine: local, stages: [{ name: test, run: make }] }
    release:
      engine: codepipeline
      pipeline: shop-release
      region: eu-west-1
      role: arn:aws:iam::111122223333:role/interlock
      stages: [Source, OneBox, Production]
`);

const role = "arn:aws:iam::111122223333:role/interlock";
const stage = (name: string, state: "succeeded" | "failed", why = "") => ({ name, state, why });

function facts(executions: readonly ExecutionSketch[], more: CommitSketch = {}): CommitFacts {
  return commitFacts({ plan, engines: ["codepipeline"], executions, ...more });
}

function told(of: CommitFacts, previous: readonly Execution[] = []) {
  return notificationsOf({ facts: of, previous });
}

const kinds = (of: CommitFacts, previous: readonly Execution[] = []) =>
  told(of, previous).map(({ kind }) => kind);

const failure: ExecutionSketch = {
  state: "failed",
  stages: [
    stage("Source", "succeeded"),
    stage("OneBox", "failed", "exit code 1\nsee \u001b[31mthe log\u001b[0m"),
  ],
};

function earlier(sketch: ExecutionSketch): Execution {
  const subject = commitSubject(sha.earlier);
  return executionOf({ sha: sha.earlier, ...sketch }, plan, {
    subject,
    head: sha.earlier,
    part: "release",
  });
}

test("a release that runs has started", () => {
  const [notice, ...more] = told(facts([{ state: "running", stages: [] }]));
  expect(more).toEqual([]);
  expect(notice).toEqual({
    key: `started|${subjectKey(commitSubject())}|shop|release|${sha.landed}|1`,
    kind: "started",
    at: now - minute_ms,
    repository: commitSubject().repository,
    branch: "main",
    sha: sha.landed,
    pipeline: "shop",
    stage: null,
    role,
    subject: "acme/shop: shop release of 1a9ded0 started",
    sentences: [`shop/release of ${sha.landed} has started.`],
  });
});

test("a release that its engine does not have is not told of", () => {
  expect(kinds(facts([{ state: "intended" }, { state: "unconfirmed", attempt: 2 }]))).toEqual([]);
});

test("a release that was refused has failed, and never began", () => {
  const [notice, ...more] = told(facts([{ state: "refused", why: "There is no such pipeline." }]));
  expect(more).toEqual([]);
  expect(notice).toMatchObject({
    kind: "failed",
    sentences: [
      "shop/release was not started: There is no such pipeline.",
      "Next: Fix what the engine names, then re-run the check.",
    ],
  });
});

test("a failure says where and why, in plain words on one line", () => {
  expect(told(facts([failure])).at(-1)).toMatchObject({
    kind: "failed",
    at: now - 1_000,
    stage: "OneBox",
    subject: "acme/shop: shop release of 1a9ded0 failed in OneBox",
    sentences: [
      "shop/release failed in its stage OneBox: exit code 1 see the log",
      expect.stringMatching(/^Next: Fix the cause/),
    ],
  });
});

test.each<[string, ExecutionSketch]>([
  ["skipped a stage and says it succeeded", { stages: [stage("Source", "succeeded")] }],
  ["was lost", { state: "lost" }],
  ["was stopped by its deadline", { state: "stopped", stopReason: "deadline_passed" }],
])("a release that %s has failed", (_, sketch) => {
  expect(kinds(facts([sketch]))).toEqual(["started", "failed"]);
});

test("a release that passes after one that passed is no news", () => {
  expect(kinds(facts([{}]), [earlier({})])).toEqual(["started"]);
  expect(kinds(facts([{}]))).toEqual(["started"]);
});

test("a release that passes after one that failed has recovered, and says from what", () => {
  expect(told(facts([{}]), [earlier(failure)]).at(-1)).toMatchObject({
    kind: "recovered",
    stage: null,
    subject: "acme/shop: shop release of 1a9ded0 passed again",
    sentences: [
      "shop/release passed all 3 stages.",
      "The release before it, of ea51e50, had not passed: shop/release failed in its stage OneBox: exit code 1 see the log",
    ],
  });
});

test("the newest before it decides: its own attempts first, what nobody wanted not at all", () => {
  const void_: ExecutionSketch = { state: "stopped", stopReason: "plan_changed", attempt: 2 };
  const tries = (first: ExecutionSketch) => [{ ...first, attempt: 1 }, void_, { attempt: 3 }];
  const recovered = (first: ExecutionSketch, before: ExecutionSketch) =>
    told(facts(tries(first)), [earlier(before)])
      .filter(({ kind }) => kind === "recovered")
      .map(({ key }) => key.split("|").at(-2));
  expect(recovered(failure, {})).toEqual(["3"]);
  // There it was the first attempt that recovered.
  expect(recovered({}, failure)).toEqual(["1"]);
});

test("a release of another pipeline says nothing about this one", () => {
  expect(kinds(facts([{}]), [{ ...earlier(failure), pipeline: "docs" }])).toEqual(["started"]);
});

const retried = {
  retries: [{ key: "comment:1|x", stage: "OneBox", state: "done", why: "", at: now - 5_000 }],
} as const;

test("what was retried in its place can fail once more, and recover", () => {
  const once = told(facts([failure])).at(-1);
  const twice = told(facts([{ ...failure, ...retried }])).at(-1);
  expect(twice).toMatchObject({ kind: "failed" });
  expect(twice?.key).not.toBe(once?.key);
  expect(kinds(facts([{ ...retried }]))).toEqual(["started", "recovered"]);
});

test("a person's stop is told as one", () => {
  const why = "ada asked for it";
  expect(
    told(facts([{ state: "stopped", stopReason: "person:ada", why, stages: [] }])).at(-1),
  ).toMatchObject({
    kind: "halted",
    stage: "Source",
    sentences: ["shop/release was stopped: ada asked for it", expect.any(String)],
  });
});

test("what was stopped because nobody wanted it any more is no news", () => {
  expect(kinds(facts([{ state: "stopped", stopReason: "plan_changed" }]))).toEqual(["started"]);
});

test("later looks at the same facts give the same keys", () => {
  const first = told(facts([failure]), [earlier(failure)]);
  const later = told({ ...facts([failure]), now: now + 10 * minute_ms }, [earlier(failure)]);
  expect(later).toEqual(first);
});

test("what is long past is not told to anyone who is added late", () => {
  const late = now + limit.notify.news_ms + minute_ms;
  expect(kinds({ ...facts([failure]), now: late })).toEqual([]);
});

test("what runs before the merge is not told", () => {
  const { spec } = earlier({});
  const verify = { part: "verify", spec } as const;
  expect(kinds(facts([{ ...failure, ...verify }]))).toEqual([]);
});

test("what has passed again is told once it is known that nobody helped it", () => {
  const again: ExecutionSketch = {
    state: "succeeded",
    retries: [{ key: "k", stage: "OneBox", state: "done", why: "", at: now }],
  };
  const of = (surveyedAt: number | null) => {
    const reading = { kind: "unknown", why: "AWS throttles." } as const;
    const drift = { pipeline: "shop", part: "release", reading, fresh: true } as const;
    return kinds(facts([{ ...again, surveyedAt }], { driftReports: [drift] }));
  };
  expect(of(null)).toEqual(["started"]);
  expect(of(now)).toEqual(["started", "recovered"]);
});

const released: ExecutionSketch = { key: "r1", state: "succeeded" };
const back = {
  key: "comment:7|shop||",
  execution: "r1",
  spec: earlier({}).spec,
  stage: "Production",
  from: sha.landed,
  sha: sha.earlier,
};

test("a rollback is told once it has ended, for the commit that it took out", () => {
  const of = (rollback: object, executions = [released]) =>
    told(facts(executions, { rollbacks: [{ ...back, ...rollback }] })).filter(
      ({ kind }) => kind === "rolled_back",
    );
  expect(of({})).toMatchObject([
    {
      key: "rolled_back|comment:7|shop||",
      stage: "Production",
      role,
      subject: "acme/shop: shop was rolled back from 1a9ded0 to ea51e50 in Production",
      sentences: ["mia asked for it, and ea51e50 is in Production again."],
    },
  ]);
  expect(of({ state: "failed", why: "It broke." })[0]?.subject).toContain("could not be rolled");
  expect(of({ state: "running", endedAt: null })).toEqual([]);
  expect(of({ state: "refused" })).toEqual([]);
  expect(of({ execution: "of another commit" })).toEqual([]);
});

test("a condition that somebody overrode is told as a bypass", () => {
  const mark = {
    kind: "condition_overridden",
    stage: "Production",
    sentence: "Somebody let it pass.",
  } as const;
  expect(told(facts([{ ...released, outOfBandChanges: [mark] }]))).toContainEqual(
    expect.objectContaining({
      key: "bypass|r1|condition_overridden|Production",
      kind: "bypass",
      role,
      subject: "acme/shop: 1a9ded0 got around Production of shop",
      sentences: ["Somebody let it pass."],
    }),
  );
});

test("a pipeline that was changed while a release ran is a bypass once it reached the last stage, and else none", () => {
  const sentence = "Somebody changed the pipeline.";
  const mark = { kind: "pipeline_changed", stage: null, sentence } as const;
  const bypasses = (startedAt: number | null) => {
    const stages = back.spec.stages.map(({ name }, at, all) => ({
      ...({ name, state: "failed", endedAt: null, why: "", output: "", reports: [] } as const),
      startedAt: at === all.length - 1 ? startedAt : 1,
    }));
    const release = { ...released, state: "failed", stages, outOfBandChanges: [mark] } as const;
    return told(facts([release])).filter(({ kind }) => kind === "bypass");
  };
  expect(bypasses(2)).toMatchObject([{ sentences: [sentence] }]);
  expect(bypasses(null)).toEqual([]);
});

test("what others start for a commit whose release has not passed is told as a bypass", () => {
  const foreignExecutions = {
    engineId: "e2",
    kind: "standard",
    trigger: "StartPipelineExecution",
    by: "arn:aws:iam::111122223333:user/eve",
    state: "running",
    why: "",
    startedAt: now,
    link: "",
  } as const;
  const of = (release: ExecutionSketch, kind: "standard" | "rollback" = "standard") => {
    const value = {
      differences: [],
      foreignExecutions: [{ ...foreignExecutions, kind }],
      outOfBandChanges: [],
      live: [],
    };
    const drift = {
      pipeline: "shop",
      part: "release",
      fresh: true,
      reading: { kind: "known", value },
    } as const;
    return told(facts([release], { driftReports: [drift] })).filter(
      ({ kind: k }) => k === "bypass",
    );
  };
  expect(of(failure)).toMatchObject([
    {
      key: "bypass|e2",
      sentences: [expect.stringContaining("StartPipelineExecution, arn:aws:iam")],
    },
  ]);
  expect(of(released)).toEqual([]);
  expect(of(failure, "rollback")).toEqual([]);
});

test("a subject is one short line of ASCII whatever the names are", () => {
  const spec = { ...earlier({}).spec };
  const odd = `Büh\u202ene\n${"x".repeat(200)}`;
  const broken = {
    ...failure,
    spec: { ...spec, stages: [{ name: odd, reports: [] }] },
    stages: [stage(odd, "failed", "y".repeat(10_000))],
  } as ExecutionSketch;
  const notice = told(facts([broken])).at(-1);
  expect(notice?.subject).toMatch(/^[\x20-\x7e]{1,99}$/);
  expect(notice?.subject).toContain("failed in B?hne xxx");
  for (const sentence of notice?.sentences ?? [])
    expect(sentence.length).toBeLessThanOrEqual(limit.notify.sentence_chars);
});
