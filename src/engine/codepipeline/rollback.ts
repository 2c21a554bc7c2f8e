// Brings back into one stage what succeeded there before, as an execution of its own.

import { RollbackStageCommand } from "@aws-sdk/client-codepipeline";
import { pipelineArn } from "../../aws/arn.ts";
import type { Session } from "../../aws/session.ts";
import type { CodePipelinePart } from "../../core/model/plan.ts";
import type { RollbackRequest, RolledBack } from "../../ports/engine.ts";
import type { Clock } from "../../ports/log.ts";
import type { PipelineRequest, PipelineRun } from "../../ports/run.ts";
import { claim } from "./claim.ts";
import { findRollback } from "./find.ts";
import { chooseTarget, type Target, type TargetTools } from "./rollback-target.ts";
import { noPipeline } from "./structure.ts";

export interface RollbackTools extends TargetTools {
  readonly clock: Clock;
}

export interface RollbackOrder {
  readonly request: RollbackRequest;
  readonly spec: CodePipelinePart;
}

type PendingCommand = Extract<PipelineRequest, { kind: "rollback" }>;

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
  const chosen = await chooseTarget(tools, session, { ...request, spec });
  if (chosen.kind !== "chosen") return chosen;
  const { target } = chosen;
  const pendingCommand: PendingCommand = {
    kind: "rollback",
    rollback: request,
    target: target.id,
    sha: target.sha,
    after: target.newest,
    ...staying(target),
  };
  const startedAt = clock();
  const added = await runs.add({
    token: request.key,
    request: pendingCommand,
    executionId: null,
    startedAt,
    heard: { count: 0, last: [] },
    acts: [{ kind: "sent", at: startedAt }],
  });
  if (!added) return { kind: "failed", why: "It is being asked for at this moment." };
  return await send(tools, session, { ...order, target });
}

/**
 * What became of an earlier call for the same request; where that came to nothing, once more. Much may have
 * happened meanwhile, so that what is meant is looked for again in the stage.
 */
async function again(
  tools: RollbackTools,
  session: Session,
  { request, spec, known }: RollbackOrder & { readonly known: PipelineRun },
): Promise<RolledBack> {
  const pendingCommand = known.request;
  if (pendingCommand.kind !== "rollback")
    return { kind: "refused", why: "The key belongs to another request." };
  const { sha, target, after } = pendingCommand;
  const stays = staying(pendingCommand);
  if (known.executionId !== null)
    return { kind: "started", engineId: known.executionId, sha, ...stays };
  const found = await findRollback(tools, session, { run: known, spec });
  switch (found.kind) {
    case "known":
      return { kind: "started", engineId: found.value, sha, ...stays };
    case "taken":
      return { kind: "refused", why: taken };
    case "unknown":
      // It may have taken effect.
      return { kind: "failed", why: found.why };
    case "absent":
      break;
  }
  const { stage, from } = pendingCommand.rollback;
  const wanted = { spec, stage, from, to: sha, among: request.among };
  const chosen = await chooseTarget(tools, session, wanted);
  if (chosen.kind !== "chosen") return chosen;
  await tools.runs.update(known.token, { acts: [{ kind: "sent", at: tools.clock() }] });
  return await send(tools, session, {
    request: pendingCommand.rollback,
    spec,
    target: { id: target, sha, newest: after, ...stays },
  });
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
    has: ({ pipelineExecutionId }) => pipelineExecutionId,
  });
  if (reply.kind === "trouble")
    return { kind: reply.is === "later" ? "failed" : "refused", why: reply.why };
  const engineId = reply.value.pipelineExecutionId;
  if (engineId === undefined) return { kind: "failed", why: "AWS named no execution." };
  if (!(await claim(runs, key, engineId))) return { kind: "refused", why: taken };
  return { kind: "started", engineId, sha: target.sha, ...staying(target) };
}

function staying({ stays }: { readonly stays?: true | undefined }): Pick<Target, "stays"> {
  return stays === true ? { stays } : {};
}

const taken = "Somebody else's request has rolled it back already.";
