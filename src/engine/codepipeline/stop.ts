// Stops an execution so that it enters no further stage, whatever happens meanwhile.

import { StopPipelineExecutionCommand } from "@aws-sdk/client-codepipeline";
import { limit } from "../../core/limit.ts";
import type { CodePipelinePart } from "../../core/plan.ts";
import type { Acted, Log, PipelineAct, PipelineRun, PipelineRuns } from "../../port.ts";
import { type ActionRun, latestRuns, readActions } from "./actions.ts";
import { pipelineArn } from "./arn.ts";
import type { Session } from "./session.ts";
import { readState } from "./state.ts";
import { noPipeline } from "./structure.ts";
import type { Structures } from "./structures.ts";
import { stopReason, transitionReason } from "./text.ts";
import { closeTransition, openTransition } from "./transition.ts";
import type { Reply, Trouble } from "./trouble.ts";

export interface StopTools {
  readonly runs: PipelineRuns;
  readonly structures: Structures;
  readonly log: Log;
}

export interface StopOrder {
  readonly run: PipelineRun;
  readonly executionId: string;
  readonly spec: CodePipelinePart;
  readonly reason: string;
}

/**
 * The way into the next stage is closed first, so that the execution cannot slip into it between the
 * decision and its effect, and opened again when the execution has ended (`reopen`): a way that stays
 * closed would hold up every later one. What runs may finish, for an action that is abandoned goes on
 * at its provider; only an approval, where nothing runs, is not waited for.
 */
export async function stop(tools: StopTools, session: Session, order: StopOrder): Promise<Acted> {
  const { spec, executionId } = order;
  const runs = await readActions(session, spec, executionId);
  if (runs.kind === "trouble") return acted(runs);
  const closed = await closeNext(tools, session, order, runs.value);
  if (closed !== null) return acted(closed);
  const asked = await put(session, order, "wait");
  if (asked.kind === "trouble" && !isStopped(asked)) return acted(asked);
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
  });
}

/** It is being stopped already, or has ended by itself; what became of it is read later. */
function isStopped({ name }: Trouble): boolean {
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
): Promise<Trouble | null> {
  const { run, spec, reason } = order;
  const [newest] = actions;
  const structure =
    newest === undefined
      ? await tools.structures.current(session, spec, limit.codepipeline.survey_ms)
      : await tools.structures.of(session, spec, newest.version);
  if (structure.kind === "trouble") return passing(structure);
  const { stages, mode } = structure.value;
  const at = stages.findLastIndex(({ name }) => actions.some(({ stage }) => stage === name));
  const next = stages[at + 1];
  // Executions in parallel do not wait for each other, and all of them use the same ways.
  if (next === undefined || at < 0 || mode === "PARALLEL") return null;
  const state = await readState(session, spec);
  if (state.kind === "trouble") return passing(state);
  // Whoever has closed it before us opens it again.
  if (state.value.stages.some(({ name, closed }) => name === next.name && closed !== null))
    return null;
  const act: PipelineAct = {
    kind: "closed",
    stage: next.name,
    reason: transitionReason(`Interlock stops ${order.executionId} - ${reason}`),
  };
  // An earlier stop may have closed another way, which has to be opened again too.
  const others = run.acts.filter((other) => other.kind !== "closed" || other.stage !== act.stage);
  await tools.runs.update(run.token, { acts: [...others, act] });
  const reply = await closeTransition(session, spec, act);
  if (reply.kind === "trouble" && reply.is !== "later")
    tools.log.warn({ run: run.token, why: reply.why }, "A way could not be closed before a stop");
  return reply.kind === "trouble" ? passing(reply) : null;
}

function passing(trouble: Trouble): Trouble | null {
  return trouble.is === "later" ? trouble : null;
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
  const state = await readState(session, spec);
  if (state.kind === "trouble" && state.is === "later") return state.why;
  for (const { stage, reason } of closed) {
    const stages = state.kind === "ok" ? state.value.stages : [];
    const now = stages.find(({ name }) => name === stage);
    // Opened by somebody, or closed anew for a reason that is not ours.
    if (now?.closed?.reason !== reason) continue;
    const reply = await openTransition(session, spec, stage);
    if (reply.kind === "ok") continue;
    if (reply.is === "later") return reply.why;
    log.error({ run: run.token, stage, why: reply.why }, "A way stays closed after a stop");
  }
  await runs.update(run.token, { acts: run.acts.filter((act) => act.kind !== "closed") });
  return null;
}

function acted({ is, why }: Trouble): Acted {
  return { kind: is === "later" ? "failed" : "refused", why };
}
