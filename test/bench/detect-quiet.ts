// Real metrics in quiet times, cut into deployments that never were: what do the detectors say of them?

import { readFileSync } from "node:fs";
import { calibrate } from "../../src/core/detect/calibrate.ts";
import { alarm, findByKayenta, firstAbove, type Values, valuePeaks } from "./detect-run.ts";

export interface QuietRow {
  readonly hours: number;
  readonly pairs: number;
  /** Shares of the pairs with an alarm. */
  readonly nominal: number;
  readonly calibrated: number;
  readonly kayenta: number;
  /** Shares of the faults found, by their size in standard deviations. */
  readonly found: Readonly<Record<number, FoundFaults>>;
}

interface FoundFaults {
  /** At the calibrated limit, within three points and within the hour. */
  three: number;
  hour: number;
  /** Within three points at the nominal limit. */
  nominal: number;
}

const bake_points = 12;
const an_hour = 12;

/** Every hour of the quiet stretches is a bake, with the hours before it as its control. */
export function measureQuiet(hours: number): QuietRow {
  let [pairs, nominal, calibrated, kayenta, faults] = [0, 0, 0, 0, 0];
  const sizes = [3, 10];
  const found: Record<number, FoundFaults> = Object.fromEntries(
    sizes.map((size) => [size, { three: 0, hour: 0, nominal: 0 }]),
  );
  for (const stretches of quietSeries()) {
    const past: number[] = [];
    for (const values of stretches.flatMap((stretch) => cut(stretch, hours * an_hour))) {
      const peaks = valuePeaks(values);
      const { limit } = calibrate([...past].reverse(), 1 / alarm);
      pairs++;
      if (firstAbove(peaks, alarm) !== null) nominal++;
      if (firstAbove(peaks, limit) !== null) calibrated++;
      if (findByKayenta(values, 1) !== null) kayenta++;
      past.push(peaks.at(-1) ?? 0);
      const deviation = deviationOf(values.control);
      if (deviation === 0 || pairs % 3 > 0) continue;
      faults++;
      for (const size of sizes) {
        const bake = values.bake.map((value) => value + size * deviation);
        const shifted = valuePeaks({ ...values, bake });
        const sum = found[size];
        if (sum === undefined) continue;
        const at = firstAbove(shifted, limit) ?? Infinity;
        if (at <= bake_points) sum.hour++;
        if (at <= 3) sum.three++;
        if ((firstAbove(shifted, alarm) ?? Infinity) <= 3) sum.nominal++;
      }
    }
  }
  for (const sum of Object.values(found)) {
    sum.three /= faults;
    sum.hour /= faults;
    sum.nominal /= faults;
  }
  return {
    hours,
    pairs,
    nominal: nominal / pairs,
    calibrated: calibrated / pairs,
    kayenta: kayenta / pairs,
    found,
  };
}

/** For each series its quiet stretches of five-minute points. */
function quietSeries(): readonly (readonly (readonly number[])[])[] {
  const path = new URL("../fixtures/detect/nab-cloudwatch.json", import.meta.url);
  const { series } = JSON.parse(readFileSync(path, "utf8")) as {
    readonly series: readonly {
      readonly quiet: readonly { readonly values: readonly number[] }[];
    }[];
  };
  return series.map(({ quiet }) => quiet.map(({ values }) => values));
}

function cut(stretch: readonly number[], control_points: number): readonly Values[] {
  const pairs: Values[] = [];
  for (let at = control_points; at + bake_points <= stretch.length; at += bake_points)
    pairs.push({
      control: stretch.slice(at - control_points, at),
      bake: stretch.slice(at, at + bake_points),
    });
  return pairs;
}

function deviationOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(
    values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1),
  );
}
