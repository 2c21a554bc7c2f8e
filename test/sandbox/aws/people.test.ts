// What people decide: overridden conditions and manual approvals.
import {
  GetPipelineStateCommand,
  ListRuleExecutionsCommand,
  OverrideStageConditionCommand,
  PutApprovalResultCommand,
} from "@aws-sdk/client-codepipeline";
import { expect, test } from "vitest";
import { other, sha, smallAws } from "./world.ts";

const nobody = "00000000-0000-4000-a000-000000000000";

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
  // Nobody is asked any more, so nobody is shown the token.
  const after = await codepipeline.send(new GetPipelineStateCommand({ name }));
  expect(after.stageStates?.[1]?.actionStates?.[0]?.latestExecution).toMatchObject({
    status: "Succeeded",
    lastUpdatedBy: "arn:aws:iam::111122223333:user/interlock",
  });
  expect(after.stageStates?.[1]?.actionStates?.[0]?.latestExecution?.token).toBeUndefined();
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
