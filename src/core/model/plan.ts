// The plan: a repository's declaration of its paths to production, normalised so that no part is optional.

/** Roles as GitHub ranks them, weakest first. */
export const roles = ["read", "triage", "write", "maintain", "admin"] as const;
export type Role = (typeof roles)[number];

/** What people can be told of a release. */
export const notificationKinds = [
  "started",
  "failed",
  "recovered",
  "halted",
  "rolled_back",
  "bypass",
] as const;
export type NotificationKind = (typeof notificationKinds)[number];

export interface Plan {
  /** Paths that need no pipeline, as globs; excludes (`!glob`) win. */
  readonly exempt: readonly string[];
  /** In the order of the file. Never empty. */
  readonly pipelines: readonly Pipeline[];
  /** The roles that may give a command, where the plan says otherwise than `core/command.ts`. */
  readonly commands: Readonly<Record<string, readonly Role[]>>;
  /** Those of `approve` and `rollback` that may be given by an author of what goes out; absent where neither. */
  readonly byAuthor?: readonly ("approve" | "rollback")[];
  /** Whether the output of stages is shown where anybody can read it; absent where it is not. */
  readonly publicLogs?: true;
  /** Topics unique. */
  readonly notify: readonly Notify[];
}

/** Who is told of what. */
export interface Notify {
  /** ARN of an SNS topic. */
  readonly topic: string;
  /** Never empty. */
  readonly kinds: readonly NotificationKind[];
}

export interface Pipeline {
  readonly name: string;
  /** Branches as globs; excludes win. */
  readonly branches: readonly string[];
  /** Paths as globs; excludes win. */
  readonly paths: readonly string[];
  readonly verify: Part;
  readonly release: Part | null;
}

export type PartName = "verify" | "release";

/** One part of a pipeline and the engine that runs it. */
export type Part = LocalPart | CodePipelinePart;

export interface LocalPart {
  readonly engine: "local";
  /** In the order in which they must pass. Never empty, names unique. */
  readonly stages: readonly PlanStage[];
  /** From the start of the execution; what has not ended by then has failed. */
  readonly deadline_ms: number;
}

export interface PlanStage {
  readonly name: string;
  /** The shell command of the stage. */
  readonly run: string;
  /** Report files as globs below the workspace; each must be there and readable after the stage, with a test that passed. */
  readonly reports: readonly string[];
  /** Those of `reports` in which no test needs to have passed; absent where that is none. */
  readonly mayBeEmpty?: readonly string[];
  readonly timeout_ms: number;
}

/** A pipeline of AWS CodePipeline, and the stages of it that the plan counts on. */
export interface CodePipelinePart {
  readonly engine: "codepipeline";
  readonly pipeline: string;
  readonly region: string;
  /** ARN of the role to assume; null for Interlock's own credentials, where the operator allows it. */
  readonly role: string | null;
  /** The source action that takes the commit; null for the only one. */
  readonly source: string | null;
  /** In the order in which they must pass. Never empty, names unique. */
  readonly stages: readonly PipelineStage[];
  readonly deadline_ms: number;
}

export interface PipelineStage {
  readonly name: string;
  /** Report files as globs in the stage's output artifacts; each must be there and readable, with a test that passed. */
  readonly reports: readonly string[];
  /** Those of `reports` in which no test needs to have passed; absent where that is none. */
  readonly mayBeEmpty?: readonly string[];
}

/** A problem of the file at a place, 1-based. */
export interface PlanProblem {
  readonly line: number;
  readonly column: number;
  /** Where in the document, such as `pipelines.shop.verify.stages[1].run`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

export type PlanParse =
  | { readonly kind: "valid"; readonly plan: Plan }
  | { readonly kind: "invalid"; readonly problems: readonly PlanProblem[] };

/** Where the plan lives in a repository. */
export const planPath = ".github/interlock.yml";
