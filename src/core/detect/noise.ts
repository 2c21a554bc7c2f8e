// The noise of a metric as its control shows it: level, spread, and how much a point says of the next one.

import { limit } from "../model/limit.ts";
import type { Placed } from "./sample.ts";

export interface Noise {
  /** Median of the control. */
  readonly level: number;
  /** What a standard deviation would be were the noise normal, from deviations that outliers hardly move. */
  readonly spread: number;
  /** Autocorrelation of lag one, 0 where it cannot be told from none; at most `phi_max`. */
  readonly phi: number;
}

export interface ValuePoint {
  /** Beginning of its period, in ms. */
  readonly at: number;
  readonly value: number;
}

/**
 * The new version's values less those of the old fleet in the same period, as `startValues` and `observeValues`
 * take them with a control at the same time: what both fleets do together is no change then. Points without a
 * counterpart within half a period are left out, which is a gap. The pairs from before the deployment are the
 * control; their median is what the fleets differ by anyway.
 */
export function differences(
  now: readonly ValuePoint[],
  control: readonly ValuePoint[],
  period_ms: number,
): readonly ValuePoint[] {
  const others = control.filter(({ at }) => Number.isFinite(at)).sort((a, b) => a.at - b.at);
  let other = 0;
  return now
    .filter(({ at }) => Number.isFinite(at))
    .sort((a, b) => a.at - b.at)
    .flatMap(({ at, value }) => {
      while ((others[other]?.at ?? Infinity) <= at - period_ms / 2) other++;
      const beside = others[other];
      if (beside === undefined || beside.at >= at + period_ms / 2) return [];
      return [{ at, value: value - beside.value }];
    });
}

/** What a control tells; points in order of time, as `admit` places them. */
export function learnNoise(control: readonly Placed<ValuePoint>[]): Noise {
  const values = control.map(({ point }) => point.value);
  const level = median(values);
  const away = values.map((value) => Math.abs(value - level));
  // Where more than half of the points are equal, the others still have a say.
  const spread = 1.4826 * median(away) || 1.2533 * mean(away);
  return { level, spread, phi: spread > 0 ? phiOf(control, level, spread) : 0 };
}

/**
 * A point without what the one before lets expect: values of a first-order autoregression become independent,
 * with the same distribution whether or not points are missing between.
 */
export function whiten(value: number, before: number, steps: number, noise: Noise): number {
  if (noise.phi === 0) return value - noise.level;
  const kept = noise.phi ** steps;
  const scale = Math.sqrt((1 - noise.phi ** 2) / (1 - kept ** 2));
  return scale * (value - noise.level - kept * (before - noise.level));
}

/**
 * The lag-one autocorrelation of what outliers were cut off, without the bias of short series (Marriott and
 * Pope 1954; Kendall 1954), and a part of its standard error higher.
 */
function phiOf(control: readonly Placed<ValuePoint>[], level: number, spread: number): number {
  const { phi_errors, phi_min, phi_max } = limit.detect.value;
  const cut = control.map(({ point }) => Math.max(-3, Math.min(3, (point.value - level) / spread)));
  const centre = mean(cut);
  const square = mean(cut.map((value) => (value - centre) ** 2));
  const products = cut.flatMap((value, at) =>
    at > 0 && control[at]?.steps === 1 ? [(value - centre) * ((cut[at - 1] ?? 0) - centre)] : [],
  );
  if (square === 0 || products.length < 2) return 0;
  const n = cut.length;
  const raw = mean(products) / square;
  const unbiased = (n * raw + 1) / (n - 3);
  const error = Math.sqrt(Math.max(0.05, 1 - Math.min(1, unbiased ** 2)) / n);
  const phi = unbiased + phi_errors * error;
  return phi < phi_min ? 0 : Math.min(phi_max, phi);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  const upper = sorted[Math.floor(half)] ?? Number.NaN;
  return Number.isInteger(half) ? ((sorted[half - 1] ?? Number.NaN) + upper) / 2 : upper;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
