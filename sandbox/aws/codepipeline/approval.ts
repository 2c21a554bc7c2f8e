// Manual approvals: the token, the message to a topic, and the answer.
import type { World } from "../model.ts";
import { type Refusal, refuse } from "../refusal.ts";
import type { Pipeline } from "./model.ts";
import { pump, settle } from "./progress.ts";

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
