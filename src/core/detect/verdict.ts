// What a detector says of a metric, and what the metrics of a stage say together.

/**
 * `evidence` is an e-value: how many times likelier a fault has made the data than no change, averaged over
 * sizes and starts of faults. Under no change it reaches `limit` once or more with a chance of at most 1 / limit.
 * It is at its highest since the deployment, so that a verdict does not depend on who looked when.
 */
export interface Evidence {
  readonly value: number;
  readonly limit: number;
}

/**
 * What a verdict of "not worse" is worth: `visibleShift` and `visibleRatio` find it.
 * The smallest fault that would have been found by now: a ratio of rates, or a shift in the metric's unit.
 */
export type Visible =
  | { readonly kind: "ratio"; readonly times: number }
  | { readonly kind: "shift"; readonly by: number; readonly level: number };

export type Lack =
  /** No control, or too short a one. */
  | "control"
  /** Too few points or requests of the new version to show any fault. */
  | "points"
  | "requests"
  /** Points are missing, or the source said that its data is partial. */
  | "gaps"
  /** An alarm that has no data, is muted, is not known, or was in alarm before the deployment. */
  | "alarm_data"
  | "alarm_muted"
  | "alarm_unknown"
  | "alarm_before"
  /** The stage watches nothing. */
  | "metrics";

export type Verdict =
  | { readonly kind: "worse"; readonly evidence: Evidence }
  | { readonly kind: "not_worse"; readonly evidence: Evidence }
  | { readonly kind: "not_enough_data"; readonly lack: Lack; readonly evidence: Evidence | null };

/**
 * The verdict of a stage: worse where one metric is, and not worse only where every metric is and there is one.
 */
export function foldVerdicts(verdicts: readonly Verdict[]): Verdict {
  const order = { worse: 0, not_enough_data: 1, not_worse: 2 } as const;
  const [first] = [...verdicts].sort(
    (a, b) => order[a.kind] - order[b.kind] || share(b) - share(a),
  );
  return first ?? { kind: "not_enough_data", lack: "metrics", evidence: null };
}

/** How much of the way to its limit the evidence has gone, on the scale on which it grows: 0 to 1. */
export function share({ kind, evidence }: Verdict): number {
  if (kind === "worse") return 1;
  if (evidence === null || !(evidence.value > 1)) return 0;
  return Math.min(1, Math.log(evidence.value) / Math.log(evidence.limit));
}

/**
 * The limit of each metric's evidence where all metrics of a deployment may raise false alarms with a chance
 * of `falseAlarms` together (Bonferroni: chances add up at most). Weights are positive; a metric with twice
 * the weight may raise twice the alarms.
 */
export function limitsOf<Name extends string>(
  falseAlarms: number,
  weights: Readonly<Record<Name, number>>,
): Readonly<Record<Name, number>> {
  const entries = Object.entries(weights) as [Name, number][];
  const sum = entries.reduce((total, [, weight]) => total + weight, 0);
  return Object.fromEntries(
    entries.map(([name, weight]) => [name, sum / (falseAlarms * weight)]),
  ) as Record<Name, number>;
}
