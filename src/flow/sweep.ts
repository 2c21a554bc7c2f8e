// What runs by the clock: due subjects, deliveries that GitHub could not make, repositories that went quiet.

import { type Repository, subjectKey } from "../core/event.ts";
import { limit } from "../core/limit.ts";
import type { Ports } from "./work.ts";

/**
 * Asks GitHub for what it could not deliver since, and looks at every repository once. Returns since
 * when the next sweep has to ask: after one that GitHub did not answer, nothing has been asked for yet.
 */
export async function sweep(ports: Ports, since: number): Promise<number> {
  const began = ports.clock();
  const whole = await redeliver(ports, since);
  await inspectAll(ports);
  await ports.store.prune(ports.clock());
  return whole ? began - limit.sweep.overlap_ms : since;
}

/** After a start: whatever was under way when the last process ended is looked at once. */
export async function resume(ports: Ports): Promise<void> {
  await ports.store.wake(await ports.store.restless());
}

/**
 * GitHub does not redeliver by itself. docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries
 * True where everything that was lost has been asked for.
 */
async function redeliver(ports: Ports, since: number): Promise<boolean> {
  const { github, store, log } = ports;
  const deliveries = await github.deliveries(since);
  if (deliveries.kind === "unknown") {
    log.warn({ why: deliveries.why }, "The list of webhook deliveries could not be read");
    return false;
  }
  const known = await store.knownDeliveries([...new Set(deliveries.value.map(({ guid }) => guid))]);
  const arrived = new Set(deliveries.value.filter(({ ok }) => ok).map(({ guid }) => guid));
  const lost = new Map<string, number[]>();
  for (const { guid, id } of deliveries.value)
    if (!known.has(guid) && !arrived.has(guid)) lost.set(guid, [...(lost.get(guid) ?? []), id]);
  let whole = true;
  for (const [guid, [id, ...before]] of lost) {
    if (id === undefined) continue;
    if (before.length + 1 >= limit.sweep.attempts) {
      log.error({ guid, attempts: before.length + 1 }, "A delivery fails again and again");
      continue;
    }
    const sent = await github.redeliver(id);
    whole &&= sent.kind === "sent" || sent.kind === "refused";
    if (sent.kind === "deferred") break;
    if (sent.kind !== "sent") log.warn({ id, why: sent.why }, "A redelivery was not accepted");
  }
  if (lost.size > 0)
    log.info({ deliveries: lost.size }, "Asked GitHub for failed deliveries again");
  return whole;
}

async function inspectAll(ports: Ports): Promise<void> {
  const { github, store, log, clock } = ports;
  // Before the lists are read, so that one that is added meanwhile is not taken for gone.
  const known = await store.repositories();
  const listed: Repository[] = [];
  let whole = true;
  const installations = await github.installations();
  if (installations.kind === "unknown") {
    whole = false;
    log.warn({ why: installations.why }, "The installations could not be read");
  } else {
    for (const installation of installations.value) {
      const repositories = await github.repositories(installation);
      if (repositories.kind === "known") listed.push(...repositories.value);
      else {
        whole = false;
        log.warn({ installation, why: repositories.why }, "Its repositories could not be read");
      }
    }
  }
  const subjects = listed.map((repository) => ({ kind: "repository", repository }) as const);
  await store.see(
    subjects.map((subject) => ({ subject, head: null, before: null })),
    clock(),
  );
  const there = new Set(subjects.map(subjectKey));
  for (const repository of known) {
    const key = subjectKey({ kind: "repository", repository });
    if (there.has(key)) continue;
    if (whole) await store.forget(repository);
    else await store.wake([key]);
  }
}
