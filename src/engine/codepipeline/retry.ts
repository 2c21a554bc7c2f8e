// Runs what failed in a stage again, within the same execution and once for each request.

import { RetryStageExecutionCommand } from "@aws-sdk/client-codepipeline";
import { pipelineArn } from "../../aws/arn.ts";
import type { Session } from "../../aws/session.ts";
import { limit } from "../../core/model/limit.ts";
import type { CodePipelinePart } from "../../core/model/plan.ts";
import type { Acted } from "../../ports/engine.ts";
import type { Clock } from "../../ports/log.ts";
import type { PipelineAct, PipelineRun, PipelineRuns } from "../../ports/run.ts";
import { readActions } from "./actions.ts";
import { noPipeline } from "./structure.ts";

export interface RetryOrder {
  readonly run: PipelineRun;
  readonly executionId: string;
  readonly spec: CodePipelinePart;
  readonly stage: string;
  readonly key: string;
}

type RetryAct = Extract<PipelineAct, { kind: "retry" }>;

/**
 * AWS takes no token for it. So the ledger keeps which runs of actions there were: where others have
 * come since, the call whose answer was lost has taken effect.
 */
export async function retry(
  { runs, clock }: { readonly runs: PipelineRuns; readonly clock: Clock },
  session: Session,
  order: RetryOrder,
): Promise<Acted> {
  const { run, executionId, spec, key } = order;
  const known = run.acts.find((act): act is RetryAct => act.kind === "retry" && act.key === key);
  if (known?.done) return { kind: "done" };
  // Anyone who asks again after a lost answer may mean what failed since; the request is about what failed then.
  const stage = known?.stage ?? order.stage;
  const others = run.acts.filter((act) => act !== known);
  const actions = await readActions(session, spec, executionId);
  if (actions.kind === "trouble")
    return { kind: actions.is === "later" ? "failed" : "refused", why: actions.why };
  const present = actions.value.filter((action) => action.stage === stage).map(({ id }) => id);
  const act: RetryAct = {
    kind: "retry",
    key,
    stage,
    before: known?.before ?? present,
    at: clock(),
    done: false,
  };
  const done = async (): Promise<Acted> => {
    await runs.update(run.token, { acts: [...others, { ...act, done: true }] });
    return { kind: "done" };
  };
  if (known !== undefined && present.some((id) => !known.before.includes(id))) return await done();
  if (known !== undefined && clock() - known.at < limit.codepipeline.young_ms)
    return { kind: "failed", why: "AWS may not show the retry yet." };
  await runs.update(run.token, { acts: [...others, act] });
  const reply = await session.ask({
    action: "codepipeline:RetryStageExecution",
    resource: pipelineArn(session.owner, spec.region, [spec.pipeline, stage]),
    sentences: {
      PipelineNotFoundException: noPipeline(session, spec),
      StageNotFoundException: `The pipeline ${spec.pipeline} has no stage ${stage} any more.`,
      NotLatestPipelineExecutionException: `Another execution has entered the stage ${stage} since, so AWS does not run it again in this one. Start the commit again.`,
      StageNotRetryableException: `AWS does not run the stage ${stage} again: nothing failed in it there, or the pipeline was changed since. Start the commit again.`,
      ConcurrentPipelineExecutionsLimitExceededException: `The pipeline ${spec.pipeline} has as many executions under way as AWS allows.`,
      ValidationException: (said) => `AWS does not run the stage ${stage} again: ${said}`,
    },
    send: ({ once }) =>
      once.send(
        new RetryStageExecutionCommand({
          pipelineName: spec.pipeline,
          stageName: stage,
          pipelineExecutionId: executionId,
          retryMode: "FAILED_ACTIONS",
        }),
      ),
    has: ({ pipelineExecutionId }) => pipelineExecutionId,
  });
  if (reply.kind === "ok") return await done();
  return { kind: reply.is === "later" ? "failed" : "refused", why: reply.why };
}
