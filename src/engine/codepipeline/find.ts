// What became of a call whose answer was lost.

import type { Session } from "../../aws/session.ts";
import { sessionName } from "../../aws/text.ts";
import { limit } from "../../core/model/limit.ts";
import type { CodePipelinePart } from "../../core/model/plan.ts";
import type { Read } from "../../ports/github.ts";
import type { Clock } from "../../ports/log.ts";
import type { PipelineRun, PipelineRuns } from "../../ports/run.ts";
import { readActions } from "./actions.ts";
import type { Summary } from "./execution.ts";
import { executionsSince } from "./executions.ts";
import { isOver } from "./stages.ts";

export interface FindTools {
  readonly runs: PipelineRuns;
  readonly clock: Clock;
}

export interface FindOrder {
  readonly run: PipelineRun;
  readonly spec: CodePipelinePart;
}

/**
 * Looks for a start among what the pipeline began since: ours was started by our session of the role,
 * takes our commit and is in no other entry of the ledger. Which commit it takes shows only when its
 * source action is done, so that until then nobody can tell. Without a role nobody can tell at all
 * who started it: then the token of the next start gives the same execution, as long as AWS knows it.
 */
export async function findLost(
  { runs, clock }: FindTools,
  session: Session,
  { run, spec }: FindOrder,
): Promise<Read<string>> {
  if (run.request.kind !== "start") return { kind: "absent" };
  const { source, start } = run.request;
  const since = run.startedAt - limit.codepipeline.skew_ms;
  const listed = await startedSince(session, spec, since);
  if (listed.kind !== "known") return listed;
  const started = listed.value.filter(isByApi);
  const taken = await runs.known(started.map(({ id }) => id));
  const open = started.filter(({ id }) => !taken.has(id));
  const caller = callerOf(session);
  const own = open.filter(({ trigger }) => caller !== null && trigger.detail.endsWith(caller));
  const commitOf = ({ revisions }: Summary) =>
    revisions.find(({ action }) => action === source)?.id ?? null;
  const ours = own.findLast((summary) => commitOf(summary) === start.run.sha);
  if (ours !== undefined) {
    await runs.update(run.token, { executionId: ours.id });
    return { kind: "known", value: ours.id };
  }
  const untold = own.filter((summary) => commitOf(summary) === null);
  if (untold.some(({ status }) => !isOver(status)))
    return { kind: "unknown", why: "An execution has not told yet which commit it takes." };
  const age = clock() - run.startedAt;
  if (age < limit.codepipeline.young_ms)
    return { kind: "unknown", why: "AWS may not show the execution yet." };
  const maybe = open.filter(
    (summary) =>
      [start.run.sha, null].includes(commitOf(summary)) &&
      (caller === null || own.includes(summary) || !namesCaller(summary)),
  );
  // Another start would be a second execution, where AWS has forgotten the token of the first.
  if (maybe.length > 0 && age >= limit.codepipeline.token_ms)
    return { kind: "unknown", why: "AWS does not tell whether Interlock started an execution." };
  return { kind: "absent" };
}

/** How AWS names the session in which we call it; null without a role, where nobody has told us who we are. */
function callerOf({ scope: { role, repository }, owner: { account } }: Session): string | null {
  // The session's name leaves out the path that a role may have.
  const name = role?.split("/").at(-1);
  if (name === undefined) return null;
  return `:sts::${account}:assumed-role/${name}/${sessionName(repository)}`;
}

function namesCaller({ trigger }: Summary): boolean {
  return /:(?:root|user\/.+|federated-user\/.+|assumed-role\/[^/]+\/[^/]+)$/.test(trigger.detail);
}

/** `taken`: the only one that it could be belongs to another entry of the ledger. */
export type FoundRollback = Read<string> | { readonly kind: "taken" };

/**
 * Looks for a rollback among what came after the execution that was newest before the request: ours was
 * asked for by hand, goes back to the same execution in the same stage, and is in no other entry of
 * the ledger. The list does not tell the stage, and its actions do.
 */
export async function findRollback(
  { runs, clock }: FindTools,
  session: Session,
  { run, spec }: FindOrder,
): Promise<FoundRollback> {
  if (run.request.kind !== "rollback") return { kind: "absent" };
  const { after, target, rollback } = run.request;
  const listed = await startedSince(session, spec, run.startedAt - limit.codepipeline.skew_ms);
  if (listed.kind !== "known") return listed;
  const before = listed.value.findIndex(({ id }) => id === after);
  const newer = before < 0 ? listed.value : listed.value.slice(0, before);
  const alike = newer.filter((summary) => isByHand(summary) && summary.target === target);
  const ledger = await runs.known(alike.map(({ id }) => id));
  const own = [...ledger.values()].find(({ token }) => token === run.token);
  if (own?.executionId) return { kind: "known", value: own.executionId };
  let unsure: string | null = null;
  for (const summary of alike.filter(({ id }) => !ledger.has(id)).toReversed()) {
    const isThere = await isIn(session, spec, { summary, stage: rollback.stage });
    if (isThere === "yes") {
      await runs.update(run.token, { executionId: summary.id });
      return { kind: "known", value: summary.id };
    }
    if (isThere !== "no") unsure = isThere.why;
  }
  if (unsure !== null) return { kind: "unknown", why: unsure };
  const taken = [...ledger.values()].some(
    ({ request }) => request.kind === "rollback" && request.rollback.stage === rollback.stage,
  );
  if (taken) return { kind: "taken" };
  const sentAt = run.acts.findLast((act) => act.kind === "sent")?.at ?? run.startedAt;
  if (clock() - sentAt < limit.codepipeline.young_ms)
    return { kind: "unknown", why: "AWS may not show the rollback yet." };
  return { kind: "absent" };
}

/** Newest first. What cannot be read is unknown; only a pipeline that is gone has started nothing. */
async function startedSince(
  session: Session,
  spec: CodePipelinePart,
  since: number,
): Promise<Read<readonly Summary[]>> {
  const listed = await executionsSince(session, spec, since);
  if (listed.kind === "ok")
    return { kind: "known", value: listed.value.filter(({ startedAt }) => startedAt >= since) };
  return listed.name === "PipelineNotFoundException"
    ? { kind: "absent" }
    : { kind: "unknown", why: listed.why };
}

async function isIn(
  session: Session,
  spec: CodePipelinePart,
  { summary, stage }: { readonly summary: Summary; readonly stage: string },
): Promise<"yes" | "no" | { readonly why: string }> {
  const actions = await readActions(session, spec, summary.id);
  if (actions.kind === "trouble") return { why: actions.why };
  const [first] = actions.value;
  if (first !== undefined) return first.stage === stage ? "yes" : "no";
  // It came to nothing, in whichever stage that was.
  if (isOver(summary.status)) return "yes";
  return { why: "A rollback has not told yet in which stage it is." };
}

function isByApi({ type, trigger }: Summary): boolean {
  return type === "STANDARD" && trigger.type === "StartPipelineExecution";
}

function isByHand({ type, trigger }: Summary): boolean {
  return type === "ROLLBACK" && trigger.type === "ManualRollback";
}
