// What CodePipeline remembers: pipelines with their structure, executions, and every run of a stage, action or condition.

export type ExecutionStatus =
  | "Cancelled"
  | "InProgress"
  | "Stopped"
  | "Stopping"
  | "Succeeded"
  | "Superseded"
  | "Failed";
export type StageStatus = Exclude<ExecutionStatus, "Superseded"> | "Skipped";
export type ActionStatus = "InProgress" | "Abandoned" | "Succeeded" | "Failed";
export type ConditionStatus =
  | "InProgress"
  | "Failed"
  | "Errored"
  | "Succeeded"
  | "Cancelled"
  | "Abandoned"
  | "Overridden";
export type Mode = "QUEUED" | "SUPERSEDED" | "PARALLEL";
export type Result = "ROLLBACK" | "FAIL" | "RETRY" | "SKIP";
export type RetryMode = "FAILED_ACTIONS" | "ALL_ACTIONS";
type TriggerType =
  | "CreatePipeline"
  | "StartPipelineExecution"
  | "PollForSourceChanges"
  | "Webhook"
  | "CloudWatchEvent"
  | "PutActionRevision"
  | "WebhookV2"
  | "ManualRollback"
  | "AutomatedRollback";

// ------------------------------------------------ the structure, in the form of the wire

export type ActionDeclaration = {
  name: string;
  actionTypeId: {
    category: "Source" | "Build" | "Deploy" | "Test" | "Invoke" | "Approval" | "Compute";
    owner: "AWS" | "ThirdParty" | "Custom";
    provider: string;
    version: string;
  };
  runOrder?: number | undefined;
  configuration?: Record<string, string> | undefined;
  commands?: string[] | undefined;
  inputArtifacts?: { name: string }[] | undefined;
  outputArtifacts?: { name: string; files?: string[] | undefined }[] | undefined;
  roleArn?: string | undefined;
  region?: string | undefined;
  namespace?: string | undefined;
  timeoutInMinutes?: number | undefined;
};
export type RuleDeclaration = {
  name: string;
  ruleTypeId: {
    category: "Rule";
    owner?: "AWS" | undefined;
    provider: string;
    version?: string | undefined;
  };
  configuration?: Record<string, string> | undefined;
};
type ConditionDeclaration = {
  result?: Result | undefined;
  rules?: RuleDeclaration[] | undefined;
};
export type StageDeclaration = {
  name: string;
  actions: ActionDeclaration[];
  beforeEntry?: { conditions: ConditionDeclaration[] } | undefined;
  onSuccess?: { conditions: ConditionDeclaration[] } | undefined;
  onFailure?:
    | {
        result?: Result | undefined;
        retryConfiguration?: { retryMode?: RetryMode | undefined } | undefined;
        conditions?: ConditionDeclaration[] | undefined;
      }
    | undefined;
};
export type Declaration = {
  name: string;
  roleArn: string;
  artifactStore?: { type: "S3"; location: string } | undefined;
  stages: StageDeclaration[];
  version?: number | undefined;
  executionMode?: Mode | undefined;
  pipelineType?: "V1" | "V2" | undefined;
  variables?:
    | { name: string; defaultValue?: string | undefined; description?: string | undefined }[]
    | undefined;
  triggers?:
    | { providerType: "CodeStarSourceConnection"; gitConfiguration: { sourceActionName: string } }[]
    | undefined;
};

// ------------------------------------------------ what is and what was

export type Pipeline = {
  arn: string;
  account: string;
  region: string;
  name: string;
  /** One for each version, oldest first. */
  declarations: Declaration[];
  createdAt: number;
  updatedAt: number;
  /** Oldest first. */
  executions: Execution[];
  /** Into a stage, by its name; without an entry it is enabled and was never touched. */
  transitions: Map<string, Transition>;
  /** What entered a stage last, by the stage's name. */
  latest: Map<string, StageRun>;
  tokens: Map<string, { fingerprint: string; execution: Execution }>;
  /** How the next runs of an action or a stage end, by name, set by a scenario beforehand. */
  scripts: Map<string, Outcome[]>;
  /** How conditions are judged, by "stage/slot"; without an entry they hold. */
  verdicts: Map<string, Verdict>;
  /** How long an action takes by itself; undefined leaves it to the scenario. */
  actionMs: number | undefined;
  /**
   * What a change of the structure does to what runs. The user guide has it that running actions are
   * completed and then stages and executions fail; users have seen executions cancelled.
   */
  edits: "fail" | "cancel";
};

type Transition = {
  enabled: boolean;
  reason: string | undefined;
  changedBy: string;
  changedAt: number;
};

export type Verdict = "holds" | "fails" | "waits";

export type Revision = {
  id: string;
  summary: string;
  url: string;
  branch: string;
  repository: string;
};

export type Trigger = {
  type: TriggerType;
  detail: string;
  /** Only an execution that a push started tells its commit in its events. */
  git?: { repository: string; branch: string; sha: string; message: string; author: string };
};

type Position =
  | { kind: "waiting"; stage: number }
  | { kind: "in"; stage: number }
  | { kind: "over" };

export type Execution = {
  id: string;
  pipeline: Pipeline;
  declaration: Declaration;
  version: number;
  mode: Mode;
  type: "STANDARD" | "ROLLBACK";
  rollbackTarget: Execution | undefined;
  status: ExecutionStatus;
  statusSummary: string | undefined;
  startedAt: number;
  updatedAt: number;
  trigger: Trigger;
  /** What the caller wants each source action to take, by the action's name. */
  overrides: Map<string, string>;
  /** What each source action took, by the action's name; there once the action has succeeded. */
  revisions: Map<string, Revision>;
  variables: { name: string; value: string }[];
  artifacts: Map<string, { bucket: string; key: string }>;
  stopReason: string | undefined;
  position: Position;
  /** Every run of a stage, oldest first; a retry is another run. */
  stages: StageRun[];
  /** Every run of an action, oldest first. */
  actions: ActionRun[];
  attempt: number;
  /** The structure was changed while an action ran: it fails once none does. */
  edited: boolean;
};

export type StageRun = {
  execution: Execution;
  declaration: StageDeclaration;
  index: number;
  status: StageStatus;
  startedAt: number;
  /** The run of each action that counts, by its name. */
  actions: Map<string, ActionRun>;
  conditions: Partial<Record<Slot, ConditionRun>>;
  retries: { manual: number; automated: number; last: "manual" | "automated" | undefined };
  retriedAt: number | undefined;
};

export type Slot = "beforeEntry" | "onSuccess" | "onFailure";

export type ConditionRun = {
  slot: Slot;
  declaration: ConditionDeclaration;
  status: ConditionStatus;
  changedAt: number;
  rules: RuleRun[];
};

export type RuleRun = {
  id: string;
  declaration: RuleDeclaration;
  status: ActionStatus;
  startedAt: number;
  updatedAt: number;
};

export type ActionRun = {
  id: string;
  stage: StageRun;
  declaration: ActionDeclaration;
  status: ActionStatus;
  startedAt: number;
  updatedAt: number;
  updatedBy: string | undefined;
  /** Of a manual approval. */
  token: string | undefined;
  externalId: string | undefined;
  externalUrl: string | undefined;
  summary: string | undefined;
  error: { code: string; message: string } | undefined;
  logStreamArn: string | undefined;
  /** Of CodeBuild, where the provider is CodeBuild or Commands. */
  buildId: string | undefined;
  inputs: { name: string; bucket: string; key: string }[];
  outputs: { name: string; bucket: string; key: string }[];
  outputVariables: Record<string, string>;
};

/** How an action ends, and what it leaves behind. */
export type Outcome = {
  kind: "pass" | "fail";
  code?: string;
  message?: string;
  /** Lines of the build's log. */
  log?: readonly string[];
  /** What CodeBuild made of the test results. */
  report?: { name?: string; cases: readonly ReportCase[] };
  /** Files in its output artifact, by path. */
  files?: Readonly<Record<string, string | Uint8Array>>;
  variables?: Readonly<Record<string, string>>;
};

export type ReportCase = {
  name: string;
  suite?: string;
  prefix?: string;
  status?: "SUCCEEDED" | "FAILED" | "ERROR" | "SKIPPED" | "UNKNOWN";
  message?: string;
  durationMs?: number;
};
