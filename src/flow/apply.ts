// Carries effects out, each so that doing it twice is doing it once. Knows GitHub and engines by their ports.

import { canonical } from "../core/canonical.ts";
import type { CheckWanted, Effect } from "../core/effect.ts";
import type { Execution, Facts } from "../core/fact.ts";
import { limit } from "../core/limit.ts";
import { againMark, answerMark } from "../core/page/answer.ts";
import { gateName } from "../core/page/checks.ts";
import { stopSentence } from "../core/stop.ts";
import type { Sent, SubjectRow } from "../port.ts";
import type { Ports } from "./work.ts";

export interface Applied {
  /** Something did not come about, and nothing says when it will: try again, ever more slowly. */
  readonly failed: boolean;
  /** When what a budget held back may go, or GitHub refused may be asked for again; null where nothing was. */
  readonly until: number | null;
}

interface Scene {
  readonly row: SubjectRow;
  readonly facts: Facts;
  readonly effects: readonly Effect[];
}

/** What one effect came to: done, or not before a time, or failed, or refused; given up where `until` is null. */
type Done =
  | { readonly kind: "done" }
  | { readonly kind: "deferred"; readonly until: number }
  | { readonly kind: "failed" }
  | { readonly kind: "refused"; readonly until: number | null };

const done: Done = { kind: "done" };

export async function apply(ports: Ports, scene: Scene): Promise<Applied> {
  const kinds = new Set<Done["kind"]>();
  const untils: number[] = [];
  let isGateRefused = false;
  for (const effect of scene.effects) {
    // What nobody can be shown is not begun; what runs goes on.
    if (isGateRefused && begins(effect)) continue;
    const result = await one(ports, scene, effect);
    kinds.add(result.kind);
    if (result.kind === "refused" && isGate(effect)) isGateRefused = true;
    if ("until" in result && result.until !== null) untils.push(result.until);
  }
  return {
    failed: kinds.has("failed"),
    until: untils.length === 0 ? null : Math.min(...untils),
  };
}

function isGate(effect: Effect): boolean {
  return "check" in effect && effect.check.name === gateName;
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

/** The intention goes to the ledger first; the run's key makes the engine's start happen once. */
async function start(ports: Ports, { row, facts }: Scene, { run }: Of<"start">): Promise<Done> {
  const engine = ports.engines.get(run.spec.engine);
  if (engine === undefined) return { kind: "failed" };
  await ports.store.intendRun(row.key, run, ports.clock());
  const { subject } = facts;
  const started = await engine.start({
    run,
    repository: subject.repository,
    pull: subject.kind === "pull" ? subject.number : null,
    branch: branchOf(facts),
  });
  switch (started.kind) {
    case "started":
      await ports.store.recordExecution(run.key, {
        state: "running",
        engineId: started.engineId,
        why: "",
      });
      ports.log.info({ subject: row.key, run: run.key }, "Started an execution");
      return done;
    case "refused":
      await ports.store.recordExecution(run.key, {
        state: "refused",
        why: started.why,
        endedAt: ports.clock(),
      });
      // The verdict changes with it, so the subject is looked at again at once.
      return atOnce(ports);
    case "failed":
      ports.log.warn({ subject: row.key, run: run.key, why: started.why }, "A start failed");
      await ports.store.recordExecution(run.key, { why: started.why });
      return { kind: "failed" };
  }
}

async function stop(ports: Ports, { row, facts }: Scene, effect: Of<"stop">): Promise<Done> {
  const execution = executionOf(facts, effect.execution);
  if (execution === undefined) return done;
  await ports.store.recordExecution(execution.key, { stopReason: effect.reason });
  const engine = ports.engines.get(execution.spec.engine);
  if (execution.engineId === null || engine === undefined) {
    // A run that the engine never had ends in the ledger alone.
    if (execution.state !== "intended") return { kind: "failed" };
    const stopped = {
      state: "stopped" as const,
      why: stopSentence(effect.reason),
      endedAt: ports.clock(),
    };
    await ports.store.recordExecution(execution.key, stopped);
    return atOnce(ports);
  }
  const acted = await engine.stop(execution.engineId, stopSentence(effect.reason));
  if (acted.kind === "failed") return { kind: "failed" };
  const about = { subject: row.key, run: execution.key, reason: effect.reason };
  if (acted.kind === "refused") {
    ports.log.warn({ ...about, why: acted.why }, "A stop was refused");
    if (execution.stopRefused !== acted.why)
      await ports.store.recordExecution(execution.key, { stopRefused: acted.why });
    return { kind: "deferred", until: ports.clock() + limit.look.running_ms };
  }
  ports.log.info(about, "Asked to stop");
  // Whatever the engine answered, its next observation tells how the run ended; a notice hastens it.
  return { kind: "deferred", until: ports.clock() + limit.look.again_ms };
}

async function retry(ports: Ports, { facts }: Scene, effect: Of<"retry">): Promise<Done> {
  const execution = executionOf(facts, effect.execution);
  const engine = execution && ports.engines.get(execution.spec.engine);
  if (execution === undefined || engine === undefined || execution.engineId === null)
    return { kind: "failed" };
  // Before anybody knows: a run that may go on is asked about, and ended with whatever else is.
  await ports.store.reopenExecution(execution.key);
  const acted = await engine.retry(execution.engineId, effect.stage, effect.key);
  if (acted.kind === "failed") return { kind: "failed" };
  const { key, stage } = effect;
  const at = ports.clock();
  const answer =
    acted.kind === "done"
      ? { key, stage, state: "done" as const, why: "", at }
      : { key, stage, state: "refused" as const, why: acted.why, at };
  await ports.store.recordExecution(execution.key, {
    retries: [...execution.retries, answer],
    ...(acted.kind === "refused" ? { stopReason: execution.stopReason } : {}),
  });
  return atOnce(ports);
}

async function approve(ports: Ports, { facts }: Scene, { approval }: Of<"approve">): Promise<Done> {
  const { key, stage, actor } = approval;
  const all = [...facts.executions, ...facts.releases];
  const execution = all.find((one) => one.key === approval.execution);
  const engine = execution && ports.engines.get(execution.spec.engine);
  if (engine?.approve === undefined || !execution?.engineId) return { kind: "failed" };
  const acted = await engine.approve({ engineId: execution.engineId, stage, actor, key });
  if (acted.kind === "failed") return { kind: "failed" };
  const at = ports.clock();
  const answer =
    acted.kind === "done"
      ? { key, stage, state: "done" as const, why: "", at }
      : { key, stage, state: "refused" as const, why: acted.why, at };
  await ports.store.recordApproval(execution.key, answer);
  ports.log.info({ run: execution.key, stage, actor, answer: acted.kind }, "Answered an approval");
  await ports.store.wakeExecution(execution.key, null);
  return atOnce(ports);
}

/** The wish goes to the ledger first; its key makes the engine's rollback happen once. */
async function rollback(
  ports: Ports,
  { row, facts }: Scene,
  { rollback: wanted }: Of<"rollback">,
): Promise<Done> {
  const { key, spec, stage, from, to, among, actor } = wanted;
  const engine = ports.engines.get(spec.engine);
  if (engine?.rollback === undefined) return { kind: "failed" };
  await ports.store.intendRollback(row.key, wanted, ports.clock());
  const { repository } = facts.subject;
  const begun = await engine.rollback({ spec, repository, stage, from, to, among, key });
  switch (begun.kind) {
    case "started": {
      const { engineId, sha } = begun;
      await ports.store.recordRollback(key, { state: "running", engineId, sha });
      ports.log.info({ subject: row.key, stage, actor, to: sha }, "Began a rollback");
      return atOnce(ports);
    }
    case "refused": {
      const endedAt = ports.clock();
      await ports.store.recordRollback(key, { state: "refused", why: begun.why, endedAt });
      return atOnce(ports);
    }
    case "failed":
      ports.log.warn({ subject: row.key, stage, why: begun.why }, "A rollback failed to begin");
      return { kind: "failed" };
  }
}

/** A gate opens only if all who speak about the commit still say what the decision was made from. */
async function isOvertaken(
  ports: Ports,
  { row, facts }: Scene,
  check: CheckWanted,
): Promise<boolean> {
  const opens = check.state.status === "completed" && check.state.conclusion === "success";
  if (check.name !== gateName || !opens) return false;
  const now = await ports.store.siblings(row.key, row.subject.repository, check.sha);
  return canonical(now) !== canonical(facts.siblings);
}

async function createCheck(
  ports: Ports,
  scene: Scene,
  { check, unconfirmed }: Of<"create_check">,
): Promise<Done> {
  if (await isOvertaken(ports, scene, check)) return atOnce(ports);
  const { row } = scene;
  const { repository } = row.subject;
  const urgency = check.name === gateName ? "gate" : "rest";
  if (unconfirmed) {
    const found = await ports.github.findCheck(repository, check.sha, check.name);
    if (found.kind === "unknown") return { kind: "failed" };
    if (found.kind === "known") {
      const { id, annotated } = found.value;
      // GitHub adds what an update sends, so none are sent twice.
      const update = { id, check, annotations: annotated ? [] : check.annotations };
      // What was meant before may be what arrived, so the doubt stays until this has.
      await ports.store.intendCheck(row.key, check);
      const sent = await ports.github.updateCheck(repository, update, urgency);
      return await checkSent(ports, row, check, sent);
    }
  }
  await ports.store.intendCheck(row.key, check);
  const sent = await ports.github.createCheck(repository, check, urgency);
  // What was surely not sent leaves no doubt behind.
  if (sent.kind === "deferred" || sent.kind === "refused")
    await ports.store.dropIntendedCheck(row.key, check);
  return await checkSent(ports, row, check, sent);
}

async function updateCheck(ports: Ports, scene: Scene, effect: Of<"update_check">): Promise<Done> {
  const { check } = effect;
  if (await isOvertaken(ports, scene, check)) return atOnce(ports);
  const { row } = scene;
  const urgency = check.name === gateName ? "gate" : "rest";
  // While nobody knows whether it arrived, what stood before is not taken for what stands.
  await ports.store.intendCheck(row.key, check);
  const sent = await ports.github.updateCheck(row.subject.repository, effect, urgency);
  // GitHub deletes check runs: the oldest of many, and with a repository all of them. A new one takes its place.
  if (sent.kind === "refused" && sent.status === 404) {
    ports.log.warn({ subject: row.key, sha: check.sha, check: check.name }, "A check run is gone");
    return await createCheck(ports, scene, { ...effect, kind: "create_check", unconfirmed: false });
  }
  if (sent.kind === "deferred" || sent.kind === "refused")
    await ports.store.dropIntendedCheck(row.key, check);
  return await checkSent(ports, row, check, sent);
}

async function checkSent(
  ports: Ports,
  row: SubjectRow,
  check: CheckWanted,
  sent: Sent<number>,
): Promise<Done> {
  // Another subject of the commit may have recorded its own meanwhile, and ours may be the newer one.
  if (sent.kind === "failed") await ports.store.intendCheck(row.key, check);
  if (sent.kind !== "sent") return outcome(ports, row, sent);
  const certain = await ports.store.recordCheck(row.key, check, sent.value, ports.clock());
  return certain ? done : atOnce(ports);
}

async function createAnswer(
  ports: Ports,
  { row }: Scene,
  effect: Of<"create_answer">,
): Promise<Done> {
  const { subject } = row;
  if (subject.kind !== "pull") return done;
  const { repository, number } = subject;
  if (effect.unconfirmed) {
    const found = await ports.github.findComment(repository, number, answerMark(effect.intention));
    if (found.kind === "unknown") return { kind: "failed" };
    if (found.kind === "known") {
      const sent = await ports.github.updateComment(repository, found.value, effect.body);
      return await answerSent(ports, row, effect, sent);
    }
  }
  await ports.store.intendAnswer(row.key, effect.intention, number);
  const sent = await ports.github.createComment(repository, number, effect.body);
  return await answerSent(ports, row, effect, sent);
}

async function updateAnswer(
  ports: Ports,
  { row }: Scene,
  effect: Of<"update_answer">,
): Promise<Done> {
  const { subject } = row;
  const sent = await ports.github.updateComment(subject.repository, effect.id, effect.body);
  const isGone = sent.kind === "refused" && sent.status === 404;
  if (!isGone || subject.kind !== "pull") return await answerSent(ports, row, effect, sent);
  // Somebody deleted it. It is written once more, and let be where that is deleted too.
  const isAgain = effect.body.endsWith(againMark);
  const body = isAgain ? effect.body : effect.body + againMark;
  const { repository, number } = subject;
  const again: Sent<number> = isAgain
    ? { kind: "sent", value: effect.id }
    : await ports.github.createComment(repository, number, body);
  return await answerSent(ports, row, { ...effect, body }, again);
}

async function answerSent(
  ports: Ports,
  row: SubjectRow,
  effect: Of<"create_answer"> | Of<"update_answer">,
  sent: Sent<number>,
): Promise<Done> {
  if (sent.kind === "sent")
    await ports.store.recordAnswer(row.key, effect.intention, sent.value, effect.body);
  return outcome(ports, row, sent);
}

/** The subject is looked at again without delay. */
function atOnce(ports: Ports): Done {
  return { kind: "deferred", until: ports.clock() };
}

function outcome(ports: Ports, row: SubjectRow, sent: Sent<number>): Done {
  switch (sent.kind) {
    case "sent":
      return done;
    case "deferred":
      return { kind: "deferred", until: sent.until };
    case "failed":
      ports.log.warn({ subject: row.key, why: sent.why }, "A write to GitHub failed");
      return { kind: "failed" };
    case "refused":
      if (sent.tries > 0) {
        const { status, why, tries, until } = sent;
        const about = { subject: row.key, status, why, tries };
        if (until === null) ports.log.error(about, "GitHub refused a write, and it is given up");
        else ports.log.warn({ ...about, until }, "GitHub refused a write");
      }
      return { kind: "refused", until: sent.until };
  }
}

function executionOf(facts: Facts, key: string): Execution | undefined {
  return facts.executions.find((execution) => execution.key === key);
}

function branchOf(facts: Facts): string {
  if (facts.subject.kind === "commit") return facts.subject.branch;
  return "pull" in facts && facts.pull.kind === "known" ? facts.pull.value.head.ref : "";
}
