// Why an execution failed in which no action did: a condition that did not hold, or a change of the pipeline.

import type { Reply } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import { type ActionRun, latestRuns } from "./actions.ts";
import { unheldStages } from "./rules.ts";
import type { PipelineSpec, Structure } from "./structure.ts";
import type { Structures } from "./structures.ts";

export type Cause =
  /** Its actions say it, or it has not failed. */
  | { readonly kind: "shown" }
  /** In these stages a rule did not hold. */
  | { readonly kind: "condition"; readonly stages: readonly string[] }
  /** AWS completes what runs and then fails it. docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-edit.html */
  | { readonly kind: "edited" }
  /** Nothing tells. */
  | { readonly kind: "untold" };

export interface CauseQuestion {
  readonly executionId: string;
  /** Of its own version. */
  readonly structure: Structure;
  readonly runs: readonly ActionRun[];
  /** As AWS has it; null where it surely has not ended. */
  readonly status: string | null;
}

export async function causeOf(
  structures: Structures,
  at: { readonly session: Session; readonly spec: PipelineSpec },
  question: CauseQuestion,
): Promise<Reply<Cause>> {
  const { session, spec } = at;
  const { executionId, structure, runs, status } = question;
  const hasFailure = latestRuns(runs).some((run) => run.status === "Failed");
  if (status !== "Failed" || hasFailure) return cause({ kind: "shown" });
  const stages = structure.stages.filter(({ rules }) => rules.length > 0);
  const unheld =
    stages.length === 0 ? none : await unheldStages(session, spec, { executionId, stages });
  // A role that may not read the rules is no reason to say nothing of the end.
  if (unheld.kind === "trouble" && unheld.is === "later") return unheld;
  if (unheld.kind === "ok" && unheld.value.length > 0)
    return cause({ kind: "condition", stages: unheld.value });
  const now = await structures.current(session, spec, 0);
  if (now.kind === "trouble") return now.is === "later" ? now : cause({ kind: "untold" });
  const { version, createdAt } = now.value;
  const isEdited = version !== structure.version || createdAt !== structure.createdAt;
  return cause({ kind: isEdited ? "edited" : "untold" });
}

const none: Reply<readonly string[]> = { kind: "ok", value: [] };

function cause(value: Cause): Reply<Cause> {
  return { kind: "ok", value };
}
