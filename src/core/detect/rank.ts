// Ranks among the control, as bets: what a point is worth as evidence that the new version's values lie higher.

import { limit } from "../model/limit.ts";
import type { Factors } from "./bets.ts";
import { normalQuantile } from "./normal.ts";

const { shifts, jump } = limit.detect.value;

/** How likely each place among the control is under each shift, up to a constant. */
export interface Scores {
  readonly lasting: readonly Float64Array[];
  readonly onset: readonly Float64Array[];
}

/**
 * Scores of the places among `size` control points, of which there are `size` + 1. A fault shifts values by
 * some standard deviations; prewhitened ones by all of it when it begins and by 1 - phi of it afterwards.
 */
export function scoresFor(size: number, phi: number): Scores {
  const places = quantilesOf(size);
  const lasting = shifts.map((shift) => tilted(places, shift));
  if (phi === 0) return { lasting, onset: lasting };
  const begin = (shift: number) => Math.min(Math.max(shift, jump), shift / (1 - phi));
  return { lasting, onset: shifts.map((shift) => tilted(places, begin(shift))) };
}

function tilted(places: readonly number[], shift: number): Float64Array {
  const score = new Float64Array(places.length);
  for (let at = 0; at < score.length; at++) score[at] = Math.exp(shift * (places[at] ?? 0));
  return score;
}

/** Normal quantiles of the places, which take longer than all the rest; there are at most as many as sizes. */
const quantiles = new Map<number, readonly number[]>();

function quantilesOf(size: number): readonly number[] {
  const known = quantiles.get(size);
  if (known !== undefined) return known;
  const found = Array.from({ length: size + 1 }, (_, at) =>
    normalQuantile((at + 0.5) / (size + 1)),
  );
  quantiles.set(size, found);
  return found;
}

/** The places of the new points so far. Changed in place, since it is filled point by point. */
export interface Urn {
  /** Points by place. */
  readonly counts: number[];
  /** Points, and one for each place. */
  all: number;
  /** For each score its sum over them. */
  readonly lasting: number[];
  readonly onset: number[];
}

export function fillUrn(counts: readonly number[], scores: Scores): Urn {
  const sum = (score: Float64Array) => {
    let total = 0;
    for (let place = 0; place < score.length; place++)
      total += ((counts[place] ?? 0) + 1) * (score[place] ?? 0);
    return total;
  };
  const all = counts.reduce((total, count) => total + count, counts.length);
  const lasting = scores.lasting.map(sum);
  const alike = scores.onset === scores.lasting;
  return { counts: [...counts], all, lasting, onset: alike ? lasting : scores.onset.map(sum) };
}

/** The places that a point may have, both included: more than one where it equals points of the control. */
export interface Places {
  readonly low: number;
  readonly high: number;
}

/**
 * What a bet of one unit becomes at these places. While nothing has changed, all orders of control and new points
 * are equally likely, so that the next point falls into a place with a chance of one more than the number of
 * points there (Pólya's urn); a score over its average under these chances is a bet of expectation 1, whatever
 * the distribution of the values. Where a point is tied, the bet pays what it would on average if ties were
 * broken by chance. Ranks as bets: Savage, Annals of Mathematical Statistics 27 (1956), for the likelihood of
 * rank orders; Shafer, Journal of the Royal Statistical Society A 184 (2021), for betting.
 */
export function factorsAt(places: Places, urn: Urn, scores: Scores): Factors {
  const fair = (score: readonly Float64Array[], sums: readonly number[]) =>
    score.map((by, at) => (averageOf(by, places, urn) * urn.all) / (sums[at] ?? 1));
  const lasting = fair(scores.lasting, urn.lasting);
  return { lasting, onset: urn.onset === urn.lasting ? lasting : fair(scores.onset, urn.onset) };
}

function averageOf(score: Float64Array, { low, high }: Places, { counts }: Urn): number {
  if (low === high) return score[low] ?? 0;
  let [sum, weights] = [0, 0];
  for (let place = low; place <= high; place++) {
    const weight = (counts[place] ?? 0) + 1;
    sum += weight * (score[place] ?? 0);
    weights += weight;
  }
  return sum / weights;
}

/** Puts the point that comes as number `index` into the urn; tied ones are spread evenly over their places. */
export function dropInto(
  urn: Urn,
  { low, high }: Places,
  { scores, index }: { readonly scores: Scores; readonly index: number },
): void {
  const place = low + Math.floor(spreadEvenly(index) * (high - low + 1));
  urn.counts[place] = (urn.counts[place] ?? 0) + 1;
  urn.all++;
  raise(urn.lasting, scores.lasting, place);
  if (urn.onset !== urn.lasting) raise(urn.onset, scores.onset, place);
}

function raise(sums: number[], scores: readonly Float64Array[], place: number): void {
  for (let at = 0; at < sums.length; at++) sums[at] = (sums[at] ?? 0) + (scores[at]?.[place] ?? 0);
}

/** From 0 to below 1; the first so many are spread evenly, however many there are. */
export function spreadEvenly(index: number): number {
  return ((index + 0.5) * golden) % 1;
}

const golden = (Math.sqrt(5) - 1) / 2;

/**
 * The number of control points below a value by more than is tolerated, and all places among those that equal
 * it. Tolerance is for values that differ: in a metric that is mostly 0, a further 0 says nothing.
 */
export function placesOf(value: number, control: readonly number[], tolerated: number): Places {
  const low = firstNotBelow(control, (other) => other >= value);
  const high = firstNotBelow(control, (other) => other > value);
  if (low < high) return { low, high };
  const place = firstNotBelow(control, (other) => other >= value - tolerated);
  return { low: place, high: place };
}

function firstNotBelow(sorted: readonly number[], reached: (value: number) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (reached(sorted[middle] ?? Infinity)) high = middle;
    else low = middle + 1;
  }
  return low;
}
