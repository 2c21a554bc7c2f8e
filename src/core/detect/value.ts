// Latency and the like: a sequential test of ranks that may be looked at every minute.

import { limit } from "../model/limit.ts";
import { advance, type Bets, eValue, startBets } from "./bets.ts";
import { learnNoise, type Noise, type ValuePoint, whiten } from "./noise.ts";
import { dropInto, factorsAt, fillUrn, placesOf, scoresFor, spreadEvenly } from "./rank.ts";
import {
  admit,
  admitBefore,
  hasGaps,
  isValue,
  type Line,
  type Placed,
  startLine,
} from "./sample.ts";
import type { Evidence, Lack, Verdict, Visible } from "./verdict.ts";

const { shifts, from_start, tolerance, resolution } = limit.detect.value;

export interface ValueSetting {
  readonly worse: "higher" | "lower";
  readonly period_ms: number;
  /** When the watch begins, in ms. */
  readonly from: number;
  /** Points that the bake is planned to have; later points are watched too, but for no new fault. */
  readonly bake_points: number;
  /** Points from before the deployment. */
  readonly control: readonly ValuePoint[];
}

/** JSON, under 4 kB. */
export interface ValueState {
  readonly worse: "higher" | "lower";
  readonly line: Line;
  readonly bake_points: number;
  /** Of the values, with their sign changed where lower is worse. */
  readonly noise: Noise;
  /** Prewhitened control, sorted. */
  readonly control: readonly number[];
  /** The last value that counted; of the control before the first. */
  readonly before: number;
  /** How many points fell into each place among the control. */
  readonly counts: readonly number[];
  readonly bets: Bets;
  /** The highest e-value so far. */
  readonly peak: number;
}

/** Starts the test. Null where there is no usable control, which is `not_enough_data`. */
export function startValues(setting: ValueSetting): ValueState | null {
  const { control_points, control_points_min } = limit.detect;
  const sign = signOf(setting.worse);
  const placed = admitBefore(
    setting.control.map(({ at, value }) => ({ at, value: sign * value })),
    setting,
    ({ value }) => isValue(value),
  );
  const last = placed.at(-1);
  if (last === undefined || placed.length < control_points_min) return null;
  const noise = learnNoise(placed);
  const control = whitened(placed, noise).slice(-control_points);
  const line = startLine(setting.period_ms, setting.from);
  return {
    worse: setting.worse,
    // The first point is as many periods after the control's last one as there are between them.
    line: { ...line, last: last.point.at },
    bake_points: setting.bake_points,
    noise,
    control: control.sort((a, b) => a - b),
    before: last.point.value,
    counts: Array.from({ length: control.length + 1 }, () => 0),
    bets: startBets(shifts.length, from_start),
    peak: 1,
  };
}

/**
 * Takes points in, in any order. `now` in ms; a period that is not over yet is not counted.
 *
 * The guarantee: where control and new values, after prewhitening, are exchangeable, the e-value is a
 * nonnegative martingale with expectation 1 (see `rank.ts` and `bets.ts`), and reaches L with a chance of at most
 * 1 / L however often one looks (Ville 1939). It holds for every distribution of the values and not only for
 * large samples. It does not hold where the noise is no autoregression of first order or the metric drifts
 * by itself: against that stand the tolerance and, with a long history, `calibrate.ts`.
 */
export function observeValues(
  state: ValueState,
  points: readonly ValuePoint[],
  now: number,
): ValueState {
  const sign = signOf(state.worse);
  const { line, placed } = admit(state.line, points, now, ({ value }) => isValue(value));
  if (placed.length === 0) return { ...state, line };
  const scores = scoresFor(state.control.length, state.noise.phi);
  let { before, bets, peak } = state;
  const urn = fillUrn(state.counts, scores);
  for (const [turn, { point, steps }] of placed.entries()) {
    const index = state.line.points + turn;
    const value = sign * point.value;
    const residual = whiten(value, before, steps, state.noise);
    const places = placesOf(residual, state.control, toleratedBy(state.noise, index));
    bets = advance(bets, factorsAt(places, urn, scores), index, state.bake_points);
    dropInto(urn, places, { scores, index });
    peak = Math.max(peak, eValue(bets));
    before = value;
  }
  return { ...state, line, before, counts: urn.counts, bets, peak };
}

export interface ValueDemand {
  /** Of the evidence: one over the chance of a false alarm that this metric may take, or a calibrated one. */
  readonly limit: number;
  readonly now: number;
  /** What the source said of its answers. */
  readonly data: "complete" | "partial";
}

/** Null stands for a test that could not be started. */
export function judgeValues(state: ValueState | null, demand: ValueDemand): Verdict {
  if (state === null) return { kind: "not_enough_data", lack: "control", evidence: null };
  const evidence: Evidence = { value: state.peak, limit: demand.limit };
  if (state.peak >= demand.limit) return { kind: "worse", evidence };
  const lacking = (lack: Lack): Verdict => ({ kind: "not_enough_data", lack, evidence });
  if (demand.data === "partial" || hasGaps(state.line, demand.now)) return lacking("gaps");
  if (state.line.points < limit.detect.bake_points_min) return lacking("points");
  if (peakWith(state, far(state)) < demand.limit) return lacking("points");
  return { kind: "not_worse", evidence };
}

/**
 * The smallest shift that would have been found by now, had it been there from the start and the values else
 * like the control's, to two percent; null where none would, because there are too few points.
 */
export function visibleShift(state: ValueState, least: number): Visible | null {
  let [low, high] = [far(state) * 1e-9, far(state)];
  if (peakWith(state, high) < least) return null;
  while (high > 1.02 * low) {
    const middle = Math.sqrt(low * high);
    if (peakWith(state, middle) >= least) high = middle;
    else low = middle;
  }
  return { kind: "shift", by: high, level: signOf(state.worse) * state.noise.level };
}

/** A shift after which every point is above all of the control. */
function far({ noise, control }: ValueState): number {
  const range = (control.at(-1) ?? 0) - (control[0] ?? 0);
  return (1e3 * (range + noise.spread)) / (1 - noise.phi) || Math.abs(noise.level) || 1;
}

/** The highest e-value from the control's own values, well mixed and shifted, in place of the new ones. */
function peakWith(state: ValueState, by: number): number {
  const { noise, control, bake_points } = state;
  const scores = scoresFor(control.length, noise.phi);
  const urn = fillUrn(
    state.counts.map(() => 0),
    scores,
  );
  let bets = startBets(shifts.length, from_start);
  let peak = 1;
  for (let index = 0; index < state.line.points; index++) {
    const usual = control[Math.floor(spreadEvenly(index) * control.length)] ?? 0;
    const shift = index === 0 ? by : (1 - noise.phi) * by;
    const places = placesOf(usual + shift, control, toleratedBy(noise, index));
    bets = advance(bets, factorsAt(places, urn, scores), index, bake_points);
    dropInto(urn, places, { scores, index });
    peak = Math.max(peak, eValue(bets));
  }
  return peak;
}

/** A change this small is none; in the unit of the residual at `index`. */
function toleratedBy({ level, spread, phi }: Noise, index: number): number {
  const change = tolerance * spread + resolution * Math.abs(level);
  return index === 0 ? change : (1 - phi) * change;
}

function whitened(placed: readonly Placed<ValuePoint>[], noise: Noise): number[] {
  const residuals = placed.map(({ point, steps }, at) =>
    whiten(point.value, placed[at - 1]?.point.value ?? noise.level, steps, noise),
  );
  // The first has none before it.
  return noise.phi === 0 ? residuals : residuals.slice(1);
}

function signOf(worse: "higher" | "lower"): 1 | -1 {
  return worse === "higher" ? 1 : -1;
}
