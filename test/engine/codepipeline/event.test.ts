// What is read out of AWS's events, in each of their forms.

import { expect, test } from "vitest";
import { readEvent } from "../../../src/engine/codepipeline/event.ts";
import { event, executionId, pushTrigger } from "./events.ts";

const sha = "a".repeat(40);
const read = (value: unknown) => readEvent(JSON.stringify(value));

test.each([
  ["Pipeline", "execution", "SUPERSEDED"],
  ["Stage", "stage", "RESUMED"],
  ["Action", "action", "ABANDONED"],
] as const)("an event about a %s names the execution", (type, moved, state) => {
  expect(read(event({ type, state, detail: { stage: "Production" } }))).toEqual({
    kind: "hint",
    executionId,
    pipeline: "shop-release",
    region: "eu-west-1",
    moved,
    state,
    stage: type === "Pipeline" ? null : "Production",
    approval: false,
    commit: null,
  });
});

test("an event about an action that asks a person says so", () => {
  const of = (type: "Stage" | "Action", category: unknown) =>
    read(event({ type, detail: { stage: "Production", action: "Go", type: { category } } }));
  expect(of("Action", "Approval")).toMatchObject({ kind: "hint", approval: true });
  expect(of("Action", "Deploy")).toMatchObject({ kind: "hint", approval: false });
  expect(of("Action", { odd: true })).toMatchObject({ kind: "hint", approval: false });
  expect(of("Stage", "Approval")).toMatchObject({ kind: "hint", approval: false });
});

test.each([
  [1, 1],
  ["1", "2"],
  [1.5, 0.0],
  [null, null],
])("a version of %j and an attempt of %j make no difference", (version, attempt) => {
  const odd = event({ detail: { version, "pipeline-execution-attempt": attempt } });
  expect(read(odd)).toEqual(read(event()));
});

test("a push tells the commit, and a start by the API does not", () => {
  expect(read(event({ detail: pushTrigger("acme/shop", sha) }))).toMatchObject({
    commit: { owner: "acme", name: "shop", sha },
  });
  const byApi = { "trigger-type": "StartPipelineExecution", "trigger-detail": "arn:aws:sts::1:x" };
  expect(read(event({ detail: { "execution-trigger": byApi } }))).toMatchObject({ commit: null });
});

test("a push whose commit makes no sense is still a hint at the execution", () => {
  for (const [repository, commit] of [
    ["acme", sha],
    ["acme/shop/../x", sha],
    ["acme/shop", "main"],
  ] as const)
    expect(read(event({ detail: pushTrigger(repository, commit) }))).toMatchObject({
      kind: "hint",
      commit: null,
    });
});

function processed(sources: readonly object[]): object {
  const { "detail-type": detailType, version: _, id: __, ...rest } = event({ state: "FAILED" });
  return {
    ...rest,
    detailType,
    notificationRuleArn: "arn:aws:codestar-notifications:eu-west-1:111122223333:notificationrule/1",
    additionalAttributes: {
      failedActionCount: 1,
      failedActions: [{ action: "Deploy", additionalInformation: "no" }],
      failedStage: "Production",
      sourceActions: sources,
    },
  };
}

test("a notification rule tells the same with its source's commit", () => {
  const source = (FullRepositoryName: string) => ({
    sourceActionName: "Source",
    sourceActionProvider: "CodeStarSourceConnection",
    sourceActionVariables: { BranchName: "main", CommitId: sha, FullRepositoryName },
  });
  expect(read(processed([source("acme/shop")]))).toMatchObject({
    kind: "hint",
    executionId,
    state: "FAILED",
    commit: { owner: "acme", name: "shop", sha },
  });
  // Of two it is not said which.
  expect(read(processed([source("acme/shop"), source("acme/lib")]))).toMatchObject({
    kind: "hint",
    commit: null,
  });
  expect(read(processed([]))).toMatchObject({ kind: "hint", commit: null });
});

test.each<[string, string]>([
  ["nothing", ""],
  ["no JSON", "pipeline shop-release failed"],
  ["a list", "[]"],
  ["null", "null"],
  ["another source", JSON.stringify(event({ more: { source: "aws.codebuild" } }))],
  [
    "another kind",
    JSON.stringify(event({ more: { "detail-type": "CodeBuild Build State Change" } })),
  ],
  [
    "a request for an approval",
    JSON.stringify({ region: "eu-west-1", approval: { pipelineName: "shop", token: "t" } }),
  ],
  ["deeply nested", "[".repeat(100_000)],
])("%s is ignored as no notice of a pipeline", (_, text) => {
  expect(readEvent(text)).toEqual({ kind: "ignored", reason: "other_notice" });
});

test.each<[string, object]>([
  ["no execution", { "execution-id": undefined }],
  ["an execution that is no id", { "execution-id": "../../etc" }],
  ["no pipeline", { pipeline: undefined }],
  ["a pipeline that is no name", { pipeline: "a b\n" }],
  ["a state that is no word", { state: { toString: "x" } }],
])("an event with %s is ignored as incomplete", (_, detail) => {
  expect(read(event({ detail }))).toEqual({ kind: "ignored", reason: "incomplete_notice" });
});
