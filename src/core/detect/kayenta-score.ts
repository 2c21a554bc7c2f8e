// Kayenta's score of a canary: the classes of its metrics, weighted by group, held against two thresholds.

import type { KayentaClass } from "./kayenta.ts";

export interface ScoredMetric {
  readonly classification: KayentaClass;
  /** As `classifyKayenta` says, not as the config does. */
  readonly critical: boolean;
  readonly groups: readonly string[];
  readonly muted: boolean;
}

export interface KayentaScore {
  /** 0 to 100, with two decimals. */
  readonly score: number;
  readonly classification: "Pass" | "Marginal" | "Fail";
  readonly groups: Readonly<Record<string, number>>;
  readonly reason: string | null;
}

/**
 * `weights` are percent by group; groups without one share what is left of 100. A critical metric that did
 * not pass, or half of the metrics without data, makes the score 0.
 * Source: spinnaker/kayenta at a69573be, `WeightedSumScorer` and `ThresholdScoreClassifier`.
 */
export function scoreKayenta(
  metrics: readonly ScoredMetric[],
  weights: Readonly<Record<string, number>>,
  thresholds: { readonly pass: number; readonly marginal: number },
): KayentaScore {
  const counted = metrics.filter(({ muted }) => !muted);
  const shares = groupShares(counted);
  const groups = Object.fromEntries([...shares].map(([name, share]) => [name, (share ?? 0) * 100]));
  const { score, reason } = sum(counted, shares, weights);
  const classification =
    score >= thresholds.pass ? "Pass" : score >= thresholds.marginal ? "Marginal" : "Fail";
  return { score, classification, groups, reason };
}

function sum(
  metrics: readonly ScoredMetric[],
  shares: ReadonlyMap<string, number | null>,
  weights: Readonly<Record<string, number>>,
): { readonly score: number; readonly reason: string | null } {
  if (metrics.some(({ critical, classification }) => critical && classification !== "Pass"))
    return { score: 0, reason: "A critical metric did not pass." };
  const without = metrics.filter(({ classification }) => classification === "Nodata").length;
  // No metric at all is 0 of 0, which the judge does not count as half; its score is 0 all the same.
  if (metrics.length > 0 && without / metrics.length >= 0.5)
    return { score: 0, reason: "Half of the metrics or more have no data." };
  const given = Object.values(weights).reduce((total, weight) => total + weight, 0);
  const others = [...shares.keys()].filter((name) => weights[name] === undefined).length;
  let score = 0;
  // A group without any data counts as passed.
  for (const [name, share] of shares)
    score += (share ?? 1) * (weights[name] ?? (100 - given) / others);
  return { score: Math.round(score * 100) / 100, reason: null };
}

/** By group the share of the metrics that passed; null where none of them has data. */
function groupShares(metrics: readonly ScoredMetric[]): ReadonlyMap<string, number | null> {
  const counts = new Map<string, { passed: number; all: number }>();
  for (const { groups, classification } of metrics)
    for (const group of groups) {
      const count = counts.get(group) ?? { passed: 0, all: 0 };
      counts.set(group, count);
      if (classification === "Pass") count.passed++;
      if (classification !== "Nodata" && classification !== "Error") count.all++;
    }
  return new Map(
    [...counts].map(([group, { passed, all }]) => [group, all === 0 ? null : passed / all]),
  );
}
