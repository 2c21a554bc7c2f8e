// Brings back into one stage what succeeded there before, as an execution of its own.

import { RollbackStageCommand } from "@aws-sdk/client-codepipeline";
import { limit } from "../../core/limit.ts";
import type { CodePipelinePart } from "../../core/plan.ts";
import type {
  Clock,
  PipelineRequest,
  PipelineRun,
  PipelineRuns,
  RollbackRequest,
  RolledBack,
} from "../../port.ts";
import { pipelineArn } from "./arn.ts";
import { type Executions, executionsSince } from "./executions.ts";
import { chooseTarget, type Target } from "./rollback-target.ts";
import type { Session } from "./session.ts";
import { noPipeline } from "./structure.ts";
import type { Structures } from "./structures.ts";

export interface RollbackTools {
  readonly runs: PipelineRuns;
  readonly structures: Structures;
  readonly executions: Executions;
  readonly clock: Clock;
}

export interface RollbackOrder {
  readonly request: RollbackRequest;
  readonly spec: CodePipelinePart;
}

type Wish = Extract<PipelineRequest, { kind: "rollback" }>;

/** AWS takes no token for it either: the ledger keeps what was newest before, and ours comes after that. */
export async function rollback(
  tools: RollbackTools,
  session: Session,
  order: RollbackOrder,
): Promise<RolledBack> {
  const { runs, clock } = tools;
  const { request, spec } = order;
  const known = await runs.get(request.key);
  if (known !== null) return await again(tools, session, { ...order, known });
  const { stage, to } = request;
  const chosen = await chooseTarget(tools, session, { spec, stage, to });
  if (chosen.kind !== "chosen") return chosen;
  const { target } = chosen;
  const wish: Wish = {
    kind: "rollback",
    rollback: request,
    target: target.id,
    sha: target.sha,
    after: target.newest,
  };
  await runs.add({
    token: request.key,
    request: wish,
    executionId: null,
    startedAt: clock(),
    heard: { count: 0, last: [] },
    acts: [],
  });
  return await send(tools, session, { ...order, target });
}

/** What became of an earlier call for the same wish. */
async function again(
  tools: RollbackTools,
  session: Session,
  order: RollbackOrder & { readonly known: PipelineRun },
): Promise<RolledBack> {
  const { known, spec } = order;
  const wish = known.request;
  if (wish.kind !== "rollback") return { kind: "refused", why: "The key belongs to another wish." };
  const { sha, target } = wish;
  if (known.executionId !== null) return { kind: "started", engineId: known.executionId, sha };
  const since = known.startedAt - limit.codepipeline.skew_ms;
  const listed = await executionsSince(session, spec, since);
  if (listed.kind === "trouble")
    return { kind: listed.is === "later" ? "failed" : "refused", why: listed.why };
  const before = listed.value.findIndex(({ id }) => id === wish.after);
  const newer = before < 0 ? listed.value : listed.value.slice(0, before);
  const ours = newer.findLast(
    ({ type, trigger, target: to }) =>
      type === "ROLLBACK" && trigger.type === "ManualRollback" && to === target,
  );
  if (ours !== undefined) {
    await tools.runs.update(known.token, { executionId: ours.id });
    return { kind: "started", engineId: ours.id, sha };
  }
  if (tools.clock() - known.startedAt < limit.codepipeline.young_ms)
    return { kind: "failed", why: "AWS may not show the rollback yet." };
  return await send(tools, session, { ...order, target: { id: target, sha, newest: wish.after } });
}

async function send(
  { runs }: RollbackTools,
  session: Session,
  { request, spec, target }: RollbackOrder & { readonly target: Target },
): Promise<RolledBack> {
  const { stage, key } = request;
  const reply = await session.ask({
    action: "codepipeline:RollbackStage",
    resource: pipelineArn(session.owner, spec.region, [spec.pipeline, stage]),
    sentences: {
      PipelineNotFoundException: noPipeline(session, spec),
      StageNotFoundException: `The pipeline ${spec.pipeline} has no stage ${stage}.`,
      PipelineExecutionNotFoundException: `AWS does not have the execution ${target.id} any more, so nothing can be brought back from it.`,
      PipelineExecutionOutdatedException: `The pipeline ${spec.pipeline} was changed since the execution ${target.id}, so AWS cannot go back to it.`,
      UnableToRollbackStageException: `AWS does not roll the stage ${stage} back to the execution ${target.id}: it may be running, or the execution has not succeeded in it.`,
      ValidationException: (said) => `AWS does not roll the stage ${stage} back: ${said}`,
    },
    send: ({ once }) =>
      once.send(
        new RollbackStageCommand({
          pipelineName: spec.pipeline,
          stageName: stage,
          targetPipelineExecutionId: target.id,
        }),
      ),
  });
  if (reply.kind === "trouble")
    return { kind: reply.is === "later" ? "failed" : "refused", why: reply.why };
  const engineId = reply.value.pipelineExecutionId;
  if (engineId === undefined) return { kind: "failed", why: "AWS named no execution." };
  await runs.update(key, { executionId: engineId });
  return { kind: "started", engineId, sha: target.sha };
}
