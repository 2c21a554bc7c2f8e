// Ranks among the control, as bets: what a point is worth as evidence that the new version's values lie higher.

import { limit } from "../limit.ts";
import type { Factors } from "./bets.ts";
import { normalQuantile } from "./normal.ts";
import { seededUniform } from "./seeded.ts";

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
  /** Points, and one for each place. */
  all: number;
  /** For each score its sum over them. */
  readonly lasting: number[];
  readonly onset: number[];
}

/** `counts` of points by place. */
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
  return { all, lasting, onset: alike ? lasting : scores.onset.map(sum) };
}

/**
 * What a bet of one unit becomes at each place. While nothing has changed, all orders of control and new points
 * are equally likely, so that the next point falls into a place with a chance of one more than the number of
 * points there (Pólya's urn); a score over its average under these chances is a bet of expectation 1, whatever
 * the distribution of the values. Ranks as bets: Savage, Annals of Mathematical Statistics 27 (1956), for the
 * likelihood of rank orders; Shafer, Journal of the Royal Statistical Society A 184 (2021), for betting.
 */
export function factorsAt(place: number, urn: Urn, scores: Scores): Factors {
  const fair = (score: readonly Float64Array[], sums: readonly number[]) =>
    score.map((by, at) => ((by[place] ?? 0) * urn.all) / (sums[at] ?? 1));
  const lasting = fair(scores.lasting, urn.lasting);
  return { lasting, onset: urn.onset === urn.lasting ? lasting : fair(scores.onset, urn.onset) };
}

export function dropInto(urn: Urn, place: number, scores: Scores): void {
  urn.all++;
  raise(urn.lasting, scores.lasting, place);
  if (urn.onset !== urn.lasting) raise(urn.onset, scores.onset, place);
}

function raise(sums: number[], scores: readonly Float64Array[], place: number): void {
  for (let at = 0; at < sums.length; at++) sums[at] = (sums[at] ?? 0) + (scores[at]?.[place] ?? 0);
}

/**
 * The number of control points below a value. Among equal ones the order is drawn, for each point once, from
 * numbers that only look random: so ties cost no evidence, make none, and the same facts give the same verdict.
 */
export function placeOf(
  value: number,
  control: readonly number[],
  tie: { readonly seed: string; readonly index: number },
): number {
  const low = firstNotBelow(control, (other) => other >= value);
  const high = firstNotBelow(control, (other) => other > value);
  if (low === high) return low;
  const own = seededUniform(tie.seed, 0, tie.index);
  let place = low;
  for (let at = low; at < high; at++) if (seededUniform(tie.seed, 1, at) < own) place++;
  return place;
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
