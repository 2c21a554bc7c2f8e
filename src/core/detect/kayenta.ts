// Kayenta's judge of one metric (NetflixACAJudge-v1.0), for teams that migrate: the same rules, the same verdicts.

import { shiftBetween } from "./mann-whitney.ts";
import { normalQuantile } from "./normal.ts";
import { seededUniform } from "./seeded.ts";

export type KayentaClass = "Pass" | "High" | "Low" | "Nodata" | "NodataFailMetric" | "Error";

/** What a canary config says of a metric under `analysisConfigurations.canary`. */
export interface KayentaMetric {
  readonly direction: "increase" | "decrease" | "either";
  readonly nanStrategy: "remove" | "replace";
  readonly outliers:
    | { readonly strategy: "keep" }
    | { readonly strategy: "remove"; readonly factor: number };
  readonly critical: boolean;
  readonly mustHaveData: boolean;
  readonly measure: "meanRatio" | "cles";
  readonly allowedIncrease: number;
  readonly allowedDecrease: number;
  readonly criticalIncrease: number;
  readonly criticalDecrease: number;
}

export interface KayentaResult {
  readonly classification: KayentaClass;
  readonly critical: boolean;
  /** Mean of the experiment over that of the control; null where one of them is 0. */
  readonly deviation: number | null;
  readonly reason: string | null;
}

/** The judge's own values; it takes them from no config. */
export const netflixTest = { tolerance: 0.25, confidence: 0.98 };

/** `analysisConfigurations` that say nothing. */
export const kayentaDefaults: KayentaMetric = {
  direction: "either",
  nanStrategy: "remove",
  outliers: { strategy: "keep" },
  critical: false,
  mustHaveData: false,
  measure: "meanRatio",
  allowedIncrease: 1,
  allowedDecrease: 1,
  criticalIncrease: 1,
  criticalDecrease: 1,
};

/**
 * Classifies a metric of which `control` and `experiment` hold one value for each point in time; NaN where
 * there is none. Where each side is constant the judge adds normal noise of 1e-5 of the value. Its own noise
 * is random; here it is seeded, so that the same values have the same verdict.
 *
 * Source: spinnaker/kayenta at a69573be, `NetflixACAJudge` and `MannWhitneyClassifier`. It has no guarantee
 * about false alarms: docs/detection.md shows what was measured.
 */
export function classifyKayenta(
  values: { readonly control: readonly number[]; readonly experiment: readonly number[] },
  metric: KayentaMetric,
  test: { readonly tolerance: number; readonly confidence: number } = netflixTest,
): KayentaResult {
  const control = prepare(values.control, metric);
  const experiment = prepare(values.experiment, metric);
  if (control.length === 0 || experiment.length === 0) return withoutData(metric);
  if (sameValues(control, experiment)) return pass("Control and experiment are identical.");
  if (new Set([...control, ...experiment]).size === 1) return pass(null);

  const constant = new Set(control).size === 1 && new Set(experiment).size === 1;
  const x = constant ? withNoise(experiment, 1) : experiment;
  const y = constant ? withNoise(control, 2) : control;
  const shift = shiftBetween(x, y, test.confidence);
  if (shift === null)
    return {
      classification: "Error",
      critical: false,
      deviation: null,
      reason: "All values are tied.",
    };
  const deviation = meanRatio(y, x);
  const effect = metric.measure === "cles" ? commonLanguageEffect(y, x) : deviation;
  const bound = test.tolerance * Math.abs(shift.estimate);
  // An effect that cannot be computed is not asked for.
  const reaches = (least: number) => effect === null || effect >= least;
  const fallsTo = (most: number) => effect === null || effect <= most;
  if (metric.direction !== "decrease" && shift.lower > bound && reaches(metric.allowedIncrease))
    return failed("High", metric.critical && reaches(metric.criticalIncrease), deviation);
  if (metric.direction !== "increase" && shift.upper < -bound && fallsTo(metric.allowedDecrease))
    return failed("Low", metric.critical && fallsTo(metric.criticalDecrease), deviation);
  return { classification: "Pass", critical: false, deviation, reason: null };
}

function pass(reason: string | null): KayentaResult {
  return { classification: "Pass", critical: false, deviation: 1, reason };
}

function failed(
  classification: "High" | "Low",
  critical: boolean,
  deviation: number | null,
): KayentaResult {
  const reason = `The metric is ${classification === "High" ? "higher" : "lower"} than its control.`;
  return { classification, critical, deviation, reason };
}

function withoutData(metric: KayentaMetric): KayentaResult {
  if (metric.nanStrategy === "replace") return pass(null);
  const reason = "Control or experiment has no data.";
  if (metric.mustHaveData && !metric.critical)
    return { classification: "NodataFailMetric", critical: false, deviation: 1, reason };
  return { classification: "Nodata", critical: metric.critical, deviation: 1, reason };
}

function prepare(values: readonly number[], metric: KayentaMetric): readonly number[] {
  const known =
    metric.nanStrategy === "remove"
      ? values.filter((value) => !Number.isNaN(value))
      : values.map((value) => (Number.isNaN(value) ? 0 : value));
  if (metric.outliers.strategy === "keep" || known.length === 0) return known;
  // Tukey's fences, made wider where that keeps the first and the last percentile.
  const sorted = [...known].sort((a, b) => a - b);
  const [p1, p25, p75, p99] = [0.01, 0.25, 0.75, 0.99].map((share) => percentile(sorted, share));
  const reach = metric.outliers.factor * ((p75 ?? 0) - (p25 ?? 0));
  const least = Math.min(p1 ?? 0, (p25 ?? 0) - reach);
  const most = Math.max(p99 ?? 0, (p75 ?? 0) + reach);
  return known.filter((value) => value >= least && value <= most);
}

/** R's seventh definition, which interpolates between the two values around. */
function percentile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  return below + (at - Math.floor(at)) * ((sorted[Math.ceil(at)] ?? below) - below);
}

function sameValues(one: readonly number[], other: readonly number[]): boolean {
  if (one.length !== other.length) return false;
  const sorted = [...other].sort((a, b) => a - b);
  return [...one].sort((a, b) => a - b).every((value, at) => value === sorted[at]);
}

function meanRatio(control: readonly number[], experiment: readonly number[]): number | null {
  const [of, over] = [mean(experiment), mean(control)];
  return of === 0 || over === 0 ? null : of / over;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The share of pairs in which the experiment is higher (Vargha and Delaney 2000); ties count as half. */
function commonLanguageEffect(control: readonly number[], experiment: readonly number[]): number {
  let higher = 0;
  for (const x of experiment) for (const y of control) higher += x > y ? 1 : x === y ? 0.5 : 0;
  return higher / (control.length * experiment.length);
}

function withNoise(values: readonly number[], side: number): readonly number[] {
  return values.map(
    (value, at) => value + 1e-5 * value * normalQuantile(seededUniform("kayenta", side, at)),
  );
}
