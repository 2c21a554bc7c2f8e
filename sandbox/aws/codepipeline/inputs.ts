// The requests that CodePipeline takes, with the limits of its API reference (API version 2015-07-09).
import { flag, integer, list, map, oneOf, optional, struct, text } from "../shape.ts";

const name = text({ min: 1, max: 100, pattern: /[A-Za-z0-9.@\-_]+/ });
const uuid = text({ pattern: /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/ });
const nextToken = optional(text({ min: 1, max: 2048 }));
const maxResults = optional(integer({ min: 1, max: 100 }));
const region = optional(text({ min: 4, max: 30 }));
const roleArn = text({ max: 1024, pattern: /arn:aws(-[\w]+)*:iam::[0-9]{12}:role\/.*/ });
const inputArtifacts = optional(
  list(struct({ name: text({ min: 1, max: 100, pattern: /[a-zA-Z0-9_-]+/ }) })),
);
const commands = optional(list(text({ min: 1, max: 1000 }), { min: 1, max: 50 }));
const timeoutInMinutes = optional(integer({ min: 5, max: 86_400 }));
const result = optional(oneOf("ROLLBACK", "FAIL", "RETRY", "SKIP"));
const retryMode = oneOf("FAILED_ACTIONS", "ALL_ACTIONS");

const action = struct({
  name,
  actionTypeId: struct({
    category: oneOf("Source", "Build", "Deploy", "Test", "Invoke", "Approval", "Compute"),
    owner: oneOf("AWS", "ThirdParty", "Custom"),
    provider: text({ min: 1, max: 35, pattern: /[0-9A-Za-z_-]+/ }),
    version: text({ min: 1, max: 9, pattern: /[0-9A-Za-z_-]+/ }),
  }),
  runOrder: optional(integer({ min: 1, max: 999 })),
  configuration: optional(map(text({ min: 1, max: 1000 }))),
  commands,
  inputArtifacts,
  outputArtifacts: optional(
    list(
      struct({
        name: text({ min: 1, max: 100, pattern: /[a-zA-Z0-9_-]+/ }),
        files: optional(list(text({ min: 1, max: 128 }), { min: 1, max: 10 })),
      }),
    ),
  ),
  roleArn: optional(roleArn),
  region,
  namespace: optional(text({ min: 1, max: 100, pattern: /[A-Za-z0-9@\-_]+/ })),
  timeoutInMinutes,
});

const rule = struct({
  name,
  ruleTypeId: struct({
    category: oneOf("Rule"),
    owner: optional(oneOf("AWS")),
    provider: text({ min: 1, max: 35, pattern: /[0-9A-Za-z_-]+/ }),
    version: optional(text({ min: 1, max: 9, pattern: /[0-9A-Za-z_-]+/ })),
  }),
  configuration: optional(map(text({ min: 1, max: 10_000 }))),
  commands,
  inputArtifacts,
  region,
  timeoutInMinutes,
});

/** One condition in each slot, and one to five rules in it. */
const conditions = list(struct({ result, rules: optional(list(rule, { min: 1, max: 5 })) }), {
  min: 1,
  max: 1,
});

const declaration = struct({
  name,
  roleArn,
  artifactStore: optional(
    struct({
      type: oneOf("S3"),
      location: text({ min: 3, max: 63, pattern: /[a-zA-Z0-9\-.]+/ }),
    }),
  ),
  stages: list(
    struct({
      name,
      actions: list(action),
      beforeEntry: optional(struct({ conditions })),
      onSuccess: optional(struct({ conditions })),
      onFailure: optional(
        struct({
          result,
          retryConfiguration: optional(struct({ retryMode: optional(retryMode) })),
          conditions: optional(conditions),
        }),
      ),
    }),
  ),
  version: optional(integer({ min: 1 })),
  executionMode: optional(oneOf("QUEUED", "SUPERSEDED", "PARALLEL")),
  pipelineType: optional(oneOf("V1", "V2")),
  variables: optional(
    list(
      struct({
        name: text({ min: 1, max: 128, pattern: /[A-Za-z0-9@\-_]+/ }),
        defaultValue: optional(text({ min: 1, max: 1000 })),
        description: optional(text({ max: 200 })),
      }),
      { max: 50 },
    ),
  ),
  triggers: optional(
    list(
      struct({
        providerType: oneOf("CodeStarSourceConnection"),
        gitConfiguration: struct({ sourceActionName: name }),
      }),
      { max: 50 },
    ),
  ),
});

const ofStage = { pipelineName: name, stageName: name };
const ofExecution = { pipelineName: name, pipelineExecutionId: uuid };
const ofRun = { ...ofStage, pipelineExecutionId: uuid };
const transitionType = oneOf("Inbound", "Outbound");
const runsFilter = optional(
  struct({
    pipelineExecutionId: optional(uuid),
    latestInPipelineExecution: optional(
      struct({ pipelineExecutionId: uuid, startTimeRange: oneOf("Latest", "All") }),
    ),
  }),
);
const listRuns = struct({ pipelineName: name, filter: runsFilter, maxResults, nextToken });

export const inputs = {
  StartPipelineExecution: struct({
    name,
    variables: optional(
      list(
        struct({
          name: text({ min: 1, max: 128, pattern: /[A-Za-z0-9@\-_]+/ }),
          value: text({ min: 1, max: 1000, pattern: /.*/ }),
        }),
        { min: 1, max: 50 },
      ),
    ),
    clientRequestToken: optional(text({ min: 1, max: 128, pattern: /^[a-zA-Z0-9-]+$/ })),
    sourceRevisions: optional(
      list(
        struct({
          actionName: name,
          revisionType: oneOf("COMMIT_ID", "IMAGE_DIGEST", "S3_OBJECT_VERSION_ID", "S3_OBJECT_KEY"),
          revisionValue: text({ min: 1, max: 1500 }),
        }),
        { max: 50 },
      ),
    ),
  }),
  GetPipeline: struct({ name, version: optional(integer({ min: 1 })) }),
  GetPipelineState: struct({ name }),
  DeletePipeline: struct({ name }),
  GetPipelineExecution: struct(ofExecution),
  ListPipelines: struct({ nextToken, maxResults: optional(integer({ min: 1, max: 1000 })) }),
  ListPipelineExecutions: struct({
    pipelineName: name,
    maxResults,
    filter: optional(struct({ succeededInStage: optional(struct({ stageName: optional(name) })) })),
    nextToken,
  }),
  ListActionExecutions: listRuns,
  ListRuleExecutions: listRuns,
  StopPipelineExecution: struct({
    ...ofExecution,
    abandon: optional(flag()),
    reason: optional(text({ max: 200 })),
  }),
  RetryStageExecution: struct({ ...ofRun, retryMode }),
  RollbackStage: struct({ ...ofStage, targetPipelineExecutionId: uuid }),
  DisableStageTransition: struct({
    ...ofStage,
    transitionType,
    reason: text({ min: 1, max: 300, pattern: /[a-zA-Z0-9!@ ().*?-]+/ }),
  }),
  EnableStageTransition: struct({ ...ofStage, transitionType }),
  OverrideStageCondition: struct({ ...ofRun, conditionType: oneOf("BEFORE_ENTRY", "ON_SUCCESS") }),
  PutApprovalResult: struct({
    ...ofStage,
    actionName: name,
    result: struct({ summary: text({ max: 512 }), status: oneOf("Approved", "Rejected") }),
    token: uuid,
  }),
  CreatePipeline: struct({ pipeline: declaration }),
  UpdatePipeline: struct({ pipeline: declaration }),
};
