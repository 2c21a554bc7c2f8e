// Asks engines what became of runs and rollbacks, and what was done around them. The ledger is brought up to date.

import { isLive, latest, mayArrive } from "../core/decide/attempt.ts";
import { demandOf } from "../core/decide/judge.ts";
import { canonical } from "../core/model/canonical.ts";
import type { DriftReport, OutOfBandChange } from "../core/model/drift.ts";
import type { DriftFact, Execution, Facts, Rollback, StageFact } from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import type { Part, PartName } from "../core/model/plan.ts";
import { openSteps } from "../core/plan/glob.ts";
import { route } from "../core/plan/route.ts";
import type { Engine } from "../ports/engine.ts";
import type { Leased, SubjectRow } from "../ports/store.ts";
import type { Ports } from "./ports.ts";

/** What became of a run, as its engine says now; the ledger is brought up to date. */
export async function refresh(ports: Ports, row: Leased, execution: Execution): Promise<Execution> {
  const engine = ports.engines.get(execution.spec.engine);
  if (!isLive(execution)) {
    if (engine === undefined || !mayArrive(execution, row.now)) return execution;
    const arrived = await engine.find(execution.key);
    return arrived.kind === "known" ? await adopt(ports, row, execution, arrived.value) : execution;
  }
  if (engine === undefined) return unanswered(execution, "");
  let { engineId } = execution;
  if (engineId === null) {
    // A start whose answer was lost: the engine is asked before anything is decided.
    const found = await engine.find(execution.key);
    if (found.kind === "unknown") return { ...execution, state: "unconfirmed" };
    if (found.kind === "absent") return execution;
    engineId = found.value;
  }
  const seen = await engine.observe(engineId);
  if (seen.kind === "unknown") return { ...unanswered(execution, seen.why), engineId };
  const change =
    seen.kind === "absent"
      ? { state: "lost" as const, why: "Its engine does not know it.", endedAt: row.now }
      : seen.value;
  const now = { ...execution, ...change, engineId };
  // Where the lease is lost by now, the first write of what follows finds it out.
  if (canonical(now) !== canonical(execution))
    await ports.store.recordExecution(row, execution.key, { ...change, engineId });
  return now;
}

/** A start that arrived after the ledger had ended it: it runs, and is still to be stopped for the same reason. */
async function adopt(
  ports: Ports,
  row: Leased,
  execution: Execution,
  engineId: string,
): Promise<Execution> {
  const { key, stopReason } = execution;
  const change = { state: "running" as const, engineId, stopReason };
  await ports.store.reopenExecution(row, key);
  await ports.store.recordExecution(row, key, change);
  ports.log.warn(
    { subject: row.key, run: key },
    "A start reached its engine after it was given up",
  );
  return await refresh(ports, row, { ...execution, ...change, why: "", endedAt: null });
}

/** An engine that does not answer leaves what ran in the dark. */
function unanswered(execution: Execution, why: string): Execution {
  const runs = ({ state }: StageFact) => state === "running" || state === "waiting";
  const stages = execution.stages.map((stage) =>
    runs(stage) ? { ...stage, state: "unknown" as const, why } : stage,
  );
  return { ...execution, stages };
}

/** What became of a rollback, which is an execution of its own. */
export async function refreshRollback(
  ports: Ports,
  row: Leased,
  rollback: Rollback,
): Promise<Rollback> {
  const engine = ports.engines.get(rollback.spec.engine);
  const { key, engineId } = rollback;
  if (!isLive(rollback) || engine === undefined || engineId === null) return rollback;
  const seen = await engine.observe(engineId);
  if (seen.kind === "unknown") return rollback;
  if (seen.kind === "known" && seen.value.state === "running") return rollback;
  const change =
    seen.kind === "absent"
      ? { state: "lost" as const, why: "Its engine does not know it.", endedAt: row.now }
      : { state: seen.value.state, why: seen.value.why, endedAt: seen.value.endedAt };
  await ports.store.recordRollback(row, key, change);
  return { ...rollback, ...change };
}

/** What others did in the engines' pipelines, beside the executions that count for the subject's commit. */
export async function lookAround<F extends Facts>(ports: Ports, row: Leased, facts: F): Promise<F> {
  let { executions } = facts;
  const driftReports: DriftFact[] = [];
  for (const { pipeline, part, spec } of partsOf(facts)) {
    const engine = ports.engines.get(spec.engine);
    const sha = shaOf(facts);
    const execution = sha === null ? null : latest(executions, { pipeline, part, sha });
    if (engine?.drift === undefined || sha === null || !execution?.engineId) continue;
    const { repository } = facts.subject;
    const since = sinceWhen(row, execution, facts.now);
    const reading = await engine.drift({
      spec,
      repository,
      sha,
      engineId: execution.engineId,
      // By the clock of this process, which is not the store's; the time since the lease only makes it stricter.
      since: since && since + ports.clock() - row.now,
    });
    driftReports.push({ pipeline, part, reading, fresh: since !== null });
    if (reading.kind === "unknown") continue;
    const drift = reading.value;
    const found = await take(ports, row, { engine, execution, drift, at: since && facts.now });
    executions = executions.map((one) => (one === execution ? found : one));
  }
  return { ...facts, executions, driftReports };
}

/** The parts that count for the subject, as far as the plan and the paths are known. */
function partsOf(
  facts: Facts,
): readonly { readonly pipeline: string; readonly part: PartName; readonly spec: Part }[] {
  const { plan, files } = facts;
  // As what is decided afterwards: the same patterns and paths.
  const steps = openSteps(facts.steps);
  if (plan.kind !== "read" || plan.parse.kind !== "valid") return [];
  if ("pull" in facts) {
    if (facts.pull.kind !== "known") return [];
    const pull = facts.pull.value;
    const { required } = demandOf({ facts, pull, plan: plan.parse.plan, steps });
    return required.map(({ name, spec }) => ({ pipeline: name, part: "verify", spec }));
  }
  const { branch } = facts.subject;
  const way = route({ plan: plan.parse.plan, branch, files, steps });
  return way.pipelines.flatMap(({ name, release }) =>
    release === null ? [] : [{ pipeline: name, part: "release", spec: release }],
  );
}

function shaOf(facts: Facts): string | null {
  if ("pull" in facts) return facts.pull.kind === "known" ? facts.pull.value.head.sha : null;
  return facts.subject.sha;
}

/**
 * How new the drift report has to be; null where whatever is known will do. One that ended is looked around
 * once after its end, one in which nothing moves now and then, and both whenever somebody spoke of it.
 */
function sinceWhen({ heardAt }: SubjectRow, execution: Execution, now: number): number | null {
  const { createdAt, surveyedAt, stages } = execution;
  if (!isLive(execution)) {
    // By our own clock: the list that showed its end was read after this look began.
    if (surveyedAt === null) return now;
    return heardAt >= surveyedAt ? heardAt : null;
  }
  if (heardAt > createdAt) return heardAt;
  const moves = stages.flatMap((stage) => [stage.startedAt ?? 0, stage.endedAt ?? 0]);
  const moved = Math.max(createdAt, ...moves);
  return now - moved > limit.look.quiet_ms ? now - limit.look.survey_ms : null;
}

/** What the drift report says of the execution itself, into the ledger. */
async function take(
  { store }: Ports,
  row: SubjectRow,
  of: {
    readonly engine: Engine;
    readonly execution: Execution;
    readonly drift: DriftReport;
    /** When the look began that it was made for; null where it is what was known. */
    readonly at: number | null;
  },
): Promise<Execution> {
  const { engine, execution, drift, at } = of;
  const { key, engineId } = execution;
  if (engineId === null) return execution;
  const outOfBandChanges = [...execution.outOfBandChanges];
  for (const { engineId: on, mark } of drift.outOfBandChanges)
    if (on === engineId && !outOfBandChanges.some((one) => isSame(one, mark)))
      outOfBandChanges.push(mark);
  // What had ended went on: somebody retried it in the engine's own console, or let it pass there.
  const seen =
    !isLive(execution) && drift.live.includes(engineId) ? await engine.observe(engineId) : null;
  if (seen?.kind === "known" && seen.value.endedAt !== execution.endedAt) {
    await store.reopenExecution(row, key);
    await store.recordExecution(row, key, { ...seen.value, outOfBandChanges });
    return { ...execution, ...seen.value, stopReason: null, surveyedAt: null, outOfBandChanges };
  }
  const isDone = !isLive(execution) && at !== null;
  const surveyedAt = isDone ? at : execution.surveyedAt;
  if (isDone || outOfBandChanges.length > execution.outOfBandChanges.length)
    await store.recordExecution(row, key, { outOfBandChanges, surveyedAt });
  return { ...execution, outOfBandChanges, surveyedAt };
}

function isSame(one: OutOfBandChange, other: OutOfBandChange): boolean {
  return one.kind === other.kind && one.stage === other.stage;
}
