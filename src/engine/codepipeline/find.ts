// What became of a start whose answer was lost.

import { limit } from "../../core/limit.ts";
import type { CodePipelinePart } from "../../core/plan.ts";
import type { Clock, PipelineRun, PipelineRuns, Read } from "../../port.ts";
import { executionsSince, type Summary } from "./executions.ts";
import type { Session } from "./session.ts";

export interface FindTools {
  readonly runs: PipelineRuns;
  readonly clock: Clock;
}

/**
 * Looks for it among what the pipeline began since: ours was started by the API, takes our commit and
 * is in no other entry of the ledger. Which commit it takes shows only when its source action is
 * done, so that until then nobody can tell. Should this miss it, the token of the next start still
 * gives the same execution.
 */
export async function findLost(
  { runs, clock }: FindTools,
  session: Session,
  order: { readonly run: PipelineRun; readonly spec: CodePipelinePart },
): Promise<Read<string>> {
  const { run, spec } = order;
  if (run.request.kind !== "start") return { kind: "absent" };
  const { source, start } = run.request;
  const since = run.startedAt - limit.codepipeline.skew_ms;
  const listed = await executionsSince(session, spec, since);
  if (listed.kind === "trouble")
    return listed.name === "PipelineNotFoundException"
      ? { kind: "absent" }
      : { kind: "unknown", why: listed.why };
  const begun = listed.value.filter((summary) => summary.startedAt >= since && isByApi(summary));
  const taken = await runs.known(begun.map(({ id }) => id));
  const open = begun.filter(({ id }) => !taken.has(id));
  const ours = open.findLast(({ revisions }) =>
    revisions.some(({ action, id }) => action === source && id === start.run.sha),
  );
  if (ours !== undefined) {
    await runs.update(run.token, { executionId: ours.id });
    return { kind: "known", value: ours.id };
  }
  if (open.some(({ revisions, status }) => revisions.length === 0 && status === "InProgress"))
    return { kind: "unknown", why: "An execution has not told yet which commit it takes." };
  if (clock() - run.startedAt < limit.codepipeline.young_ms)
    return { kind: "unknown", why: "AWS may not show the execution yet." };
  return { kind: "absent" };
}

function isByApi({ type, trigger }: Summary): boolean {
  return type === "STANDARD" && trigger.type === "StartPipelineExecution";
}
