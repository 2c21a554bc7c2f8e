// One execution with its times, where the list of its pipeline does not reach back to it.

import type { Reply } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import { readActions } from "./actions.ts";
import type { Summary } from "./execution.ts";
import { readExecution } from "./execution.ts";
import { isOver } from "./stages.ts";
import type { PipelineSpec } from "./structure.ts";

/** Its own answer has no times, and its actions have. */
export async function readAlone(
  session: Session,
  spec: PipelineSpec,
  executionId: string,
): Promise<Reply<Summary>> {
  const alone = await readExecution(session, spec, executionId);
  if (alone.kind === "trouble") return alone;
  const actions = await readActions(session, spec, executionId);
  if (actions.kind === "trouble") return actions;
  const { version: _, variables: __, ...summary } = alone.value;
  const started = actions.value.map(({ startedAt }) => startedAt);
  const ended = actions.value.map(({ updatedAt }) => updatedAt);
  return {
    kind: "ok",
    value: {
      ...summary,
      startedAt: started.length === 0 ? 0 : Math.min(...started),
      updatedAt: isOver(summary.status) ? Math.max(0, ...ended) : 0,
    },
  };
}
