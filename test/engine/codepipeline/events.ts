// Events of CodePipeline as EventBridge sends them.

import { randomUUID } from "node:crypto";

export const executionId = "3f1c1f2a-0f8e-4b6b-9a55-0d7a5e0c7a11";

export interface EventSketch {
  readonly type?: "Pipeline" | "Stage" | "Action";
  readonly executionId?: string;
  readonly state?: string;
  readonly detail?: object;
  readonly more?: object;
}

export function event(sketch: EventSketch = {}): Record<string, unknown> {
  const { type = "Pipeline", state = "STARTED", detail = {}, more = {} } = sketch;
  return {
    version: "0",
    id: randomUUID(),
    "detail-type": `CodePipeline ${type} Execution State Change`,
    source: "aws.codepipeline",
    account: "111122223333",
    time: "2030-05-01T11:59:58Z",
    region: "eu-west-1",
    resources: ["arn:aws:codepipeline:eu-west-1:111122223333:shop-release"],
    detail: {
      pipeline: "shop-release",
      "execution-id": sketch.executionId ?? executionId,
      "start-time": "2030-05-01T11:59:57.000Z",
      state,
      version: 1,
      "pipeline-execution-attempt": 1,
      ...detail,
    },
    ...more,
  };
}

export function pushTrigger(repository: string, sha: string): object {
  return {
    "execution-trigger": {
      "author-display-name": "Grace",
      "full-repository-name": repository,
      "provider-type": "GitHub",
      "author-email": "grace@example.com",
      "commit-message": "Add a cart",
      "branch-name": "main",
      "commit-id": sha,
      "connection-arn": "arn:aws:codestar-connections:eu-west-1:111122223333:connection/1",
      "author-id": "583231",
    },
  };
}
