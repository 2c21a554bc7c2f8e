// The structure of a pipeline from a few words, for tests and scenarios.
import type {
  ActionDeclaration,
  Declaration,
  Mode,
  Result,
  RuleDeclaration,
  StageDeclaration,
} from "./codepipeline/model.ts";

export type NewPipeline = {
  name: string;
  /** By default SUPERSEDED, as with AWS. */
  mode?: Mode;
  type?: "V1" | "V2";
  source?: {
    /** `owner/name` */
    repository?: string;
    branch?: string;
    /** `DetectChanges` of the source action; by default "false": nothing starts by itself. */
    detectChanges?: "true" | "false" | "unset";
  };
  /** More source actions beside the one called Source, by name. */
  moreSources?: readonly string[];
  /** What comes after Source; a name alone is a build, a test or a deployment, by what it is called. */
  stages?: readonly (string | NewStage)[];
  /** Names, or names with their default. */
  variables?: readonly (string | { name: string; defaultValue: string })[];
  bucket?: string;
};

export type NewStage = {
  name: string;
  kind?: Kind;
  /** Instead of the one action that the stage has by its kind. */
  actions?: readonly (Partial<ActionDeclaration> & { name: string; kind?: Kind })[];
  beforeEntry?: NewCondition;
  onSuccess?: NewCondition;
  onFailure?: StageDeclaration["onFailure"];
};

type Kind = "build" | "test" | "deploy" | "approval" | "lambda" | "commands";

type NewCondition = {
  result: Result;
  rule?: "CloudWatchAlarm" | "DeploymentWindow" | "LambdaInvoke" | "VariableCheck" | "Commands";
};

export function declare(wanted: NewPipeline, account: string, region: string): Declaration {
  const { name, stages = ["Build", "Deploy"], source = {}, moreSources = [] } = wanted;
  const sources = ["Source", ...moreSources].map((action) =>
    sourceAction(action, { source, account, region }),
  );
  return {
    name,
    roleArn: `arn:aws:iam::${account}:role/codepipeline`,
    artifactStore: { type: "S3", location: wanted.bucket ?? `codepipeline-${region}-${account}` },
    stages: [
      { name: "Source", actions: sources },
      ...stages.map((stage) => declareStage(name, stage)),
    ],
    executionMode: wanted.mode ?? "SUPERSEDED",
    pipelineType: wanted.type ?? "V2",
    ...(wanted.variables
      ? { variables: wanted.variables.map((v) => (typeof v === "string" ? { name: v } : v)) }
      : {}),
  };
}

export function declareStage(pipeline: string, wanted: string | NewStage): StageDeclaration {
  const stage: NewStage = typeof wanted === "string" ? { name: wanted } : wanted;
  const kind = stage.kind ?? kindOf(stage.name);
  const actions = stage.actions ?? [{ name: stage.name }];
  return {
    name: stage.name,
    actions: actions.map(({ kind: own, ...action }) => ({
      ...actionOf(pipeline, action.name, own ?? kind),
      ...action,
    })),
    ...(stage.beforeEntry ? { beforeEntry: condition(stage.beforeEntry) } : {}),
    ...(stage.onSuccess ? { onSuccess: condition(stage.onSuccess) } : {}),
    ...(stage.onFailure ? { onFailure: stage.onFailure } : {}),
  };
}

function kindOf(name: string): Kind {
  if (/build/i.test(name)) return "build";
  if (/test|verify|check/i.test(name)) return "test";
  return /approv/i.test(name) ? "approval" : "deploy";
}

function actionOf(pipeline: string, name: string, kind: Kind): ActionDeclaration {
  const type = (
    category: ActionDeclaration["actionTypeId"]["category"],
    provider: string,
  ): Pick<ActionDeclaration, "name" | "actionTypeId" | "runOrder"> => ({
    name,
    actionTypeId: { category, owner: "AWS", provider, version: "1" },
    runOrder: 1,
  });
  const inputArtifacts = [{ name: "SourceArtifact" }];
  const outputArtifacts = [{ name: `${name}Artifact` }];
  const project = { ProjectName: `${pipeline}-${name.toLowerCase()}` };
  switch (kind) {
    case "build":
      return {
        ...type("Build", "CodeBuild"),
        configuration: project,
        inputArtifacts,
        outputArtifacts,
      };
    case "test":
      return {
        ...type("Test", "CodeBuild"),
        configuration: project,
        inputArtifacts,
        outputArtifacts,
      };
    case "commands":
      return {
        ...type("Compute", "Commands"),
        commands: ["npm test"],
        inputArtifacts,
        outputArtifacts,
      };
    case "deploy":
      return {
        ...type("Deploy", "CodeDeploy"),
        configuration: { ApplicationName: pipeline, DeploymentGroupName: name },
        inputArtifacts,
      };
    case "approval":
      return type("Approval", "Manual");
    case "lambda":
      return {
        ...type("Invoke", "Lambda"),
        configuration: { FunctionName: `${pipeline}-${name}` },
      };
  }
}

function sourceAction(
  name: string,
  of: { source: NonNullable<NewPipeline["source"]>; account: string; region: string },
): ActionDeclaration {
  const { source, account, region } = of;
  const { repository = "acme/shop", branch = "main", detectChanges = "false" } = source;
  return {
    name,
    actionTypeId: {
      category: "Source",
      owner: "AWS",
      provider: "CodeStarSourceConnection",
      version: "1",
    },
    runOrder: 1,
    configuration: {
      ConnectionArn: connectionArn(account, region),
      FullRepositoryId: repository,
      BranchName: branch,
      ...(detectChanges === "unset" ? {} : { DetectChanges: detectChanges }),
    },
    outputArtifacts: [{ name: `${name}Artifact` }],
    namespace: `${name}Variables`,
  };
}

export function connectionArn(account: string, region: string): string {
  return `arn:aws:codeconnections:${region}:${account}:connection/3f0a1f0e-5b1c-4d0b-9f57-0123456789ab`;
}

function condition({ result, rule = "CloudWatchAlarm" }: NewCondition) {
  const declared: RuleDeclaration = {
    name: rule,
    ruleTypeId: { category: "Rule", owner: "AWS", provider: rule, version: "1" },
    configuration: configurations[rule],
  };
  return { conditions: [{ result, rules: [declared] }] };
}

const configurations = {
  CloudWatchAlarm: { AlarmName: "errors", AlarmStates: "ALARM" },
  DeploymentWindow: { Cron: "0 0 9-17 ? * MON-FRI *", TimeZone: "UTC" },
  LambdaInvoke: { FunctionName: "gate" },
  VariableCheck: { Variable: "#{SourceVariables.BranchName}", Value: "main", Operator: "EQ" },
  Commands: { Commands: "true" },
};
