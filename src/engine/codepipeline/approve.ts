// Answers the manual approval that one execution waits for, and never another one's.

import { PutApprovalResultCommand } from "@aws-sdk/client-codepipeline";
import { limit } from "../../core/limit.ts";
import type { CodePipelinePart } from "../../core/plan.ts";
import type { Acted, Approval } from "../../port.ts";
import { latestRuns, readActions } from "./actions.ts";
import { pipelineArn } from "./arn.ts";
import type { Session } from "./session.ts";
import { type ApprovalNow, readState } from "./state.ts";
import { noPipeline } from "./structure.ts";
import type { Structures } from "./structures.ts";
import { approvalSummary, markOf } from "./text.ts";
import type { Reply } from "./trouble.ts";

export interface ApproveOrder {
  readonly approval: Approval;
  readonly spec: CodePipelinePart;
}

/** The state is read now, whatever was read before: a token is good for one approval of one execution. */
export async function approve(
  structures: Structures,
  session: Session,
  order: ApproveOrder,
): Promise<Acted> {
  const { approval, spec } = order;
  const { stage, actor, key, engineId } = approval;
  const structure = await structures.current(session, spec, limit.codepipeline.survey_ms);
  if (structure.kind === "trouble") return not(structure);
  const isParallel = structure.value.mode === "PARALLEL";
  const found = isParallel
    ? await approvalsByActions(session, order)
    : await approvalsByState(session, order);
  if (found.kind === "trouble") return not(found);
  const mark = markOf(key);
  const waiting = found.value.filter(({ token, status }) => status === "InProgress" && token);
  if (waiting.length === 0) {
    // The answer to an earlier call for this wish was lost.
    const given = found.value.some(
      ({ status, summary }) => status === "Succeeded" && summary.includes(mark),
    );
    if (given) return { kind: "done" };
    const why = `No approval is waiting in the stage ${stage} of the execution ${engineId}.`;
    return { kind: "refused", why };
  }
  for (const { action, token } of waiting) {
    const summary = approvalSummary(`Approved by ${actor} through Interlock (${mark})`);
    const reply = await put(session, spec, { stage, action, token: token ?? "", summary });
    if (reply.kind === "trouble") return not(reply);
  }
  return { kind: "done" };
}

/** Of the stage, and only where this execution is the one in it. */
async function approvalsByState(
  session: Session,
  { approval, spec }: ApproveOrder,
): Promise<Reply<readonly ApprovalNow[]>> {
  const state = await readState(session, spec);
  if (state.kind === "trouble") return state;
  const now = state.value.find(({ name }) => name === approval.stage);
  const isOurs = now?.execution?.id === approval.engineId;
  return { kind: "ok", value: isOurs ? now.approvals : [] };
}

/** In PARALLEL mode stages have no state, and the number of an approval's run is its token. */
async function approvalsByActions(
  session: Session,
  { approval, spec }: ApproveOrder,
): Promise<Reply<readonly ApprovalNow[]>> {
  const runs = await readActions(session, spec, approval.engineId);
  if (runs.kind === "trouble") return runs;
  const own = latestRuns(runs.value).filter(
    ({ stage, category }) => stage === approval.stage && category === "Approval",
  );
  return {
    kind: "ok",
    value: own.map(({ action, status, externalId, summary }) => ({
      action,
      status,
      token: externalId,
      summary,
    })),
  };
}

async function put(
  session: Session,
  spec: CodePipelinePart,
  answer: {
    readonly stage: string;
    readonly action: string;
    readonly token: string;
    readonly summary: string;
  },
): Promise<Reply<unknown>> {
  const { stage, action, token, summary } = answer;
  const changed = `The approval ${action} of the stage ${stage} was answered by somebody else, or asked for anew.`;
  return await session.ask({
    action: "codepipeline:PutApprovalResult",
    resource: pipelineArn(session.owner, spec.region, [spec.pipeline, stage, action]),
    sentences: {
      PipelineNotFoundException: noPipeline(session, spec),
      StageNotFoundException: `The pipeline ${spec.pipeline} has no stage ${stage}.`,
      ActionNotFoundException: `The stage ${stage} has no approval ${action} any more.`,
      InvalidApprovalTokenException: changed,
      ApprovalAlreadyCompletedException: changed,
    },
    send: ({ once }) =>
      once.send(
        new PutApprovalResultCommand({
          pipelineName: spec.pipeline,
          stageName: stage,
          actionName: action,
          result: { status: "Approved", summary },
          token,
        }),
      ),
  });
}

function not({ is, why }: Extract<Reply<never>, { kind: "trouble" }>): Acted {
  return { kind: is === "later" ? "failed" : "refused", why };
}
