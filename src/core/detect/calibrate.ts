// The limit of a metric's evidence, held against the metric's own past: what did the test say when nothing was deployed?

import { limit } from "../model/limit.ts";

export interface Calibration {
  /** At least one over the chance of a false alarm; never lower than without a history. */
  readonly limit: number;
  /** Pseudo-deployments of the history that could be looked at. */
  readonly windows: number;
  /**
   * What the history alone says: were the real deployment without a change and exchangeable with the windows,
   * the limit would be passed with at most this chance. 1 where the history is too short to say anything.
   */
  readonly chance: number;
}

/**
 * The limit by split-conformal calibration. `peaks` are the highest e-values of pseudo-deployments of the past,
 * newest first, null where there was too little data. With n of them and the limit just above the k-th highest,
 * a window that is exchangeable with them passes it with a chance of at most k / (n + 1), whatever the noise
 * (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005, chapter 2).
 *
 * Where the history is too short for the wanted chance, the limit is above all that it shows, and `chance`
 * says how far that goes.
 */
export function calibrate(peaks: readonly (number | null)[], falseAlarms: number): Calibration {
  const { windows, windows_min, chances } = limit.detect.calibration;
  const known = peaks.filter((peak) => peak !== null).slice(0, windows);
  const nominal = 1 / falseAlarms;
  if (known.length < windows_min) return { limit: nominal, windows: known.length, chance: 1 };
  const allowed = Math.max(1, Math.floor(chances * falseAlarms * (known.length + 1)));
  const highest = known.sort((a, b) => b - a)[allowed - 1] ?? nominal;
  return {
    // Just above: a peak as high as the one of the past is no alarm.
    limit: Math.max(nominal, highest * (1 + 1e-9)),
    windows: known.length,
    chance: allowed / (known.length + 1),
  };
}

export interface Window<Point> {
  readonly control: readonly Point[];
  readonly bake: readonly Point[];
}

/**
 * Cuts a history into pseudo-deployments, newest first: bakes that do not overlap, each with the control before
 * it. Points in order of time. A window across a gap of more than one missing point is left out; so is what the
 * caller has cut out of the history before, such as real deployments and known incidents.
 */
export function windowsOf<Point extends { readonly at: number }>(
  history: readonly Point[],
  size: {
    readonly period_ms: number;
    readonly control_points: number;
    readonly bake_points: number;
  },
): readonly Window<Point>[] {
  const { period_ms, control_points, bake_points } = size;
  const all = control_points + bake_points;
  const windows: Window<Point>[] = [];
  let end = history.length;
  while (end >= all && windows.length < limit.detect.calibration.windows) {
    const begin = end - all;
    const gap = lastGap(history, { begin, end }, period_ms);
    if (gap !== null) {
      end = gap;
      continue;
    }
    windows.push({
      control: history.slice(begin, begin + control_points),
      bake: history.slice(begin + control_points, end),
    });
    end -= bake_points;
  }
  return windows;
}

/** Where the last stretch without a gap begins; null where there is no gap. */
function lastGap(
  history: readonly { readonly at: number }[],
  { begin, end }: { readonly begin: number; readonly end: number },
  period_ms: number,
): number | null {
  for (let at = end - 1; at > begin; at--) {
    const apart = (history[at]?.at ?? 0) - (history[at - 1]?.at ?? 0);
    if (!(apart > 0 && apart < 2.5 * period_ms)) return at;
  }
  return null;
}
