// How a pipeline is built: its stages in their order, its sources, and what its executions have to be started with.

import {
  type ActionDeclaration,
  GetPipelineCommand,
  type GetPipelineCommandOutput,
  type StageDeclaration,
} from "@aws-sdk/client-codepipeline";
import { pipelineArn } from "../../aws/arn.ts";
import type { Reply } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import type { CodePipelinePart } from "../../core/model/plan.ts";

export interface Structure {
  readonly version: number;
  /** When the pipeline was made, by AWS's clock; null where AWS does not say. Made again, it counts from 1 again. */
  readonly createdAt: number | null;
  readonly type: "V1" | "V2";
  readonly mode: "QUEUED" | "SUPERSEDED" | "PARALLEL";
  readonly updatedAt: number | null;
  readonly variables: readonly { readonly name: string; readonly hasDefault: boolean }[];
  readonly sources: readonly Source[];
  readonly stages: readonly Stage[];
}

export interface Source {
  readonly name: string;
  readonly provider: string;
  /** Whether a push starts the pipeline by itself, and where that is set. */
  readonly startsBy: "nothing" | "trigger" | "DetectChanges" | "PollForSourceChanges";
}

export interface Stage {
  readonly name: string;
  readonly actions: readonly Action[];
  /** What becomes of the stage where its entry condition does not hold; null without one. */
  readonly entry: "fails" | "skips" | null;
  /** Whether a condition is judged after its actions. */
  readonly judged: boolean;
  /** Of the conditions that somebody may let an execution pass. */
  readonly rules: readonly string[];
}

export interface Action {
  readonly name: string;
  readonly category: string;
  readonly provider: string;
}

export type PipelineSpec = Pick<CodePipelinePart, "pipeline" | "region">;

/** Of a version, or as it is now. */
export async function readStructure(
  session: Session,
  { pipeline, region }: PipelineSpec,
  version: number | null,
): Promise<Reply<Structure>> {
  const answer = await session.ask({
    action: "codepipeline:GetPipeline",
    resource: pipelineArn(session.owner, region, [pipeline]),
    sentences: { PipelineNotFoundException: noPipeline(session, { pipeline, region }) },
    send: ({ codepipeline }) =>
      codepipeline.send(
        new GetPipelineCommand({ name: pipeline, ...(version === null ? {} : { version }) }),
      ),
    has: (answer) => answer.pipeline?.stages,
  });
  return answer.kind === "ok" ? { kind: "ok", value: structureOf(answer.value) } : answer;
}

export function noPipeline(session: Session, { pipeline, region }: PipelineSpec): string {
  const { account } = session.owner;
  const where = account === "*" ? region : `${region} of the account ${account}`;
  return `AWS has no pipeline ${pipeline} in ${where}. Correct \`pipeline\`, \`region\` or \`role\` in the plan, or create it.`;
}

export function noStage(
  { pipeline }: PipelineSpec,
  stages: readonly Stage[],
  stage: string,
): string {
  return `The pipeline ${pipeline} has no stage ${stage}; it has ${stages.map(({ name }) => name).join(", ")}.`;
}

export function structureOf({ pipeline, metadata }: GetPipelineCommandOutput): Structure {
  const stages = pipeline?.stages ?? [];
  const triggered = new Set(
    (pipeline?.triggers ?? []).map(({ gitConfiguration }) => gitConfiguration?.sourceActionName),
  );
  return {
    version: pipeline?.version ?? 0,
    createdAt: metadata?.created?.getTime() ?? null,
    // What does not say its type is as old as the first one.
    type: pipeline?.pipelineType === "V2" ? "V2" : "V1",
    mode: pipeline?.executionMode ?? "SUPERSEDED",
    updatedAt: metadata?.updated?.getTime() ?? null,
    variables: (pipeline?.variables ?? []).map(({ name = "", defaultValue }) => ({
      name,
      hasDefault: defaultValue !== undefined,
    })),
    sources: stages.flatMap(({ actions = [] }) =>
      actions.filter(isSource).map((action) => sourceOf(action, triggered)),
    ),
    stages: stages.map(stageOf),
  };
}

function isSource({ actionTypeId }: ActionDeclaration): boolean {
  return actionTypeId?.category === "Source";
}

/** Where a pipeline has triggers for a source, the source's own detection is off. */
function sourceOf(action: ActionDeclaration, triggered: ReadonlySet<string | undefined>): Source {
  const { name = "", actionTypeId, configuration = {} } = action;
  const provider = actionTypeId?.provider ?? "";
  if (triggered.has(name)) return { name, provider, startsBy: "trigger" };
  const key = provider === "CodeStarSourceConnection" ? "DetectChanges" : "PollForSourceChanges";
  const isOff = configuration[key]?.toLowerCase() === "false";
  return { name, provider, startsBy: isOff ? "nothing" : key };
}

function stageOf({ name = "", actions = [], beforeEntry, onSuccess }: StageDeclaration): Stage {
  const [entry] = beforeEntry?.conditions ?? [];
  const conditions = [beforeEntry, onSuccess].flatMap((slot) => slot?.conditions ?? []);
  return {
    name,
    actions: actions.map((action) => ({
      name: action.name ?? "",
      category: action.actionTypeId?.category ?? "",
      provider: action.actionTypeId?.provider ?? "",
    })),
    entry: entry === undefined ? null : entry.result === "SKIP" ? "skips" : "fails",
    judged: (onSuccess?.conditions ?? []).length > 0,
    rules: conditions
      .filter(({ result }) => result !== "SKIP")
      .flatMap(({ rules = [] }) => rules.map((rule) => rule.name ?? "")),
  };
}

/** AWS keeps them for a year. docs.aws.amazon.com/codepipeline/latest/userguide/limits.html */
export function noExecution({ pipeline }: PipelineSpec, executionId: string): string {
  return `AWS does not have the execution ${executionId} of the pipeline ${pipeline} any more.`;
}
