// The Mann-Whitney test as Kayenta carries it out: an interval and an estimate for the shift between two samples.

import { normalQuantile } from "./normal.ts";

export interface Shift {
  /** Ends of the confidence interval, in the unit of the samples. */
  readonly lower: number;
  readonly upper: number;
  readonly estimate: number;
}

/**
 * How far `experiment` lies above `control`; null where both are tied after the shift, so that the
 * statistic has no variance. Normal approximation with corrections for continuity and ties; the shifts
 * are roots of the statistic, which is a step function, found to 1e-4 in the unit of the samples. That
 * tolerance is absolute, so that results change with the unit: it is what NetflixACAJudge does.
 *
 * Source: spinnaker/kayenta, `kayenta-mannwhitney`; R's `wilcox.test` with `conf.int`, which it follows.
 */
export function shiftBetween(
  experiment: readonly number[],
  control: readonly number[],
  confidence: number,
): Shift | null {
  const x = [...experiment].sort((a, b) => a - b);
  const y = [...control].sort((a, b) => a - b);
  const statistic = (shift: number) => rankStatistic(shift, x, y);
  const from = (x[0] ?? 0) - (y.at(-1) ?? 0);
  const to = (x.at(-1) ?? 0) - (y[0] ?? 0);
  const atFrom = statistic(from);
  const atTo = statistic(to);
  if (Number.isNaN(atFrom) || Number.isNaN(atTo)) return null;
  const quantile = normalQuantile((1 - confidence) / 2);
  const edge = (level: number) => {
    if (atFrom - level <= 0) return from;
    if (atTo - level >= 0) return to;
    return findRoot((shift) => statistic(shift) - level, from, to);
  };
  const found = {
    lower: edge(-quantile),
    upper: edge(quantile),
    estimate: findRoot(statistic, from, to),
  };
  return Object.values(found).some(Number.isNaN) ? null : found;
}

/** The standardised rank sum of `x` moved down by `shift`; both sorted. NaN where all values are tied. */
export function rankStatistic(shift: number, x: readonly number[], y: readonly number[]): number {
  const all = x.length + y.length;
  let ofX = 0;
  let ofY = 0;
  let rankSum = 0;
  let ties = 0;
  while (ofX + ofY < all) {
    const before = ofX + ofY;
    const firstX = ofX;
    const value = Math.min((x[ofX] ?? Infinity) - shift, y[ofY] ?? Infinity);
    while (ofX < x.length && (x[ofX] ?? 0) - shift === value) ofX++;
    while (ofY < y.length && y[ofY] === value) ofY++;
    const tied = ofX + ofY - before;
    if (tied === 0) return Number.NaN;
    rankSum += (ofX - firstX) * (before + (tied + 1) / 2);
    ties += tied ** 3 - tied;
  }
  const centred = rankSum - (x.length * (x.length + 1)) / 2 - (x.length * y.length) / 2;
  const variance = ((x.length * y.length) / 12) * (all + 1 - ties / (all * (all - 1)));
  return variance > 0 ? (centred - Math.sign(centred) * 0.5) / Math.sqrt(variance) : Number.NaN;
}

const tolerance = 1e-4;
const steps = 1_000;

/**
 * Where `f` passes zero between `from` and `to`, by Brent's method (R. P. Brent, Algorithms for
 * Minimization without Derivatives, 1973, chapter 4). On a step function the answer depends on the order
 * of the steps, so that they are those of R's `zeroin`.
 */
function findRoot(f: (at: number) => number, from: number, to: number): number {
  let older = { at: from, value: f(from) };
  let best = { at: to, value: f(to) };
  let other = older;
  if (older.value === 0) return older.at;
  if (best.value === 0) return best.at;
  for (let step = 0; step <= steps; step++) {
    const last = best.at - older.at;
    if (Math.abs(other.value) < Math.abs(best.value)) [older, best, other] = [best, other, best];
    const least = 2 * Number.EPSILON * Math.abs(best.at) + tolerance / 2;
    const half = (other.at - best.at) / 2;
    if (Math.abs(half) <= least || best.value === 0) return best.at;
    let move = half;
    if (Math.abs(last) >= least && Math.abs(older.value) > Math.abs(best.value)) {
      const { p, q } = interpolate(older, best, other);
      const inside = 0.75 * (other.at - best.at) * q - Math.abs(least * q) / 2;
      if (p < inside && p < Math.abs((last * q) / 2)) move = p / q;
    }
    if (Math.abs(move) < least) move = move > 0 ? least : -least;
    older = best;
    const at = best.at + move;
    best = { at, value: f(at) };
    if (Math.sign(best.value) * Math.sign(other.value) > 0) other = older;
  }
  return best.at;
}

interface Point {
  readonly at: number;
  readonly value: number;
}

/** The step p / q from `best` to the root of a line or of an inverse parabola; p is not negative. */
function interpolate(older: Point, best: Point, other: Point): { p: number; q: number } {
  const wide = other.at - best.at;
  const ratio = best.value / older.value;
  let p = wide * ratio;
  let q = 1 - ratio;
  if (older.at !== other.at) {
    const s = older.value / other.value;
    const t = best.value / other.value;
    p = ratio * (wide * s * (s - t) - (best.at - older.at) * (t - 1));
    q = (s - 1) * (t - 1) * (ratio - 1);
  }
  return p > 0 ? { p, q: -q } : { p: -p, q };
}
