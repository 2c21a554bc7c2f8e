// Reads what AWS tells of pipelines, in each of the forms that it comes in. Only a hint at which execution to look at.

import { z } from "zod";
import type { IgnoredReason } from "../../core/model/event.ts";

/** A commit by its repository on GitHub. */
export interface HintCommit {
  readonly owner: string;
  readonly name: string;
  readonly sha: string;
}

export interface PipelineHint {
  readonly kind: "hint";
  readonly executionId: string;
  readonly pipeline: string;
  readonly region: string;
  readonly moved: "execution" | "stage" | "action";
  /** As the event has it, such as STARTED. */
  readonly state: string;
  /** Null where it is about the whole execution. */
  readonly stage: string | null;
  /** Whether it is about an action that waits for a person. */
  readonly approval: boolean;
  /** What a push started it for. Null where the event does not say: it never does for a start by the API. */
  readonly commit: HintCommit | null;
}

export type EventReading =
  | PipelineHint
  | { readonly kind: "ignored"; readonly reason: IgnoredReason };

/**
 * An EventBridge event, or the same as a notification rule tells it. Only what names the execution is
 * read: versions and attempts come as 1, "1", 1.0 and 0.0, and nothing here depends on them.
 */
export function readEvent(text: string): EventReading {
  const parsed = form.safeParse(json(text));
  if (!parsed.success) return { kind: "ignored", reason: "other_notice" };
  const event = parsed.data;
  const moved = kinds.get(event["detail-type"] ?? event.detailType ?? "");
  if (moved === undefined) return { kind: "ignored", reason: "other_notice" };
  const detail = execution.safeParse(event.detail);
  if (!detail.success) return { kind: "ignored", reason: "incomplete_notice" };
  const { pipeline, state, stage, type } = detail.data;
  return {
    kind: "hint",
    executionId: detail.data["execution-id"],
    pipeline,
    region: event.region,
    moved,
    state,
    stage: moved === "execution" ? null : (stage ?? null),
    approval: moved === "action" && type?.category === "Approval",
    commit: commitOfPush(detail.data["execution-trigger"]) ?? commitOfSource(event),
  };
}

const kinds: ReadonlyMap<string, PipelineHint["moved"]> = new Map([
  ["CodePipeline Pipeline Execution State Change", "execution"],
  ["CodePipeline Stage Execution State Change", "stage"],
  ["CodePipeline Action Execution State Change", "action"],
]);

/** EventBridge writes `detail-type`, notification rules write `detailType`. */
const form = z.object({
  source: z.literal("aws.codepipeline"),
  "detail-type": z.string().optional(),
  detailType: z.string().optional(),
  region: z.string().max(40),
  detail: z.unknown().optional(),
  additionalAttributes: z.unknown().optional(),
});

const name = z.string().regex(/^[A-Za-z0-9.@_-]{1,100}$/);

const execution = z.object({
  pipeline: name,
  stage: name.optional(),
  "execution-id": z.guid(),
  state: z.string().regex(/^[A-Z_]{1,40}$/),
  type: z.object({ category: z.string() }).optional().catch(undefined),
  "execution-trigger": z.unknown().optional(),
});

const sha = z.string().regex(/^[0-9a-f]{40}$/);
const repository = z.string().regex(/^[\w.-]{1,100}\/[\w.-]{1,100}$/);

const push = z.object({ "full-repository-name": repository, "commit-id": sha });

function commitOfPush(trigger: unknown): HintCommit | null {
  const parsed = push.safeParse(trigger);
  return parsed.success
    ? commitOf(parsed.data["full-repository-name"], parsed.data["commit-id"])
    : null;
}

const sources = z.object({ sourceActions: z.array(z.unknown()) });
const source = z.object({
  sourceActionVariables: z.object({ FullRepositoryName: repository, CommitId: sha }),
});

/** With several sources it is not said which one the execution is about. */
function commitOfSource({ additionalAttributes }: z.output<typeof form>): HintCommit | null {
  const parsed = sources.safeParse(additionalAttributes);
  const [only, ...more] = parsed.success ? parsed.data.sourceActions : [];
  const read = source.safeParse(only);
  if (!read.success || more.length > 0) return null;
  const { FullRepositoryName, CommitId } = read.data.sourceActionVariables;
  return commitOf(FullRepositoryName, CommitId);
}

function commitOf(fullName: string, commit: string): HintCommit {
  const [owner = "", name = ""] = fullName.split("/");
  return { owner, name, sha: commit };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
