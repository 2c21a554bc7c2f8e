// Answers the manual approval that one execution waits for, and never another one's.

import { PutApprovalResultCommand } from "@aws-sdk/client-codepipeline";
import type { CodePipelinePart } from "../../core/plan.ts";
import type { Acted, Approval } from "../../port.ts";
import { latestRuns, readActions } from "./actions.ts";
import { pipelineArn } from "./arn.ts";
import type { Session } from "./session.ts";
import { type ApprovalNow, readState, type StageNow } from "./state.ts";
import { noPipeline, noStage, type Structure } from "./structure.ts";
import type { Structures } from "./structures.ts";
import { approvalSummary, markOf } from "./text.ts";
import type { Reply } from "./trouble.ts";

export interface ApproveOrder {
  readonly approval: Approval;
  readonly spec: CodePipelinePart;
}

/**
 * The state is read now, whatever was read before: a token is good for one approval of one execution.
 * It also names the version of the structure, and with it the mode that decides where tokens show.
 */
export async function approve(
  structures: Structures,
  session: Session,
  order: ApproveOrder,
): Promise<Acted> {
  const { approval, spec } = order;
  const { stage, actor, key } = approval;
  const state = await readState(session, spec);
  if (state.kind === "trouble") return not(state);
  const { version, stages } = state.value;
  const structure =
    version === null
      ? await structures.current(session, spec, 0)
      : await structures.of(session, spec, version);
  if (structure.kind === "trouble") return not(structure);
  const asked = approvalsOf(structure.value, order);
  if (typeof asked === "string") return { kind: "refused", why: asked };
  const found =
    structure.value.mode === "PARALLEL"
      ? await approvalsByActions(session, order)
      : { kind: "ok" as const, value: approvalsByState(stages, order) };
  if (found.kind === "trouble") return not(found);
  const mark = markOf(key);
  const own = found.value.filter(({ action }) => asked.includes(action));
  const waiting = own.filter(({ token, status }) => status === "InProgress" && token);
  if (waiting.length === 0) {
    // The answer to an earlier call for this wish was lost.
    const given = own.some(
      ({ status, summary }) => status === "Succeeded" && summary.includes(mark),
    );
    return given ? { kind: "done" } : { kind: "refused", why: nothingWaits(order, own) };
  }
  for (const { action, token } of waiting) {
    const summary = approvalSummary(`Approved by ${actor} through Interlock (${mark})`);
    const reply = await put(session, spec, { stage, action, token: token ?? "", summary });
    if (reply.kind === "trouble") return not(reply);
  }
  return { kind: "done" };
}

/** Names of the approvals of the stage, or why there are none. */
function approvalsOf(
  { stages }: Structure,
  { approval: { stage }, spec }: ApproveOrder,
): readonly string[] | string {
  const declared = stages.find(({ name }) => name === stage);
  if (declared === undefined) return noStage(spec, stages, stage);
  const approvals = declared.actions.filter(({ category }) => category === "Approval");
  if (approvals.length === 0)
    return `The stage ${stage} of the pipeline ${spec.pipeline} asks for no approval.`;
  return approvals.map(({ name }) => name);
}

function nothingWaits(
  { approval: { stage, engineId } }: ApproveOrder,
  own: readonly ApprovalNow[],
): string {
  const begun = own.filter(({ status }) => status !== "");
  const [first] = begun;
  if (first === undefined)
    return `The execution ${engineId} does not wait for an approval in the stage ${stage}: it has not come to one there, or another execution is in the stage now.`;
  const refused = begun.find(({ status }) => status === "Failed");
  if (refused !== undefined)
    return `The approval ${refused.action} of the stage ${stage} was refused, or nobody gave it in time.`;
  return `The approval ${first.action} of the stage ${stage} was answered already, or the execution was stopped.`;
}

/** Of the stage, and only where this execution is the one in it. */
function approvalsByState(
  stages: readonly StageNow[],
  { approval }: ApproveOrder,
): readonly ApprovalNow[] {
  const now = stages.find(({ name }) => name === approval.stage);
  return now?.execution?.id === approval.engineId ? now.approvals : [];
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
      // What AWS says of it may repeat the token.
      ValidationException: `AWS does not take the approval ${action} of the stage ${stage}.`,
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
