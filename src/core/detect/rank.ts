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
  const places = Array.from({ length: size + 1 }, (_, at) =>
    normalQuantile((at + 0.5) / (size + 1)),
  );
  const tilt = (shift: number) => Float64Array.from(places, (place) => Math.exp(shift * place));
  const begin = (shift: number) => Math.min(Math.max(shift, jump), shift / (1 - phi));
  return {
    lasting: shifts.map(tilt),
    onset: phi === 0 ? shifts.map(tilt) : shifts.map((shift) => tilt(begin(shift))),
  };
}

/** Places taken so far: for each place the number of points there and one, and for each score their sum. */
export interface Urn {
  readonly counts: readonly number[];
  readonly lasting: readonly number[];
  readonly onset: readonly number[];
}

export function fillUrn(counts: readonly number[], scores: Scores): Urn {
  const sum = (score: Float64Array) =>
    counts.reduce((total, count, place) => total + (count + 1) * (score[place] ?? 0), 0);
  return { counts, lasting: scores.lasting.map(sum), onset: scores.onset.map(sum) };
}

/**
 * What a bet of one unit becomes at each place. While nothing has changed, all orders of control and new points
 * are equally likely, so that the next point falls into a place with a chance of one more than the number of
 * points there (Pólya's urn); a score over its average under these chances is a bet of expectation 1, whatever
 * the distribution of the values. Ranks as bets: Savage, Annals of Mathematical Statistics 27 (1956), for the
 * likelihood of rank orders; Shafer, Journal of the Royal Statistical Society A 184 (2021), for betting.
 */
export function factorsAt(place: number, urn: Urn, scores: Scores): Factors {
  const all = urn.counts.reduce((sum, count) => sum + count, urn.counts.length);
  const fair = (score: readonly Float64Array[], sums: readonly number[]) =>
    score.map((by, at) => ((by[place] ?? 0) * all) / (sums[at] ?? 1));
  return { lasting: fair(scores.lasting, urn.lasting), onset: fair(scores.onset, urn.onset) };
}

export function dropInto(urn: Urn, place: number, scores: Scores): Urn {
  const more = (score: readonly Float64Array[], sums: readonly number[]) =>
    sums.map((sum, at) => sum + (score[at]?.[place] ?? 0));
  return {
    counts: urn.counts.with(place, (urn.counts[place] ?? 0) + 1),
    lasting: more(scores.lasting, urn.lasting),
    onset: more(scores.onset, urn.onset),
  };
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
