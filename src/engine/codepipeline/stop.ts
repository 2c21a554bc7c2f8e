// Stops an execution so that it enters no further stage, whatever happens meanwhile.

import { StopPipelineExecutionCommand } from "@aws-sdk/client-codepipeline";
import { pipelineArn } from "../../aws/arn.ts";
import type { AwsFailure, Reply } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import { limit } from "../../core/model/limit.ts";
import type { CodePipelinePart } from "../../core/model/plan.ts";
import type { Acted } from "../../ports/engine.ts";
import type { Clock, Log } from "../../ports/log.ts";
import type { PipelineAct, PipelineRun, PipelineRuns } from "../../ports/run.ts";
import { type ActionRun, latestRuns, readActions } from "./actions.ts";
import { readState } from "./state.ts";
import { noPipeline } from "./structure.ts";
import type { Structures } from "./structures.ts";
import { stopReason, transitionReason } from "./text.ts";
import { closeTransition, openTransition } from "./transition.ts";

export interface StopTools {
  readonly runs: PipelineRuns;
  readonly structures: Structures;
  readonly log: Log;
  readonly clock: Clock;
  /** Executions that AWS refused to stop: they are asked again, and no way is closed for that. */
  readonly unstoppable: Set<string>;
}

export interface StopOrder {
  readonly run: PipelineRun;
  readonly executionId: string;
  readonly spec: CodePipelinePart;
  readonly reason: string;
}

/**
 * The way into the next stage is closed first, so that the execution cannot slip into it between the
 * decision and its effect, and opened again when the execution has ended, or at once where AWS refuses
 * the stop (`reopen`): a way that stays closed would hold up every later one, and this one for ever.
 * What runs may finish, for an action that is abandoned goes on at its provider; only an approval, where
 * nothing runs, is not waited for.
 */
export async function stop(tools: StopTools, session: Session, order: StopOrder): Promise<Acted> {
  const { spec, executionId } = order;
  const runs = await readActions(session, spec, executionId);
  if (runs.kind === "trouble") return acted(runs);
  if (!tools.unstoppable.has(executionId)) {
    const closed = await closeNext(tools, session, order, runs.value);
    if (closed !== null) return acted(closed);
  }
  const asked = await put(session, order, "wait");
  if (asked.kind === "trouble" && !isStopped(asked)) {
    if (asked.is === "later") return acted(asked);
    if (tools.unstoppable.size >= limit.codepipeline.readings) tools.unstoppable.clear();
    tools.unstoppable.add(executionId);
    const run = (await tools.runs.get(order.run.token)) ?? order.run;
    const why = await reopen(tools, session, { run, spec });
    return why === null ? acted(asked) : { kind: "failed", why };
  }
  tools.unstoppable.delete(executionId);
  if (!isOnlyApproval(runs.value)) return { kind: "done" };
  // Now that nothing more begins in it, an approval that was given meanwhile is seen for sure.
  const now = await readActions(session, spec, executionId);
  if (now.kind === "trouble") return acted(now);
  if (!isOnlyApproval(now.value)) return { kind: "done" };
  const abandoned = await put(session, order, "abandon");
  return abandoned.kind === "ok" || isStopped(abandoned) ? { kind: "done" } : acted(abandoned);
}

function isOnlyApproval(runs: readonly ActionRun[]): boolean {
  const running = latestRuns(runs).filter(({ status }) => status === "InProgress");
  return running.length > 0 && running.every(({ category }) => category === "Approval");
}

async function put(
  session: Session,
  { spec, executionId, reason }: StopOrder,
  how: "wait" | "abandon",
): Promise<Reply<unknown>> {
  return await session.ask({
    action: "codepipeline:StopPipelineExecution",
    resource: pipelineArn(session.owner, spec.region, [spec.pipeline]),
    sentences: {
      PipelineNotFoundException: noPipeline(session, spec),
      ValidationException: (said) => `AWS does not stop the execution ${executionId}: ${said}`,
    },
    send: ({ codepipeline }) =>
      codepipeline.send(
        new StopPipelineExecutionCommand({
          pipelineName: spec.pipeline,
          pipelineExecutionId: executionId,
          abandon: how === "abandon",
          reason: stopReason(reason),
        }),
      ),
    has: ({ pipelineExecutionId }) => pipelineExecutionId,
  });
}

/** It is being stopped already, or has ended by itself; what became of it is read later. */
function isStopped({ name }: AwsFailure): boolean {
  return (
    name === "DuplicatedStopRequestException" || name === "PipelineExecutionNotStoppableException"
  );
}

/** Null where the stop may go on: a way that cannot be closed is no reason to let it run. */
async function closeNext(
  tools: StopTools,
  session: Session,
  order: StopOrder,
  actions: readonly ActionRun[],
): Promise<AwsFailure | null> {
  const { run, spec, reason } = order;
  const [newest] = actions;
  const structure =
    newest === undefined
      ? await tools.structures.current(session, spec, limit.codepipeline.survey_ms)
      : await tools.structures.of(session, spec, {
          version: newest.version,
          createdAt: null,
          since: run.startedAt,
        });
  if (structure.kind === "trouble") return passing(structure);
  const { stages, mode } = structure.value;
  const at = stages.findLastIndex(({ name }) => actions.some(({ stage }) => stage === name));
  const next = stages[at + 1];
  // Executions in parallel do not wait for each other, and all of them use the same ways.
  if (next === undefined || at < 0 || mode === "PARALLEL") return null;
  const state = await readState(session, spec);
  if (state.kind === "trouble") return passing(state);
  // Anyone who has closed it before us opens it again.
  if (state.value.stages.some(({ name, closed }) => name === next.name && closed !== null))
    return null;
  const act: PipelineAct = {
    kind: "closed",
    stage: next.name,
    reason: transitionReason(`Interlock stops ${order.executionId} - ${reason}`),
    at: tools.clock(),
  };
  // An earlier stop may have closed another way, which has to be opened again too.
  const others = run.acts.filter((other) => other.kind !== "closed" || other.stage !== act.stage);
  await tools.runs.update(run.token, { acts: [...others, act] });
  const reply = await closeTransition(session, spec, act);
  if (reply.kind === "trouble" && reply.is !== "later")
    tools.log.warn({ run: run.token, why: reply.why }, "A way could not be closed before a stop");
  return reply.kind === "trouble" ? passing(reply) : null;
}

function passing(trouble: AwsFailure): AwsFailure | null {
  return trouble.is === "later" ? trouble : null;
}

/** Since when a way is closed for the execution; null where none is. */
export function closedSince({ acts }: PipelineRun): number | null {
  const times = acts.flatMap((act) => (act.kind === "closed" ? [act.at ?? 0] : []));
  return times.length === 0 ? null : Math.max(...times);
}

/** Opens what a stop has closed. Says why it has to be tried again, or null. */
export async function reopen(
  { runs, log }: StopTools,
  session: Session,
  order: { readonly run: PipelineRun; readonly spec: CodePipelinePart },
): Promise<string | null> {
  const { run, spec } = order;
  const closed = run.acts.filter((act) => act.kind === "closed");
  if (closed.length === 0) return null;
  const before = await stillClosed(session, spec, closed);
  if (typeof before === "string") return before;
  for (const { stage } of before) {
    const reply = await openTransition(session, spec, stage);
    if (reply.kind === "ok") continue;
    // Anyone who may close it and not open it says so until somebody has allowed that.
    if (reply.is !== "refused") return reply.why;
    log.error({ run: run.token, stage, why: reply.why }, "A way stays closed after a stop");
  }
  // The answer to an opening says nothing, so that anything in between could have given it.
  const after = before.length === 0 ? before : await stillClosed(session, spec, closed);
  if (typeof after === "string") return after;
  const [first] = after;
  if (first !== undefined) return `AWS does not show yet that the way into ${first.stage} is open.`;
  await runs.update(run.token, { acts: run.acts.filter((act) => act.kind !== "closed") });
  return null;
}

type Closed = Extract<PipelineAct, { kind: "closed" }>;

/** Those that are closed for our reason: others were opened by somebody, or closed for another one. */
async function stillClosed(
  session: Session,
  spec: CodePipelinePart,
  closed: readonly Closed[],
): Promise<readonly Closed[] | string> {
  const state = await readState(session, spec);
  // A pipeline that is gone holds up nothing.
  if (state.kind === "trouble") return state.is === "refused" ? [] : state.why;
  return closed.filter(({ stage, reason }) =>
    state.value.stages.some((now) => now.name === stage && now.closed?.reason === reason),
  );
}

function acted({ is, why }: AwsFailure): Acted {
  return { kind: is === "later" ? "failed" : "refused", why };
}
