// Errors out of requests: a sequential test of two rates that may be looked at every minute.

import { limit } from "../model/limit.ts";
import { advance, type Bets, eValue, startBets } from "./bets.ts";
import { admit, admitBefore, hasGaps, isCount, type Line, startLine } from "./sample.ts";
import type { Evidence, Verdict, Visible } from "./verdict.ts";

/** What happened in the period that begins at `at`, in ms. */
export interface CountPoint extends Counts {
  readonly at: number;
}

export interface Counts {
  readonly errors: number;
  /** Null where nobody counts them: then a period is one request, and as long as every other. */
  readonly requests: number | null;
}

/** A point with what the old fleet counted in the same period; null where that is not known. */
export interface PairedCountPoint extends CountPoint {
  readonly control: Counts | null;
}

export interface CountSetting {
  readonly worse: "higher" | "lower";
  readonly period_ms: number;
  /** When the watch begins, in ms. */
  readonly from: number;
  /** Points that the bake is planned to have; later points are watched too, but for no new fault. */
  readonly bake_points: number;
  /** Points from before the deployment, which tell the noise, and the control where none is at the same time. */
  readonly before: readonly CountPoint[];
  readonly control: "before" | "same_time";
}

const {
  ratios,
  tolerated_ratio,
  from_start,
  restart_points,
  starts: most_starts,
  prior_errors,
} = limit.detect.count_test;

/** JSON, about 1 kB. */
export interface CountState {
  readonly worse: "higher" | "lower";
  readonly line: Line;
  readonly bake_points: number;
  readonly dispersion: number;
  /** Whether every error was one of the requests that were counted. */
  readonly errors_of: "requests" | "periods";
  readonly control: Sum;
  readonly now: Sum;
  readonly test: Test;
  /** The highest evidence so far, as its logarithm. */
  readonly peak: number;
}

type Test =
  /** What the new version had counted at each start of the test. */
  | { readonly kind: "before"; readonly starts: readonly Sum[] }
  | { readonly kind: "same_time"; readonly bets: Bets };

export interface Sum {
  readonly errors: number;
  readonly requests: number;
}

/**
 * Starts the test. Null where there is no usable control, which is `not_enough_data`.
 */
export function startCount(setting: CountSetting): CountState | null {
  const usable = admitBefore(setting.before, setting, isUsable).map(({ point }) => sumOf(point));
  const before = usable.reduce(plus, none);
  const enough = usable.length >= limit.detect.control_points_min && before.requests > 0;
  if (setting.control === "before" && !enough) return null;
  return {
    worse: setting.worse,
    line: startLine(setting.period_ms, setting.from),
    bake_points: setting.bake_points,
    dispersion: enough ? dispersionOf(usable) : 1,
    errors_of: setting.before.some(({ requests }) => requests === null) ? "periods" : "requests",
    control: setting.control === "before" ? before : none,
    now: none,
    test:
      setting.control === "before"
        ? { kind: "before", starts: [] }
        : { kind: "same_time", bets: startBets(ratios.length, from_start) },
    peak: 0,
  };
}

/**
 * Takes points in, in any order. `now` in ms; a period that is not over yet is not counted.
 *
 * The guarantee: with the control at the same time, errors of both fleets are given their common number a
 * binomial sample under no change, whatever the rate does over time, so that the likelihood ratio against any
 * higher odds is a nonnegative martingale, and so is the mixture of ratios; by Ville's inequality it reaches L
 * with a chance of at most 1 / L however often one looks (Lindon and Malek, Anytime-Valid Inference for
 * Multinomial Count Data, NeurIPS 2022, arXiv 2011.03567). Where errors are not rare it errs on the safe side,
 * since sampling without replacement varies less (Hoeffding 1963, theorem 4).
 *
 * With the control from before the deployment the same ratio is the Bayes factor of two Poisson processes whose
 * common rate has the prior of Haar. That is exact where the control ends at an error, and nearly so where it
 * ends at a time; the tests measure the chance of a false alarm from 0.3 to 120 expected errors of the
 * control. Half an error is added to it, so that a control without any is not taken for certainty (Jeffreys).
 *
 * Bursts are accounted for by dividing the evidence by the dispersion that the control shows (quasi-likelihood,
 * McCullagh and Nelder, Generalized Linear Models, 1989, chapter 9); that part is no theorem.
 */
export function observeCounts(
  state: CountState,
  points: readonly (CountPoint | PairedCountPoint)[],
  now: number,
): CountState {
  const paired = state.test.kind === "same_time";
  const { line, placed } = admit(state.line, points, now, (point) =>
    paired ? pairOf(point) !== null : isUsable(point),
  );
  let next: CountState = { ...state, line };
  for (const [turn, { point }] of placed.entries())
    next = take(next, point, state.line.points + turn);
  return next;
}

function take(state: CountState, point: CountPoint | PairedCountPoint, index: number): CountState {
  const counted = sumOf(point);
  const now = plus(state.now, counted);
  const errors_of = point.requests === null ? "periods" : state.errors_of;
  switch (state.test.kind) {
    case "before": {
      const { starts } = state.test;
      const test = startsAt(index, state.bake_points)
        ? ({ kind: "before", starts: [...starts, state.now] } as const)
        : state.test;
      const next = { ...state, errors_of, now, test };
      return { ...next, peak: Math.max(next.peak, evidenceBefore(next, test.starts)) };
    }
    case "same_time": {
      const other = pairOf(point) ?? none;
      const factors = ratiosOf(state.worse).map((ratio) =>
        Math.exp(logRatio({ ...state, now: counted, control: other, prior: 0 }, ratio)),
      );
      const bets = advance(
        state.test.bets,
        { lasting: factors, onset: factors },
        index,
        state.bake_points,
      );
      return {
        ...state,
        errors_of,
        now,
        control: plus(state.control, other),
        test: { kind: "same_time", bets },
        peak: Math.max(state.peak, Math.log(eValue(bets))),
      };
    }
  }
}

export interface CountDemand {
  /** Of the evidence: one over the chance of a false alarm that this metric may take. */
  readonly limit: number;
  readonly now: number;
  /** Requests of the new version without which nothing passes. */
  readonly minimum: number;
  /** What the source said of its answers. */
  readonly data: "complete" | "partial";
}

/** Null stands for a test that could not be started. */
export function judgeCounts(state: CountState | null, demand: CountDemand): Verdict {
  if (state === null) return { kind: "not_enough_data", lack: "control", evidence: null };
  const evidence: Evidence = { value: Math.exp(state.peak), limit: demand.limit };
  if (state.peak >= Math.log(demand.limit)) return { kind: "worse", evidence };
  const lacking = (lack: "control" | "points" | "requests" | "gaps"): Verdict => ({
    kind: "not_enough_data",
    lack,
    evidence,
  });
  if (demand.data === "partial" || hasGaps(state.line, demand.now)) return lacking("gaps");
  if (state.line.points < limit.detect.bake_points_min) return lacking("points");
  if (state.control.requests === 0) return lacking("control");
  if (state.now.requests < demand.minimum) return lacking("requests");
  if (visibleRatio(state, demand.limit) === null) return lacking("requests");
  return { kind: "not_worse", evidence };
}

/**
 * The smallest ratio of the rates that would have been found by now in nine cases of ten, had it been there
 * from the start; null where none up to a thousand would. For `lower` it is the control over the new version.
 */
export function visibleRatio(state: CountState, least: number): Visible | null {
  const { control, now, worse } = state;
  const rate = (control.errors + prior_errors) / control.requests;
  const found = (times: number) => {
    const expected = (worse === "higher" ? times : 1 / times) * rate * now.requests;
    const spread = 1.282 * Math.sqrt(expected * state.dispersion);
    const errors = worse === "higher" ? Math.max(0, expected - spread) : expected + spread;
    const sums = { ...state, now: { ...now, errors }, prior: prior_errors };
    return from_start * mean(ratiosOf(worse).map((r) => Math.exp(logRatio(sums, r)))) >= least;
  };
  // No more can fail than all.
  const most = state.errors_of === "requests" && worse === "higher" ? 1 / rate : 1_000;
  let [low, high]: [number, number] = [tolerated_ratio, Math.min(1_000, most)];
  if (!found(high)) return null;
  for (let step = 0; step < 20; step++) {
    const middle = Math.sqrt(low * high);
    if (found(middle)) high = middle;
    else low = middle;
  }
  return { kind: "ratio", times: high };
}

/** The logarithm of the e-value: an average over the starts of the test, and over ratios. */
function evidenceBefore(state: CountState, starts: readonly Sum[]): number {
  const later = plannedStarts(state.bake_points) - 1;
  const weight = later > 0 ? (1 - from_start) / later : 0;
  let sum = weight * Math.max(0, later + 1 - starts.length);
  for (const [turn, start] of starts.entries()) {
    // What the new version counted before a later start tells the common rate too.
    const parts = {
      ...state,
      now: minus(state.now, start),
      control: plus(state.control, start),
      prior: prior_errors,
    };
    const share = later > 0 ? (turn === 0 ? from_start : weight) : 1;
    sum += share * mean(ratiosOf(state.worse).map((ratio) => Math.exp(logRatio(parts, ratio))));
  }
  return Math.log(sum);
}

/** The likelihood ratio of a fault of this ratio against the tolerated one, given the sum of the errors. */
function logRatio(
  parts: Pick<CountState, "worse" | "now" | "control" | "dispersion"> & { readonly prior: number },
  ratio: number,
): number {
  const { worse, now, control, dispersion, prior } = parts;
  // A period in which nobody asked anything says nothing.
  if (now.requests + control.requests === 0) return 0;
  const tolerated = worse === "higher" ? tolerated_ratio : 1 / tolerated_ratio;
  // The prior error is the control's or the new version's, whichever says less of a fault.
  const errors = now.errors + (worse === "higher" ? 0 : prior);
  const all = now.errors + control.errors + prior;
  const exposed = (times: number) => Math.log(control.requests + times * now.requests);
  const log = errors * Math.log(ratio / tolerated) - all * (exposed(ratio) - exposed(tolerated));
  return Math.min(300, log / dispersion);
}

function ratiosOf(worse: "higher" | "lower"): readonly number[] {
  return worse === "higher" ? ratios : ratios.map((ratio) => 1 / ratio);
}

function startsAt(index: number, planned: number): boolean {
  const apart = pointsApart(planned);
  return index % apart === 0 && index / apart < plannedStarts(planned);
}

function pointsApart(planned: number): number {
  return Math.max(restart_points, Math.ceil(planned / most_starts));
}

function plannedStarts(planned: number): number {
  return Math.max(1, Math.ceil(planned / pointsApart(planned)));
}

/**
 * How much more the counts vary than Poisson counts of a constant rate do (Pearson's statistic), for single
 * points and for blocks of five, in which bursts of several minutes show; 1 where no more than by chance.
 */
function dispersionOf(points: readonly Sum[]): number {
  return Math.max(...[1, 5].map((block) => pearson(blocksOf(points, block))));
}

function pearson(blocks: readonly Sum[]): number {
  const all = blocks.reduce(plus, none);
  const rate = all.errors / all.requests;
  if (rate === 0 || blocks.length < 2) return 1;
  const sum = blocks.reduce((total, { errors, requests }) => {
    const expected = rate * requests;
    return expected > 0 ? total + (errors - expected) ** 2 / expected : total;
  }, 0);
  const found = sum / (blocks.length - 1);
  const usual = all.errors / blocks.length;
  const error = Math.sqrt((2 + 1 / usual) / blocks.length);
  return found > 1 + limit.detect.count_test.dispersion_errors * error ? found : 1;
}

function blocksOf(points: readonly Sum[], size: number): readonly Sum[] {
  const blocks: Sum[] = [];
  for (let at = 0; at + size <= points.length; at += size)
    blocks.push(points.slice(at, at + size).reduce(plus, none));
  return blocks;
}

function pairOf(point: CountPoint | PairedCountPoint): Sum | null {
  if (!("control" in point) || point.control === null) return null;
  return isUsable(point) && isUsable(point.control) ? sumOf(point.control) : null;
}

function isUsable({ errors, requests }: Counts): boolean {
  return isCount(errors) && (requests === null || (isCount(requests) && errors <= requests));
}

const none: Sum = { errors: 0, requests: 0 };

function sumOf({ errors, requests }: Counts): Sum {
  return { errors, requests: requests ?? 1 };
}

function plus(a: Sum, b: Sum): Sum {
  return { errors: a.errors + b.errors, requests: a.requests + b.requests };
}

function minus(a: Sum, b: Sum): Sum {
  return { errors: a.errors - b.errors, requests: a.requests - b.requests };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
