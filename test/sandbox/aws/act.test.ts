// Acting on executions: stop, retry, roll back, and what AWS refuses.
import {
  GetPipelineExecutionCommand,
  GetPipelineStateCommand,
  ListActionExecutionsCommand,
  ListPipelineExecutionsCommand,
  RetryStageExecutionCommand,
  RollbackStageCommand,
  StopPipelineExecutionCommand,
} from "@aws-sdk/client-codepipeline";
import { expect, test } from "vitest";
import { other, sha, smallAws, told } from "./world.ts";

const nobody = "00000000-0000-4000-a000-000000000000";

test("stop and wait lets the action finish and starts nothing more", async () => {
  const { aws, pipeline, codepipeline, name } = await smallAws();
  const execution = pipeline.run({ until: "Build" });
  const stop = (more: object = {}) =>
    codepipeline.send(
      new StopPipelineExecutionCommand({
        pipelineName: name,
        pipelineExecutionId: execution.id,
        ...more,
      }),
    );
  await stop({ reason: "Held by dev" });
  expect(execution.status).toBe("Stopping");
  await expect(stop()).rejects.toMatchObject({ name: "DuplicatedStopRequestException" });
  execution.pass("Build");
  expect([execution.status, execution.run("Build")?.status]).toEqual(["Stopped", "Stopped"]);
  await expect(stop()).rejects.toMatchObject({ name: "PipelineExecutionNotStoppableException" });
  const stopping = aws.events.events.find((e) => e.detail.state === "STOPPING");
  expect(stopping?.detail["stop-execution-comments"]).toBe("Held by dev");
  const { pipelineExecutionSummaries } = await codepipeline.send(
    new ListPipelineExecutionsCommand({ pipelineName: name }),
  );
  expect(pipelineExecutionSummaries?.[0]?.stopTrigger?.reason).toBe("Held by dev");
});

test("stop and abandon ends at once, also after stop and wait", async () => {
  const { aws, pipeline, codepipeline, name } = await smallAws();
  const execution = pipeline.run({ until: "Build" });
  pipeline.stop(execution.id, "wait");
  await codepipeline.send(
    new StopPipelineExecutionCommand({
      pipelineName: name,
      pipelineExecutionId: execution.id,
      abandon: true,
    }),
  );
  expect(execution.status).toBe("Stopped");
  expect(told(aws).slice(-3)).toEqual([
    "Action Build/Build ABANDONED",
    "Stage Build STOPPED",
    "Pipeline STOPPED",
  ]);
  // The build itself goes on, which is what makes abandoning dangerous.
  expect([...aws.world.builds.values()].map((b) => b.status)).toEqual(["IN_PROGRESS"]);
});

test("a retry runs the failed actions again in the same execution", async () => {
  const { aws, pipeline, codepipeline, name } = await smallAws({
    pipeline: {
      stages: [
        { name: "Test", kind: "test", actions: [{ name: "Unit" }, { name: "Lint" }] },
        "Production",
      ],
    },
  });
  const execution = pipeline.run({ until: "Test" });
  execution.pass("Test", { action: "Lint" }).fail("Test", { action: "Unit" });
  const retry = (more: object = {}) =>
    codepipeline.send(
      new RetryStageExecutionCommand({
        pipelineName: name,
        stageName: "Test",
        pipelineExecutionId: execution.id,
        retryMode: "FAILED_ACTIONS",
        ...more,
      }),
    );
  await expect(retry({ stageName: "Nowhere" })).rejects.toMatchObject({
    name: "StageNotFoundException",
  });
  await expect(retry({ pipelineExecutionId: nobody })).rejects.toMatchObject({
    name: "NotLatestPipelineExecutionException",
  });
  expect((await retry()).pipelineExecutionId).toBe(execution.id);
  await expect(retry()).rejects.toMatchObject({ name: "StageNotRetryableException" });
  expect(told(aws).slice(-3)).toEqual([
    "Pipeline RESUMED",
    "Stage Test RESUMED",
    "Action Test/Unit STARTED",
  ]);
  const resumed = aws.events.events.at(-2)?.detail;
  expect(resumed).toMatchObject({ "pipeline-execution-attempt": 2 });
  expect(resumed).toHaveProperty("stage-last-retry-attempt-time");
  const { stageStates } = await codepipeline.send(new GetPipelineStateCommand({ name }));
  expect(stageStates?.[1]?.retryStageMetadata).toEqual({
    manualStageRetryAttempt: 1,
    latestRetryTrigger: "ManualStageRetry",
  });
  expect(execution.passUntil().status).toBe("Succeeded");
  const runs = async (filter: object) => {
    const { actionExecutionDetails } = await codepipeline.send(
      new ListActionExecutionsCommand({ pipelineName: name, filter }),
    );
    return actionExecutionDetails?.filter((a) => a.actionName === "Unit").map((a) => a.status);
  };
  expect(await runs({ pipelineExecutionId: execution.id })).toEqual(["Succeeded", "Failed"]);
  const latest = { pipelineExecutionId: execution.id, startTimeRange: "Latest" };
  expect(await runs({ latestInPipelineExecution: latest })).toEqual(["Succeeded"]);
});

test("an execution that a later one followed into the stage cannot be retried", async () => {
  const { pipeline, codepipeline, name } = await smallAws();
  const failed = pipeline.run({ until: "Test" }).fail("Test");
  // A failed execution leaves the stage free.
  pipeline.run({ until: "Test" });
  const retry = new RetryStageExecutionCommand({
    pipelineName: name,
    stageName: "Test",
    pipelineExecutionId: failed.id,
    retryMode: "ALL_ACTIONS",
  });
  await expect(codepipeline.send(retry)).rejects.toMatchObject({
    name: "NotLatestPipelineExecutionException",
  });
});

test("a rollback is a new execution of one stage with the older commit", async () => {
  const { pipeline, codepipeline, name } = await smallAws();
  const good = pipeline.run({ sha });
  const bad = pipeline.run({ sha: other, until: "Production" }).fail("Production");
  const { pipelineExecutionSummaries: candidates } = await codepipeline.send(
    new ListPipelineExecutionsCommand({
      pipelineName: name,
      filter: { succeededInStage: { stageName: "Production" } },
    }),
  );
  expect(candidates?.map((e) => e.pipelineExecutionId)).toEqual([good.id]);
  const { pipelineExecutionId } = await codepipeline.send(
    new RollbackStageCommand({
      pipelineName: name,
      stageName: "Production",
      targetPipelineExecutionId: good.id,
    }),
  );
  const rollback = pipeline.execution(pipelineExecutionId ?? "");
  rollback.pass("Production");
  const found = await codepipeline.send(
    new GetPipelineExecutionCommand({ pipelineName: name, pipelineExecutionId }),
  );
  expect(found.pipelineExecution).toMatchObject({
    status: "Succeeded",
    executionType: "ROLLBACK",
    rollbackMetadata: { rollbackTargetPipelineExecutionId: good.id },
    trigger: { triggerType: "ManualRollback" },
    artifactRevisions: [{ revisionId: sha }],
  });
  expect([bad.status, rollback.data.stages.length]).toEqual(["Failed", 1]);
});

test("AWS refuses rollbacks that cannot be", async () => {
  const { pipeline, codepipeline, name } = await smallAws({
    pipeline: {
      stages: [
        { name: "Build", beforeEntry: { result: "SKIP", rule: "VariableCheck" } },
        "Production",
      ],
    },
  });
  pipeline.condition("Build", "beforeEntry", "fails");
  const good = pipeline.run();
  expect([good.status, good.run("Build")?.status]).toEqual(["Succeeded", "Skipped"]);
  const rollback = (stageName: string, targetPipelineExecutionId = good.id) =>
    codepipeline.send(
      new RollbackStageCommand({ pipelineName: name, stageName, targetPipelineExecutionId }),
    );
  const unable = { name: "UnableToRollbackStageException" };
  await expect(rollback("Source")).rejects.toMatchObject(unable);
  await expect(rollback("Build")).rejects.toMatchObject(unable);
  await expect(rollback("Nowhere")).rejects.toMatchObject({ name: "StageNotFoundException" });
  await expect(rollback("Production", nobody)).rejects.toMatchObject({
    name: "PipelineExecutionNotFoundException",
  });
  const back = pipeline.rollback("Production", good.id);
  await expect(rollback("Production")).rejects.toMatchObject({
    ...unable,
    message: expect.stringContaining("running"),
  });
  back.pass("Production");
  await expect(rollback("Production", back.id)).rejects.toMatchObject(unable);
  pipeline.addStage("Later");
  await expect(rollback("Production")).rejects.toMatchObject({
    name: "PipelineExecutionOutdatedException",
  });
});

test("a pipeline in PARALLEL mode cannot roll back", async () => {
  const { pipeline, codepipeline, name } = await smallAws({ pipeline: { mode: "PARALLEL" } });
  const good = pipeline.run();
  const rollback = new RollbackStageCommand({
    pipelineName: name,
    stageName: "Production",
    targetPipelineExecutionId: good.id,
  });
  await expect(codepipeline.send(rollback)).rejects.toMatchObject({
    name: "UnableToRollbackStageException",
  });
});

test("an automatic rollback needs a success in the stage first", async () => {
  const { pipeline } = await smallAws({
    pipeline: { stages: [{ name: "Production", onFailure: { result: "ROLLBACK" } }] },
  });
  pipeline.run({ until: "Production" }).fail("Production");
  expect(pipeline.executions()).toHaveLength(1);
  const good = pipeline.run({ sha });
  const bad = pipeline.run({ sha: other, until: "Production" }).fail("Production");
  const back = pipeline.latest();
  expect(back.data).toMatchObject({
    type: "ROLLBACK",
    trigger: {
      type: "AutomatedRollback",
      detail: JSON.stringify({ FailedPipelineExecutionId: bad.id }),
    },
    rollbackTarget: { id: good.id },
  });
  // One that fails in turn is left at that.
  back.fail("Production");
  expect(pipeline.executions()).toHaveLength(4);
});

test("all actions of a stage can be run again, also of one that was stopped", async () => {
  const { pipeline, codepipeline, name } = await smallAws({
    pipeline: {
      stages: [{ name: "Test", kind: "test", actions: [{ name: "Unit" }, { name: "Lint" }] }],
    },
  });
  const execution = pipeline.run({ until: "Test" }).pass("Test", { action: "Lint" });
  pipeline.stop(execution.id, "abandon");
  await codepipeline.send(
    new RetryStageExecutionCommand({
      pipelineName: name,
      stageName: "Test",
      pipelineExecutionId: execution.id,
      retryMode: "ALL_ACTIONS",
    }),
  );
  const running = execution.data.actions.filter((a) => a.status === "InProgress");
  expect(running.map((a) => a.declaration.name)).toEqual(["Unit", "Lint"]);
});

test("a stage that retries by itself does so once", async () => {
  const { pipeline, codepipeline, name } = await smallAws({
    pipeline: { stages: [{ name: "Production", onFailure: { result: "RETRY" } }] },
  });
  const execution = pipeline.run({ until: "Production" }).fail("Production");
  expect(execution.status).toBe("InProgress");
  const { stageStates } = await codepipeline.send(new GetPipelineStateCommand({ name }));
  expect(stageStates?.[1]?.retryStageMetadata).toEqual({
    autoStageRetryAttempt: 1,
    latestRetryTrigger: "AutomatedStageRetry",
  });
  expect(execution.fail("Production").status).toBe("Failed");
});

test("a rollback passes a closed transition, and goes no further than its stage", async () => {
  const { pipeline } = await smallAws();
  const good = pipeline.run({ sha });
  pipeline.disableTransition("Build");
  const back = pipeline.rollback("Build", good.id).pass("Build");
  expect([back.status, back.data.stages.length]).toEqual(["Succeeded", 1]);
});

test("what succeeded in an older structure is no candidate for a rollback", async () => {
  const { pipeline, codepipeline, name } = await smallAws();
  pipeline.run({ sha });
  pipeline.addStage("Later");
  const { pipelineExecutionSummaries } = await codepipeline.send(
    new ListPipelineExecutionsCommand({
      pipelineName: name,
      filter: { succeededInStage: { stageName: "Production" } },
    }),
  );
  expect(pipelineExecutionSummaries).toEqual([]);
});
