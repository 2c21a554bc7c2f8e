// Acting on executions: stop, retry, roll back, override, approve, and what AWS refuses.
import {
  GetPipelineExecutionCommand,
  GetPipelineStateCommand,
  ListActionExecutionsCommand,
  ListPipelineExecutionsCommand,
  ListRuleExecutionsCommand,
  OverrideStageConditionCommand,
  PutApprovalResultCommand,
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
    trigger: { type: "AutomatedRollback", detail: bad.id },
    rollbackTarget: { id: good.id },
  });
  // One that fails in turn is left at that.
  back.fail("Production");
  expect(pipeline.executions()).toHaveLength(4);
});

test("a failed entry condition is shown, told rule by rule, and can be overridden", async () => {
  const { pipeline, codepipeline, name } = await smallAws({
    pipeline: { stages: ["Build", { name: "Production", beforeEntry: { result: "FAIL" } }] },
  });
  pipeline.condition("Production", "beforeEntry", "fails");
  const execution = pipeline.run();
  expect(execution.status).toBe("Failed");
  const state = async () => {
    const { stageStates } = await codepipeline.send(new GetPipelineStateCommand({ name }));
    return stageStates?.[2]?.beforeEntryConditionState?.latestExecution?.status;
  };
  expect(await state()).toBe("Failed");
  const { ruleExecutionDetails } = await codepipeline.send(
    new ListRuleExecutionsCommand({
      pipelineName: name,
      filter: { pipelineExecutionId: execution.id },
    }),
  );
  expect(ruleExecutionDetails).toMatchObject([
    { ruleName: "CloudWatchAlarm", status: "Failed", stageName: "Production" },
  ]);
  const override = (conditionType: "BEFORE_ENTRY" | "ON_SUCCESS", id = execution.id) =>
    codepipeline.send(
      new OverrideStageConditionCommand({
        pipelineName: name,
        stageName: "Production",
        pipelineExecutionId: id,
        conditionType,
      }),
    );
  await expect(override("ON_SUCCESS")).rejects.toMatchObject({
    name: "ConditionNotOverridableException",
  });
  await expect(override("BEFORE_ENTRY", nobody)).rejects.toMatchObject({
    name: "NotLatestPipelineExecutionException",
  });
  await override("BEFORE_ENTRY");
  expect(await state()).toBe("Overridden");
  expect(execution.passUntil().status).toBe("Succeeded");
});

test("a condition after success can fail the stage, roll it back, or wait", async () => {
  const { pipeline } = await smallAws({
    pipeline: { stages: [{ name: "Production", onSuccess: { result: "ROLLBACK" } }] },
  });
  const good = pipeline.run({ sha });
  pipeline.condition("Production", "onSuccess", "waits");
  const bad = pipeline.run({ sha: other });
  expect([bad.status, bad.stage]).toEqual(["InProgress", "Production"]);
  pipeline.condition("Production", "onSuccess", "fails");
  expect(bad.status).toBe("Failed");
  expect(pipeline.latest().data.rollbackTarget?.id).toBe(good.id);
});

test("an approval is given once, with its token", async () => {
  const { aws, pipeline, codepipeline, name } = await smallAws({
    pipeline: {
      stages: [
        {
          name: "Sign",
          kind: "approval",
          actions: [
            {
              name: "Ask",
              configuration: { NotificationArn: "arn:aws:sns:eu-west-1:111122223333:approvals" },
            },
          ],
        },
      ],
    },
  });
  const execution = pipeline.run();
  expect(execution.stage).toBe("Sign");
  const { stageStates } = await codepipeline.send(new GetPipelineStateCommand({ name }));
  const token = stageStates?.[1]?.actionStates?.[0]?.latestExecution?.token;
  const answer = (status: "Approved" | "Rejected", more: object = {}) =>
    codepipeline.send(
      new PutApprovalResultCommand({
        pipelineName: name,
        stageName: "Sign",
        actionName: "Ask",
        result: { status, summary: "Looks good" },
        token,
        ...more,
      }),
    );
  await expect(answer("Approved", { token: nobody })).rejects.toMatchObject({
    name: "InvalidApprovalTokenException",
  });
  await expect(answer("Approved", { actionName: "Nobody" })).rejects.toMatchObject({
    name: "ActionNotFoundException",
  });
  expect((await answer("Approved")).approvedAt).toBeInstanceOf(Date);
  expect(execution.status).toBe("Succeeded");
  await expect(answer("Rejected")).rejects.toMatchObject({
    name: "ApprovalAlreadyCompletedException",
  });
  expect(JSON.parse(aws.events.messages[0]?.message ?? "{}").approval).toMatchObject({
    token,
    stageName: "Sign",
    expires: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/),
  });
});

test("a rejected approval, and one that nobody gives for a week, fail the stage", async () => {
  const { aws, pipeline, clock } = await smallAws({
    pipeline: { stages: [{ name: "Sign", kind: "approval" }] },
  });
  const rejected = pipeline.run();
  pipeline.reject("Sign", "bea");
  expect(rejected.status).toBe("Failed");
  const forgotten = pipeline.run();
  clock.advance(7 * 24 * 60 * 60_000);
  aws.tick();
  expect(forgotten.status).toBe("Failed");
});
