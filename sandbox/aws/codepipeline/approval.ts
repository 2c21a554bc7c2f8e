// Manual approvals: the token, the message to a topic, and the answer.
import type { World } from "../model.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { endAction, settle } from "./actions.ts";
import type { ActionRun, Pipeline } from "./model.ts";
import { consoleUrl } from "./names.ts";
import { pump } from "./waiting.ts";

/** docs.aws.amazon.com/codepipeline/latest/userguide/limits.html */
const approval_ms = 7 * 24 * 60 * 60_000;

export function askForApproval(world: World, run: ActionRun): void {
  const token = world.random.guid();
  run.token = token;
  // In PARALLEL mode this is the only place that shows it.
  run.externalId = token;
  const minutes = run.declaration.timeoutInMinutes;
  const expires = world.clock.now() + (minutes === undefined ? approval_ms : minutes * 60_000);
  world.agenda.at(expires, () => {
    endAction(world, run, {
      kind: "fail",
      code: "ApprovalTimeout",
      message: "Nobody approved it.",
    });
    pump(world, run.stage.execution.pipeline);
  });
  const topic = run.declaration.configuration?.NotificationArn;
  if (topic === undefined) return;
  const { pipeline } = run.stage.execution;
  world.bus.publish({
    topicArn: topic,
    subject: `APPROVAL NEEDED: AWS CodePipeline ${pipeline.name} for action ${run.declaration.name}`,
    message: JSON.stringify({
      region: pipeline.region,
      consoleLink: consoleUrl(pipeline),
      approval: {
        pipelineName: pipeline.name,
        stageName: run.stage.declaration.name,
        actionName: run.declaration.name,
        token,
        expires: `${new Date(expires).toISOString().slice(0, 16)}Z`,
        externalEntityLink: run.declaration.configuration?.ExternalEntityLink ?? null,
        approvalReviewLink: `${consoleUrl(pipeline)}#/${run.stage.declaration.name}/${run.declaration.name}/approve/${token}`,
        customData: run.declaration.configuration?.CustomData ?? null,
      },
    }),
  });
}

export function answerApproval(
  world: World,
  pipeline: Pipeline,
  answer: {
    stage: string;
    action: string;
    token: string;
    status: "Approved" | "Rejected";
    summary: string;
    by: string;
  },
): { approvedAt: number } | Refusal {
  const run = pipeline.executions
    .flatMap((e) => e.actions)
    .find(
      (a) =>
        a.token === answer.token &&
        a.stage.declaration.name === answer.stage &&
        a.declaration.name === answer.action,
    );
  if (!run) return refuse("InvalidApprovalTokenException", "The approval token is not valid.");
  if (run.status !== "InProgress")
    return refuse("ApprovalAlreadyCompletedException", "The approval has already been completed.");
  run.updatedBy = answer.by;
  run.summary = answer.summary === "" ? undefined : answer.summary;
  if (answer.status === "Rejected")
    run.error = { code: "Rejected", message: answer.summary === "" ? "Rejected" : answer.summary };
  settle(world, run, answer.status === "Approved" ? "Succeeded" : "Failed");
  pump(world, pipeline);
  return { approvedAt: world.clock.now() };
}
