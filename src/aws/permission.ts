// What Interlock does at AWS, as IAM calls it, and the sentence for each that is not allowed.

import type { Permission as Answer } from "../ports/permit.ts";

/** Every action that the engine's calls need. The role's policy has these and no others. */
export const permissions = [
  "codepipeline:GetPipeline",
  "codepipeline:GetPipelineState",
  "codepipeline:GetPipelineExecution",
  "codepipeline:ListPipelineExecutions",
  "codepipeline:ListActionExecutions",
  "codepipeline:ListRuleExecutions",
  "codepipeline:StartPipelineExecution",
  "codepipeline:StopPipelineExecution",
  "codepipeline:RetryStageExecution",
  "codepipeline:RollbackStage",
  "codepipeline:DisableStageTransition",
  "codepipeline:EnableStageTransition",
  "codepipeline:PutApprovalResult",
  "codebuild:BatchGetBuilds",
  "codebuild:BatchGetBuildBatches",
  "codebuild:BatchGetReports",
  "codebuild:DescribeTestCases",
  "logs:GetLogEvents",
  "s3:GetObject",
] as const;

export type Permission = (typeof permissions)[number];

/** What the operator's own credentials need beside them, to take on the roles of plans. */
export const trustActions = ["sts:AssumeRole", "sts:TagSession"] as const;

/** The statement that a policy lacks, ready to be copied into it. */
export function missingStatement(action: Permission, resource: string): string {
  return JSON.stringify({ Effect: "Allow", Action: action, Resource: resource });
}

/** The request was not sent. */
export class NotPermitted extends Error {
  override name = "NotPermitted";

  constructor(permission: Exclude<Answer, "go">) {
    super(
      permission === "lost"
        ? "It was not sent: another process answers for the subject by now."
        : "It was not sent: what it was decided from is too old by now.",
    );
  }
}
