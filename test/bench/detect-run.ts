// One deployment for the detectors' bench: when does a detector say that the new version is worse?

import { observeCounts, startCount } from "../../src/core/detect/count.ts";
import { classifyKayenta, kayentaDefaults } from "../../src/core/detect/kayenta.ts";
import { observeValues, startValues } from "../../src/core/detect/value.ts";

export const minute = 60_000;

/** The e-value that is an alarm: a false one in a hundred deployments. */
export const alarm = 100;

/** The number of points after which it says worse; null where it never does. */
export type Found = number | null;

export interface Values {
  readonly control: readonly number[];
  readonly bake: readonly number[];
}

export interface Counts {
  readonly control: readonly { readonly errors: number; readonly requests: number }[];
  /** With the old fleet's counts of the same minute. */
  readonly bake: readonly {
    readonly errors: number;
    readonly requests: number;
    readonly control: { readonly errors: number; readonly requests: number };
  }[];
}

/** The highest e-value after each point. */
export function valuePeaks({ control, bake }: Values): readonly number[] {
  const from = control.length * minute;
  let state = startValues({
    worse: "higher",
    period_ms: minute,
    from,
    bake_points: bake.length,
    control: control.map((value, at) => ({ at: at * minute, value })),
  });
  return bake.map((value, index) => {
    if (state === null) return 0;
    const at = from + index * minute;
    state = observeValues(state, [{ at, value }], at + minute);
    return state.peak;
  });
}

export function findByRanks(values: Values): Found {
  return firstAbove(valuePeaks(values), alarm);
}

export function findByCounts({ control, bake }: Counts, kind: "before" | "same_time"): Found {
  const from = control.length * minute;
  let state = startCount({
    worse: "higher",
    period_ms: minute,
    from,
    bake_points: bake.length,
    before: control.map((counts, at) => ({ ...counts, at: at * minute })),
    control: kind,
  });
  for (const [index, counts] of bake.entries()) {
    if (state === null) return null;
    const at = from + index * minute;
    state = observeCounts(state, [{ ...counts, at }], at + minute);
    if (state.peak >= Math.log(alarm)) return index + 1;
  }
  return null;
}

/** Kayenta's judge on all points so far, after every `every` of them. */
export function findByKayenta({ control, bake }: Values, every: number): Found {
  for (let points = every; points <= bake.length; points += every) {
    const { classification } = classifyKayenta(
      { control, experiment: bake.slice(0, points) },
      { ...kayentaDefaults, direction: "increase" },
    );
    if (classification === "High") return points;
  }
  return null;
}

/** Error rates, as Kayenta is given them. */
export function ratesOf({ control, bake }: Counts): Values {
  const rate = ({ errors, requests }: { errors: number; requests: number }) => errors / requests;
  return { control: control.map(rate), bake: bake.map(rate) };
}

export function firstAbove(peaks: readonly number[], least: number): Found {
  const index = peaks.findIndex((peak) => peak >= least);
  return index < 0 ? null : index + 1;
}
