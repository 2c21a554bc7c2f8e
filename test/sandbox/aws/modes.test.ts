// Who waits for whom: execution modes, closed transitions, and changes of the structure.
import {
  DisableStageTransitionCommand,
  EnableStageTransitionCommand,
  GetPipelineCommand,
  GetPipelineStateCommand,
  ListActionExecutionsCommand,
  ListPipelineExecutionsCommand,
  StartPipelineExecutionCommand,
  UpdatePipelineCommand,
} from "@aws-sdk/client-codepipeline";
import { expect, test } from "vitest";
import { other, sha, smallAws, told } from "./world.ts";

test("a newer execution supersedes one that waits between stages, never one in a stage", async () => {
  const { pipeline, codepipeline, name } = await smallAws();
  const first = pipeline.run({ sha, until: "Build" });
  const second = pipeline.run({ sha: other, until: "Build" });
  expect([first.stage, second.stage]).toEqual(["Build", "Build"]);
  const { stageStates } = await codepipeline.send(new GetPipelineStateCommand({ name }));
  expect(stageStates?.[1]).toMatchObject({
    latestExecution: { pipelineExecutionId: first.id, status: "InProgress" },
    inboundExecution: { pipelineExecutionId: second.id },
    inboundExecutions: [{ pipelineExecutionId: second.id }],
  });
  const third = pipeline.run({ until: "Build" });
  expect([first.status, second.status, third.status]).toEqual([
    "InProgress",
    "Superseded",
    "InProgress",
  ]);
  first.pass("Build");
  expect(third.data.position.kind).toBe("in");
  const { pipelineExecutionSummaries } = await codepipeline.send(
    new ListPipelineExecutionsCommand({ pipelineName: name }),
  );
  expect(pipelineExecutionSummaries?.map((e) => e.status)).toEqual([
    "InProgress",
    "Superseded",
    "InProgress",
  ]);
});

test("a scenario can have a waiting execution superseded", async () => {
  const { pipeline } = await smallAws();
  pipeline.disableTransition("Production");
  const old = pipeline.run({ sha });
  const newer = pipeline.supersede(old.id, other);
  expect([old.status, newer.stage, newer.sha]).toEqual(["Superseded", "Production", other]);
});

test("in QUEUED mode all wait for their turn, and fifty are too many", async () => {
  const { pipeline, codepipeline, name } = await smallAws({ pipeline: { mode: "QUEUED" } });
  const first = pipeline.run({ until: "Build" });
  const second = pipeline.run({ until: "Build" });
  const third = pipeline.run({ until: "Build" });
  first.pass("Build");
  expect([second, third].map((e) => e.data.position.kind)).toEqual(["in", "waiting"]);
  for (let i = 3; i < 50; i++) pipeline.startByConsole();
  await expect(
    codepipeline.send(new StartPipelineExecutionCommand({ name })),
  ).rejects.toMatchObject({ name: "ConcurrentPipelineExecutionsLimitExceededException" });
});

test("in PARALLEL mode nobody waits, and the state knows nothing of it", async () => {
  const { pipeline, codepipeline, name } = await smallAws({
    pipeline: { mode: "PARALLEL", stages: ["Build", { name: "Sign", kind: "approval" }] },
  });
  const first = pipeline.run({ until: "Sign" });
  const second = pipeline.run({ until: "Sign" });
  expect([first.stage, second.stage]).toEqual(["Sign", "Sign"]);
  const { stageStates } = await codepipeline.send(new GetPipelineStateCommand({ name }));
  expect(JSON.stringify(stageStates)).not.toMatch(/latestExecution|token/);
  const { actionExecutionDetails } = await codepipeline.send(
    new ListActionExecutionsCommand({
      pipelineName: name,
      filter: { pipelineExecutionId: second.id },
    }),
  );
  const [approval] = actionExecutionDetails ?? [];
  expect(approval?.output?.executionResult?.externalExecutionId).toBe(
    second.data.actions.at(-1)?.token,
  );
});

test("a closed transition holds executions, and lets in the newest when it opens", async () => {
  const { pipeline, codepipeline, name } = await smallAws();
  const at = {
    pipelineName: name,
    stageName: "Production",
    transitionType: "Inbound" as const,
  };
  await codepipeline.send(new DisableStageTransitionCommand({ ...at, reason: "Held for review." }));
  const approved = pipeline.run({ sha });
  expect(approved.data.position).toEqual({ kind: "waiting", stage: 3 });
  const { stageStates } = await codepipeline.send(new GetPipelineStateCommand({ name }));
  expect(stageStates?.[3]?.inboundTransitionState).toMatchObject({
    enabled: false,
    disabledReason: "Held for review.",
    lastChangedBy: "arn:aws:iam::111122223333:user/interlock",
    lastChangedAt: expect.any(Date),
  });
  const newer = pipeline.run({ sha: other });
  await codepipeline.send(new EnableStageTransitionCommand(at));
  expect([approved.status, newer.stage, newer.data.position.kind]).toEqual([
    "Superseded",
    "Production",
    "in",
  ]);
});

test("the reason of a closed transition has its own small alphabet", async () => {
  const { codepipeline, name, problems } = await smallAws();
  const close = (reason: string, stageName = "Production") =>
    codepipeline.send(
      new DisableStageTransitionCommand({
        pipelineName: name,
        stageName,
        transitionType: "Inbound",
        reason,
      }),
    );
  for (const reason of ["held, for now", "see #12", "a_b", "https", "x".repeat(301)]) {
    const wanted = reason === "https" ? "a/b" : reason;
    await expect(close(wanted)).rejects.toMatchObject({ name: "ValidationException" });
  }
  expect(problems.splice(0)).toHaveLength(5);
  await expect(close("fine", "Nowhere")).rejects.toMatchObject({ name: "StageNotFoundException" });
  await close("Held by dev @ 12.30 (why?) - ok!*");
});

test("an update that cancels what runs counts the version up", async () => {
  const { aws, pipeline, codepipeline, name } = await smallAws();
  pipeline.data.edits = "cancel";
  const running = pipeline.run({ until: "Test" });
  const { pipeline: declaration } = await codepipeline.send(new GetPipelineCommand({ name }));
  if (!declaration) throw new Error("there is no declaration");
  const stages = declaration.stages?.filter((s) => s.name !== "Test");
  const updated = await codepipeline.send(
    new UpdatePipelineCommand({ pipeline: { ...declaration, stages } }),
  );
  expect(updated.pipeline?.version).toBe(2);
  expect(running.status).toBe("Cancelled");
  expect(told(aws).slice(-3)).toEqual([
    "Action Test/Test CANCELED",
    "Stage Test CANCELED",
    "Pipeline CANCELED",
  ]);
  const before = await codepipeline.send(new GetPipelineCommand({ name, version: 1 }));
  expect(before.pipeline?.stages?.map((s) => s.name)).toContain("Test");
  await expect(
    codepipeline.send(new GetPipelineCommand({ name, version: 9 })),
  ).rejects.toMatchObject({ name: "PipelineVersionNotFoundException" });
});

test("a structure that cannot be is refused", async () => {
  const { pipeline, codepipeline, name } = await smallAws();
  const { pipeline: declaration } = await codepipeline.send(new GetPipelineCommand({ name }));
  if (!declaration?.stages) throw new Error("there is no declaration");
  const [source, build] = declaration.stages;
  if (!source || !build) throw new Error("there are no stages");
  const update = (change: object) =>
    codepipeline.send(new UpdatePipelineCommand({ pipeline: { ...declaration, ...change } }));
  await expect(update({ stages: [source] })).rejects.toMatchObject({
    name: "InvalidStructureException",
  });
  await expect(update({ stages: [source, build, build] })).rejects.toMatchObject({
    name: "InvalidStageDeclarationException",
  });
  const rollback = { ...build, onFailure: { result: "ROLLBACK" } };
  await expect(
    update({ stages: [source, rollback], executionMode: "PARALLEL" }),
  ).rejects.toMatchObject({ name: "InvalidStructureException" });
  expect(pipeline.version).toBe(1);
});

test("the way out of a stage is the way into the next", async () => {
  const { pipeline, codepipeline, name } = await smallAws();
  await codepipeline.send(
    new DisableStageTransitionCommand({
      pipelineName: name,
      stageName: "Build",
      transitionType: "Outbound",
      reason: "Not yet",
    }),
  );
  const execution = pipeline.run();
  expect([execution.stage, execution.data.position.kind]).toEqual(["Test", "waiting"]);
});

test("a stage that was removed and comes back has no past", async () => {
  const { pipeline, codepipeline, name } = await smallAws();
  pipeline.run();
  pipeline.removeStage("Test");
  pipeline.addStage("Test", "Production");
  const { stageStates } = await codepipeline.send(new GetPipelineStateCommand({ name }));
  expect(stageStates?.map((s) => [s.stageName, s.latestExecution?.status])).toEqual([
    ["Source", "Succeeded"],
    ["Build", "Succeeded"],
    ["Test", undefined],
    ["Production", "Succeeded"],
  ]);
});
