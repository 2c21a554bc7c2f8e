// Carries effects out, each so that doing it twice is doing it once. Knows GitHub and engines by their ports.

import type { CheckWanted, Effect } from "../core/model/effect.ts";
import type { Execution, Facts } from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import { stopSentence } from "../core/model/stop.ts";
import { isGateName } from "../core/render/checks.ts";
import type { Sent, Terms } from "../ports/github.ts";
import { createAnswer, updateAnswer } from "./answer.ts";
import { atOnce, type Done, done, lost, outcome, type Scene } from "./done.ts";
import { isStillOwn } from "./identity.ts";
import { engineFor, permitFor, storeTime } from "./permit.ts";
import type { Ports } from "./ports.ts";
import { mustBeAsked } from "./production.ts";

export interface Applied {
  /** Something did not come about, and nothing says when it will: try again, ever more slowly. */
  readonly failed: boolean;
  /** GitHub refused the gate, so nothing was started. */
  readonly unshown: boolean;
  /** When what a budget held back may go, or GitHub refused may be asked for again; null where nothing was. */
  readonly until: number | null;
  /** Another process has the subject now: nothing more is written. */
  readonly lost: boolean;
}

export async function apply(ports: Ports, scene: Scene): Promise<Applied> {
  const kinds = new Set<Done["kind"]>();
  const untils: number[] = [];
  let isGateRefused = false;
  for (const effect of scene.effects) {
    // What nobody can be shown is not started; what runs goes on.
    if (isGateRefused && begins(effect)) continue;
    const result = await one(ports, scene, effect);
    kinds.add(result.kind);
    if (result.kind === "refused" && isGate(effect)) isGateRefused = true;
    if ("until" in result && result.until !== null) untils.push(result.until);
    if (result.kind !== "withheld") continue;
    if (result.permission === "lost")
      return { failed: false, unshown: false, until: null, lost: true };
    // What is left is decided again, from what is so by now.
    untils.push(storeTime(ports, scene));
    break;
  }
  return {
    lost: false,
    unshown: isGateRefused,
    failed: kinds.has("failed"),
    until: untils.length === 0 ? null : Math.min(...untils),
  };
}

function isGate(effect: Effect): boolean {
  return "check" in effect && isGateName(effect.check.name);
}

function begins({ kind }: Effect): boolean {
  return kind === "start" || kind === "retry" || kind === "approve" || kind === "rollback";
}

async function one(ports: Ports, scene: Scene, effect: Effect): Promise<Done> {
  switch (effect.kind) {
    case "start":
      return await start(ports, scene, effect);
    case "stop":
      return await stop(ports, scene, effect);
    case "retry":
      return await retry(ports, scene, effect);
    case "approve":
      return await approve(ports, scene, effect);
    case "rollback":
      return await rollback(ports, scene, effect);
    case "create_check":
      return await createCheck(ports, scene, effect);
    case "update_check":
      return await updateCheck(ports, scene, effect);
    case "create_answer":
      return await createAnswer(ports, scene, effect);
    case "update_answer":
      return await updateAnswer(ports, scene, effect);
  }
}

type Of<K extends Effect["kind"]> = Extract<Effect, { kind: K }>;

/** The intent goes to the ledger first; the run's key makes the engine's start happen once. */
async function start(ports: Ports, scene: Scene, { run }: Of<"start">): Promise<Done> {
  const { row, facts } = scene;
  const engine = ports.engines.get(run.spec.engine);
  if (engine === undefined) return { kind: "failed" };
  const { subject } = facts;
  if (subject.kind === "commit" && (!("landing" in facts) || facts.landing?.kind !== "landed"))
    throw new Error(`${run.key} would start though nobody asked whether its branch holds it`);
  const intend = subject.kind === "commit" ? ports.store.intendRelease : ports.store.intendRun;
  const intended = await intend(row, run, storeTime(ports, scene));
  // Where another commit was quicker, its release is among the next facts.
  if (intended !== "written") return intended === "lost" ? lost : atOnce(ports, scene);
  // Before the engine is asked: from here on nothing older may go out.
  if (subject.kind === "commit")
    await ports.store.recordFloor(row, subject.repository, subject.branch, subject.sha);
  const go = await engineFor(ports, scene, engine);
  if (go.kind === "withheld") return go;
  const started = await go.engine.start({
    run,
    repository: subject.repository,
    pull: subject.kind === "pull" ? subject.number : null,
    branch: branchOf(facts),
  });
  switch (started.kind) {
    case "started": {
      const recorded = await ports.store.recordExecution(row, run.key, {
        state: "running",
        engineId: started.engineId,
        why: "",
      });
      if (recorded === "lost") {
        // Anyone who has the subject now may have given it up.
        await ports.store.wakeExecution(run.key, "us");
        return lost;
      }
      ports.log.info({ subject: row.key, run: run.key }, "Started an execution");
      return done;
    }
    case "refused":
      await ports.store.recordExecution(row, run.key, {
        state: "refused",
        why: started.why,
        endedAt: storeTime(ports, scene),
      });
      // The verdict changes with it, so the subject is looked at again at once.
      return atOnce(ports, scene);
    case "failed":
      ports.log.warn({ subject: row.key, run: run.key, why: started.why }, "A start failed");
      await ports.store.recordExecution(row, run.key, { why: started.why });
      return { kind: "failed" };
  }
}

async function stop(ports: Ports, scene: Scene, effect: Of<"stop">): Promise<Done> {
  const { row, facts } = scene;
  const execution = executionOf(facts, effect.execution);
  if (execution === undefined) return done;
  const reason = { stopReason: effect.reason };
  if ((await ports.store.recordExecution(row, execution.key, reason)) === "lost") return lost;
  const engine = ports.engines.get(execution.spec.engine);
  if (execution.engineId === null || engine === undefined) {
    // A run that the engine never had ends in the ledger alone.
    if (execution.state !== "intended") return { kind: "failed" };
    const stopped = {
      state: "stopped" as const,
      why: stopSentence(effect.reason),
      endedAt: storeTime(ports, scene),
    };
    await ports.store.recordExecution(row, execution.key, stopped);
    return atOnce(ports, scene);
  }
  const go = await engineFor(ports, scene, engine);
  if (go.kind === "withheld") return go;
  const acted = await go.engine.stop(execution.engineId, stopSentence(effect.reason));
  if (acted.kind === "failed") return { kind: "failed" };
  const about = { subject: row.key, run: execution.key, reason: effect.reason };
  if (acted.kind === "refused") {
    ports.log.warn({ ...about, why: acted.why }, "A stop was refused");
    if (execution.stopRefused !== acted.why)
      await ports.store.recordExecution(row, execution.key, { stopRefused: acted.why });
    return { kind: "deferred", until: storeTime(ports, scene) + limit.look.running_ms };
  }
  ports.log.info(about, "Asked to stop");
  // Whatever the engine answered, its next observation tells how the run ended; a notice hastens it.
  return { kind: "deferred", until: storeTime(ports, scene) + limit.look.again_ms };
}

async function retry(ports: Ports, scene: Scene, effect: Of<"retry">): Promise<Done> {
  const { row, facts } = scene;
  const execution = executionOf(facts, effect.execution);
  const engine = execution && ports.engines.get(execution.spec.engine);
  if (execution === undefined || engine === undefined || execution.engineId === null)
    return { kind: "failed" };
  // Before anybody knows: a run that may go on is asked about, and ended with whatever else is.
  if ((await ports.store.reopenExecution(row, execution.key)) === "lost") return lost;
  const go = await engineFor(ports, scene, engine);
  if (go.kind === "withheld") return go;
  const acted = await go.engine.retry(execution.engineId, effect.stage, effect.key);
  if (acted.kind === "failed") return { kind: "failed" };
  const { key, stage } = effect;
  const at = storeTime(ports, scene);
  const answer =
    acted.kind === "done"
      ? { key, stage, state: "done" as const, why: "", at }
      : { key, stage, state: "refused" as const, why: acted.why, at };
  await ports.store.recordExecution(row, execution.key, {
    retries: [...execution.retries, answer],
    ...(acted.kind === "refused" ? { stopReason: execution.stopReason } : {}),
  });
  return atOnce(ports, scene);
}

async function approve(ports: Ports, scene: Scene, { approval }: Of<"approve">): Promise<Done> {
  const { row, facts } = scene;
  const { key, stage, actor } = mustBeAsked(facts, approval);
  const all = [...facts.executions, ...facts.releases];
  const execution = all.find((one) => one.key === approval.execution);
  const engine = execution && ports.engines.get(execution.spec.engine);
  if (engine?.approve === undefined || !execution?.engineId) return { kind: "failed" };
  const go = await engineFor(ports, scene, engine);
  if (go.kind === "withheld") return go;
  const acted = await go.engine.approve?.({ engineId: execution.engineId, stage, actor, key });
  if (acted === undefined || acted.kind === "failed") return { kind: "failed" };
  const at = storeTime(ports, scene);
  const answer =
    acted.kind === "done"
      ? { key, stage, state: "done" as const, why: "", at }
      : { key, stage, state: "refused" as const, why: acted.why, at };
  if ((await ports.store.recordApproval(row, execution.key, answer)) === "lost") return lost;
  ports.log.info({ run: execution.key, stage, actor, answer: acted.kind }, "Answered an approval");
  await ports.store.wakeExecution(execution.key, "us");
  return atOnce(ports, scene);
}

/** The request goes to the ledger first; its key makes the engine's rollback happen once. */
async function rollback(ports: Ports, scene: Scene, effect: Of<"rollback">): Promise<Done> {
  const wanted = effect.rollback;
  const { row, facts } = scene;
  const { key, spec, stage, from, to, among, actor } = mustBeAsked(facts, wanted);
  const engine = ports.engines.get(spec.engine);
  if (engine?.rollback === undefined) return { kind: "failed" };
  const intended = await ports.store.intendRollback(row, wanted, storeTime(ports, scene));
  if (intended === "lost") return lost;
  // Somebody else asked at the same time: the next look says so.
  if (intended === "busy") return atOnce(ports, scene);
  const go = await engineFor(ports, scene, engine);
  if (go.kind === "withheld") return go;
  const { repository } = facts.subject;
  const started = await go.engine.rollback?.({ spec, repository, stage, from, to, among, key });
  switch (started?.kind) {
    case undefined:
      return { kind: "failed" };
    case "started": {
      const { kind: _, ...change } = started;
      await ports.store.recordRollback(row, key, { state: "running", ...change });
      ports.log.info({ subject: row.key, stage, actor, to: started.sha }, "Began a rollback");
      return atOnce(ports, scene);
    }
    case "refused": {
      const endedAt = storeTime(ports, scene);
      await ports.store.recordRollback(row, key, { state: "refused", why: started.why, endedAt });
      return atOnce(ports, scene);
    }
    case "failed":
      ports.log.warn({ subject: row.key, stage, why: started.why }, "A rollback failed to begin");
      return { kind: "failed" };
  }
}

async function createCheck(
  ports: Ports,
  scene: Scene,
  { check, unconfirmed }: Of<"create_check">,
): Promise<Done> {
  const { row } = scene;
  const { repository } = row.subject;
  const terms = termsFor(ports, scene, check);
  if (unconfirmed) {
    const found = await ports.github.findCheck(repository, check.sha, check.name);
    if (found.kind === "unknown") return { kind: "failed" };
    if (found.kind === "known") {
      const { id, annotated } = found.value;
      // GitHub adds what an update sends, so none are sent twice.
      const update = { id, check, annotations: annotated ? [] : check.annotations };
      // What was meant before may be what arrived, so the doubt stays until this has.
      if ((await ports.store.intendCheck(row, check)) === "lost") return lost;
      const sent = await ports.github.updateCheck(repository, update, terms);
      return await checkSent(ports, scene, check, sent);
    }
  }
  if ((await ports.store.intendCheck(row, check)) === "lost") return lost;
  const sent = await ports.github.createCheck(repository, check, terms);
  await forgetUnsent(ports, scene, check, sent);
  return await checkSent(ports, scene, check, sent);
}

async function updateCheck(ports: Ports, scene: Scene, effect: Of<"update_check">): Promise<Done> {
  const { check } = effect;
  const { row } = scene;
  const terms = termsFor(ports, scene, check);
  // While nobody knows whether it arrived, what stood before is not taken for what stands.
  if ((await ports.store.intendCheck(row, check)) === "lost") return lost;
  const sent = await ports.github.updateCheck(row.subject.repository, effect, terms);
  // GitHub deletes check runs: the oldest of many, and with a repository all of them. A new one takes its place.
  if (sent.kind === "refused" && sent.status === 404) {
    if (!(await isStillOwn(ports, scene.facts))) return { kind: "failed" };
    ports.log.warn({ subject: row.key, sha: check.sha, check: check.name }, "A check run is gone");
    return await createCheck(ports, scene, { ...effect, kind: "create_check", unconfirmed: false });
  }
  await forgetUnsent(ports, scene, check, sent);
  return await checkSent(ports, scene, check, sent);
}

function termsFor(ports: Ports, scene: Scene, check: CheckWanted): Terms {
  const urgency = isGateName(check.name) ? "gate" : "rest";
  return { urgency, permit: permitFor(ports, scene, check) };
}

/** What was surely not sent leaves no doubt behind. */
async function forgetUnsent(
  ports: Ports,
  { row }: Scene,
  check: CheckWanted,
  { kind }: Sent<number>,
): Promise<void> {
  if (kind === "deferred" || kind === "refused" || kind === "withheld")
    await ports.store.dropIntendedCheck(row, check);
}

async function checkSent(
  ports: Ports,
  scene: Scene,
  check: CheckWanted,
  sent: Sent<number>,
): Promise<Done> {
  const { row } = scene;
  if (sent.kind !== "sent" && sent.kind !== "failed") return outcome(ports, scene, sent);
  // Another subject of the commit may have recorded its own meanwhile, and ours may be the newer one.
  const recorded =
    sent.kind === "failed"
      ? await ports.store.intendCheck(row, check)
      : await ports.store.recordCheck(row, check, { id: sent.value, at: storeTime(ports, scene) });
  if (recorded === "lost") {
    // Anyone who has the subject now may have written before this arrived, and has to write again.
    await ports.store.doubtCheck(row.key, check);
    ports.log.warn({ subject: row.key, check: check.name }, "A check was written too late");
    return lost;
  }
  if (sent.kind === "failed") return outcome(ports, scene, sent);
  return recorded === "doubtful" ? atOnce(ports, scene) : done;
}

function executionOf(facts: Facts, key: string): Execution | undefined {
  return facts.executions.find((execution) => execution.key === key);
}

function branchOf(facts: Facts): string {
  if (facts.subject.kind === "commit") return facts.subject.branch;
  return "pull" in facts && facts.pull.kind === "known" ? facts.pull.value.head.ref : "";
}
