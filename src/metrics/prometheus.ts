// What is counted, in Prometheus' format. Every label has a closed list of values: no names of repositories or people.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Meter } from "../ports/meter.ts";

export interface Metrics {
  readonly meter: Meter;
  /** The page and its content type. */
  page(): Promise<{ readonly type: string; readonly text: string }>;
}

/** Jobs that wait to be taken, and the age of the oldest in seconds; asked for at each page. */
export type Backlog = () => Promise<{ readonly waiting: number; readonly oldest_s: number }>;

/** Where the backlog cannot be read its values are NaN: unknown is not none. */
export function openMetrics(backlog: Backlog): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
  ) => new Counter({ name, help, labelNames, registers });
  const deliveries = counter("interlock_deliveries_total", "Requests to the webhook endpoint.", [
    "outcome",
  ]);
  const gates = counter("interlock_gates_total", "Gates that got another verdict or commit.", [
    "verdict",
  ]);
  const points = counter("interlock_github_points_total", "Points of GitHub's rate limit spent.", [
    "use",
  ]);
  const waits = counter("interlock_github_waits_total", "Requests to GitHub that had to wait.", [
    "use",
  ]);
  const writes = counter("interlock_github_writes_total", "Writes to GitHub.", ["outcome"]);
  const aws = counter("interlock_aws_calls_total", "Calls to AWS.", ["service", "outcome"]);
  const notifications = counter("interlock_notifications_total", "Attempts to notify.", [
    "outcome",
  ]);
  const reconciles = new Histogram({
    name: "interlock_reconcile_seconds",
    help: "Duration of one look at a subject.",
    labelNames: ["kind", "outcome"],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  const waiting = new Gauge({
    name: "interlock_queue_jobs",
    help: "Jobs that wait to be taken.",
    registers,
  });
  const oldest = new Gauge({
    name: "interlock_queue_oldest_seconds",
    help: "Age of the job that waits longest.",
    registers,
  });
  // A counter that is not there until its first event hides that event from rate().
  for (const outcome of ["stored", "ignored", "known", "unsigned", "refused", "failed"])
    deliveries.inc({ outcome }, 0);
  for (const outcome of ["sent", "deferred", "failed", "refused", "withheld"])
    writes.inc({ outcome }, 0);
  for (const outcome of ["sent", "failed", "given_up"]) notifications.inc({ outcome }, 0);

  return {
    meter: {
      delivery: (outcome) => deliveries.inc({ outcome }),
      reconciled: (kind, outcome, seconds) => reconciles.observe({ kind, outcome }, seconds),
      gate: (verdict) => gates.inc({ verdict }),
      githubPoints: (use, count) => points.inc({ use }, count),
      githubWait: (use) => waits.inc({ use }),
      githubWrite: (outcome) => writes.inc({ outcome }),
      aws: (service, outcome) => aws.inc({ service, outcome }),
      notification: (outcome) => notifications.inc({ outcome }),
    },
    async page() {
      const unknown = { waiting: Number.NaN, oldest_s: Number.NaN };
      const found = await backlog().catch(() => unknown);
      waiting.set(found.waiting);
      oldest.set(found.oldest_s);
      return { type: registry.contentType, text: await registry.metrics() };
    },
  };
}
