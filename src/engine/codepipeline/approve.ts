// Answers the manual approval that one execution waits for, and never another one's.

import { PutApprovalResultCommand } from "@aws-sdk/client-codepipeline";
import { pipelineArn } from "../../aws/arn.ts";
import type { Reply } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import type { CodePipelinePart } from "../../core/model/plan.ts";
import type { Acted, Approval } from "../../ports/engine.ts";
import type { Clock } from "../../ports/log.ts";
import type { PipelineRuns } from "../../ports/run.ts";
import { latestRuns, readActions } from "./actions.ts";
import { type ApprovalNow, readState, type StageNow } from "./state.ts";
import { noPipeline, noStage, type Structure } from "./structure.ts";
import type { Structures } from "./structures.ts";
import { approvalSummary, consoleLink, markOf } from "./text.ts";

export interface ApproveTools {
  readonly runs: PipelineRuns;
  readonly structures: Structures;
  readonly clock: Clock;
}

export interface ApproveOrder {
  readonly approval: Approval;
  /** What an earlier call for the same request set out to approve; null where this is the first. */
  readonly asked: readonly string[] | null;
  readonly spec: CodePipelinePart;
}

/**
 * The state is read now, whatever was read before: a token is good for one approval of one execution.
 * It also names the version of the structure, and with it the mode that decides where tokens show.
 * What waits is put into the ledger first: a call whose answer was lost may have let the execution on,
 * to an approval that nobody has spoken of.
 */
export async function approve(
  tools: ApproveTools,
  session: Session,
  order: ApproveOrder,
): Promise<Acted> {
  const { runs, structures, clock } = tools;
  const { approval, asked, spec } = order;
  const { stage, actor, key } = approval;
  const since = clock();
  const state = await readState(session, spec);
  if (state.kind === "trouble") return not(state);
  const { version, createdAt, stages } = state.value;
  const structure =
    version === null
      ? await structures.current(session, spec, 0)
      : await structures.of(session, spec, { version, createdAt, since });
  if (structure.kind === "trouble") return not(structure);
  const declared = approvalsOf(structure.value, order);
  if (typeof declared === "string") return { kind: "refused", why: declared };
  const found = await approvalsNow(session, order, { stages, mode: structure.value.mode });
  if (found.kind === "trouble") return not(found);
  const mark = markOf(key);
  const own = found.value.filter(({ action }) => declared.includes(action));
  const waiting = own.filter(({ status, token }) => status === "InProgress" && token);
  const [meant, ...more] = waiting.filter(
    (one) => asked === null || asked.includes(markOfAsked(one)),
  );
  if (meant === undefined) {
    // The answer to an earlier call for this request was lost.
    const given = own.some(
      ({ status, summary }) => status === "Succeeded" && summary.includes(mark),
    );
    const [other] = waiting;
    if (given) return { kind: "done" };
    return {
      kind: "refused",
      why: other === undefined ? nothingWaits(order, own) : changed(stage, other.action),
    };
  }
  if (more.length > 0) return { kind: "refused", why: severalWait(order, declared, waiting) };
  if (asked === null) {
    const added = await runs.add({
      token: key,
      request: { kind: "approve", approval, asked: [markOfAsked(meant)] },
      executionId: null,
      startedAt: clock(),
      heard: { count: 0, last: [] },
      acts: [],
    });
    if (!added) return { kind: "failed", why: "It is being approved at this moment." };
  }
  const { action, token } = meant;
  const summary = approvalSummary(`Approved by ${actor} through Interlock (${mark})`);
  const reply = await put(session, spec, { stage, action, token: token ?? "", summary });
  if (reply.kind === "ok") return { kind: "done" };
  // It may be our own earlier answer, which the state does not show yet.
  if (asked !== null && reply.name === "ApprovalAlreadyCompletedException")
    return { kind: "failed", why: reply.why };
  return not(reply);
}

/** Anyone who asks for several approvals wants several people, or one who thinks of each. */
function severalWait(
  { approval: { stage, engineId }, spec }: ApproveOrder,
  declared: readonly string[],
  waiting: readonly ApprovalNow[],
): string {
  const names = declared.filter((name) => waiting.some(({ action }) => action === name)).join(", ");
  const link = consoleLink(spec.region, spec.pipeline, engineId);
  return `The stage ${stage} waits for several approvals: ${names}. Give each of them in AWS: ${link}`;
}

/** One request for approval; it says nothing about its token. */
function markOfAsked({ action, token }: ApprovalNow): string {
  return markOf(`${action} ${token}`);
}

function changed(stage: string, action: string): string {
  return `The approval ${action} of the stage ${stage} was answered by somebody else, or asked for again.`;
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
  const started = own.filter(({ status }) => status !== "");
  const [first] = started;
  if (first === undefined)
    return `The execution ${engineId} does not wait for an approval in the stage ${stage}: it has not come to one there, or another execution is in the stage now.`;
  const refused = started.find(({ status }) => status === "Failed");
  if (refused !== undefined)
    return `The approval ${refused.action} of the stage ${stage} was refused, or nobody gave it in time.`;
  return `The approval ${first.action} of the stage ${stage} was answered already, or the execution was stopped.`;
}

/** Once another execution is in the stage, only its actions tell what became of an earlier call. */
async function approvalsNow(
  session: Session,
  order: ApproveOrder,
  { stages, mode }: { readonly stages: readonly StageNow[]; readonly mode: Structure["mode"] },
): Promise<Reply<readonly ApprovalNow[]>> {
  const shown = approvalsByState(stages, order);
  const byActions = mode === "PARALLEL" || (order.asked !== null && shown.length === 0);
  return byActions ? await approvalsByActions(session, order) : { kind: "ok", value: shown };
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
  return await session.ask({
    action: "codepipeline:PutApprovalResult",
    resource: pipelineArn(session.owner, spec.region, [spec.pipeline, stage, action]),
    sentences: {
      PipelineNotFoundException: noPipeline(session, spec),
      StageNotFoundException: `The pipeline ${spec.pipeline} has no stage ${stage}.`,
      ActionNotFoundException: `The stage ${stage} has no approval ${action} any more.`,
      InvalidApprovalTokenException: changed(stage, action),
      ApprovalAlreadyCompletedException: changed(stage, action),
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
    has: ({ approvedAt }) => approvedAt,
  });
}

function not({ is, why }: Extract<Reply<never>, { kind: "trouble" }>): Acted {
  return { kind: is === "later" ? "failed" : "refused", why };
}
