// One unit of work, under the lease of its subject: gather, decide, converge, apply, record.

import { decide } from "../core/decide/decide.ts";
import { isUnread } from "../core/decide/due.ts";
import { converge } from "../core/diff.ts";
import type { Decision } from "../core/model/decision.ts";
import type { Facts } from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import { isOfCarrier } from "../core/model/reason.ts";
import type { Job } from "../ports/queue.ts";
import type { Leased } from "../ports/store.ts";
import { backoff, turnOf, type Worked } from "./again.ts";
import { apply } from "./apply.ts";
import { putBack } from "./bases.ts";
import { noteGated } from "./gated-plan.ts";
import { gather } from "./gather.ts";
import { opens, whoseSubject } from "./identity.ts";
import { inspect } from "./inspect.ts";
import { askLanding } from "./landing.ts";
import { draftNotifications } from "./notify.ts";
import { readingOnce } from "./once.ts";
import { type Pass, storeTime } from "./permit.ts";
import type { Ports } from "./ports.ts";
import { withProduction } from "./production.ts";

/** Looks at the job's subject once. Never throws for what the outside does: it looks again later. */
export async function reconcile(given: Ports, job: Job): Promise<Worked> {
  const ports = naming(given, job);
  // Before the lease, so that nothing of what is read after it is taken for younger than it is.
  const since = ports.elapsed();
  const row = await ports.store.lease(job.key);
  if (row === null) return "done";
  const seconds = () => (ports.elapsed() - since) / 1_000;
  try {
    const worked =
      row.subject.kind === "repository"
        ? await inspect(ports, row)
        : await pass(ports, { row, since });
    if (worked === "lost") ports.log.warn({ subject: row.key }, "The lease was lost during a look");
    ports.meter?.reconciled(row.subject.kind, worked, seconds());
    return worked;
  } catch (error) {
    ports.meter?.reconciled(row.subject.kind, "failed", seconds());
    // The one catch: a bug or a database that fails. The subject is looked at again, ever more slowly.
    ports.log.error({ err: error, subject: row.key }, "A look failed and will be repeated");
    return await postpone(ports, { row, since });
  }
}

/** Every line of what a delivery made necessary has its id, as GitHub lists it. */
function naming(ports: Ports, { delivery }: Job): Ports {
  if (delivery === undefined) return ports;
  const { log } = ports;
  return {
    ...ports,
    log: {
      debug: (fields, message) => log.debug({ delivery, ...fields }, message),
      info: (fields, message) => log.info({ delivery, ...fields }, message),
      warn: (fields, message) => log.warn({ delivery, ...fields }, message),
      error: (fields, message) => log.error({ delivery, ...fields }, message),
    },
  };
}

async function pass(ports: Ports, started: Omit<Pass, "facts">): Promise<Worked> {
  const { row } = started;
  const once = readingOnce(ports, row);
  const gathered = await gather(once, row);
  const { present } = gathered;
  const facts = await withProduction(ports, await withLanding(ports, row, gathered.facts));
  const decision = decide(facts);
  const { effects, dueAt, handovers } = converge(decision, present, facts.now);
  // Last of all that is read: whatever was read by the name is of the repository that has it.
  if (effects.some(opens) && (await whoseSubject(ports, facts)) !== "same") {
    ports.log.warn(
      { subject: row.key },
      "Whose the name is, or which branch is the default one, is not what was decided by, so nothing is started",
    );
    return await postpone(ports, started);
  }
  const applied = await apply(ports, { ...started, facts, effects });
  if (applied.lost) return "lost";
  const judgedAgain = [...(await noteGated(ports, row, facts)), ...(await putBack(once, row))];

  const unread = isBlind(decision);
  const turn = unread ? turnOf(ports, row) : null;
  const isStuck = applied.failed || (unread && turn === null) || waitsForRole(facts);
  const failures = isStuck ? row.failures + 1 : 0;
  const times = [
    unread
      ? turn
      : applied.unshown
        ? later(decision.dueAt, storeTime(ports, started))
        : decision.dueAt,
    dueAt,
    applied.until,
    failures > 0 ? storeTime(ports, started) + backoff(failures) : null,
  ].filter((time) => time !== null);
  const recorded = await ports.store.record({
    key: row.key,
    epoch: row.epoch,
    at: facts.now,
    // A subject with work left stays open whatever was decided, or the work would never be done.
    open: decision.open || applied.failed || applied.until !== null,
    head: decision.sha ?? row.head,
    base: decision.base ?? row.base,
    dueAt: times.length === 0 ? null : Math.min(...times, facts.now + limit.look.due_max_ms),
    failures,
    verdict: decision.verdict?.state ?? null,
    verdictSha: decision.sha,
    ownBranch: "pull" in facts && facts.pull.kind === "known" ? !facts.pull.value.fork : null,
    silentFor: decision.silentFor ?? null,
    results: decision.results,
    snapshot: { facts, decision },
    handovers,
    wake: [...decision.wake, ...judgedAgain, ...handovers.map(({ to }) => to)],
    notifications: await draftNotifications(ports.store, facts),
  });
  if (recorded === "lost") return "lost";
  const verdict = decision.verdict?.state ?? null;
  if (verdict !== null && (verdict !== row.verdict || decision.sha !== row.verdictSha))
    ports.meter?.gate(verdict);
  ports.log.info(
    {
      subject: row.key,
      sha: decision.sha,
      verdict: decision.verdict?.state ?? "silent",
      reason: decision.verdict?.reasons[0]?.code,
      unread: "pull" in facts && facts.pull.kind === "unknown" ? facts.pull.why : undefined,
      effects: effects.map((effect) => effect.kind),
    },
    "Looked",
  );
  return "done";
}

/** Only where something of a landed commit would start, or goes with a later one, GitHub is asked whether that is right. */
async function withLanding(ports: Ports, row: Leased, facts: Facts): Promise<Facts> {
  if ("pull" in facts || (facts.landing ?? null) !== null) return facts;
  const { runs, retries, verdict } = decide(facts);
  // What comes late waits for nobody, and nobody waits for it.
  const isAsked = verdict?.reasons.some(
    ({ code }) => isOfCarrier(code) || (code === "release_waits" && facts.lastVerdict === null),
  );
  // An event that came late has moved the tip back, whatever the commit needs.
  if (runs.length === 0 && retries.length === 0 && isAsked !== true && !facts.isLate) return facts;
  const { subject, newer, executions } = facts;
  const landing = await askLanding(ports, { row, subject, newer, executions });
  return { ...facts, landing };
}

/** What is about to start cannot, so that nothing is to be seen of it in the next seconds. */
function later(dueAt: number | null, now: number): number | null {
  return dueAt === null ? null : Math.max(dueAt, now + limit.look.again_ms_max);
}

/** Whether GitHub did not say what somebody may do, or whether they still ask for it. */
function waitsForRole({ requests }: Facts): boolean {
  return requests.some(
    ({ outcome, role, readBack }) =>
      outcome === null && (role.kind === "unknown" || readBack?.kind === "unknown"),
  );
}

/** Whether something could not be read that the decision needs: asked for again, ever more slowly. */
function isBlind({ open, sha, verdict, dueAt }: Decision): boolean {
  return verdict === null ? open && sha === null && dueAt !== null : verdict.reasons.some(isUnread);
}

async function postpone(ports: Ports, started: Omit<Pass, "facts">): Promise<Worked> {
  const { row } = started;
  const failures = row.failures + 1;
  const dueAt = storeTime(ports, started) + backoff(failures);
  return (await ports.store.postpone(row, dueAt, failures)) === "lost" ? "lost" : "done";
}
