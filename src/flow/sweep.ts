// What runs by the clock: deliveries that GitHub could not make, repositories that went quiet, pipelines that others use.

import { limit } from "../core/model/limit.ts";
import type { HookDelivery } from "../ports/github.ts";
import { compareGates } from "./gates.ts";
import { readTips } from "./inspect.ts";
import type { Ports } from "./ports.ts";
import { type Listed, lookOver } from "./resync.ts";

/**
 * Asks GitHub for what it could not deliver since, looks over every repository and what GitHub shows as
 * gates, and asks engines what others did in them. Returns since when the next sweep has to ask: nothing is passed by that has not
 * come yet.
 */
export async function sweep(ports: Ports, since: number): Promise<number> {
  const listed = await lookOver(ports);
  const next = await redeliver(ports, since, listed);
  await compareGates(ports);
  await resyncAllPipelines(ports);
  await ports.store.prune(ports.clock());
  return next;
}

/** After a start: whatever was under way when the last process ended is looked at once. */
export async function resume(ports: Ports): Promise<void> {
  await ports.store.wake(await ports.store.unfinishedSubjects());
}

/**
 * GitHub does not redeliver by itself, and keeps a delivery for three days.
 * docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries
 */
async function redeliver(ports: Ports, since: number, listed: Listed): Promise<number> {
  const { github, store, log } = ports;
  const began = ports.clock();
  const oldest = began - limit.sweep.redeliver_ms;
  const failed = await github.failedDeliveries(since);
  if (failed.kind === "unknown") {
    log.warn({ why: failed.why }, "The list of failed webhook deliveries could not be read");
    return Math.max(since, oldest);
  }
  const { attempts, cut } = failed.value;
  const known = await store.knownDeliveries([...new Set(attempts.map(({ guid }) => guid))]);
  const lost = Map.groupBy(
    attempts.filter(({ guid }) => !known.has(guid)),
    ({ guid }) => guid,
  );
  const waits = await whyNotAsked(ports, lost, listed);
  for (const [guid, [last, ...before]] of lost) {
    if (last === undefined || began < last.deliveredAt + distance(before.length)) continue;
    if (waits({ ...last, deliveredAt: (before.at(-1) ?? last).deliveredAt })) continue;
    const sent = await github.redeliver(last.id);
    if (sent.kind === "deferred") break;
    if (sent.kind === "sent")
      log.info({ delivery: guid, tries: before.length + 2 }, "Asked for a delivery");
    else if (sent.kind !== "withheld")
      log.warn({ delivery: guid, why: sent.why }, "A redelivery was not accepted");
  }
  if (cut) log.error({ attempts: attempts.length }, "More deliveries failed than are looked at");
  // What has not come yet stays listed until GitHub has forgotten it.
  const waiting = [...lost.values()].flat().map(({ deliveredAt }) => deliveredAt);
  return Math.max(oldest, Math.min(cut ? since : began - limit.sweep.overlap_ms, ...waiting));
}

const buttons: ReadonlySet<string> = new Set(["check_run", "check_suite"]);

/** An old push is told from a new one by where its branch stands, so that this is read before. */
async function whyNotAsked(
  ports: Ports,
  lost: ReadonlyMap<string, readonly HookDelivery[]>,
  listed: Listed,
): Promise<(last: HookDelivery) => boolean> {
  const attempts = [...lost.values()].flat();
  const unread = new Set<number>();
  const pushed = attempts.filter(({ event }) => event === "push");
  for (const id of new Set(pushed.map(({ repository }) => repository))) {
    if (id === null) continue;
    const repository = listed.repositories.find((one) => one.id === id);
    const isRead = repository === undefined ? listed.whole : await readTips(ports, repository);
    if (!isRead) unread.add(id);
  }
  const oldest = ports.clock() - limit.command.age_ms;
  return ({ event, repository, deliveredAt }) =>
    (event === "push" && repository !== null && unread.has(repository)) ||
    // Presses and re-runs do not say when they were made. So late nothing is done for them any more.
    (buttons.has(event) && deliveredAt < oldest);
}

/** From the last attempt to the next, after so many: at once, then ever longer. */
function distance(tries: number): number {
  if (tries === 0) return 0;
  return Math.min(limit.sweep.every_ms * 2 ** (tries - 1), limit.sweep.distance_ms);
}

/** What others do in the pipelines of engines, where no notice tells of it. */
async function resyncAllPipelines({ engines, store, log }: Ports): Promise<void> {
  for (const engine of engines.values()) {
    const keys = (await engine.pipelineResync?.()) ?? [];
    if (keys.length > 0)
      log.info({ engine: engine.name, runs: keys }, "Others did something in its pipelines");
    for (const key of keys) await store.wakeExecution(key, "others");
  }
}
