// Deployments made up for the tests of the detectors.

import { type CountState, observeCounts, startCount } from "../../../src/core/detect/count.ts";
import type { ValuePoint } from "../../../src/core/detect/noise.ts";
import { observeValues, startValues, type ValueState } from "../../../src/core/detect/value.ts";
import type { Random } from "../../bench/detect-noise.ts";

export const minute = 60_000;

/** A point each minute, the first one in the minute `first`. */
export function pointsOf(values: readonly number[], first = 0): readonly ValuePoint[] {
  return values.map((value, index) => ({ at: (first + index) * minute, value }));
}

export interface Deployment {
  readonly control: readonly number[];
  readonly bake: readonly number[];
  readonly worse?: "higher" | "lower";
  /** Added to all times, in ms. */
  readonly since?: number;
}

/** The test after all points; null where it could not be started. */
export function watchValues({
  control,
  bake,
  worse = "higher",
  since = 0,
}: Deployment): ValueState | null {
  const later = (points: readonly ValuePoint[]) =>
    points.map(({ at, value }) => ({ at: at + since, value }));
  const from = since + control.length * minute;
  const state = startValues({
    worse,
    period_ms: minute,
    from,
    bake_points: bake.length,
    control: later(pointsOf(control)),
  });
  if (state === null) return null;
  return observeValues(state, later(pointsOf(bake, control.length)), from + bake.length * minute);
}

export interface CountDeployment {
  /** Expected errors of a minute, before and after. */
  readonly usual: number;
  readonly now: number;
  readonly requests: number;
  readonly control: "before" | "same_time";
  readonly minutes?: number;
}

export function watchCounts(random: Random, deployment: CountDeployment): CountState | null {
  const { usual, now, requests, control, minutes = 60 } = deployment;
  const count = (errors: number, at: number) => ({
    at: at * minute,
    requests,
    errors: Math.min(requests, random.poisson(errors)),
  });
  const state = startCount({
    worse: "higher",
    period_ms: minute,
    from: 60 * minute,
    bake_points: minutes,
    before: Array.from({ length: 60 }, (_, at) => count(usual, at)),
    control,
  });
  if (state === null) return null;
  const bake = Array.from({ length: minutes }, (_, at) => ({
    ...count(now, 60 + at),
    control: count(usual, 60 + at),
  }));
  return observeCounts(state, bake, (60 + minutes) * minute);
}
